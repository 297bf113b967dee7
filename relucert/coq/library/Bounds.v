(* What the errors of all gates do to an output: the adjoint bound and the forward bound, in integers rounded outward. *)
From Coq Require Import Reals Lra Lia List ZArith QArith Qreals Bool.
From Relucert Require Import Gate Sparse World.
Import ListNotations.
Open Scope R_scope.

(* Division by d, rounded down and up; factors two of d cost a shift each. *)
Fixpoint fdiv (a : Z) (d : positive) : Z :=
  match d with xH => a | xO d' => fdiv (Z.div2 a) d' | xI _ => (a / Zpos d)%Z end.
Definition cdiv (a : Z) (d : positive) : Z := (- fdiv (- a) d)%Z.
Lemma fdiv_is_div d : forall a, fdiv a d = (a / Zpos d)%Z.
Proof.
  induction d as [d _|d IH|]; intros a; cbn [fdiv]; [reflexivity| |symmetry; apply Z.div_1_r].
  rewrite IH, Z.div2_div, Z.div_div by lia. f_equal.
Qed.
Lemma fdiv_below a d : IZR (fdiv a d) <= IZR a / IZR (Zpos d).
Proof.
  assert (B : (0 < Zpos d)%Z) by lia. rewrite fdiv_is_div.
  pose proof (Z.mul_div_le a (Zpos d) B) as H. apply IZR_le in H. rewrite mult_IZR in H. apply IZR_lt in B.
  apply Rmult_le_reg_l with (IZR (Zpos d)); [lra|].
  replace (IZR (Zpos d) * (IZR a / IZR (Zpos d))) with (IZR a) by (field; lra). exact H.
Qed.
Lemma cdiv_above a d : IZR a / IZR (Zpos d) <= IZR (cdiv a d).
Proof.
  unfold cdiv. pose proof (fdiv_below (- a) d) as H. rewrite opp_IZR in *. unfold Rdiv in *. lra.
Qed.

(* ---- intervals of integers, in units of 1 / one ---- *)
Definition interval := (Z * Z)%type.
Definition iadd (a b : interval) : interval := (fst a + fst b, snd a + snd b)%Z.
Definition hull (a b : interval) : interval := (Z.min (fst a) (fst b), Z.max (snd a) (snd b)).
Definition magnitude (a : interval) : Z := Z.max (- fst a) (snd a).
Definition iscale (q : Q) (a : interval) : interval :=
  let (lo, hi) := a in let n := Qnum q in let d := Qden q in
  if Z.leb 0 n then (fdiv (n * lo) d, cdiv (n * hi) d) else (fdiv (n * hi) d, cdiv (n * lo) d).

(* ---- the weights with which a form reads u_j and r_j ---- *)
Definition weights := list (positive * (Q * Q)).
Fixpoint weights_of (f : form) : weights :=
  match f with
  | [] => []
  | (a, q) :: f' =>
      let rest := weights_of f' in
      match a with
      | U j => match rest with
               | (k, (c, d)) :: rest' => if Pos.eqb j k then (j, (qadd q c, d)) :: rest' else (j, (q, 0%Q)) :: rest
               | [] => [(j, (q, 0%Q))] end
      | G j => match rest with
               | (k, (c, d)) :: rest' => if Pos.eqb j k then (j, (c, qadd q d)) :: rest' else (j, (0%Q, q)) :: rest
               | [] => [(j, (0%Q, q))] end
      | _ => rest
      end
  end.

Section Bounds.
Variables (C : context) (w : world C).
Let e := net_env w.
Let g := gated_env w.
Variables (one : positive) (D : R).
Hypothesis gate_within : forall u, Rabs (gate (Q2R (inverse_temperature C)) u - relu u) <= D.
Let du j := g (U j) - e (U j).
Let dr j := g (G j) - e (G j).
Let unit := IZR (Zpos one).

