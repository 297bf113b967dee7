(* The checker of a whole certificate, and the theorem that what it accepts is true of the literal matrices. *)
From Coq Require Import Reals Lra Lia List ZArith NArith QArith Qreals Bool.
From Relucert Require Import Gate Sparse Polynomial Shapes Pieces Bounds Folds Translation.
From Relucert Require Export Packed Transformer World Facts.
Import ListNotations.
Open Scope R_scope.

(* ---- the statement: rationals as they are written, and targets as plain expressions ---- *)
Definition integer (n : Z) : R := match n with Zneg p => - IZR (Zpos p) | _ => IZR n end.
Definition literal (q : Q) : R := match q with Qmake n xH => integer n | Qmake n d => integer n / IZR (Zpos d) end.
Lemma literal_value q : literal q = Q2R q.
Proof.
  assert (I : forall n, integer n = IZR n) by (intros [|p|p]; [reflexivity..|cbn; symmetry; apply (opp_IZR (Zpos p))]).
  destruct q as [n d]. unfold Q2R; cbn [Qnum Qden].
  destruct d; cbn [literal]; rewrite I; try reflexivity. field.
Qed.
Definition between (d : Q * Q) (x : R) : Prop := literal (fst d) <= x <= literal (snd d).

Inductive expression :=
| EInput (i : positive) | EConst (q : Q)
| EAdd (a b : expression) | EMul (a b : expression) | EMax (a b : expression) | EMin (a b : expression)
| EInv (a : expression) | EAbs (a : expression).
Fixpoint denote (x : expression) (xs : list R) : R :=
  match x with
  | EInput i => nth (Pos.to_nat i) (1 :: xs) 0 | EConst q => literal q
  | EAdd a b => denote a xs + denote b xs | EMul a b => denote a xs * denote b xs
  | EMax a b => Rmax (denote a xs) (denote b xs) | EMin a b => Rmin (denote a xs) (denote b xs)
  | EInv a => / denote a xs | EAbs a => Rabs (denote a xs)
  end.
(* Denominators must be known to be nonzero, so that the statement speaks of defined functions only. *)
Definition nonzero (known : list fact) (t : positive) : bool :=
  existsb (fun f => match f with Within s lo hi => Pos.eqb s t && (qpos lo || qpos (Qopp hi)) | _ => false end) known.
Fixpoint is_expression (C : context) (known : list fact) (x : expression) (t : positive) : bool :=
  match x, Table.find t (nodes C) with
  | EInput i, Some (Input (Npos j)) => Pos.eqb i j
  | EConst p, Some (Const q) => qeq p q
  | EAdd x y, Some (Add a b) | EMul x y, Some (Mul a b) | EMax x y, Some (Max a b) | EMin x y, Some (Min a b) =>
      is_expression C known x a && is_expression C known y b
  | EInv x, Some (Inv a) => nonzero known a && is_expression C known x a
  | EAbs x, Some (Abs a) => is_expression C known x a
  | _, _ => false
  end.
Lemma is_expression_value C (w : world C) known xs : (forall i, net_env w (X i) = nth (N.to_nat i) (1 :: xs) 0) ->
  forall x t, is_expression C known x t = true -> term w t = denote x xs.
Proof.
  intros E. induction x; intros t H; cbn [is_expression] in H;
    (destruct (Table.find t (nodes C)) as [n|] eqn:F; [|discriminate]);
    destruct n; try discriminate; rewrite (term_value w t _ F); cbn [node_value denote].
  - destruct i0 as [|j]; [discriminate|]. apply Pos.eqb_eq in H; subst j. rewrite E. reflexivity.
  - rewrite literal_value. symmetry. apply qeq_value, H.
  - apply andb_prop in H; destruct H as [A B]. rewrite (IHx1 _ A), (IHx2 _ B). reflexivity.
  - apply andb_prop in H; destruct H as [A B]. rewrite (IHx1 _ A), (IHx2 _ B). reflexivity.
  - apply andb_prop in H; destruct H as [A B]. rewrite (IHx1 _ A), (IHx2 _ B). reflexivity.
  - apply andb_prop in H; destruct H as [A B]. rewrite (IHx1 _ A), (IHx2 _ B). reflexivity.
  - apply andb_prop in H; destruct H as [_ H]. rewrite (IHx _ H). reflexivity.
  - rewrite (IHx _ H). reflexivity.
