(* Polynomials: exact normal forms of terms, and polynomials in one variable that are nonnegative on an interval. *)
From Coq Require Import Reals Lra Lia List ZArith QArith Qreals Bool.
From Relucert Require Import Sparse World.
Import ListNotations.
Open Scope R_scope.

(* ---- many variables: a monomial is a list of atoms, largest first ---- *)
Definition monomial := list atom.
Fixpoint monomial_compare (m n : monomial) : comparison :=
  match m, n with
  | [], [] => Eq | [], _ => Lt | _, [] => Gt
  | a :: m', b :: n' => match atom_compare a b with Eq => monomial_compare m' n' | c => c end
  end.
Lemma monomial_compare_eq m : forall n, monomial_compare m n = Eq -> m = n.
Proof.
  induction m as [|a m IH]; intros [|b n]; cbn; try discriminate; [reflexivity|].
  destruct (atom_compare a b) eqn:E; try discriminate. intros H.
  apply atom_compare_eq in E. apply IH in H. congruence.
Qed.
Fixpoint monomial_mul (m : monomial) : monomial -> monomial :=
  match m with
  | [] => fun n => n
  | a :: m' => fix inner n := match n with
      | [] => m
      | b :: n' => match atom_compare a b with Lt => b :: inner n' | _ => a :: monomial_mul m' n end
      end
  end.
Definition polynomial := list (monomial * Q).
Definition padd : polynomial -> polynomial -> polynomial := sadd monomial_compare.
Definition psub : polynomial -> polynomial -> polynomial := ssub monomial_compare.
Definition pmul (p q : polynomial) : polynomial :=
  fold_right (fun mv acc => padd (map (fun nw => (monomial_mul (fst mv) (fst nw), qmul (snd mv) (snd nw))) q) acc) [] p.

Section Values.
Variable e : env.
Fixpoint mvalue (m : monomial) : R := match m with [] => 1 | a :: m' => e a * mvalue m' end.
Definition pvalue (p : polynomial) : R := seval mvalue p.
Lemma monomial_mul_value m : forall n, mvalue (monomial_mul m n) = mvalue m * mvalue n.
Proof.
  induction m as [|a m IHm]; intros n; [cbn; ring|].
  induction n as [|b n IHn]; [cbn; ring|].
  cbn [monomial_mul]. destruct (atom_compare a b).
  - cbn [mvalue]. rewrite IHm. cbn [mvalue]. ring.
  - cbn [mvalue]. cbn [monomial_mul mvalue] in IHn. rewrite IHn. ring.
  - cbn [mvalue]. rewrite IHm. cbn [mvalue]. ring.
Qed.
Lemma padd_value p q : pvalue (padd p q) = pvalue p + pvalue q.
Proof. apply sadd_value, monomial_compare_eq. Qed.
Lemma psub_value p q : pvalue (psub p q) = pvalue p - pvalue q.
Proof. apply ssub_value, monomial_compare_eq. Qed.
Lemma pscale_value v p : pvalue (sscale v p) = Q2R v * pvalue p.
Proof. apply sscale_value. Qed.
Lemma pmul_value p q : pvalue (pmul p q) = pvalue p * pvalue q.
Proof.
  induction p as [|[m v] p IH]; [cbn; unfold pvalue; cbn; ring|].
  cbn [pmul fold_right fst snd]. fold (pmul p q). rewrite padd_value, IH. unfold pvalue; cbn [seval].
  replace (seval mvalue (map (fun nw => (monomial_mul m (fst nw), qmul v (snd nw))) q))
    with (Q2R v * mvalue m * seval mvalue q); [ring|].
  clear. induction q as [|[n w] q IH]; [cbn; ring|].
  cbn [map fst snd seval]. rewrite <- IH, monomial_mul_value, qmul_value. ring.
Qed.
Definition constant (q : Q) : polynomial := [([], q)].
Lemma constant_value q : pvalue (constant q) = Q2R q. Proof. unfold pvalue, constant; cbn. ring. Qed.
Definition of_form (f : form) : polynomial :=
  map (fun p => (match fst p with X N0 => [] | a => [a] end, snd p)) f.
Lemma of_form_value f : e (X 0) = 1 -> pvalue (of_form f) = seval e f.
Proof.
  intros One. induction f as [|[a q] f IH]; [reflexivity|].
  cbn [of_form map fst snd seval]. unfold pvalue in *; cbn [seval]. rewrite <- IH. f_equal. f_equal.
  destruct a as [[|i]|j|j|t]; cbn [mvalue]; rewrite ?One; ring.
