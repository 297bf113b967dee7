(* One variable, an input or a neuron: on each piece between knots every neuron is linear, and terms are quotients
   of polynomials. *)
From Coq Require Import Reals Lra Lia List ZArith NArith QArith Qreals Bool.
From Relucert Require Import Gate Sparse World Polynomial Facts.
Import ListNotations.
Open Scope R_scope.

Fixpoint utrim (c : coefficients) : coefficients :=
  match c with
  | [] => []
  | a :: c' => match utrim c' with [] => if qzero a then [] else [a] | d => a :: d end
  end.
Lemma utrim_value c x : uvalue (utrim c) x = uvalue c x.
Proof.
  induction c as [|a c IH]; [reflexivity|]. cbn [utrim uvalue]. rewrite <- IH.
  destruct (utrim c) as [|b d]; [|reflexivity]. destruct (qzero a) eqn:Z; cbn [uvalue]; [|ring].
  rewrite (qzero_value _ Z). ring.
Qed.
Definition nonneg_trimmed (c : coefficients) (lo hi : Q) : bool := nonneg (utrim c) lo hi.
Lemma nonneg_trimmed_value c lo hi x : nonneg_trimmed c lo hi = true -> Q2R lo <= x <= Q2R hi -> 0 <= uvalue c x.
Proof. intros H B. rewrite <- utrim_value. apply (nonneg_value _ _ _ _ H B). Qed.