Qed.
(* Output k is near the first expression, output k + 1 near the second, and so on. *)
Fixpoint approximated (T : model) (xs : list R) (bound : R) (k : N) (l : list expression) : Prop :=
  match l with
  | [] => True
  | [x] => Rabs (transformer T xs k - denote x xs) <= bound
  | x :: l' => Rabs (transformer T xs k - denote x xs) <= bound /\ approximated T xs bound (N.succ k) l'
  end.

(* ---- the trace ---- *)
Inductive rule :=
| Range (t : positive)
| RangeNear
| RangeAffine (t : positive) (parts : list (positive * Q)) (offset : Q)
| ToConstant (t c : positive)
| Affine (left right : positive) (links : list (positive * positive * Q))
| Congruence (left right : positive)
| Reciprocal (t inverse : positive)
| EqualPolynomials (left right : positive)
| Univariate (left right variable : positive) (knots : list Q) (bound : Q)
| Pieces (left right : positive) (variable : option positive) (needed : list positive) (knots : list Q) (bound : Q)
| SumUp
| Symmetry
| Sawtooth (out square : positive) (chain : list positive)
| SawtoothGated (out square : positive) (chain : list positive) (reach : Q)
| Extremum (out target gate : positive)
| Lattice (left right : positive)
| Translation (subject gated : positive) (heads : list (list positive))
| GateError (gated net : positive)
| GateErrorForward (gated net : positive).
Record step := Step { by_rule : rule; premises : list positive; conclusion : fact }.
Record certificate := Certificate {
  domain : list (Q * Q); targets : list expression; tolerance : Q;
  network : list form; beta : Q; unit : positive; terms : list node; trace : list step }.

Definition context_of (c : certificate) : context :=
  Context (table (numbered 1 (network c))) (table (numbered 1 (terms c))) (domain c) (beta c) (unit c).

Section Check.
Variables (C : context) (T : model) (fuel : nat) (asked : list (nat * Z)).

Definition gate_error_by (total : form -> option Z) (gated net : positive) : option fact :=
  match Table.find gated (nodes C), Table.find net (nodes C) with
  | Some (Gated f), Some (Net h) =>
      if fsame f h && qpos (inverse_temperature C) then
        match total f with
        | Some n => Some (Near gated net (qmul (Qmake n (precision C)) (qmul kappa (Qinv (inverse_temperature C)))))
        | None => None
        end
      else None
  | _, _ => None
  end.
Definition translation (subject gated : positive) (names : list (list positive)) : option fact :=
  match Table.find subject (nodes C), Table.find gated (nodes C) with
  | Some (Subject k), Some (Gated f) => if translates C T fuel names k f then Some (Near subject gated 0) else None
  | _, _ => None
  end.
Definition prove (m : memory) (r : rule) (ps : list fact) : option fact :=
  match r with
  | Range t => range C ps t
  | RangeNear => range_near ps
  | RangeAffine t parts offset => range_affine C ps t parts offset
  | ToConstant t c => to_constant C ps t c
  | Affine l r links => affine C ps l r links
  | Congruence l r => congruence C ps l r
  | Reciprocal t i => reciprocal C ps t i
  | EqualPolynomials l r => equal_polynomials C l r
  | Univariate l r v knots bound => univariate C ps l r v knots bound
  | Pieces l r v needed knots bound => pieces C ps l r v needed knots bound
  | SumUp => sum_up ps
  | Symmetry => symmetry ps
  | Sawtooth out square chain => sawtooth C ps out square chain
  | SawtoothGated out square chain reach => sawtooth_gated C m ps out square chain reach
  | Extremum out target gate => extremum C ps out target gate
  | Lattice l r => lattice C l r
  | Translation s g names => translation s g names
  | GateError g n => gate_error_by (adjoint_of C (precision C) fuel) g n
  | GateErrorForward g n => gate_error_by (forward_of C (precision C) fuel) g n
  end.
