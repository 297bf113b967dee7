(* Exact rationals and sparse combinations: lists of (key, coefficient), kept sorted for speed only.

   Nothing below depends on the order: an unsorted list is merged less well, never wrongly. *)
From Coq Require Import Reals Lra Lia List ZArith QArith Qreals Bool FMapPositive.
Import ListNotations.
Open Scope R_scope.

(* ---- rationals: powers of two are cancelled, which is cheap; a greatest common divisor is sought only for results
   that bring other factors of two denominators together ---- *)
Fixpoint strip (n d : positive) : positive * positive :=
  match n, d with xO n', xO d' => strip n' d' | _, _ => (n, d) end.
Fixpoint power_of_two (d : positive) : bool := match d with xH => true | xO d' => power_of_two d' | xI _ => false end.
Definition over (sign : positive -> Z) (fully : bool) (n d : positive) : Q :=
  let (n', d') := strip n d in
  if fully && negb (power_of_two d') then Qred (Qmake (sign n') d') else Qmake (sign n') d'.
Definition reduced (fully : bool) (n : Z) (d : positive) : Q :=
  match n with Z0 => 0%Q | Zpos m => over Zpos fully m d | Zneg m => over Zneg fully m d end.
Definition qadd (p q : Q) : Q :=
  let (n, c) := p in let (m, d) := q in
  if Pos.eqb c d then Qmake (n + m) d else
  match strip c d with
  | (xH, b) => Qmake (Zpos b * n + m) d
  | (a, xH) => Qmake (n + Zpos a * m) c
  | (a, b) => reduced true (Zpos b * n + Zpos a * m) (c * b)
  end.
Definition qmul (p q : Q) : Q :=
  let (n, c) := p in let (m, d) := q in
  match n, c with
  | Zpos xH, xH => q
  | Zneg xH, xH => Qmake (- m) d
  | _, _ => reduced (negb (power_of_two c || power_of_two d)) (n * m) (c * d)
  end.
Definition qzero (q : Q) : bool := Z.eqb (Qnum q) 0.
Definition qpos (q : Q) : bool := Z.ltb 0 (Qnum q).
Definition qmax (p q : Q) : Q := if Qle_bool p q then q else p.
Definition qmin (p q : Q) : Q := if Qle_bool p q then p else q.
Definition qabs (q : Q) : Q := Qmake (Z.abs (Qnum q)) (Qden q).
Definition qeq (p q : Q) : bool := Qeq_bool p q.

Lemma Q2R_red q : Q2R (Qred q) = Q2R q.
Proof. apply Qeq_eqR, Qred_correct. Qed.
Lemma Q2R_0 : Q2R 0 = 0. Proof. unfold Q2R; simpl; field. Qed.
Lemma Q2R_1 : Q2R 1 = 1. Proof. unfold Q2R; simpl; field. Qed.
Lemma IZR_pos p : 0 < IZR (Zpos p). Proof. apply IZR_lt; lia. Qed.
Lemma strip_value n : forall d, let (n', d') := strip n d in
  exists c, n = (c * n')%positive /\ d = (c * d')%positive.
Proof.
  induction n as [n IH|n IH|]; intros [d|d|]; cbn [strip]; try (exists 1%positive; split; reflexivity).
  specialize (IH d). destruct (strip n d) as [n' d']. destruct IH as (c & -> & ->).
  exists (xO c). split; reflexivity.
Qed.
Lemma Q2R_common n d c : Q2R (Qmake (Zpos c * n) (c * d)) = Q2R (Qmake n d).
Proof.
  unfold Q2R; cbn [Qnum Qden]. rewrite Pos2Z.inj_mul, !mult_IZR.
  pose proof (IZR_pos c). pose proof (IZR_pos d). field. lra.
Qed.
Lemma reduced_value fully n d : Q2R (reduced fully n d) = Q2R (Qmake n d).
Proof.
  assert (K : forall sign m, (forall c k, sign (c * k)%positive = (Zpos c * sign k)%Z) -> Q2R (over sign fully m d) = Q2R (Qmake (sign m) d)).
  { intros sign m S. unfold over. pose proof (strip_value m d) as H. destruct (strip m d) as [n' d'].
    destruct H as (c & -> & ->). rewrite S, Q2R_common. destruct (fully && _)%bool; [rewrite Q2R_red|]; reflexivity. }
  destruct n as [|m|m]; cbn [reduced]; [|apply K; reflexivity..].
  rewrite Q2R_0. unfold Q2R; cbn. ring.