Lemma D_nonneg : 0 <= D. Proof. eapply Rle_trans; [apply Rabs_pos|apply (gate_within 0)]. Qed.
Lemma unit_pos : 0 < unit. Proof. apply IZR_pos. Qed.
Fixpoint move (ws : weights) : R := match ws with [] => 0 | (j, (c, d)) :: ws' => Q2R c * du j + Q2R d * dr j + move ws' end.
Lemma weights_of_value f : seval g f - seval e f = move (weights_of f).
Proof.
  induction f as [|[a q] f IH]; [cbn; ring|]. cbn [seval weights_of].
  destruct a as [i|j|j|t].
  - unfold g, e in *. rewrite (same_inputs w), <- IH. ring.
  - destruct (weights_of f) as [|[k [c d]] ws]; [|destruct (Pos.eqb_spec j k) as [<-|N]];
      cbn [move] in *; rewrite ?qadd_value, ?Q2R_0; unfold du in *; lra.
  - destruct (weights_of f) as [|[k [c d]] ws]; [|destruct (Pos.eqb_spec j k) as [<-|N]];
      cbn [move] in *; rewrite ?qadd_value, ?Q2R_0; unfold dr in *; lra.
  - unfold g, e in *. rewrite (same_terms w), <- IH. ring.
Qed.
Lemma pre_move j f : Table.find j (neurons C) = Some f -> du j = move (weights_of f).
Proof. intros H. unfold du, g, e. rewrite (gated_pre w j f H), (net_pre w j f H). apply weights_of_value. Qed.
Lemma gate_move j f : Table.find j (neurons C) = Some f ->
  exists s delta, 0 <= s <= 1 /\ Rabs delta <= D /\ dr j = s * du j + delta.
Proof.
  intros H. destruct (relu_slope (g (U j)) (e (U j))) as (s & S & E).
  exists s, (g (G j) - relu (g (U j))). split; [exact S|].
  unfold dr, du, g, e in *. rewrite (gated_gate w j f H), (net_gate w j f H). split; [apply gate_within|lra].
Qed.