Qed.
End Values.

(* [opaque] stands for itself; so do all terms but sums, products, inputs, constants and outputs of the network with
   the gates that [gated] says. *)
Fixpoint of_term (ns : Table.t node) (gated : bool) (opaque : option positive) (fuel : nat) (t : positive) : polynomial :=
  match fuel with
  | O => [([Term t], 1%Q)]
  | S fuel =>
      if match opaque with Some o => Pos.eqb o t | None => false end then [([Term t], 1%Q)] else
      match Table.find t ns, gated with
      | Some (Input i), _ => of_form [(X i, 1%Q)]
      | Some (Const q), _ => constant q
      | Some (Add a b), _ => padd (of_term ns gated opaque fuel a) (of_term ns gated opaque fuel b)
      | Some (Mul a b), _ => pmul (of_term ns gated opaque fuel a) (of_term ns gated opaque fuel b)
      | Some (Net f), false | Some (Gated f), true => of_form f
      | _, _ => [([Term t], 1%Q)]
      end
  end.
Definition polynomial_of (C : context) gated opaque t := of_term (nodes C) gated opaque (Pos.to_nat t) t.
(* A network output that is one neuron alone is replaced by that neuron's form. *)
Definition definition_of (C : context) (f : form) : form :=
  match f with
  | [(U j, q)] => if qeqb q 1 then match Table.find j (neurons C) with Some h => h | None => f end else f
  | _ => f
  end.
Definition defined (C : context) (gated : bool) (t : positive) : polynomial :=
  match Table.find t (nodes C), gated with
  | Some (Net f), false | Some (Gated f), true => of_form (definition_of C f)
  | _, _ => polynomial_of C gated None t
  end.
(* Whether a sum or product of terms reads the gated network. *)
Fixpoint reads_gated (ns : Table.t node) (fuel : nat) (t : positive) : bool :=
  match fuel, Table.find t ns with
  | S fuel, Some (Add a b) | S fuel, Some (Mul a b) => reads_gated ns fuel a || reads_gated ns fuel b
  | _, Some (Gated _) => true
  | _, _ => false
  end.
Definition is_gated (C : context) (t : positive) : bool := reads_gated (nodes C) (Pos.to_nat t) t.
Definition env_of {C} (w : world C) (gated : bool) : env := if gated then gated_env w else net_env w.

Section Terms.
Variables (C : context) (w : world C).
Lemma env_inputs gated i : env_of w gated (X i) = net_env w (X i).
Proof. destruct gated; [apply (same_inputs w)|reflexivity]. Qed.
Lemma env_one gated : env_of w gated (X 0) = 1.
Proof. rewrite env_inputs. apply (one_is_one w). Qed.
Lemma of_term_value gated opaque fuel : forall t, pvalue (env_of w gated) (of_term (nodes C) gated opaque fuel t) = term w t.
Proof.
  assert (L : forall t, pvalue (env_of w gated) [([Term t], 1%Q)] = term w t).
  { intros t. unfold pvalue; cbn. rewrite Q2R_1. unfold env_of.
    destruct gated; rewrite ?(same_terms w), (named_terms w); ring. }
  induction fuel as [|fuel IH]; intros t; [apply L|]. cbn [of_term].
  destruct (match opaque with Some o => _ | None => _ end); [apply L|].
  destruct (Table.find t (nodes C)) as [n|] eqn:F; [|apply L].
  pose proof (term_value w t n F) as V. pose proof (env_one gated) as One. pose proof (env_inputs gated) as I.
  destruct gated, n; try apply L; cbn [node_value] in V; rewrite V;
    try (rewrite of_form_value by exact One; cbn [seval]; rewrite I, Q2R_1; ring);
    try apply constant_value; try (rewrite padd_value, !IH; reflexivity); try (rewrite pmul_value, !IH; reflexivity);
    apply of_form_value, One.
Qed.
Lemma polynomial_of_value gated opaque t : pvalue (env_of w gated) (polynomial_of C gated opaque t) = term w t.
Proof. apply of_term_value. Qed.
Lemma definition_value gated f : seval (env_of w gated) (definition_of C f) = seval (env_of w gated) f.
Proof.
  unfold definition_of. destruct f as [|[[i|j|j|t] q] [|p f]]; try reflexivity.
  destruct (qeqb q 1) eqn:Q1; [|reflexivity]. apply qeqb_eq in Q1; subst q.
  destruct (Table.find j (neurons C)) as [h|] eqn:F; [|reflexivity].
  cbn [seval]. destruct gated; cbn [env_of]; [rewrite (gated_pre w j h F)|rewrite (net_pre w j h F)]; rewrite Q2R_1; ring.
Qed.
Lemma defined_value gated t : pvalue (env_of w gated) (defined C gated t) = term w t.
Proof.
  unfold defined. destruct (Table.find t (nodes C)) as [n|] eqn:F; [|apply polynomial_of_value].
  pose proof (term_value w t n F) as V. pose proof (env_one gated) as One. pose proof (definition_value gated) as D.
  destruct gated, n; try apply polynomial_of_value; rewrite of_form_value by exact One; rewrite D; symmetry; exact V.
Qed.
End Terms.
Lemma definition_of_value C (w : world C) f : seval (net_env w) (definition_of C f) = seval (net_env w) f.
Proof. apply (definition_value C w false). Qed.

(* ---- one variable: coefficients, constant first ---- *)
Definition coefficients := list Q.
Fixpoint uvalue (c : coefficients) (x : R) : R := match c with [] => 0 | a :: c' => Q2R a + x * uvalue c' x end.
Fixpoint uadd (c d : coefficients) : coefficients :=
  match c, d with [], _ => d | _, [] => c | a :: c', b :: d' => qadd a b :: uadd c' d' end.
Definition uscale (a : Q) (c : coefficients) : coefficients := map (qmul a) c.
Definition usub (c d : coefficients) : coefficients := uadd c (uscale (-1) d).
Fixpoint umul (c d : coefficients) : coefficients :=
  match c with [] => [] | a :: c' => uadd (uscale a d) (0%Q :: umul c' d) end.
