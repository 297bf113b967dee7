(* The two judgements, and the rules about ranges, sums, products and polynomials.

   A rule computes what it can prove from its premises; [entails] alone compares that with what a step claims. *)
From Coq Require Import Reals Lra Lia List ZArith QArith Qreals Bool.
From Relucert Require Import Sparse World Polynomial.
Import ListNotations.
Open Scope R_scope.

Inductive fact := Within (t : positive) (lo hi : Q) | Near (left right : positive) (bound : Q).
Definition holds {C} (w : world C) (f : fact) : Prop :=
  match f with
  | Within t lo hi => Q2R lo <= term w t <= Q2R hi
  | Near l r b => Rabs (term w l - term w r) <= Q2R b
  end.
Definition entails (proved claimed : fact) : bool :=
  match proved, claimed with
  | Within t lo hi, Within t' lo' hi' => Pos.eqb t t' && Qle_bool lo' lo && Qle_bool hi hi'
  | Near l r b, Near l' r' b' => Pos.eqb l l' && Pos.eqb r r' && Qle_bool b b'
  | _, _ => false
  end.

(* Tactics: split a computation that ended in [Some] or [true] into what it found on the way. *)
Ltac found :=
  repeat match goal with
  | H : None = Some _ |- _ => discriminate H
  | H : false = true |- _ => discriminate H
  | H : Some _ = Some _ |- _ => injection H as H; subst
  | H : (_ && _)%bool = true |- _ => apply andb_prop in H; destruct H
  | H : (match ?x with _ => _ end) = Some _ |- _ => destruct x eqn:?
  | H : (match ?x with _ => _ end) = true |- _ => destruct x eqn:?
  | H : Pos.eqb _ _ = true |- _ => apply Pos.eqb_eq in H; subst
  | H : Qle_bool _ _ = true |- _ => apply qle_value in H
  | H : qpos _ = true |- _ => apply qpos_value in H
  end; try discriminate.
Global Hint Rewrite qadd_value qmul_value qopp_value qmax_value qmin_value qabs_value Q2R_0 Q2R_1 : rational.
Ltac values := autorewrite with rational in *.

Lemma entails_sound C (w : world C) f f' : entails f f' = true -> holds w f -> holds w f'.
Proof. destruct f, f'; cbn; intros H; found; lra. Qed.

Section Rules.
Variables (C : context) (w : world C) (premises : list fact).
Hypothesis premises_hold : Forall (holds w) premises.

Fixpoint range_in (ps : list fact) (t : positive) : option (Q * Q) :=
  match ps with
  | [] => None
  | Within u lo hi :: ps' => if Pos.eqb u t then Some (lo, hi) else range_in ps' t
  | _ :: ps' => range_in ps' t
  end.
Definition range_of := range_in premises.
Fixpoint distance_in (ps : list fact) (l r : positive) : option Q :=
  match ps with
  | [] => None
  | Near l' r' b :: ps' => if Pos.eqb l' l && Pos.eqb r' r then Some b else distance_in ps' l r
  | _ :: ps' => distance_in ps' l r
  end.
Definition distance (l r : positive) := if Pos.eqb l r then Some 0%Q else distance_in premises l r.

Lemma range_in_holds ps t lo hi : Forall (holds w) ps -> range_in ps t = Some (lo, hi) ->
  Q2R lo <= term w t <= Q2R hi.
Proof.
  intros P. induction P as [|f ps H _ IH]; cbn [range_in]; [discriminate|].
  destruct f as [u a b|]; [|exact IH]. destruct (Pos.eqb_spec u t) as [->|_]; [|exact IH].
  intros E; injection E as -> ->. exact H.
Qed.
Lemma range_of_holds t lo hi : range_of t = Some (lo, hi) -> Q2R lo <= term w t <= Q2R hi.
Proof. apply range_in_holds, premises_hold. Qed.
Lemma distance_in_holds ps l r b : Forall (holds w) ps -> distance_in ps l r = Some b ->
  Rabs (term w l - term w r) <= Q2R b.