Fixpoint recall (facts : Table.t fact) (ps : list positive) : option (list fact) :=
  match ps with
  | [] => Some []
  | p :: ps' => match Table.find p facts, recall facts ps' with Some f, Some fs => Some (f :: fs) | _, _ => None end
  end.
(* [known] lists what is proved so far, the latest first; [facts] finds the same by number. *)
Fixpoint follow (m : memory) (steps : list step) (k : positive) (facts : Table.t fact) (known : list fact) : option (list fact) :=
  match steps with
  | [] => Some known
  | s :: steps' =>
      match recall facts (premises s) with
      | Some ps =>
          match prove m (by_rule s) ps with
          | Some f =>
              if entails f (conclusion s)
              then follow m steps' (Pos.succ k) (Table.add k (conclusion s) facts) (conclusion s :: known)
              else None
          | None => None
          end
      | None => None
      end
  end.
(* The last facts conclude, in the order of the targets. *)
Fixpoint concludes (tolerance : Q) (known : list fact) (k : N) (l : list expression) (last : list fact) : bool :=
  match l, last with
  | [], [] => true
  | x :: l', Near s t b :: last' =>
      match Table.find s (nodes C) with
      | Some (Subject j) =>
          N.eqb j k && is_expression C known x t && Qle_bool b tolerance && concludes tolerance known (N.succ k) l' last'
      | _ => false
      end
  | _, _ => false
  end.

Variables (w : world C) (xs : list R).
Hypothesis subject_is_T : forall k, subject w k = transformer T xs k.
Hypothesis inputs_are_xs : forall i, gated_env w (X i) = nth (N.to_nat i) (1 :: xs) 0.

Lemma gate_error_by_sound total g n f :
  (forall D h t, (forall u, Rabs (gate (Q2R (inverse_temperature C)) u - relu u) <= D) -> total h = Some t ->
     Rabs (seval (gated_env w) h - seval (net_env w) h) <= IZR t / IZR (Zpos (precision C)) * D) ->
  gate_error_by total g n = Some f -> holds w f.
Proof.
  intros Total. unfold gate_error_by. intros H.
  destruct (Table.find g (nodes C)) as [a|] eqn:A; [|discriminate]. destruct a; try discriminate.
  destruct (Table.find n (nodes C)) as [b|] eqn:B; [|discriminate]. destruct b; try discriminate.
  destruct (fsame f0 f1 && _)%bool eqn:E; [|discriminate]. destruct (total f0) as [t|] eqn:V; [|discriminate].
  injection H as <-. apply andb_prop in E; destruct E as [S P]. apply qpos_value in P.
  apply (term_value w) in A, B. cbn [node_value] in A, B. cbn [holds].
  rewrite A, B, <- (fsame_value (net_env w) _ _ S). values. rewrite qinv_value by lra.
  apply (Total _ _ _) with (2 := V). intros u. rewrite Rabs_minus_sym.
  pose proof (gate_error (Q2R (inverse_temperature C)) u P). rewrite Rabs_pos_eq; lra.
