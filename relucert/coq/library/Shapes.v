(* Networks of known shape: the folded square, one-gate extrema, and nested extrema of the same arguments. *)
From Coq Require Import Reals Lra Lia List ZArith QArith Qreals Bool.
From Relucert Require Import Gate Sparse World Polynomial Facts.
Import ListNotations.
Open Scope R_scope.

Section Shapes.
Variables (C : context) (w : world C).
Let e := net_env w.

Definition one_form (q : Q) : form := [(X 0, q)].
Lemma one_form_value q : seval e (one_form q) = Q2R q.
Proof. cbn. unfold e. rewrite (one_is_one w). ring. Qed.
Definition folded (j : positive) : form := [(G j, 2%Q); (U j, (-1)%Q)].
Lemma folded_value j f : Table.find j (neurons C) = Some f -> seval e (folded j) = Rabs (seval e f).
Proof.
  intros F. cbn. unfold e. rewrite (net_gate w j f F), (net_pre w j f F).
  replace (Q2R 2) with 2 by (unfold Q2R; simpl; lra). replace (Q2R (-1)) with (-1) by (unfold Q2R; simpl; lra).
  set (u := seval _ f). unfold relu, Rmax, Rabs. destruct Rle_dec, Rcase_abs; lra.
Qed.

(* v runs through the folds of t, total through t - sum 4^-k (1 - v_k). *)
Fixpoint fold_chain (chain : list positive) (v total : form) (scale : Q) : option (form * Q) :=
  match chain with
  | [] => Some (total, scale)
  | j :: chain' =>
      match Table.find j (neurons C) with
      | Some f =>
          let quarter := qmul (1 # 4) scale in
          if fsame f (fsub (sscale 2 v) (one_form 1))
          then fold_chain chain' (folded j)
                 (fadd total (sscale quarter (fsub (folded j) (one_form 1)))) quarter
          else None
      | None => None
      end
  end.
(* Invariant: total - t^2 = scale (v - v^2) with v in [0, 1]. *)
Lemma fold_chain_value chain : forall v total scale result last square,
  fold_chain chain v total scale = Some (result, last) -> 0 <= Q2R scale -> 0 <= seval e v <= 1 ->
  seval e total - square = Q2R scale * (seval e v - seval e v * seval e v) ->
  0 <= Q2R last /\ 0 <= seval e result - square <= Q2R last / 4.
Proof.
  induction chain as [|j chain IH]; intros v total scale result last square H S V E; cbn [fold_chain] in H.
  - injection H as <- <-. split; [exact S|]. rewrite E. set (x := seval e v) in *.
    assert (0 <= (x - 1/2) * (x - 1/2)) by apply Rle_0_sqr.
    assert (0 <= x * (1 - x)) by (apply Rmult_le_pos; lra). split.
    + apply Rmult_le_pos; [exact S|lra].
    + unfold Rdiv. apply Rmult_le_compat_l; [exact S|lra].
  - destruct (Table.find j (neurons C)) as [f|] eqn:F; [|discriminate].
    destruct (fsame _ _) eqn:W; [|discriminate].
    apply (fsame_value e) in W. rewrite fsub_value, sscale_value, one_form_value in W.
    replace (Q2R 2) with 2 in W by (unfold Q2R; simpl; lra). rewrite Q2R_1 in W.
    pose proof (folded_value j f F) as A. rewrite W in A.
    assert (Quarter : Q2R (qmul (1 # 4) scale) = Q2R scale / 4)
      by (rewrite qmul_value; unfold Q2R at 1; cbn [Qnum Qden]; lra).
    apply (IH _ _ _ _ _ square) in H; [exact H|rewrite Quarter; lra| |].
    + rewrite A. unfold Rabs; destruct Rcase_abs; lra.
    + rewrite fadd_value, sscale_value, fsub_value, one_form_value, Quarter, Q2R_1, A.
      set (x := seval e v) in *.
      replace (seval e total) with (square + Q2R scale * (x - x * x)) by lra.
      unfold Rabs; destruct Rcase_abs; field.
Qed.
Definition sawtooth (ps : list fact) (out square : positive) (chain : list positive) : option fact :=
  match Table.find square (nodes C), Table.find out (nodes C) with
  | Some (Mul t t'), Some (Net h) =>
      match Table.find t (nodes C), range_in ps t with
      | Some (Net f), Some (lo, hi) =>
          match fold_chain chain f f 1 with
          | Some (total, scale) =>
              let bound := qmul (1 # 8) scale in
              if Pos.eqb t t' && Qle_bool 0 lo && Qle_bool hi 1 && fsame h (fsub total (one_form bound))
              then Some (Near out square bound) else None
          | None => None
          end
      | _, _ => None
      end
  | _, _ => None
  end.
Lemma sawtooth_sound ps (H : Forall (holds w) ps) out square chain f :
  sawtooth ps out square chain = Some f -> holds w f.
Proof.
  unfold sawtooth. intros E.
  destruct (Table.find square (nodes C)) as [n|] eqn:S; [|discriminate].
  destruct n as [| | |t t'| | | | | | |]; try discriminate.
  destruct (Table.find out (nodes C)) as [n|] eqn:O; [|discriminate]. destruct n as [| | | | | | | |h| |]; try discriminate.
  destruct (Table.find t (nodes C)) as [n|] eqn:T; [|discriminate]. destruct n as [| | | | | | | |i| |]; try discriminate.
  destruct (range_in ps t) as [[lo hi]|] eqn:R; [|discriminate].
  destruct (fold_chain _ _ _ _) as [[total scale]|] eqn:F; [|discriminate]. found.
  apply (range_in_holds C w ps _ _ _ H) in R. apply (term_value w) in S, O, T. cbn [node_value] in S, O, T. fold e in O, T.
  match goal with H0 : fsame _ _ = true |- _ => rename H0 into K end. apply (fsame_value e) in K.
  rewrite fsub_value, one_form_value in K. values. rewrite T in R, S.
  destruct (fold_chain_value _ _ _ _ _ _ (seval e i * seval e i) F) as [P B]; try (rewrite ?Q2R_1; lra).
  cbn [holds]. rewrite S, O, K. values. apply Rabs_bounds.
  replace (Q2R (1 # 8)) with (1 / 8) by (unfold Q2R; cbn [Qnum Qden]; lra). lra.
Qed.

(* ---- max, min and abs with one gate ---- *)
Definition extremum (ps : list fact) (out target j : positive) : option fact :=
  match Table.find target (nodes C), Table.find out (nodes C), Table.find j (neurons C) with
  | Some n, Some (Net h), Some u =>
      let h := definition_of C h in
      match n, ps with
      | Max s t, [Near a s' p; Near b t' q] =>
          match Table.find a (nodes C), Table.find b (nodes C) with
          | Some (Net f), Some (Net g) =>
              if Pos.eqb s s' && Pos.eqb t t' && fsame u (fsub g f) && fsame h (fadd f [(G j, 1%Q)])
              then Some (Near out target (qmax p q)) else None
          | _, _ => None end
      | Min s t, [Near a s' p; Near b t' q] =>
          match Table.find a (nodes C), Table.find b (nodes C) with
          | Some (Net f), Some (Net g) =>
              if Pos.eqb s s' && Pos.eqb t t' && fsame u (fsub f g) && fsame h (fsub f [(G j, 1%Q)])
              then Some (Near out target (qmax p q)) else None
          | _, _ => None end
      | Abs s, [Near a s' p] =>
          match Table.find a (nodes C) with
          | Some (Net f) =>
              if Pos.eqb s s' && fsame u f && fsame h (folded j) then Some (Near out target p) else None
          | _ => None end
      | _, _ => None
      end
  | _, _, _ => None
  end.
Lemma extremum_sound ps (H : Forall (holds w) ps) out target j f : extremum ps out target j = Some f -> holds w f.
Proof.
  unfold extremum. intros E.
  destruct (Table.find target (nodes C)) as [n|] eqn:T; [|discriminate].
  destruct (Table.find out (nodes C)) as [m|] eqn:O; [|discriminate]. destruct m as [| | | | | | | |h| |]; try discriminate.
  destruct (Table.find j (neurons C)) as [u|] eqn:J; [|discriminate].
  apply (term_value w) in T, O. cbn [node_value] in O.
  rewrite <- (definition_of_value C w h) in O. fold e in O.
  pose proof (net_gate w j u J) as GJ. rewrite (net_pre w j u J) in GJ. fold e in GJ.
  assert (S : forall i, seval e [(G j, i)] = Q2R i * relu (seval e u)) by (intros i; cbn; rewrite GJ; ring).
  destruct n as [| | | |s t|s t| |s| | |]; try discriminate.
  - destruct ps as [|[|a s' p] [|[|b t' q] [|]]]; try discriminate.
    inversion H as [|? ? P1 P]; subst. inversion P as [|? ? P2 _]; subst. cbn [holds] in P1, P2.
    destruct (Table.find a (nodes C)) as [m|] eqn:A; [|discriminate]. destruct m as [| | | | | | | |fa| |]; try discriminate.
    destruct (Table.find b (nodes C)) as [m|] eqn:B; [|discriminate]. destruct m as [| | | | | | | |fb| |]; try discriminate.
    apply (term_value w) in A, B. cbn [node_value] in A, B, T. fold e in A, B. found. cbn [holds].
    repeat match goal with K : fsame _ _ = true |- _ => apply (fsame_value e) in K end.
    rewrite fsub_value in *. rewrite fadd_value, S, Q2R_1 in *. rewrite T. values.
    apply Rabs_bounds in P1, P2. apply Rabs_bounds.
    assert (M : term w out = Rmax (term w a) (term w b)).
    { rewrite O, A, B. match goal with K : seval e u = _, L : seval e (definition_of C h) = _ |- _ => rewrite L, K end. unfold relu, Rmax. repeat destruct Rle_dec; lra. }
    rewrite M. unfold Rmax; repeat destruct Rle_dec; lra.
  - destruct ps as [|[|a s' p] [|[|b t' q] [|]]]; try discriminate.
    inversion H as [|? ? P1 P]; subst. inversion P as [|? ? P2 _]; subst. cbn [holds] in P1, P2.
    destruct (Table.find a (nodes C)) as [m|] eqn:A; [|discriminate]. destruct m as [| | | | | | | |fa| |]; try discriminate.
    destruct (Table.find b (nodes C)) as [m|] eqn:B; [|discriminate]. destruct m as [| | | | | | | |fb| |]; try discriminate.
    apply (term_value w) in A, B. cbn [node_value] in A, B, T. fold e in A, B. found. cbn [holds].
    repeat match goal with K : fsame _ _ = true |- _ => apply (fsame_value e) in K end.
    rewrite !fsub_value, S, Q2R_1 in *. rewrite T. values.
    apply Rabs_bounds in P1, P2. apply Rabs_bounds.
    assert (M : term w out = Rmin (term w a) (term w b)).
    { rewrite O, A, B. match goal with K : seval e u = _, L : seval e (definition_of C h) = _ |- _ => rewrite L, K end. unfold relu, Rmax, Rmin. repeat destruct Rle_dec; lra. }
    rewrite M. unfold Rmax, Rmin; repeat destruct Rle_dec; lra.
  - destruct ps as [|[|a s' p] [|]]; try discriminate.
    inversion H as [|? ? P1 P]; subst. cbn [holds] in P1.
    destruct (Table.find a (nodes C)) as [m|] eqn:A; [|discriminate]. destruct m as [| | | | | | | |fa| |]; try discriminate.
    apply (term_value w) in A. cbn [node_value] in A, T. fold e in A. found. cbn [holds].
    repeat match goal with K : fsame _ _ = true |- _ => apply (fsame_value e) in K end.
    rewrite (folded_value j u J) in *. rewrite T, O.
    match goal with K : seval e u = _, L : seval e (definition_of C h) = _ |- _ => rewrite L, K end.
    rewrite <- A. apply Rabs_bounds in P1. apply Rabs_bounds. unfold Rabs; repeat destruct Rcase_abs; lra.
Qed.

(* ---- nested maxima, or minima, of one set of terms ---- *)
Fixpoint leaves (up : bool) (fuel : nat) (t : positive) : list positive :=
  match fuel with
  | O => [t]
  | S fuel =>
      match Table.find t (nodes C), up with
      | Some (Max a b), true | Some (Min a b), false => leaves up fuel a ++ leaves up fuel b
      | _, _ => [t]
      end
  end.
(* x is the largest, or the smallest, value of a list of terms *)
Definition extreme (up : bool) (x : R) (ts : list positive) : Prop :=
  (exists t, In t ts /\ x = term w t) /\ forall t, In t ts -> if up then term w t <= x else x <= term w t.
Lemma extreme_leaf up t : extreme up (term w t) [t].
Proof. split; [exists t; cbn; auto|]. intros u [<-|[]]. destruct up; lra. Qed.
Lemma leaves_value up fuel : forall t, extreme up (term w t) (leaves up fuel t).
Proof.
  assert (J : forall (x y : R) ts us, extreme up x ts -> extreme up y us ->
    extreme up (if up then Rmax x y else Rmin x y) (ts ++ us)).
  { intros x y ts us [(t & It & Et) Lt] [(u & Iu & Eu) Lu]. split.
    - destruct up; unfold Rmax, Rmin; destruct Rle_dec; [exists u|exists t|exists t|exists u];
        (split; [apply in_or_app; auto|assumption]).
    - intros z I. apply in_app_or in I. destruct up, I as [I|I];
        [apply Lt in I|apply Lu in I|apply Lt in I|apply Lu in I]; unfold Rmax, Rmin; destruct Rle_dec; lra. }
  induction fuel as [|fuel IH]; intros t; [apply extreme_leaf|]. cbn [leaves].
  destruct (Table.find t (nodes C)) as [n|] eqn:F; [|apply extreme_leaf].
  apply (term_value w) in F. destruct n; try apply extreme_leaf; destruct up; try apply extreme_leaf;
    cbn [node_value] in F; rewrite F; [apply (J _ _ _ _ (IH a) (IH b))|apply (J _ _ _ _ (IH a) (IH b))].
Qed.
Definition subset (ts us : list positive) : bool := forallb (fun t => existsb (Pos.eqb t) us) ts.
Lemma subset_in ts us t : subset ts us = true -> In t ts -> In t us.
Proof.
  unfold subset. rewrite forallb_forall. intros H I. specialize (H t I). apply existsb_exists in H.
  destruct H as (u & J & E). apply Pos.eqb_eq in E. subst u. exact J.
Qed.
Definition lattice (l r : positive) : option fact :=
  let same up :=
    let ts := leaves up (Pos.to_nat l) l in let us := leaves up (Pos.to_nat r) r in subset ts us && subset us ts in
  if same true || same false then Some (Near l r 0) else None.
Lemma lattice_sound l r f : lattice l r = Some f -> holds w f.
Proof.
  unfold lattice. intros H. destruct (_ || _)%bool eqn:E; [|discriminate]. injection H as <-.
  assert (V : term w l = term w r).
  { apply orb_prop in E. destruct E as [E|E]; apply andb_prop in E; destruct E as [A B].
    - destruct (leaves_value true (Pos.to_nat l) l) as [(t & It & Et) Lt].
      destruct (leaves_value true (Pos.to_nat r) r) as [(u & Iu & Eu) Lu].
      pose proof (Lu _ (subset_in _ _ _ A It)). pose proof (Lt _ (subset_in _ _ _ B Iu)). cbn in *. lra.
    - destruct (leaves_value false (Pos.to_nat l) l) as [(t & It & Et) Lt].
      destruct (leaves_value false (Pos.to_nat r) r) as [(u & Iu & Eu) Lu].
      pose proof (Lu _ (subset_in _ _ _ A It)). pose proof (Lt _ (subset_in _ _ _ B Iu)). cbn in *. lra. }
  cbn [holds]. rewrite V, Rminus_diag_eq, Rabs_R0, Q2R_0 by reflexivity. lra.
Qed.
End Shapes.