(* ---- adjoint: a pending list holds, for every neuron, intervals for c, c + d and d ---- *)
Definition inside (a : interval) (x : R) : Prop := IZR (fst a) <= x * unit <= IZR (snd a).
Lemma iadd_inside a b x y : inside a x -> inside b y -> inside (iadd a b) (x + y).
Proof. unfold inside, iadd; cbn [fst snd]. rewrite !plus_IZR. lra. Qed.
Lemma hull_inside a b x y s : inside a x -> inside b y -> 0 <= s <= 1 -> inside (hull a b) ((1 - s) * x + s * y).
Proof.
  unfold inside, hull; cbn [fst snd]. intros A B S.
  assert (P : IZR (Z.min (fst a) (fst b)) <= IZR (fst a)) by (apply IZR_le; lia).
  assert (Q : IZR (Z.min (fst a) (fst b)) <= IZR (fst b)) by (apply IZR_le; lia).
  assert (P' : IZR (snd a) <= IZR (Z.max (snd a) (snd b))) by (apply IZR_le; lia).
  assert (Q' : IZR (snd b) <= IZR (Z.max (snd a) (snd b))) by (apply IZR_le; lia).
  set (lo := IZR (Z.min _ _)) in *. set (hi := IZR (Z.max _ _)) in *.
  replace (((1 - s) * x + s * y) * unit) with ((1 - s) * (x * unit) + s * (y * unit)) by ring.
  assert (0 <= (1 - s) * (x * unit - lo)) by (apply Rmult_le_pos; lra).
  assert (0 <= s * (y * unit - lo)) by (apply Rmult_le_pos; lra).
  assert (0 <= (1 - s) * (hi - x * unit)) by (apply Rmult_le_pos; lra).
  assert (0 <= s * (hi - y * unit)) by (apply Rmult_le_pos; lra). lra.
Qed.
Lemma magnitude_inside a x : inside a x -> Rabs x * unit <= IZR (magnitude a).
Proof.
  unfold inside, magnitude. intros H. pose proof unit_pos.
  assert (P : IZR (- fst a) <= IZR (Z.max (- fst a) (snd a))) by (apply IZR_le; lia).
  assert (Q : IZR (snd a) <= IZR (Z.max (- fst a) (snd a))) by (apply IZR_le; lia).
  rewrite opp_IZR in P. unfold Rabs; destruct (Rcase_abs x); lra.
Qed.
Lemma iscale_inside q a x : inside a x -> inside (iscale q a) (Q2R q * x).
Proof.
  destruct a as [lo hi]. unfold inside, iscale; cbn [fst snd]. intros H.
  assert (B : (0 < Zpos (Qden q))%Z) by lia. assert (B' := IZR_lt _ _ B).
  assert (I : 0 < / IZR (Zpos (Qden q))) by (apply Rinv_0_lt_compat, B').
  replace (Q2R q * x * unit) with (IZR (Qnum q) * (x * unit) * / IZR (Zpos (Qden q))) by (unfold Q2R; ring).
  destruct (Z.leb_spec 0 (Qnum q)) as [S|S]; cbn [fst snd].
  - apply IZR_le in S. split.
    + eapply Rle_trans; [apply fdiv_below|]. rewrite mult_IZR. apply Rmult_le_compat_r; [lra|].
      apply Rmult_le_compat_l; lra.
    + eapply Rle_trans; [|apply cdiv_above]. rewrite mult_IZR. apply Rmult_le_compat_r; [lra|].
      apply Rmult_le_compat_l; lra.
  - apply IZR_lt in S. split.
    + eapply Rle_trans; [apply fdiv_below|]. rewrite mult_IZR. apply Rmult_le_compat_r; [lra|].
      assert (0 <= - IZR (Qnum q) * (IZR hi - x * unit)) by (apply Rmult_le_pos; lra). lra.
    + eapply Rle_trans; [|apply cdiv_above]. rewrite mult_IZR. apply Rmult_le_compat_r; [lra|].
      assert (0 <= - IZR (Qnum q) * (x * unit - IZR lo)) by (apply Rmult_le_pos; lra). lra.
Qed.

Definition pending := list (positive * (interval * interval * interval)).
Fixpoint attained (l : pending) (v : R) : Prop :=
  match l with
  | [] => v = 0
  | (j, (c, both, d)) :: l' => exists x y v',
      inside c x /\ inside both (x + y) /\ inside d y /\ attained l' v' /\ v = x * du j + y * dr j + v'
  end.
Definition reading (a : interval) (ws : weights) : pending :=
  map (fun p => let '(j, (c, d)) := p in (j, (iscale c a, iscale (qadd c d) a, iscale d a))) ws.
Lemma reading_attained a x ws : inside a x -> attained (reading a ws) (x * move ws).
Proof.
  intros H. induction ws as [|[j [c d]] ws IH]; [cbn; ring|]. cbn [reading map attained move].
  exists (Q2R c * x), (Q2R d * x), (x * move ws). refine (conj _ (conj _ (conj _ (conj _ _)))); try apply iscale_inside, H; try exact IH; try ring.
  replace (Q2R c * x + Q2R d * x) with (Q2R (qadd c d) * x) by (rewrite qadd_value; ring). apply iscale_inside, H.
Qed.
Fixpoint merge (l : pending) : pending -> pending :=
  match l with
  | [] => fun m => m
  | (j, (a, b, c)) :: l' =>
      fix inner (m : pending) :=
        match m with
        | [] => l
        | (k, (a', b', c')) :: m' =>
            match Pos.compare j k with
            | Eq => (j, (iadd a a', iadd b b', iadd c c')) :: merge l' m'
            | Gt => (j, (a, b, c)) :: merge l' m
            | Lt => (k, (a', b', c')) :: inner m'
            end
        end
  end.
Lemma merge_attained l : forall m v v', attained l v -> attained m v' -> attained (merge l m) (v + v').
Proof.
  induction l as [|[j [[a b] c]] l IHl]; intros m v v' L M.
  - cbn in L. subst v. cbn [merge]. rewrite Rplus_0_l. exact M.
  - revert v' M. induction m as [|[k [[a' b'] c']] m IHm]; intros v' M.
    + cbn in M. subst v'. rewrite Rplus_0_r. exact L.
    + cbn [merge]. destruct (Pos.compare j k) eqn:E.
      * apply Pos.compare_eq in E; subst k.
        destruct L as (x & y & z & X & XY & Y & Z & ->). destruct M as (x' & y' & z' & X' & XY' & Y' & Z' & ->).
        exists (x + x'), (y + y'), (z + z'). refine (conj _ (conj _ (conj _ (conj _ _)))); try (apply iadd_inside; assumption); try ring.
        -- replace (x + x' + (y + y')) with ((x + y) + (x' + y')) by ring. apply iadd_inside; assumption.
        -- apply IHl; assumption.
      * destruct M as (x' & y' & z' & X' & XY' & Y' & Z' & ->).
        exists x', y', (v + z'). refine (conj _ (conj _ (conj _ (conj _ _)))); try assumption; [|ring]. apply (IHm _ Z').
      * destruct L as (x & y & z & X & XY & Y & Z & ->).
        exists x, y, (z + v'). refine (conj _ (conj _ (conj _ (conj _ _)))); try assumption; [|ring]. apply IHl; assumption.
Qed.

Definition advance (a : interval) (ws : weights) (l : pending) : pending :=
  match a with (0, 0)%Z => l | _ => merge (reading a ws) l end.
Lemma advance_attained a ws l z v : inside a z -> attained l v -> attained (advance a ws l) (z * move ws + v).
Proof.
  intros Z V.
  assert (P : attained (merge (reading a ws) l) (z * move ws + v))
    by (apply merge_attained; [apply reading_attained, Z|exact V]).
  destruct a as [[|p|p] [|q|q]]; try exact P. cbn [advance].
  unfold inside in Z; cbn [fst snd] in Z. pose proof unit_pos.
  assert (Z0 : z = 0) by (apply Rmult_eq_reg_r with unit; lra).
  rewrite Z0, Rmult_0_l, Rplus_0_l. exact V.
Qed.

Fixpoint adjoint (fuel : nat) (l : pending) : option Z :=
  match l, fuel with
  | [], _ => Some 0%Z
  | (j, (c, both, d)) :: l', S fuel =>
      match Table.find j (neurons C) with
      | Some f =>
          match adjoint fuel (advance (hull c both) (weights_of f) l') with
          | Some total => Some (magnitude d + total)%Z
          | None => None
          end
      | None => None
      end
  | _, O => None
  end.
Lemma adjoint_value fuel : forall l total v, adjoint fuel l = Some total -> attained l v -> Rabs v * unit <= IZR total * D.
Proof.
  induction fuel as [|fuel IH]; intros [|[j [[c both] d]] l] total v H A; cbn [adjoint] in H; try discriminate.
  - injection H as <-. cbn in A. subst v. rewrite Rabs_R0. lra.
  - injection H as <-. cbn in A. subst v. rewrite Rabs_R0. lra.
  - destruct (Table.find j (neurons C)) as [f|] eqn:F; [|discriminate].
    destruct (adjoint fuel _) as [t|] eqn:R; [|discriminate]. injection H as <-.
    destruct A as (x & y & v' & X & XY & Y & V & ->).
    destruct (gate_move j f F) as (s & delta & S & Delta & ->).
    set (z := (1 - s) * x + s * (x + y)).
    assert (Z : inside (hull c both) z) by (apply hull_inside; assumption).
    replace (x * du j + y * (s * du j + delta) + v') with (y * delta + (z * du j + v')) by (unfold z; ring).
    assert (K : Rabs (z * du j + v') * unit <= IZR t * D).
    { apply (IH _ _ _ R). rewrite (pre_move j f F).
      apply advance_attained; assumption. }
    apply magnitude_inside in Y. rewrite plus_IZR. pose proof D_nonneg. pose proof unit_pos.
    eapply Rle_trans; [apply Rmult_le_compat_r; [lra|apply Rabs_triang]|].
    rewrite Rmult_plus_distr_r, Rmult_plus_distr_r. apply Rplus_le_compat; [|exact K].
    rewrite Rabs_mult. replace (Rabs y * Rabs delta * unit) with (Rabs y * unit * Rabs delta) by ring.
    apply Rmult_le_compat; try apply Rabs_pos; try assumption.
    apply Rmult_le_pos; [apply Rabs_pos|lra].
Qed.
Definition adjoint_of (fuel : nat) (f : form) : option Z := adjoint fuel (reading (Zpos one, Zpos one) (weights_of f)).
Theorem adjoint_of_value fuel f total : adjoint_of fuel f = Some total ->
  Rabs (seval g f - seval e f) <= IZR total / unit * D.
Proof.
  intros H. pose proof unit_pos as P. apply Rmult_le_reg_r with unit; [exact P|].
  replace (IZR total / unit * D * unit) with (IZR total * D) by (field; lra).
  apply (adjoint_value _ _ _ _ H). rewrite weights_of_value, <- (Rmult_1_l (move _)).
  apply reading_attained. unfold inside; cbn [fst snd]. fold unit. lra.
Qed.

(* ---- forward: errors E_j of the pre-activations, in units of D / one ---- *)
Definition up (q : Q) (z : Z) : Z := cdiv (Z.abs (Qnum q) * z) (Qden q).
Lemma up_above q z x : x * unit <= IZR z * D -> 0 <= x -> Rabs (Q2R q) * x * unit <= IZR (up q z) * D.
Proof.
  intros H X. assert (B : (0 < Zpos (Qden q))%Z) by lia.
  pose proof (cdiv_above (Z.abs (Qnum q) * z) (Qden q)) as K. fold (up q z) in K.
  rewrite mult_IZR in K. assert (A : Rabs (Q2R q) = IZR (Z.abs (Qnum q)) / IZR (Zpos (Qden q))).
  { change (IZR (Z.abs (Qnum q)) / IZR (Zpos (Qden q))) with (Q2R (qabs q)). symmetry. apply qabs_value. }
  apply Rle_trans with (IZR (Z.abs (Qnum q)) * IZR z / IZR (Zpos (Qden q)) * D).
  - replace (IZR (Z.abs (Qnum q)) * IZR z / IZR (Zpos (Qden q)) * D) with (Rabs (Q2R q) * (IZR z * D)) by (rewrite A; unfold Rdiv; ring).
    rewrite Rmult_assoc. apply Rmult_le_compat_l; [apply Rabs_pos|exact H].
  - apply Rmult_le_compat_r; [apply D_nonneg|exact K].
Qed.
Definition errors := Table.t Z.
Definition bounds (E : errors) : Prop := forall j z, Table.find j E = Some z -> Rabs (du j) * unit <= IZR z * D.
Fixpoint moved (E : errors) (ws : weights) : option Z :=
  match ws with
  | [] => Some 0%Z
  | (j, (c, d)) :: ws' =>
      match Table.find j E, Table.find j (neurons C), moved E ws' with
      | Some z, Some _, Some t => Some (up (qmax (qabs c) (qabs (qadd c d))) z + up d (Zpos one) + t)%Z
      | _, _, _ => None
      end
  end.
Lemma moved_value E ws : bounds E -> forall t, moved E ws = Some t -> Rabs (move ws) * unit <= IZR t * D.
Proof.
  intros B. induction ws as [|[j [c d]] ws IH]; intros t H; cbn [moved] in H.
  - injection H as <-. cbn. rewrite Rabs_R0. lra.
  - destruct (Table.find j E) as [z|] eqn:Z; [|discriminate].
    destruct (Table.find j (neurons C)) as [f|] eqn:F; [|discriminate].
    destruct (moved E ws) as [t'|]; [|discriminate]. injection H as <-.
    specialize (IH t' eq_refl). apply B in Z. destruct (gate_move j f F) as (s & delta & S & Delta & R).
    cbn [move]. rewrite R.
    replace (Q2R c * du j + Q2R d * (s * du j + delta) + move ws)
      with (((1 - s) * Q2R c + s * Q2R (qadd c d)) * du j + (Q2R d * delta + move ws)) by (rewrite qadd_value; ring).
    set (m := qmax (qabs c) (qabs (qadd c d))).
    assert (M : Rabs ((1 - s) * Q2R c + s * Q2R (qadd c d)) <= Rabs (Q2R m)).
    { unfold m. rewrite qmax_value, !qabs_value.
      set (p := Q2R c). set (q := Q2R (qadd c d)).
      rewrite (Rabs_pos_eq (Rmax _ _)) by (eapply Rle_trans; [apply Rabs_pos|apply Rmax_l]).
      eapply Rle_trans; [apply Rabs_triang|]. rewrite !Rabs_mult, (Rabs_pos_eq (1 - s)), (Rabs_pos_eq s) by lra.
      pose proof (Rmax_l (Rabs p) (Rabs q)). pose proof (Rmax_r (Rabs p) (Rabs q)).
      assert (0 <= (1 - s) * (Rmax (Rabs p) (Rabs q) - Rabs p)) by (apply Rmult_le_pos; lra).
      assert (0 <= s * (Rmax (Rabs p) (Rabs q) - Rabs q)) by (apply Rmult_le_pos; lra). lra. }
    set (slope := (1 - s) * Q2R c + s * Q2R (qadd c d)) in *.
    pose proof unit_pos as P. rewrite !plus_IZR.
    eapply Rle_trans; [apply Rmult_le_compat_r; [lra|eapply Rle_trans; [apply Rabs_triang|apply Rplus_le_compat_l, Rabs_triang]]|].
    rewrite !Rmult_plus_distr_r, <- Rplus_assoc. apply Rplus_le_compat; [apply Rplus_le_compat|exact IH].
    + eapply Rle_trans; [|apply (up_above m z (Rabs (du j)) Z (Rabs_pos _))].
      rewrite Rabs_mult. apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_r; [apply Rabs_pos|exact M].
    + rewrite Rabs_mult. apply up_above; [|apply Rabs_pos]. fold unit. rewrite Rmult_comm. apply Rmult_le_compat_l; lra.
Qed.
(* F + d max(u, 0) lies between F and F + d u, so its error is at most the larger of theirs, plus |d|. *)
Fixpoint split_gate (f : form) : option (positive * Q * form) :=
  match f with
  | [] => None
  | (G j, d) :: f' => Some (j, d, f')
  | p :: f' => match split_gate f' with Some (j, d, h) => Some (j, d, p :: h) | None => None end
  end.
Lemma split_gate_value v f : forall j d h, split_gate f = Some (j, d, h) -> seval v f = seval v h + Q2R d * v (G j).
Proof.
  induction f as [|[a q] f IH]; intros j d h H; cbn [split_gate] in H; [discriminate|].
  assert (K : match split_gate f with Some (j, d, h) => Some (j, d, (a, q) :: h) | None => None end = Some (j, d, h) ->
    seval v ((a, q) :: f) = seval v h + Q2R d * v (G j)).
  { destruct (split_gate f) as [[[k d'] h']|]; [|discriminate]. intros E; injection E as <- <- <-.
    cbn [seval]. rewrite (IH _ _ _ eq_refl). ring. }
  destruct a as [i|k|k|t]; try (apply K, H). injection H as <- <- <-. cbn [seval]. ring.
Qed.
Fixpoint expand (j : positive) (u : form) (f : form) : form :=
  match f with
  | [] => []
  | (U k, q) :: f' => if Pos.eqb k j then fadd (sscale q u) (expand j u f') else (U k, q) :: expand j u f'
  | p :: f' => p :: expand j u f'
  end.
Lemma expand_value v j u f : v (U j) = seval v u -> seval v (expand j u f) = seval v f.
Proof.
  intros H. induction f as [|[a q] f IH]; [reflexivity|]. cbn [expand].
  destruct a as [i|k|k|t]; cbn [seval]; rewrite ?IH; try ring.
  destruct (Pos.eqb_spec k j) as [->|N]; cbn [seval]; rewrite ?fadd_value, ?sscale_value, IH; [rewrite H|]; ring.
Qed.
Definition least_error (E : errors) (f : form) : option Z :=
  match split_gate f with
  | Some (j, d, h) =>
      match moved E (weights_of f), Table.find j (neurons C) with
      | Some t, Some u =>
          let rest := expand j u h in
          match moved E (weights_of rest), moved E (weights_of (fadd rest (sscale d u))) with
          | Some x, Some y => Some (Z.min t (Z.max x y + up d (Zpos one)))
          | _, _ => Some t
          end
      | r, _ => r
      end
  | None => moved E (weights_of f)
  end.
Lemma least_error_value E f t : bounds E -> least_error E f = Some t ->
  Rabs (seval g f - seval e f) * unit <= IZR t * D.
Proof.
  intros B H. unfold least_error in H.
  assert (K : forall t, moved E (weights_of f) = Some t -> Rabs (seval g f - seval e f) * unit <= IZR t * D)
    by (intros t'; rewrite weights_of_value; apply moved_value, B).
  destruct (split_gate f) as [[[j d] h]|] eqn:S; [|apply K, H].
  destruct (moved E (weights_of f)) as [t'|]; [|discriminate]. specialize (K t' eq_refl).
  destruct (Table.find j (neurons C)) as [u|] eqn:F; [|injection H as <-; exact K].
  destruct (moved E (weights_of (expand j u h))) as [x|] eqn:X; [|injection H as <-; exact K].
  destruct (moved E (weights_of (fadd _ _))) as [y|] eqn:Y; injection H as <-; [|exact K].
  assert (M : Rabs (seval g f - seval e f) * unit <= IZR (Z.max x y + up d (Zpos one)) * D).
  2:{ destruct (Z.min_spec t' (Z.max x y + up d (Zpos one))) as [[_ ->]|[_ ->]]; assumption. }
  apply (moved_value E _ B) in X, Y. rewrite <- weights_of_value in X, Y.
  rewrite !fadd_value, !sscale_value, !expand_value in Y by (apply (gated_pre w j u F) || apply (net_pre w j u F)).
  rewrite !expand_value in X by (apply (gated_pre w j u F) || apply (net_pre w j u F)).
  rewrite (split_gate_value g f j d h S), (split_gate_value e f j d h S).
  destruct (gate_move j u F) as (s & delta & Hs & Delta & R).
  pose proof (pre_move j u F) as P. rewrite <- weights_of_value in P.
  set (a := seval g h - seval e h) in *. pose proof unit_pos as Up. pose proof D_nonneg as Dn.
  replace (seval g h + Q2R d * g (G j) - (seval e h + Q2R d * e (G j))) with (a + Q2R d * dr j) by (unfold a, dr; ring).
  replace (seval g h + Q2R d * seval g u - (seval e h + Q2R d * seval e u)) with (a + Q2R d * du j) in Y
    by (rewrite P; unfold a; ring).
  rewrite R. replace (a + Q2R d * (s * du j + delta)) with ((1 - s) * a + s * (a + Q2R d * du j) + Q2R d * delta) by ring.
  set (b := a + Q2R d * du j) in *.
  assert (Top : forall v z, Rabs v * unit <= IZR z * D -> (z <= Z.max x y)%Z -> Rabs v * unit <= IZR (Z.max x y) * D).
  { intros v z V L. apply IZR_le in L. eapply Rle_trans; [exact V|]. apply Rmult_le_compat_r; assumption. }
  apply (Top a x) in X; [|lia]. apply (Top b y) in Y; [|lia]. set (m := IZR (Z.max x y) * D) in *.
  rewrite plus_IZR, Rmult_plus_distr_r. fold m.
  eapply Rle_trans; [apply Rmult_le_compat_r; [lra|apply Rabs_triang]|]. rewrite Rmult_plus_distr_r.
  apply Rplus_le_compat.
  - eapply Rle_trans; [apply Rmult_le_compat_r; [lra|apply Rabs_triang]|].
    rewrite !Rabs_mult, (Rabs_pos_eq (1 - s)), (Rabs_pos_eq s) by lra.
    assert (0 <= (1 - s) * (m - Rabs a * unit)) by (apply Rmult_le_pos; lra).
    assert (0 <= s * (m - Rabs b * unit)) by (apply Rmult_le_pos; lra). lra.
  - rewrite Rabs_mult. apply up_above; [|apply Rabs_pos]. fold unit. rewrite Rmult_comm. apply Rmult_le_compat_l; lra.
Qed.
Fixpoint forward (fuel : nat) (j : positive) (E : errors) : option errors :=
  match fuel, Table.find j (neurons C) with
  | S fuel, Some f => match least_error E f with Some z => forward fuel (Pos.succ j) (Table.add j z E) | None => None end
  | _, _ => Some E
  end.
Lemma forward_value fuel : forall j E E', bounds E -> forward fuel j E = Some E' -> bounds E'.
Proof.
  induction fuel as [|fuel IH]; intros j E E' B H; cbn [forward] in H; [injection H as <-; exact B|].
  destruct (Table.find j (neurons C)) as [f|] eqn:F; [|injection H as <-; exact B].
  destruct (least_error E f) as [z|] eqn:L; [|discriminate].
  apply (IH (Pos.succ j) (Table.add j z E) E'); [|exact H]. intros k y Y.
  destruct (Pos.eq_dec k j) as [->|N].
  - rewrite Table.gss in Y. injection Y as <-. rewrite (pre_move j f F), <- weights_of_value.
    apply (least_error_value E f z B L).
  - rewrite Table.gso in Y by exact N. apply B, Y.
Qed.
Definition forward_of (fuel : nat) (f : form) : option Z :=
  match forward fuel 1 (Table.empty Z) with Some E => least_error E f | None => None end.
Theorem forward_of_value fuel f total : forward_of fuel f = Some total ->
  Rabs (seval g f - seval e f) <= IZR total / unit * D.
Proof.
  unfold forward_of. intros H. destruct (forward _ _ _) as [E|] eqn:F; [|discriminate].
  apply forward_value in F; [|intros j z Z; rewrite Table.gempty in Z; discriminate].
  pose proof unit_pos as P. apply Rmult_le_reg_r with unit; [exact P|].
  replace (IZR total / unit * D * unit) with (IZR total * D) by (field; lra).
  apply (least_error_value E f total F H).
Qed.
End Bounds.