Lemma uadd_value c : forall d x, uvalue (uadd c d) x = uvalue c x + uvalue d x.
Proof.
  induction c as [|a c IH]; intros [|b d] x; cbn [uadd uvalue]; try ring.
  rewrite qadd_value, IH. ring.
Qed.
Lemma uscale_value a c x : uvalue (uscale a c) x = Q2R a * uvalue c x.
Proof. induction c as [|b c IH]; cbn; [ring|]. fold (uscale a c). rewrite qmul_value, IH. ring. Qed.
Lemma usub_value c d x : uvalue (usub c d) x = uvalue c x - uvalue d x.
Proof. unfold usub. rewrite uadd_value, uscale_value. replace (Q2R (-1)) with (-1) by (unfold Q2R; simpl; lra). ring. Qed.
Lemma umul_value c d x : uvalue (umul c d) x = uvalue c x * uvalue d x.
Proof.
  induction c as [|a c IH]; cbn [umul uvalue]; [ring|].
  rewrite uadd_value, uscale_value. cbn [uvalue]. rewrite IH, Q2R_0. ring.
Qed.

(* c(lo + width s) in powers of s *)
Fixpoint ushift (lo width : Q) (c : coefficients) : coefficients :=
  match c with [] => [] | a :: c' => uadd [a] (umul [lo; width] (ushift lo width c')) end.
Lemma ushift_value lo width c s : uvalue (ushift lo width c) s = uvalue c (Q2R lo + Q2R width * s).
Proof.
  induction c as [|a c IH]; [reflexivity|]. cbn [ushift]. rewrite uadd_value, umul_value, IH. cbn [uvalue]. ring.
Qed.

(* A list of n + 1 numbers b_j stands for sum b_j s^j r^(n-j); with s + r = 1 these are Bernstein coefficients
   times binomials, and nonnegative ones prove that the polynomial is nonnegative on [0, 1]. *)
Fixpoint hvalue (l : list Q) (s r : R) : R :=
  match l with [] => 0 | b :: l' => Q2R b * r ^ length l' + s * hvalue l' s r end.
Fixpoint zip_add (l m : list Q) : list Q :=
  match l, m with a :: l', b :: m' => qadd a b :: zip_add l' m' | _, _ => [] end.
Fixpoint pascal (n : nat) : list Q :=
  match n with O => [1%Q] | S n => zip_add (0%Q :: pascal n) (pascal n ++ [0%Q]) end.
