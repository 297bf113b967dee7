(* Exact rationals and sparse combinations: lists of (key, coefficient), kept sorted for speed only.

   Nothing below depends on the order: an unsorted list is merged less well, never wrongly. *)
From Coq Require Import Reals Lra Lia List ZArith QArith Qreals Bool FMapPositive.
Import ListNotations.
Open Scope R_scope.

(* ---- rationals ---- *)
Definition qadd (p q : Q) : Q :=
  if Pos.eqb (Qden p) (Qden q) then Qmake (Qnum p + Qnum q) (Qden p) else Qred (Qplus p q).
Definition qmul (p q : Q) : Q :=
  match Qden p, Qden q with
  | xH, d => match Qnum p with
             | Zpos xH => q
             | Zneg xH => Qmake (- Qnum q) d
             | n => if Pos.eqb d 1 then Qmake (n * Qnum q) 1 else Qred (Qmake (n * Qnum q) d)
             end
  | _, _ => Qred (Qmult p q)
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
Lemma qadd_value p q : Q2R (qadd p q) = Q2R p + Q2R q.
Proof.
  unfold qadd. destruct (Pos.eqb_spec (Qden p) (Qden q)) as [E|_].
  - unfold Q2R; cbn [Qnum Qden]. rewrite E, plus_IZR. ring.
  - rewrite Q2R_red. apply Q2R_plus.
Qed.
Lemma qmul_value p q : Q2R (qmul p q) = Q2R p * Q2R q.
Proof.
  assert (G : Q2R (Qred (Qmult p q)) = Q2R p * Q2R q) by (rewrite Q2R_red; apply Q2R_mult).
  destruct p as [n d]; unfold qmul; cbn [Qden Qnum]. destruct d; try exact G.
  assert (A : forall m, Q2R (Qmake (m * Qnum q) (Qden q)) = Q2R (Qmake m 1) * Q2R q).
  { intros m. unfold Q2R; cbn [Qnum Qden]. rewrite mult_IZR, Rinv_1. ring. }
  assert (B : forall m, Q2R (if Pos.eqb (Qden q) 1 then Qmake (m * Qnum q) 1 else Qred (Qmake (m * Qnum q) (Qden q)))
              = Q2R (Qmake m 1) * Q2R q).
  { intros m. destruct (Pos.eqb_spec (Qden q) 1) as [E|_]; [|rewrite Q2R_red; apply A].
    rewrite <- A, E. reflexivity. }
  destruct n as [|m|m]; [apply (B 0%Z)| |].
  - destruct m; try apply (B (Zpos _)). unfold Q2R at 2; cbn [Qnum Qden]. rewrite Rinv_1. ring.
  - destruct m; try apply (B (Zneg _)).
    replace (Q2R (-1 # 1)) with (-1) by (unfold Q2R; cbn [Qnum Qden]; lra).
    unfold Q2R; cbn [Qnum Qden]. rewrite opp_IZR. ring.
Qed.
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