Qed.
Lemma Q2R_plus_same n m d : Q2R (Qmake (n + m) d) = Q2R (Qmake n d) + Q2R (Qmake m d).
Proof. unfold Q2R; cbn [Qnum Qden]. rewrite plus_IZR. ring. Qed.
Lemma qadd_value p q : Q2R (qadd p q) = Q2R p + Q2R q.
Proof.
  destruct p as [n c], q as [m d]. unfold qadd. destruct (Pos.eqb_spec c d) as [->|_]; [apply Q2R_plus_same|].
  pose proof (strip_value c d) as H. destruct (strip c d) as [a b]. destruct H as (k & -> & ->).
  assert (A : Q2R (Qmake n (k * a)) = Q2R (Qmake (Zpos b * n) (k * a * b)))
    by (rewrite <- (Q2R_common n (k * a) b), (Pos.mul_comm b); reflexivity).
  assert (B : Q2R (Qmake m (k * b)) = Q2R (Qmake (Zpos a * m) (k * a * b)))
    by (rewrite <- (Q2R_common m (k * b) a), Pos.mul_assoc, (Pos.mul_comm a); reflexivity).
  assert (G : Q2R (reduced true (Zpos b * n + Zpos a * m) (k * a * b)) = Q2R (Qmake n (k * a)) + Q2R (Qmake m (k * b)))
    by (rewrite reduced_value, Q2R_plus_same, A, B; reflexivity).
  assert (R : forall x, Q2R (Qmake (n + Zpos x * m) (k * x)) = Q2R (Qmake n (k * x)) + Q2R (Qmake m k))
    by (intros x; rewrite Q2R_plus_same, (Pos.mul_comm k), Q2R_common; reflexivity).
  destruct a as [a|a|]; [destruct b; [exact G|exact G|rewrite Pos.mul_1_r; apply R]..|].
  rewrite Pos.mul_1_r in *. rewrite Q2R_plus_same, (Pos.mul_comm k b), Q2R_common. reflexivity.
Qed.
Lemma qmul_value p q : Q2R (qmul p q) = Q2R p * Q2R q.
Proof.
  destruct p as [n c], q as [m d].
  assert (G : forall b, Q2R (reduced b (n * m) (c * d)) = Q2R (Qmake n c) * Q2R (Qmake m d))
    by (intros b; rewrite reduced_value, <- Q2R_mult; reflexivity).
  unfold qmul. destruct n as [|[n|n|]|[n|n|]]; try apply G; destruct c; try apply G;
    unfold Q2R; cbn [Qnum Qden]; rewrite ?opp_IZR, ?Rinv_1; ring.
Qed.
Global Opaque qadd qmul.
Lemma qopp_value p : Q2R (Qopp p) = - Q2R p. Proof. apply Q2R_opp. Qed.
Lemma qzero_value q : qzero q = true -> Q2R q = 0.
Proof. intros H; apply Z.eqb_eq in H. unfold Q2R; rewrite H. ring. Qed.
Lemma qpos_value q : qpos q = true -> 0 < Q2R q.
Proof.
  intros H; apply Z.ltb_lt, IZR_lt in H. unfold Q2R.
  apply Rmult_lt_0_compat; [exact H|apply Rinv_0_lt_compat, IZR_pos].
Qed.
Lemma qle_value p q : Qle_bool p q = true -> Q2R p <= Q2R q.
Proof. intros H. apply Qle_Rle, Qle_bool_iff, H. Qed.
Lemma qle_false p q : Qle_bool p q = false -> Q2R q <= Q2R p.
Proof.
  intros H. apply Qle_Rle. destruct (Qlt_le_dec p q) as [L|L]; [|exact L].
  apply Qlt_le_weak, Qle_bool_iff in L. congruence.
Qed.
Lemma qmax_value p q : Q2R (qmax p q) = Rmax (Q2R p) (Q2R q).
Proof.
  unfold qmax; destruct (Qle_bool p q) eqn:E; symmetry;
    [apply Rmax_right, qle_value, E|apply Rmax_left, qle_false, E].
Qed.
Lemma qmin_value p q : Q2R (qmin p q) = Rmin (Q2R p) (Q2R q).
Proof.
  unfold qmin; destruct (Qle_bool p q) eqn:E; symmetry;
    [apply Rmin_left, qle_value, E|apply Rmin_right, qle_false, E].
Qed.
Lemma qabs_value q : Q2R (qabs q) = Rabs (Q2R q).
Proof.
  unfold qabs, Q2R; cbn [Qnum Qden]. rewrite abs_IZR, Rabs_mult. f_equal. symmetry.
  apply Rabs_pos_eq. left. apply Rinv_0_lt_compat, IZR_pos.
Qed.
Lemma qeq_value p q : qeq p q = true -> Q2R p = Q2R q.
Proof. intros H. apply Qeq_eqR, Qeq_bool_iff, H. Qed.
Lemma qinv_value q : Q2R q <> 0 -> Q2R (Qinv q) = / Q2R q.
Proof. intros H. apply Q2R_inv. intros E. apply H. apply Qeq_eqR in E. rewrite E. apply Q2R_0. Qed.

Definition qeqb (p q : Q) : bool := Z.eqb (Qnum p) (Qnum q) && Pos.eqb (Qden p) (Qden q).
Lemma qeqb_eq p q : qeqb p q = true -> p = q.
Proof.
  unfold qeqb; destruct p as [a b], q as [c d]; cbn [Qnum Qden]; intros H; apply andb_prop in H; destruct H as [H K].
  apply Z.eqb_eq in H; apply Pos.eqb_eq in K; congruence.