Fixpoint homogeneous (c : coefficients) : list Q :=
  match c with [] => [] | a :: c' => zip_add (uscale a (pascal (length c'))) (0%Q :: homogeneous c') end.
Lemma zip_add_length l : forall m, length l = length m -> length (zip_add l m) = length l.
Proof. induction l as [|a l IH]; intros [|b m]; cbn; try discriminate; intros H; auto. Qed.
Lemma zip_add_value l : forall m s r, length l = length m ->
  hvalue (zip_add l m) s r = hvalue l s r + hvalue m s r.
Proof.
  induction l as [|a l IH]; intros [|b m] s r H; try discriminate; cbn [zip_add hvalue]; [ring|].
  cbn in H. injection H as H. rewrite qadd_value, IH by exact H. rewrite zip_add_length, <- H by exact H. ring.
Qed.
Lemma pascal_length n : length (pascal n) = S n.
Proof.
  induction n as [|n IH]; [reflexivity|]. cbn [pascal]. rewrite zip_add_length; cbn [length]; [congruence|].
  rewrite app_length; cbn [length]. lia.
Qed.
Lemma hvalue_snoc l s r : hvalue (l ++ [0%Q]) s r = r * hvalue l s r.
Proof.
  induction l as [|a l IH]; cbn [app hvalue length pow]; [rewrite Q2R_0; ring|].
  rewrite IH, app_length, Nat.add_1_r. cbn [pow]. ring.
Qed.
Lemma pascal_value n s r : hvalue (pascal n) s r = (s + r) ^ n.
Proof.
  induction n as [|n IH]; [cbn; rewrite Q2R_1; ring|]. cbn [pascal].
  rewrite zip_add_value, hvalue_snoc; [|cbn; rewrite app_length; cbn; lia].
  cbn [hvalue pow]. rewrite IH, Q2R_0. ring.
Qed.
Lemma hvalue_scale a l s r : hvalue (uscale a l) s r = Q2R a * hvalue l s r.
Proof.
  induction l as [|b l IH]; cbn [uscale map hvalue]; [ring|]. fold (uscale a l).
  rewrite IH, qmul_value. unfold uscale; rewrite map_length. ring.
Qed.
Lemma homogeneous_length c : length (homogeneous c) = length c.
Proof.
  induction c as [|a c IH]; [reflexivity|]. cbn [homogeneous].
  unfold uscale. rewrite zip_add_length; rewrite map_length, pascal_length; cbn; congruence.
Qed.
Lemma homogeneous_value c s r : s + r = 1 -> hvalue (homogeneous c) s r = uvalue c s.
Proof.
  intros H. induction c as [|a c IH]; [reflexivity|]. cbn [homogeneous uvalue].
  rewrite zip_add_value.
  - rewrite hvalue_scale, pascal_value, H, pow1. cbn [hvalue]. rewrite IH, Q2R_0. ring.
  - unfold uscale; rewrite map_length, pascal_length. cbn. rewrite homogeneous_length. reflexivity.
Qed.
Lemma hvalue_nonneg l s r : 0 <= s -> 0 <= r -> forallb (fun b => Qle_bool 0 b) l = true -> 0 <= hvalue l s r.
Proof.
  intros Hs Hr. induction l as [|b l IH]; cbn [forallb hvalue]; [lra|]. intros H.
  apply andb_prop in H; destruct H as [H L]. apply qle_value in H. rewrite Q2R_0 in H.
  assert (0 <= r ^ length l) by (apply pow_le, Hr). specialize (IH L).
  assert (0 <= Q2R b * r ^ length l) by (apply Rmult_le_pos; assumption).
  assert (0 <= s * hvalue l s r) by (apply Rmult_le_pos; assumption). lra.
Qed.

(* A quadratic c0 + c1 x + c2 x^2 with c2 > 0 and 4 c0 c2 >= c1^2 is nonnegative everywhere. *)
Definition no_root (c : coefficients) : bool :=
  match c with
  | [c0; c1; c2] => qpos c2 && Qle_bool (qmul c1 c1) (qmul 4 (qmul c0 c2))
  | _ => false
  end.
(* Everything is scaled to integers first: D^n c(x) as a polynomial in D x, so that nothing is reduced later. *)
Fixpoint dilate (D : Q) (c : coefficients) : Q * coefficients :=
  match c with
  | [] => (1%Q, [])
  | a :: c' => let (power, d) := dilate D c' in (qmul D power, qmul a power :: d)
  end.
Lemma dilate_value D c x : Q2R (fst (dilate D c)) = Q2R D ^ length c /\
  Q2R D * uvalue (snd (dilate D c)) (Q2R D * x) = Q2R D ^ length c * uvalue c x.
Proof.
  induction c as [|a c [P V]]; cbn [dilate length pow uvalue].
  - cbn. rewrite Q2R_1. lra.
  - destruct (dilate D c) as [power d]. cbn [fst snd uvalue] in *. rewrite !qmul_value, P. split; [reflexivity|].
    replace (Q2R D * (Q2R a * Q2R D ^ length c + Q2R D * x * uvalue d (Q2R D * x)))
      with (Q2R D * (Q2R a * Q2R D ^ length c + x * (Q2R D * uvalue d (Q2R D * x)))) by ring.
    rewrite V. ring.
Qed.
Definition common (qs : list Q) : Q := Qmake (fold_right (fun q d => Z.lcm (Zpos (Qden q)) d) 1%Z qs) 1.
Definition nonneg (c : coefficients) (lo hi : Q) : bool :=
  no_root c ||
  let D := common [lo; hi] in
  let E := common c in
  let lo := qmul D lo in
  let scaled := snd (dilate D (uscale E c)) in
  qpos D && qpos E && forallb (fun b => Qle_bool 0 b) (homogeneous (ushift lo (qadd (qmul D hi) (Qopp lo)) scaled)).
Lemma nonneg_value c lo hi x : nonneg c lo hi = true -> Q2R lo <= x <= Q2R hi -> 0 <= uvalue c x.
Proof.
  unfold nonneg. intros H B. apply orb_prop in H. destruct H as [H|H].
  - destruct c as [|c0 [|c1 [|c2 [|]]]]; try discriminate. cbn [no_root] in H.
    apply andb_prop in H; destruct H as [P D]. apply qpos_value in P. apply qle_value in D.
    rewrite !qmul_value in D. replace (Q2R 4) with 4 in D by (unfold Q2R; simpl; lra).
    cbn [uvalue]. set (a := Q2R c2) in *. set (b := Q2R c1) in *. set (c := Q2R c0) in *.
    assert (0 <= (2 * a * x + b) * (2 * a * x + b)) by apply Rle_0_sqr.
    apply Rmult_le_reg_l with (4 * a); [lra|]. lra.
  - set (D := common [lo; hi]) in *. set (F := common c) in *.
    apply andb_prop in H; destruct H as [H Nonneg]. apply andb_prop in H; destruct H as [P1 P2].
    apply qpos_value in P1, P2.
    set (c2 := snd (dilate D (uscale F c))) in *.
    set (width := qadd (qmul D hi) (Qopp (qmul D lo))) in *.
    assert (W : Q2R width = Q2R D * (Q2R hi - Q2R lo)).
    { unfold width. rewrite qadd_value, qopp_value, !qmul_value. ring. }
    assert (E : exists s, 0 <= s <= 1 /\ x = Q2R lo + (Q2R hi - Q2R lo) * s).
    { destruct (Req_dec (Q2R hi) (Q2R lo)) as [E|N]; [exists 0; lra|].
      assert (L : Q2R lo < Q2R hi) by lra. exists ((x - Q2R lo) / (Q2R hi - Q2R lo)).
      assert (I : 0 < / (Q2R hi - Q2R lo)) by (apply Rinv_0_lt_compat; lra).
      split; [|field; lra]. split; [apply Rmult_le_pos; lra|].
      apply Rmult_le_reg_r with (Q2R hi - Q2R lo); [lra|].
      unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra. lra. }
    destruct E as (s & S & X).
    assert (K : 0 <= uvalue c2 (Q2R D * x)).
    { replace (Q2R D * x) with (Q2R (qmul D lo) + Q2R width * s)
        by (rewrite W, qmul_value, X; ring).
      rewrite <- ushift_value, <- (homogeneous_value _ s (1 - s)) by ring.
      apply hvalue_nonneg; [lra|lra|exact Nonneg]. }
    destruct (dilate_value D (uscale F c) x) as [_ V]. fold c2 in V. rewrite uscale_value in V.
    assert (0 < Q2R D ^ length (uscale F c)) by (apply pow_lt, P1).
    assert (0 <= Q2R D * uvalue c2 (Q2R D * x)) by (apply Rmult_le_pos; lra).
    apply Rmult_le_reg_l with (Q2R F); [exact P2|]. apply Rmult_le_reg_l with (Q2R D ^ length (uscale F c)); [assumption|].
    lra.
Qed.