Qed.
Lemma prove_sound r ps f : Forall (holds w) ps -> prove (remember C asked) r ps = Some f -> holds w f.
Proof.
  intros H E. destruct r; cbn [prove] in E.
  - apply (range_sound C w ps H _ _ E).
  - apply (range_near_sound C w ps H _ E).
  - apply (range_affine_sound C w ps H _ _ _ _ E).
  - apply (to_constant_sound C w ps H _ _ _ E).
  - apply (affine_sound C w ps H _ _ _ _ E).
  - apply (congruence_sound C w ps H _ _ _ E).
  - apply (reciprocal_sound C w ps H _ _ _ E).
  - apply (equal_polynomials_sound C w _ _ _ E).
  - apply (univariate_sound C w ps H _ _ _ _ _ _ E).
  - apply (pieces_sound C w ps H _ _ _ _ _ _ _ E).
  - apply (sum_up_sound C w ps H _ E).
  - apply (symmetry_sound C w ps H _ E).
  - apply (sawtooth_sound C w ps H _ _ _ _ E).
  - apply (sawtooth_gated_sound C w asked ps H _ _ _ _ _ E).
  - apply (extremum_sound C w ps H _ _ _ _ E).
  - apply (lattice_sound C w _ _ _ E).
  - unfold translation in E.
    destruct (Table.find subject (nodes C)) as [a|] eqn:A; [|discriminate]. destruct a; try discriminate.
    destruct (Table.find gated (nodes C)) as [b|] eqn:B; [|discriminate]. destruct b; try discriminate.
    destruct (translates _ _ _ _ _ _) eqn:K; [|discriminate]. injection E as <-.
    apply (translates_value C w T xs fuel subject_is_T inputs_are_xs) in K.
    apply (term_value w) in A, B. cbn [node_value] in A, B. cbn [holds].
    rewrite A, B, K, Rminus_diag_eq, Rabs_R0, Q2R_0 by reflexivity. lra.
  - apply (gate_error_by_sound _ _ _ _) with (2 := E). intros D h t G. apply (adjoint_of_value C w _ D G).
  - apply (gate_error_by_sound _ _ _ _) with (2 := E). intros D h t G. apply (forward_of_value C w _ D G).
Qed.
Lemma recall_holds facts ps fs : (forall k f, Table.find k facts = Some f -> holds w f) ->
  recall facts ps = Some fs -> Forall (holds w) fs.
Proof.
  intros K. revert fs. induction ps as [|p ps IH]; intros fs H; cbn [recall] in H.
  - injection H as <-. constructor.
  - destruct (Table.find p facts) as [f|] eqn:F; [|discriminate]. destruct (recall facts ps) as [l|]; [|discriminate].
    injection H as <-. constructor; [apply (K p f F)|apply IH; reflexivity].
Qed.
Lemma follow_sound steps : forall k facts known result, (forall k f, Table.find k facts = Some f -> holds w f) ->
  Forall (holds w) known -> follow (remember C asked) steps k facts known = Some result -> Forall (holds w) result.
Proof.
  induction steps as [|[r ps c] steps IH]; intros k facts known f K L H; cbn [follow by_rule Check.premises conclusion] in H.
  - injection H as <-. exact L.
  - destruct (recall facts ps) as [fs|] eqn:R; [|discriminate].
    destruct (prove _ r fs) as [p|] eqn:P; [|discriminate]. destruct (entails p c) eqn:E; [|discriminate].
    assert (V : holds w c) by (apply (entails_sound C w p c E), (prove_sound r fs p (recall_holds _ _ _ K R) P)).
    apply (IH _ _ _ _) with (3 := H); [|constructor; assumption].
    intros j h F. destruct (Pos.eq_dec j k) as [->|N].
    + rewrite Table.gss in F. injection F as <-. exact V.
    + rewrite Table.gso in F by exact N. apply (K j h F).
Qed.
Lemma concludes_sound tolerance known l : forall k last, Forall (holds w) last ->
  concludes tolerance known k l last = true -> approximated T xs (Q2R tolerance) k l.
Proof.
  induction l as [|x l IH]; intros k last H E; [exact I|].
  destruct last as [|[|s t b] last]; try discriminate. cbn [concludes] in E.
  inversion H as [|? ? V R]; subst. destruct (Table.find s (nodes C)) as [n|] eqn:S; [|discriminate].
  destruct n as [| | | | | | | | | |j]; try discriminate.
  apply andb_prop in E; destruct E as [E M]. apply andb_prop in E; destruct E as [E Q].
  apply andb_prop in E; destruct E as [J X]. apply N.eqb_eq in J; subst j. apply (IH _ _ R) in M.
  apply qle_value in Q. cbn [holds] in V. rewrite (term_value w s _ S) in V. cbn [node_value] in V.
  rewrite subject_is_T, (is_expression_value C w known xs) with (2 := X) in V
    by (intros i; rewrite <- (same_inputs w); apply inputs_are_xs).
  cbn [approximated]. destruct l; [lra|split; [lra|exact M]].