Proof.
  intros P. induction P as [|f ps H _ IH]; cbn [distance_in]; [discriminate|].
  destruct f as [|l' r' c]; [exact IH|].
  destruct (Pos.eqb_spec l' l) as [->|_]; [|exact IH]. destruct (Pos.eqb_spec r' r) as [->|_]; [|exact IH].
  cbn [andb]. intros E; injection E as ->. exact H.
Qed.
Lemma distance_holds l r b : distance l r = Some b -> Rabs (term w l - term w r) <= Q2R b.
Proof.
  unfold distance. destruct (Pos.eqb_spec l r) as [->|_]; [|apply distance_in_holds, premises_hold].
  intros E; injection E as <-. rewrite Q2R_0, Rminus_diag_eq, Rabs_R0 by reflexivity. lra.
Qed.
Lemma distance_nonneg l r b : distance l r = Some b -> 0 <= Q2R b.
Proof. intros H. eapply Rle_trans; [apply Rabs_pos|apply (distance_holds _ _ _ H)]. Qed.
Lemma node_of t n : Table.find t (nodes C) = Some n ->
  term w t = node_value (net_env w) (gated_env w) (subject w) (term w) n.
Proof. apply (term_value w). Qed.

(* ---- ranges ---- *)
Lemma product_below a b x y : a <= x <= b -> x * y <= Rmax (a * y) (b * y).
Proof.
  intros H. destruct (Rle_or_lt 0 y).
  - eapply Rle_trans; [|apply Rmax_r]. apply Rmult_le_compat_r; lra.
  - eapply Rle_trans; [|apply Rmax_l]. assert (0 <= (x - a) * - y) by (apply Rmult_le_pos; lra). lra.
Qed.
Lemma product_above a b x y : a <= x <= b -> Rmin (a * y) (b * y) <= x * y.
Proof.
  intros H. destruct (Rle_or_lt 0 y).
  - eapply Rle_trans; [apply Rmin_l|]. apply Rmult_le_compat_r; lra.
  - eapply Rle_trans; [apply Rmin_r|]. assert (0 <= (b - x) * - y) by (apply Rmult_le_pos; lra). lra.
Qed.
Lemma product_range a b c d x y : a <= x <= b -> c <= y <= d ->
  Rmin (Rmin (a * c) (a * d)) (Rmin (b * c) (b * d)) <= x * y <= Rmax (Rmax (a * c) (a * d)) (Rmax (b * c) (b * d)).
Proof.
  intros X Y. split.
  - eapply Rle_trans; [|apply product_above, X].
    apply Rmin_glb; rewrite (Rmult_comm _ y); (eapply Rle_trans; [|apply product_above, Y]);
      rewrite (Rmult_comm c), (Rmult_comm d); [apply Rmin_l|apply Rmin_r].
  - eapply Rle_trans; [apply product_below, X|].
    apply Rmax_lub; rewrite (Rmult_comm _ y); (eapply Rle_trans; [apply product_below, Y|]);
      rewrite (Rmult_comm c), (Rmult_comm d); [apply Rmax_l|apply Rmax_r].
Qed.
Definition range (t : positive) : option fact :=
  match Table.find t (nodes C) with
  | Some (Input (Npos p)) =>
      match nth_error (box C) (pred (Pos.to_nat p)) with Some (lo, hi) => Some (Within t lo hi) | None => None end
  | Some (Const q) => Some (Within t q q)
  | Some (Add a b) =>
      match range_of a, range_of b with
      | Some (p, q), Some (r, s) => Some (Within t (qadd p r) (qadd q s)) | _, _ => None end
  | Some (Mul a b) =>
      match range_of a, range_of b with
      | Some (p, q), Some (r, s) =>
          let pr := qmul p r in let ps := qmul p s in let qr := qmul q r in let qs := qmul q s in
          Some (Within t (qmin (qmin pr ps) (qmin qr qs)) (qmax (qmax pr ps) (qmax qr qs)))
      | _, _ => None end
  | Some (Max a b) =>
      match range_of a, range_of b with
      | Some (p, q), Some (r, s) => Some (Within t (qmax p r) (qmax q s)) | _, _ => None end
  | Some (Min a b) =>
      match range_of a, range_of b with
      | Some (p, q), Some (r, s) => Some (Within t (qmin p r) (qmin q s)) | _, _ => None end
  | Some (Inv a) =>
      match range_of a with
      | Some (p, q) => if qpos p || qpos (Qopp q) then Some (Within t (Qinv q) (Qinv p)) else None | _ => None end
  | Some (Abs a) =>
      match range_of a with
      | Some (p, q) => Some (Within t (qmax 0 (qmax p (Qopp q))) (qmax (Qopp p) q)) | _ => None end
  | _ => None
  end.