Qed.

(* The triangle inequality in the form used throughout. *)
Lemma Rabs_bounds a b : Rabs a <= b <-> - b <= a <= b.
Proof. split; [intros H; unfold Rabs in H; destruct (Rcase_abs a); lra|intros; apply Rabs_le; assumption]. Qed.

(* ---- sparse combinations ---- *)
Section Sparse.
Variables (K : Type) (compare : K -> K -> comparison).
Hypothesis compare_eq : forall a b, compare a b = Eq -> a = b.
Definition sparse := list (K * Q).

Fixpoint sadd (p : sparse) : sparse -> sparse :=
  match p with
  | [] => fun q => q
  | (a, v) :: p' =>
      fix inner (q : sparse) :=
        match q with
        | [] => p
        | (b, w) :: q' =>
            match compare a b with
            | Eq => let s := qadd v w in if qzero s then sadd p' q' else (a, s) :: sadd p' q'
            | Gt => (a, v) :: sadd p' q
            | Lt => (b, w) :: inner q'
            end
        end
  end.
Definition sscale (c : Q) (p : sparse) : sparse := map (fun e => (fst e, qmul c (snd e))) p.
Definition ssub (p q : sparse) : sparse := sadd p (sscale (-1) q).
Definition snil (p : sparse) : bool := forallb (fun e => qzero (snd e)) p.

Variable value : K -> R.
Fixpoint seval (p : sparse) : R := match p with [] => 0 | (a, v) :: p' => Q2R v * value a + seval p' end.

Lemma sadd_value p : forall q, seval (sadd p q) = seval p + seval q.
Proof.
  induction p as [|[a v] p IHp]; intros q; [simpl; ring|].
  induction q as [|[b w] q IHq]; [simpl; ring|].
  cbn [sadd]. destruct (compare a b) eqn:C.
  - apply compare_eq in C; subst b. pose proof (qadd_value v w) as S.
    destruct (qzero (qadd v w)) eqn:Z.
    + apply qzero_value in Z. rewrite IHp. cbn [seval].
      rewrite Z in S. replace (Q2R w) with (- Q2R v) by lra. ring.
    + cbn [seval]. rewrite IHp, S. ring.
  - cbn [seval]. fold (sadd ((a, v) :: p)). cbn [sadd] in IHq. rewrite IHq. cbn [seval]. ring.
  - cbn [seval]. rewrite IHp. cbn [seval]. ring.
Qed.
Lemma sscale_value c p : seval (sscale c p) = Q2R c * seval p.
Proof.
  induction p as [|[a v] p IH]; [simpl; ring|].
  cbn [sscale map seval fst snd]. fold (sscale c p). rewrite IH, qmul_value. ring.
Qed.
Lemma ssub_value p q : seval (ssub p q) = seval p - seval q.
Proof.
  unfold ssub. rewrite sadd_value, sscale_value.
  replace (Q2R (-1)) with (-1) by (unfold Q2R; simpl; lra). ring.
Qed.
Lemma snil_value p : snil p = true -> seval p = 0.
Proof.
  induction p as [|[a v] p IH]; [reflexivity|]. cbn [snil forallb seval snd].
  intros H; apply andb_prop in H; destruct H as [H T]. rewrite (IH T), (qzero_value _ H). ring.
Qed.
Lemma same_value p q : snil (ssub p q) = true -> seval p = seval q.
Proof. intros H. apply snil_value in H. rewrite ssub_value in H. lra. Qed.
End Sparse.
Arguments sadd {K}. Arguments sscale {K}. Arguments ssub {K}. Arguments snil {K}. Arguments seval {K}.
Arguments sadd_value {K compare}. Arguments sscale_value {K}. Arguments ssub_value {K compare}.
Arguments snil_value {K}. Arguments same_value {K compare}.

(* ---- tables from numbered lists ---- *)
Module Table := PositiveMap.
Section Numbered.
Variable A : Type.
Fixpoint numbered (j : positive) (l : list A) : list (positive * A) :=
  match l with [] => [] | a :: l' => (j, a) :: numbered (Pos.succ j) l' end.
Definition table (l : list (positive * A)) : Table.t A :=
  fold_right (fun e t => Table.add (fst e) (snd e) t) (Table.empty A) l.
Lemma table_in l j a : Table.find j (table l) = Some a -> In (j, a) l.
Proof.
  induction l as [|[k b] l IH]; cbn [table fold_right fst snd].
  - rewrite Table.gempty; discriminate.
  - destruct (Pos.eq_dec j k) as [->|N].
    + rewrite Table.gss. intros E; injection E as ->. left; reflexivity.
    + rewrite Table.gso by exact N. intros E; right; apply IH, E.
Qed.
End Numbered.
Arguments numbered {A}. Arguments table {A}. Arguments table_in {A}.