Qed.
End Check.

(* The lengths and reaches of gated chains, each once. *)
Fixpoint asked (C : context) (steps : list step) : list (nat * Z) :=
  match steps with
  | [] => []
  | s :: steps' =>
      let rest := asked C steps' in
      match by_rule s with
      | SawtoothGated _ _ chain reach =>
          let n := length chain in let Y := reaching C reach in
          if existsb (fun p => Nat.eqb (fst p) n && Z.eqb (snd p) Y) rest then rest else (n, Y) :: rest
      | _ => rest
      end
  end.
Definition accepts (T : model) (c : certificate) : bool :=
  let C := context_of c in
  let fuel := (4 * length (network c) + 16)%nat in
  forms_ordered 1 (network c) && nodes_ordered 1 (terms c) &&
  match follow C T fuel (remember C (asked C (trace c))) (trace c) 1 (Table.empty fact) [] with
  | Some known => concludes C (tolerance c) known 0 (targets c) (rev (firstn (length (targets c)) known))
  | None => false
  end.

Theorem accepted_is_true (T : model) (c : certificate) : accepts T c = true ->
  forall xs, Forall2 between (domain c) xs -> approximated T xs (literal (tolerance c)) 0 (targets c).
Proof.
  unfold accepts. intros H xs B.
  apply andb_prop in H; destruct H as [H F]. apply andb_prop in H; destruct H as [O N].
  destruct (follow _ _ _ _ _ _ _ _) as [known|] eqn:L; [|discriminate].
  assert (W : Forall2 within (domain c) xs).
  { clear - B. induction B as [|d x ds xs H B IH]; constructor; [|exact IH].
    unfold between in H. rewrite !literal_value in H. exact H. }
  assert (Ex : exists w : world (context_of c), subject w = transformer T xs /\
    forall i, gated_env w (X i) = nth (N.to_nat i) (1 :: xs) 0) by (apply world_exists; assumption).
  destruct Ex as (w & Sw & I). rewrite literal_value.
  assert (S : forall k, subject w k = transformer T xs k) by (intros k; rewrite Sw; reflexivity).
  apply (concludes_sound (context_of c) T w xs S I) with (2 := F).
  assert (V : Forall (holds w) known).
  { eapply (follow_sound (context_of c) T _ _ w xs S I) with (3 := L); [|constructor].
    intros k f K. rewrite Table.gempty in K. discriminate. }
  rewrite Forall_forall in *. intros f K. apply V. rewrite <- in_rev in K.
  rewrite <- (firstn_skipn (length (targets c)) known). apply in_or_app. left. exact K.
Qed.

(* ---- how generated files write data ---- *)
Definition w (row column : N) (q : Q) : N * N * Q := (row, column, q).
Definition a (x : atom) (q : Q) : atom * Q := (x, q).
Definition interval (lo hi : Q) : Q * Q := (lo, hi).
Definition part (t : positive) (q : Q) : positive * Q := (t, q).
Definition link (left right : positive) (q : Q) : positive * positive * Q := (left, right, q).

(* ---- packed proof data: what it says is checked like the rest ---- *)
Definition packed_atom : reader atom := fun l =>
  let (n, l) := natural l in
  (match n with Npos (xI (xO j)) => U j | Npos (xO (xI j)) => G j | Npos (xO (xO i)) => X (Npos i) | _ => X 0 end, l).
Definition packed_form : reader form :=
  many (fun l => let (a, l) := packed_atom l in let (q, l) := rational l in ((a, q), l)).
Definition packed_positive : reader positive := fun l => let (n, l) := natural l in (N.succ_pos n, l).
Definition form_in (s : words) : form := fst (packed_form (bytes s)).
Definition network_in (s : words) : list form := fst (many packed_form (bytes s)).
Definition heads_in (s : words) : list (list positive) := fst (many (many packed_positive) (bytes s)).