Lemma range_sound t f : range t = Some f -> holds w f.
Proof.
  unfold range. intros H. destruct (Table.find t (nodes C)) as [n|] eqn:F; [|discriminate].
  pose proof (node_of t n F) as V. destruct n; try discriminate; cbn [node_value] in V.
  - destruct i as [|p]; [discriminate|]. found. cbn [holds]. rewrite V.
    pose proof (in_box w _ _ Heqo) as B. cbn [fst snd] in B.
    replace (N.of_nat (S (pred (Pos.to_nat p)))) with (Npos p) in B by lia. exact B.
  - found. cbn [holds]. rewrite V. lra.
  - found. cbn [holds]. rewrite V. values. apply range_of_holds in Heqo, Heqo0. lra.
  - found. cbn [holds]. rewrite V. values. apply range_of_holds in Heqo, Heqo0.
    apply product_range; assumption.
  - found. cbn [holds]. rewrite V. values. apply range_of_holds in Heqo, Heqo0.
    unfold Rmax; repeat destruct Rle_dec; lra.
  - found. cbn [holds]. rewrite V. values. apply range_of_holds in Heqo, Heqo0.
    unfold Rmin; repeat destruct Rle_dec; lra.
  - found. cbn [holds]. rewrite V. apply range_of_holds in Heqo. apply orb_prop in Heqb.
    destruct Heqb as [B|B]; apply qpos_value in B; rewrite ?qopp_value in B; rewrite !qinv_value by lra.
    + split; apply Rinv_le_contravar; lra.
    + assert (I : forall p q, p <= q -> q < 0 -> / q <= / p).
      { intros p' q' L N. apply Ropp_le_cancel. rewrite <- !Rinv_opp. apply Rinv_le_contravar; lra. }
      split; apply I; lra.
  - found. cbn [holds]. rewrite V. values. apply range_of_holds in Heqo.
    unfold Rmax, Rabs; repeat destruct Rle_dec; destruct Rcase_abs; lra.
Qed.

Definition range_near : option fact :=
  match premises with
  | [Near l r b; Within t lo hi] => if Pos.eqb t r then Some (Within l (qadd lo (Qopp b)) (qadd hi b)) else None
  | _ => None
  end.
Lemma range_near_sound f : range_near = Some f -> holds w f.
Proof using premises_hold.
  unfold range_near. intros H. destruct premises as [|[|l r b] [|[t lo hi|] [|]]]; try discriminate. found.
  inversion premises_hold as [|? ? A P]; subst. inversion P as [|? ? B _]; subst. cbn [holds] in *.
  values. apply Rabs_bounds in A. lra.
Qed.

Fixpoint affine_range (gated : bool) (parts : list (positive * Q)) : option (polynomial * Q * Q) :=
  match parts with
  | [] => Some ([], 0%Q, 0%Q)
  | (t, v) :: parts' =>
      match affine_range gated parts', range_of t with
      | Some (p, lo, hi), Some (a, b) =>
          let va := qmul v a in let vb := qmul v b in
          Some (padd (sscale v (polynomial_of C gated None t)) p, qadd lo (qmin va vb), qadd hi (qmax va vb))
      | _, _ => None
      end
  end.
Lemma affine_range_holds gated parts : forall p lo hi, affine_range gated parts = Some (p, lo, hi) ->
  Q2R lo <= pvalue (env_of w gated) p <= Q2R hi.