Definition line := (Q * Q)%type. (* constant, slope *)
Definition at_point (l : line) (x : Q) : Q := qadd (fst l) (qmul (snd l) x).
(* Above half of the smaller value at the ends, hence positive. *)
Definition positive_on (c : coefficients) (a b : Q) : bool :=
  let value x := fold_right (fun k v => qadd k (qmul x v)) 0%Q c in
  let least := qmul (1 # 2) (qmin (value a) (value b)) in
  qpos least && nonneg_trimmed (usub c [least]) a b.
Lemma positive_on_value c a b x : positive_on c a b = true -> Q2R a <= x <= Q2R b -> 0 < uvalue c x.
Proof.
  unfold positive_on. intros H B. apply andb_prop in H; destruct H as [P N]. apply qpos_value in P.
  apply nonneg_trimmed_value with (x := x) in N; [|exact B]. rewrite usub_value in N. cbn [uvalue] in N. lra.
Qed.

Section Pieces.
Variables (C : context) (w : world C) (variable : atom).
Let e := net_env w.
Let x := e variable.

Definition lines := Table.t (line * line).
Definition on_line (l : line) (v : R) : Prop := v = Q2R (fst l) + Q2R (snd l) * x.
Definition lines_hold (E : lines) : Prop := forall j u r, Table.find j E = Some (u, r) -> on_line u (e (U j)) /\ on_line r (e (G j)).
Definition scaled (q : Q) (l m : line) : line := (qadd (qmul q (fst l)) (fst m), qadd (qmul q (snd l)) (snd m)).
Fixpoint line_of (E : lines) (f : form) : option line :=
  match f with
  | [] => Some (0%Q, 0%Q)
  | (a, q) :: f' =>
      match line_of E f' with
      | Some m =>
          match atom_compare a variable, a with
          | Eq, _ => Some (scaled q (0%Q, 1%Q) m)
          | _, X 0 => Some (scaled q (1%Q, 0%Q) m)
          | _, U j => match Table.find j E with Some (u, _) => Some (scaled q u m) | None => None end
          | _, G j => match Table.find j E with Some (_, r) => Some (scaled q r m) | None => None end
          | _, _ => None
          end
      | None => None
      end
  end.
Lemma line_of_value E f : lines_hold E -> forall l, line_of E f = Some l -> on_line l (seval e f).
Proof.
  intros L. induction f as [|[a q] f IH]; intros l H; cbn [line_of] in H.
  - injection H as <-. unfold on_line; cbn. rewrite Q2R_0. ring.
  - destruct (line_of E f) as [m|]; [|discriminate]. specialize (IH m eq_refl).
    assert (K : forall n v, on_line n v -> on_line (scaled q n m) (Q2R q * v + seval e f)).
    { intros n v V. unfold on_line, scaled in *; cbn [fst snd]. rewrite V, IH. values. ring. }
    cbn [seval].
    assert (V : atom_compare a variable = Eq -> Some (scaled q (0%Q, 1%Q) m) = Some l -> on_line l (Q2R q * e a + seval e f)).
    { intros Same E1. apply atom_compare_eq in Same. injection E1 as <-. apply K. rewrite Same.
      unfold on_line; cbn [fst snd]. fold x. rewrite Q2R_1, Q2R_0. ring. }
    assert (O : match a with
        | X 0 => Some (scaled q (1%Q, 0%Q) m)
        | U j => match Table.find j E with Some (u, _) => Some (scaled q u m) | None => None end
        | G j => match Table.find j E with Some (_, r) => Some (scaled q r m) | None => None end
        | _ => None
        end = Some l -> on_line l (Q2R q * e a + seval e f)).
    { destruct a as [[|p]|j|j|t]; try discriminate; intros E1.
      - injection E1 as <-. apply K. unfold on_line; cbn [fst snd]. unfold e. rewrite (one_is_one w), Q2R_1, Q2R_0. ring.
      - destruct (Table.find j E) as [[u r]|] eqn:F; [|discriminate]. injection E1 as <-. apply K, (L j u r F).
      - destruct (Table.find j E) as [[u r]|] eqn:F; [|discriminate]. injection E1 as <-. apply K, (L j u r F). }
    destruct (atom_compare a variable); [apply (V eq_refl H)|apply (O H)|apply (O H)].
Qed.
Fixpoint lines_on (a b : Q) (needed : list positive) (E : lines) : option lines :=
  match needed with
  | [] => Some E
  | j :: needed' =>
      match Table.find j (neurons C) with
      | Some f =>
          match line_of E f with
          | Some u =>
              let p := at_point u a in let q := at_point u b in
              if Qle_bool 0 p && Qle_bool 0 q then lines_on a b needed' (Table.add j (u, u) E)
              else if Qle_bool p 0 && Qle_bool q 0 then lines_on a b needed' (Table.add j (u, (0%Q, 0%Q)) E)
              else None
          | None => None
          end
      | None => None
      end
  end.
Lemma line_between l a b : Q2R a <= x <= Q2R b -> exists s, 0 <= s <= 1 /\
  Q2R (fst l) + Q2R (snd l) * x = (1 - s) * Q2R (at_point l a) + s * Q2R (at_point l b).
Proof.
  intros B. unfold at_point. values.
  destruct (Req_dec (Q2R a) (Q2R b)) as [E|N].
  - exists 0. split; [lra|]. replace x with (Q2R a) by lra. ring.
  - exists ((x - Q2R a) / (Q2R b - Q2R a)).
    assert (I : 0 < / (Q2R b - Q2R a)) by (apply Rinv_0_lt_compat; lra). split; [|field; lra].
    split; [apply Rmult_le_pos; lra|]. apply Rmult_le_reg_r with (Q2R b - Q2R a); [lra|].
    unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.
Lemma lines_on_hold a b : Q2R a <= x <= Q2R b -> forall needed E E', lines_hold E ->
  lines_on a b needed E = Some E' -> lines_hold E'.
Proof.
  intros B. induction needed as [|j needed IH]; intros E E' L H; cbn [lines_on] in H; [injection H as <-; exact L|].
  destruct (Table.find j (neurons C)) as [f|] eqn:F; [|discriminate].
  destruct (line_of E f) as [u|] eqn:U'; [|discriminate].
  pose proof (line_of_value E f L u U') as V. destruct (line_between u a b B) as (s & S & M).
  assert (Set_ : forall r, on_line r (e (G j)) -> lines_hold (Table.add j (u, r) E)).
  { intros r R k u' r' K. destruct (Pos.eq_dec k j) as [->|N].
    - rewrite Table.gss in K. injection K as <- <-. split; [|exact R].
      unfold e. rewrite (net_pre w j f F). exact V.
    - rewrite Table.gso in K by exact N. apply (L k u' r' K). }
  assert (J : e (G j) = relu (Q2R (fst u) + Q2R (snd u) * x)).
  { unfold e at 1. rewrite (net_gate w j f F), (net_pre w j f F). fold e. f_equal. exact V. }
  destruct (Qle_bool 0 (at_point u a) && Qle_bool 0 (at_point u b))%bool eqn:P.
  - refine (IH _ _ (Set_ u _) H).
    apply andb_prop in P; destruct P as [P Q]. apply qle_value in P, Q. rewrite Q2R_0 in P, Q.
    unfold on_line. rewrite J. apply relu_of_nonneg. rewrite M.
    assert (0 <= (1 - s) * Q2R (at_point u a)) by (apply Rmult_le_pos; lra).
    assert (0 <= s * Q2R (at_point u b)) by (apply Rmult_le_pos; lra). lra.
  - destruct (Qle_bool (at_point u a) 0 && Qle_bool (at_point u b) 0)%bool eqn:N; [|discriminate].
    refine (IH _ _ (Set_ (0%Q, 0%Q) _) H).
    apply andb_prop in N; destruct N as [N Q]. apply qle_value in N, Q. rewrite Q2R_0 in N, Q.
    unfold on_line; cbn [fst snd]. rewrite Q2R_0, J, relu_of_nonpos; [ring|]. rewrite M.
    assert (0 <= (1 - s) * - Q2R (at_point u a)) by (apply Rmult_le_pos; lra).
    assert (0 <= s * - Q2R (at_point u b)) by (apply Rmult_le_pos; lra). lra.
Qed.

(* Numerator and denominator of a term on [a, b]; the denominator is positive there. *)
Fixpoint quotient (a b : Q) (E : lines) (fuel : nat) (t : positive) : option (coefficients * coefficients) :=
  match fuel with
  | O => None
  | S fuel =>
      match Table.find t (nodes C) with
      | Some (Input i) =>
          match variable with X k => if N.eqb k i then Some ([0%Q; 1%Q], [1%Q]) else None | _ => None end
      | Some (Const q) => Some ([q], [1%Q])
      | Some (Net f) => match line_of E f with Some (c, s) => Some ([c; s], [1%Q]) | None => None end
      | Some (Add u v) =>
          match quotient a b E fuel u, quotient a b E fuel v with
          | Some (p, q), Some (n, d) => Some (uadd (umul p d) (umul n q), umul q d) | _, _ => None end
      | Some (Mul u v) =>
          match quotient a b E fuel u, quotient a b E fuel v with
          | Some (p, q), Some (n, d) => Some (umul p n, umul q d) | _, _ => None end
      | Some (Inv u) =>
          match quotient a b E fuel u with
          | Some (p, q) =>
              if positive_on p a b then Some (q, p)
              else let p' := uscale (-1) p in if positive_on p' a b then Some (uscale (-1) q, p') else None
          | None => None end
      | _ => None
      end
  end.
Lemma quotient_value a b E : Q2R a <= x <= Q2R b -> lines_hold E -> forall fuel t p q,
  quotient a b E fuel t = Some (p, q) -> 0 < uvalue q x /\ term w t * uvalue q x = uvalue p x.
Proof.
  intros B L. assert (M1 : Q2R (-1) = -1) by (unfold Q2R; simpl; lra).
  induction fuel as [|fuel IH]; intros t p q H; cbn [quotient] in H; [discriminate|].
  destruct (Table.find t (nodes C)) as [n|] eqn:F; [|discriminate].
  apply (term_value w) in F. destruct n; try discriminate; cbn [node_value] in F; rewrite F.
  - assert (A : variable = X i /\ p = [0%Q; 1%Q] /\ q = [1%Q]).
    { revert H. clear. generalize variable. intros v H. destruct v as [k| | |]; try discriminate.
      destruct (N.eqb_spec k i) as [E1|_]; [|discriminate]. injection H as <- <-. rewrite E1. auto. }
    destruct A as (A & -> & ->). cbn [uvalue]. fold e. rewrite <- A. fold x. rewrite Q2R_0, Q2R_1. split; [lra|ring].
  - injection H as <- <-. cbn [uvalue]. rewrite Q2R_1. split; [lra|ring].
  - destruct (quotient a b E fuel a0) as [[p1 q1]|] eqn:U1; [|discriminate].
    destruct (quotient a b E fuel b0) as [[p2 q2]|] eqn:U2; [|discriminate]. injection H as <- <-.
    apply IH in U1, U2. destruct U1 as [P1 E1], U2 as [P2 E2].
    rewrite uadd_value, !umul_value, <- E1, <- E2. split; [apply Rmult_lt_0_compat; assumption|ring].
  - destruct (quotient a b E fuel a0) as [[p1 q1]|] eqn:U1; [|discriminate].
    destruct (quotient a b E fuel b0) as [[p2 q2]|] eqn:U2; [|discriminate]. injection H as <- <-.
    apply IH in U1, U2. destruct U1 as [P1 E1], U2 as [P2 E2].
    rewrite !umul_value, <- E1, <- E2. split; [apply Rmult_lt_0_compat; assumption|ring].
  - destruct (quotient a b E fuel a0) as [[p1 q1]|] eqn:U1; [|discriminate].
    apply IH in U1. destruct U1 as [P1 E1].
    destruct (positive_on p1 a b) eqn:P.
    + injection H as <- <-. apply (positive_on_value _ _ _ _ P) in B. split; [exact B|].
      assert (N : term w a0 <> 0) by (intros Z; rewrite Z in E1; lra). rewrite <- E1. field. exact N.
    + destruct (positive_on (uscale (-1) p1) a b) eqn:P'; [|discriminate]. injection H as <- <-.
      apply (positive_on_value _ _ _ _ P') in B. split; [exact B|]. rewrite !uscale_value, M1 in *.
      assert (N : term w a0 <> 0) by (intros Z; rewrite Z in E1; lra). rewrite <- E1. field. exact N.
  - destruct (line_of E f) as [[c s]|] eqn:V; [|discriminate]. injection H as <- <-.
    apply (line_of_value E f L) in V. unfold on_line in V. cbn [fst snd] in V. fold e. rewrite V.
    cbn [uvalue]. rewrite Q2R_1. split; [lra|ring].
Qed.

Definition piece (left right : positive) (needed : list positive) (bound a b : Q) : bool :=
  match lines_on a b needed (Table.empty (line * line)) with
  | Some E =>
      match quotient a b E (Pos.to_nat left) left, quotient a b E (Pos.to_nat right) right with
      | Some (p, q), Some (n, d) =>
          let gap := usub (umul p d) (umul n q) in
          let size := uscale bound (umul q d) in
          nonneg_trimmed (uadd size gap) a b && nonneg_trimmed (usub size gap) a b
      | _, _ => false
      end
  | None => false
  end.
Lemma pieces_value left right needed knots bound lo hi : Q2R lo <= x <= Q2R hi ->
  covered (piece left right needed bound) lo hi knots = true -> holds w (Near left right bound).
Proof.
  intros B K.
  destruct (covered_holds _ _ _ _ x K B) as (a & b & T & I). unfold piece in T.
  destruct (lines_on a b needed _) as [E|] eqn:L; [|discriminate].
  apply (lines_on_hold a b I) in L; [|intros j u r F; rewrite Table.gempty in F; discriminate].
  destruct (quotient a b E _ left) as [[p q]|] eqn:P; [|discriminate].
  destruct (quotient a b E _ right) as [[n d]|] eqn:N; [|discriminate].
  apply (quotient_value a b E I L) in P, N. destruct P as [P P'], N as [N N'].
  apply andb_prop in T; destruct T as [T1 T2].
  apply nonneg_trimmed_value with (x := x) in T1, T2; try exact I.
  rewrite uadd_value in T1. rewrite usub_value in T1. rewrite !usub_value in T2.
  rewrite uscale_value, !umul_value in T1, T2. rewrite <- P', <- N' in T1. rewrite <- P', <- N' in T2.
  set (u := uvalue q x) in *. set (v := uvalue d x) in *. cbn [holds].
  assert (UV : 0 < u * v) by (apply Rmult_lt_0_compat; assumption).
  apply Rabs_bounds. split; apply Rmult_le_reg_r with (u * v); try exact UV; lra.
Qed.
End Pieces.

(* The variable is the only input, or an output that is one atom alone and that a premise encloses. *)
Definition pieces (C : context) (ps : list fact) (left right : positive) (variable : option positive)
    (needed : list positive) (knots : list Q) (bound : Q) : option fact :=
  let decide v lo hi := if covered (piece C v left right needed bound) lo hi knots then Some (Near left right bound) else None in
  match variable with
  | None => match box C with [(lo, hi)] => decide (X 1) lo hi | _ => None end
  | Some t =>
      match Table.find t (nodes C), range_in ps t with
      | Some (Net [(v, q)]), Some (lo, hi) => if qeqb q 1 then decide v lo hi else None
      | _, _ => None
      end
  end.
Lemma pieces_sound C (w : world C) ps (H : Forall (holds w) ps) left right variable needed knots bound f :
  pieces C ps left right variable needed knots bound = Some f -> holds w f.
Proof.
  unfold pieces. intros E. destruct variable as [t|].
  - destruct (Table.find t (nodes C)) as [n|] eqn:T; [|discriminate]. destruct n as [| | | | | | | |h| |]; try discriminate.
    destruct h as [|[v q] [|]]; try discriminate. destruct (range_in ps t) as [[lo hi]|] eqn:R; [|discriminate].
    destruct (qeqb q 1) eqn:Q; [|discriminate]. apply qeqb_eq in Q; subst q.
    destruct (covered _ lo hi knots) eqn:K; [|discriminate]. injection E as <-.
    apply (range_in_holds C w ps _ _ _ H) in R. apply (term_value w) in T. cbn [node_value seval] in T.
    rewrite Q2R_1 in T. apply (pieces_value C w v left right needed knots bound lo hi); [lra|exact K].
  - destruct (box C) as [|[lo hi] [|]] eqn:D; try discriminate.
    destruct (covered _ lo hi knots) eqn:K; [|discriminate]. injection E as <-.
    apply (pieces_value C w (X 1) left right needed knots bound lo hi); [|exact K].
    apply (in_box w 0 (lo, hi)). rewrite D. reflexivity.
Qed.