Proof.
  induction parts as [|[t v] parts IH]; intros p lo hi H; cbn [affine_range] in H; found.
  - cbn. rewrite Q2R_0. unfold pvalue; cbn. lra.
  - specialize (IH _ _ _ eq_refl). apply range_of_holds in Heqo0.
    rewrite padd_value, pscale_value, polynomial_of_value. values.
    pose proof (product_range (Q2R v) (Q2R v) _ _ (Q2R v) _ (conj (Rle_refl _) (Rle_refl _)) Heqo0) as P.
    unfold Rmin, Rmax in *; repeat destruct Rle_dec; lra.
Qed.
Definition range_affine (t : positive) (parts : list (positive * Q)) (offset : Q) : option fact :=
  let gated := is_gated C t in
  match affine_range gated parts with
  | Some (p, lo, hi) =>
      if snil (psub (defined C gated t) (padd (constant offset) p))
      then Some (Within t (qadd offset lo) (qadd offset hi)) else None
  | None => None
  end.
Lemma range_affine_sound t parts offset f : range_affine t parts offset = Some f -> holds w f.
Proof.
  unfold range_affine. intros H. set (gated := is_gated C t) in *. destruct (affine_range gated parts) as [[[p lo] hi]|] eqn:A; [|discriminate].
  destruct (snil _) eqn:S; [|discriminate]. injection H as <-. cbn [holds].
  apply affine_range_holds in A. apply (snil_value (mvalue (env_of w gated))) in S.
  change (pvalue (env_of w gated) (psub (defined C gated t) (padd (constant offset) p)) = 0) in S.
  rewrite psub_value, padd_value, constant_value, defined_value in S. values. lra.
Qed.

(* ---- distances ---- *)
Definition to_constant (t c : positive) : option fact :=
  match Table.find c (nodes C), range_of t with
  | Some (Const q), Some (lo, hi) => Some (Near t c (qmax (qadd hi (Qopp q)) (qadd q (Qopp lo))))
  | _, _ => None
  end.
Lemma to_constant_sound t c f : to_constant t c = Some f -> holds w f.
Proof.
  unfold to_constant. intros H. destruct (Table.find c (nodes C)) as [n|] eqn:F; [|discriminate].
  destruct n; try discriminate. found. pose proof (node_of _ _ F) as V. cbn [node_value] in V.
  apply range_of_holds in Heqo. cbn [holds]. rewrite V. values. apply Rabs_bounds.
  unfold Rmax; destruct Rle_dec; lra.
Qed.

Fixpoint affine_distance (gated : bool) (links : list (positive * positive * Q)) : option (polynomial * Q) :=
  match links with
  | [] => Some ([], 0%Q)
  | (l, r, v) :: links' =>
      match affine_distance gated links', distance l r with
      | Some (p, b), Some d =>
          Some (padd (sscale v (psub (polynomial_of C gated None l) (polynomial_of C gated None r))) p, qadd (qmul (qabs v) d) b)
      | _, _ => None
      end
  end.
Lemma affine_distance_holds gated links : forall p b, affine_distance gated links = Some (p, b) ->
  Rabs (pvalue (env_of w gated) p) <= Q2R b.
Proof.
  induction links as [|[[l r] v] links IH]; intros p b H; cbn [affine_distance] in H; found.
  - unfold pvalue; cbn. rewrite Rabs_R0, Q2R_0. lra.
  - specialize (IH _ _ eq_refl). apply distance_holds in Heqo0.
    rewrite padd_value, pscale_value, psub_value, !polynomial_of_value. values.
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [|exact IH].
    rewrite Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos|exact Heqo0].
Qed.
Definition affine (l r : positive) (links : list (positive * positive * Q)) : option fact :=
  let gated := is_gated C l || is_gated C r in
  match affine_distance gated links with
  | Some (p, b) => if snil (psub (psub (defined C gated l) (polynomial_of C gated None r)) p) then Some (Near l r b) else None
  | None => None
  end.
Lemma affine_sound l r links f : affine l r links = Some f -> holds w f.
Proof.
  unfold affine. intros H. set (gated := (is_gated C l || is_gated C r)%bool) in *. destruct (affine_distance gated links) as [[p b]|] eqn:A; [|discriminate].
  destruct (snil _) eqn:S; [|discriminate]. injection H as <-. cbn [holds].
  apply affine_distance_holds in A. apply (snil_value (mvalue (env_of w gated))) in S.
  change (pvalue (env_of w gated) (psub (psub (defined C gated l) (polynomial_of C gated None r)) p) = 0) in S.
  rewrite !psub_value, defined_value, polynomial_of_value in S.
  replace (term w l - term w r) with (pvalue (env_of w gated) p) by lra. exact A.
Qed.

Definition size (d : Q * Q) : Q := qmax (qabs (fst d)) (qabs (snd d)).
Lemma size_holds t d : range_of t = Some d -> Rabs (term w t) <= Q2R (size d).
Proof.
  destruct d as [lo hi]. intros H. apply range_of_holds in H. unfold size; cbn [fst snd]. values.
  unfold Rmax, Rabs in *. repeat destruct Rle_dec; repeat destruct Rcase_abs; lra.
Qed.
Definition congruence (l r : positive) : option fact :=
  match Table.find l (nodes C), Table.find r (nodes C) with
  | Some (Add a b), Some (Add c d) =>
      match distance a c, distance b d with Some p, Some q => Some (Near l r (qadd p q)) | _, _ => None end
  | Some (Mul a b), Some (Mul c d) =>
      match distance a c, distance b d, range_of c, range_of d with
      | Some p, Some q, Some x, Some y =>
          Some (Near l r (qadd (qmul p (qadd (size y) q)) (qmul (size x) q)))
      | _, _, _, _ => None end
  | Some (Max a b), Some (Max c d) | Some (Min a b), Some (Min c d) =>
      match distance a c, distance b d with Some p, Some q => Some (Near l r (qmax p q)) | _, _ => None end
  | Some (Abs a), Some (Abs c) => match distance a c with Some p => Some (Near l r p) | None => None end
  | Some (Inv a), Some (Inv c) =>
      match distance a c, range_of c with
      | Some p, Some (lo, hi) =>
          let m := qmax lo (Qopp hi) in let k := qadd m (Qopp p) in
          if qpos k then Some (Near l r (qmul p (Qinv (qmul m k)))) else None
      | _, _ => None end
  | _, _ => None
  end.
Lemma congruence_sound l r f : congruence l r = Some f -> holds w f.
Proof.
  unfold congruence. intros H. destruct (Table.find l (nodes C)) as [n|] eqn:L; [|discriminate].
  destruct (Table.find r (nodes C)) as [m|] eqn:R; [|destruct n; discriminate].
  apply node_of in L, R. destruct n, m; try discriminate; cbn [node_value] in L, R; found; cbn [holds]; rewrite L, R;
    repeat match goal with H : distance _ _ = Some _ |- _ =>
      let P := fresh "P" in pose proof (distance_nonneg _ _ _ H) as P; apply distance_holds in H end; values.
  - apply Rabs_bounds in Heqo, Heqo0. apply Rabs_bounds. lra.
  - apply size_holds in Heqo1, Heqo2.
    replace (term w a * term w b - term w a0 * term w b0)
      with ((term w a - term w a0) * (term w b0 + (term w b - term w b0)) + term w a0 * (term w b - term w b0)) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. rewrite !Rabs_mult. apply Rplus_le_compat.
    + apply Rmult_le_compat; try apply Rabs_pos; try exact Heqo.
      eapply Rle_trans; [apply Rabs_triang|]. lra.
    + apply Rmult_le_compat; try apply Rabs_pos; assumption.
  - apply Rabs_bounds in Heqo, Heqo0. apply Rabs_bounds. unfold Rmax in *; repeat destruct Rle_dec; lra.
  - apply Rabs_bounds in Heqo, Heqo0. apply Rabs_bounds. unfold Rmax, Rmin in *; repeat destruct Rle_dec; lra.
  - apply range_of_holds in Heqo0. set (x := term w a) in *. set (y := term w a0) in *.
    assert (K : Q2R (qmax q0 (Qopp q1)) - Q2R q > 0) by (values; lra).
    assert (M : Q2R (qmax q0 (Qopp q1)) <= Rabs y).
    { values. unfold Rmax, Rabs; destruct Rle_dec, Rcase_abs; lra. }
    rewrite qinv_value; values.
    2:{ apply Rmult_integral_contrapositive. split; lra. }
    set (m := Rmax (Q2R q0) (- Q2R q1)) in *. set (p := Q2R q) in *.
    assert (X : m - p <= Rabs x).
    { replace x with (y + (x - y)) by ring. pose proof (Rabs_triang_inv y (y - x)) as T.
      replace (y - (y - x)) with x in T by ring. rewrite (Rabs_minus_sym y x) in T.
      replace (y + (x - y)) with x by ring. lra. }
    assert (X0 : x <> 0) by (intros E; rewrite E, Rabs_R0 in X; lra).
    assert (Y0 : y <> 0) by (intros E; rewrite E, Rabs_R0 in M; lra).
    replace (/ x - / y) with ((y - x) * / (y * x)) by (field; auto).
    rewrite Rabs_mult, Rabs_inv, Rabs_mult, Rabs_minus_sym.
    apply Rmult_le_compat; [apply Rabs_pos| |exact Heqo|].
    + left. apply Rinv_0_lt_compat, Rmult_lt_0_compat; apply Rabs_pos_lt; assumption.
    + apply Rinv_le_contravar; [apply Rmult_lt_0_compat; lra|].
      replace (m + - p) with (m - p) by ring. apply Rmult_le_compat; lra.
  - apply Rabs_bounds in Heqo. apply Rabs_bounds. unfold Rabs; repeat destruct Rcase_abs; lra.
Qed.

Definition reciprocal (t inverse : positive) : option fact :=
  match premises, Table.find inverse (nodes C) with
  | Near p o b :: rest, Some (Inv a) =>
      match Table.find p (nodes C), Table.find o (nodes C), range_in rest a with
      | Some (Mul a' y), Some (Const one), Some (lo, hi) =>
          let m := qmax lo (Qopp hi) in
          if Pos.eqb a' a && Pos.eqb y t && qeq one 1 && qpos m then Some (Near t inverse (qmul b (Qinv m))) else None
      | _, _, _ => None
      end
  | _, _ => None
  end.
End Rules.

Section MoreRules.
Variables (C : context) (w : world C).

Lemma reciprocal_sound ps (H : Forall (holds w) ps) t i f : reciprocal C ps t i = Some f -> holds w f.
Proof.
  unfold reciprocal. intros E. destruct ps as [|[|p o b] rest]; try discriminate.
  inversion H as [|? ? B P]; subst.
  destruct (Table.find i (nodes C)) as [n|] eqn:I; [|discriminate]. destruct n as [| | | | | |a| | | |]; try discriminate.
  destruct (Table.find p (nodes C)) as [n|] eqn:M; [|discriminate]. destruct n as [| | |a' y| | | | | | |]; try discriminate.
  destruct (Table.find o (nodes C)) as [n|] eqn:O; [|discriminate]. destruct n as [|one| | | | | | | | |]; try discriminate.
  destruct (range_in rest a) as [[lo hi]|] eqn:R; [|discriminate]. found.
  apply (range_in_holds C w rest _ _ _ P) in R. cbn [holds] in *.
  apply (term_value w) in I, M, O. cbn [node_value] in I, M, O. rewrite M, O in B. rewrite I.
  match goal with Q : qeq one 1 = true |- _ => apply qeq_value in Q; rewrite Q, Q2R_1 in B end.
  rename H1 into K. values. set (m := Rmax (Q2R lo) (- Q2R hi)) in *.
  assert (A : m <= Rabs (term w a)) by (unfold m, Rmax, Rabs; destruct Rle_dec, Rcase_abs; lra).
  assert (N : term w a <> 0) by (intros Z; rewrite Z, Rabs_R0 in A; lra).
  rewrite qinv_value by (values; fold m; lra). values. fold m.
  replace (term w t - / term w a) with ((term w a * term w t - 1) * / term w a) by (field; exact N).
  rewrite Rabs_mult, Rabs_inv. apply Rmult_le_compat; [apply Rabs_pos| |exact B|].
  - left. apply Rinv_0_lt_compat, Rabs_pos_lt, N.
  - apply Rinv_le_contravar; lra.
Qed.

Definition equal_polynomials (l r : positive) : option fact :=
  let gated := is_gated C l || is_gated C r in
  if snil (psub (polynomial_of C gated None l) (polynomial_of C gated None r)) then Some (Near l r 0) else None.
Lemma equal_polynomials_sound l r f : equal_polynomials l r = Some f -> holds w f.
Proof.
  unfold equal_polynomials. set (gated := (is_gated C l || is_gated C r)%bool) in *.
  destruct (snil _) eqn:S; [|discriminate]. intros H; injection H as <-. cbn [holds].
  apply (snil_value (mvalue (env_of w gated))) in S.
  change (pvalue (env_of w gated) (psub (polynomial_of C gated None l) (polynomial_of C gated None r)) = 0) in S.
  rewrite psub_value, !polynomial_of_value in S. rewrite S, Rabs_R0, Q2R_0. lra.
Qed.

(* Something tested on each of the pieces between consecutive knots holds at every point. *)
Fixpoint on_pieces (test : Q -> Q -> bool) (a : Q) (knots : list Q) : bool :=
  match knots with [] => true | b :: knots' => test a b && on_pieces test b knots' end.
Lemma on_pieces_holds test x knots : forall a, knots <> [] -> on_pieces test a knots = true ->
  Q2R a <= x <= Q2R (last knots a) -> exists p q, test p q = true /\ Q2R p <= x <= Q2R q.
Proof.
  induction knots as [|b knots IH]; intros a N H B; [contradiction|].
  cbn [on_pieces] in H. apply andb_prop in H; destruct H as [H L].
  destruct (Rle_or_lt x (Q2R b)) as [X|X]; [exists a, b; split; [exact H|lra]|].
  destruct knots as [|c knots]; [cbn [last] in B; lra|].
  apply (IH b); [discriminate|exact L|]. split; [lra|].
  replace (last (c :: knots) b) with (last (b :: c :: knots) a); [apply B|].
  clear. cbn [last]. revert c. induction knots as [|d l IH]; intros c; [reflexivity|]. cbn [last] in *. apply IH.
Qed.
Definition covered (test : Q -> Q -> bool) (lo hi : Q) (knots : list Q) : bool :=
  match knots with
  | a :: (_ :: _) as more => Qle_bool a lo && Qle_bool hi (last more a) && on_pieces test a more
  | _ => false
  end.
Lemma covered_holds test lo hi knots x : covered test lo hi knots = true -> Q2R lo <= x <= Q2R hi ->
  exists p q, test p q = true /\ Q2R p <= x <= Q2R q.
Proof.
  destruct knots as [|a [|b knots]]; try discriminate. cbn [covered]. intros H B.
  apply andb_prop in H; destruct H as [H T]. apply andb_prop in H; destruct H as [L U].
  apply qle_value in L, U. apply (on_pieces_holds test x (b :: knots) a); [discriminate|exact T|lra].
Qed.

(* ---- polynomials in one term ---- *)
Fixpoint power_of (v : positive) (m : monomial) : option nat :=
  match m with
  | [] => Some O
  | Term t :: m' => if Pos.eqb t v then match power_of v m' with Some k => Some (S k) | None => None end else None
  | _ => None
  end.
Fixpoint univariate_in (v : positive) (p : polynomial) : option coefficients :=
  match p with
  | [] => Some []
  | (m, q) :: p' => match power_of v m, univariate_in v p' with
                    | Some k, Some c => Some (uadd (repeat 0%Q k ++ [q]) c) | _, _ => None end
  end.
Lemma univariate_in_value v p : forall c, univariate_in v p = Some c ->
  pvalue (net_env w) p = uvalue c (term w v).
Proof.
  induction p as [|[m q] p IH]; intros c H; cbn [univariate_in] in H; [injection H as <-; reflexivity|].
  destruct (power_of v m) as [k|] eqn:K; [|discriminate].
  destruct (univariate_in v p) as [d|]; [|discriminate]. injection H as <-.
  unfold pvalue; cbn [seval]. fold (pvalue (net_env w) p). rewrite (IH d eq_refl), uadd_value. f_equal.
  revert k K. induction m as [|a m IHm]; intros k K; cbn [power_of] in K.
  - injection K as <-. cbn. ring.
  - destruct a as [| | |t]; try discriminate. destruct (Pos.eqb_spec t v) as [->|_]; [|discriminate].
    destruct (power_of v m) as [j|]; [|discriminate]. injection K as <-. cbn [repeat app uvalue mvalue].
    rewrite <- (IHm j eq_refl), (named_terms w), Q2R_0. ring.
Qed.
Definition within_on (c : coefficients) (bound lo hi : Q) : bool :=
  nonneg (uadd [bound] c) lo hi && nonneg (usub [bound] c) lo hi.
Definition univariate (ps : list fact) (l r v : positive) (knots : list Q) (bound : Q) : option fact :=
  match univariate_in v (psub (polynomial_of C false (Some v) l) (polynomial_of C false (Some v) r)), range_of ps v with
  | Some c, Some (lo, hi) => if covered (within_on c bound) lo hi knots then Some (Near l r bound) else None
  | _, _ => None
  end.
Lemma univariate_sound ps (H : Forall (holds w) ps) l r v knots bound f :
  univariate ps l r v knots bound = Some f -> holds w f.
Proof.
  unfold univariate. intros E. destruct (univariate_in _ _) as [c|] eqn:U; [|discriminate].
  destruct (range_of ps v) as [[lo hi]|] eqn:R; [|discriminate].
  destruct (covered _ _ _ _) eqn:K; [|discriminate]. injection E as <-. cbn [holds].
  apply univariate_in_value in U. change (net_env w) with (env_of w false) in U.
  rewrite psub_value, !polynomial_of_value in U. rewrite U.
  apply (range_of_holds C w ps H) in R. destruct (covered_holds _ _ _ _ _ K R) as (p & q & T & X).
  apply andb_prop in T; destruct T as [A B].
  apply nonneg_value with (x := term w v) in A, B; try exact X. rewrite uadd_value in A. rewrite usub_value in B.
  cbn [uvalue] in A, B. apply Rabs_bounds. lra.
Qed.

(* ---- chains of distances ---- *)
Fixpoint chain (first last : positive) (total : Q) (ps : list fact) : option fact :=
  match ps with
  | [] => Some (Near first last total)
  | Near l r b :: ps' => if Pos.eqb l last then chain first r (qadd total b) ps' else None
  | _ => None
  end.
Definition sum_up (ps : list fact) : option fact :=
  match ps with Near l r b :: ps' => chain l r b ps' | _ => None end.
Lemma sum_up_sound ps (H : Forall (holds w) ps) f : sum_up ps = Some f -> holds w f.
Proof.
  destruct ps as [|[|l r b] ps]; try discriminate. cbn [sum_up]. inversion H as [|? ? B P]; subst. cbn [holds] in B.
  clear H. revert r b B. induction P as [|p ps Hp P IH]; intros r b B E; cbn [chain] in E.
  - injection E as <-. exact B.
  - destruct p as [|l' r' c]; [discriminate|]. destruct (Pos.eqb_spec l' r) as [->|_]; [|discriminate].
    apply (IH r' (qadd b c)); [|exact E]. cbn [holds] in Hp. values.
    replace (term w l - term w r') with ((term w l - term w r) + (term w r - term w r')) by ring.
    eapply Rle_trans; [apply Rabs_triang|lra].
Qed.
Definition symmetry (ps : list fact) : option fact :=
  match ps with [Near l r b] => Some (Near r l b) | _ => None end.
Lemma symmetry_sound ps (H : Forall (holds w) ps) f : symmetry ps = Some f -> holds w f.
Proof.
  destruct ps as [|[|l r b] [|]]; try discriminate. intros E; injection E as <-.
  inversion H as [|? ? B P]; subst. cbn [holds] in *. rewrite Rabs_minus_sym. exact B.
Qed.
End MoreRules.
