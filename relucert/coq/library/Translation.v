(* The transformer equals the network with every gate max(u, 0) replaced by u * sigma(beta u).

   The transformer is run on forms: every coordinate of the stream is a form in the inputs and neurons. *)
From Coq Require Import Reals Lra Lia List ZArith NArith QArith Qreals Bool.
From Relucert Require Import Transformer Gate Sparse World.
Import ListNotations.
Open Scope R_scope.

Lemma sum_cons a l : Transformer.sum (a :: l) = a + Transformer.sum l.
Proof. reflexivity. Qed.

(* ---- one head on the sink and one token ---- *)
Lemma apply_zero m x i : (forall j, x j = 0) -> apply m x i = 0.
Proof.
  intros Z. unfold apply. induction m as [|[[r c] q] m IH]; [reflexivity|].
  cbn [map entry]. rewrite ?sum_cons. rewrite IH.
  destruct (N.eqb r i); [rewrite Z|]; ring.
Qed.
Lemma apply_scale m x y a i : (forall j, x j = a * y j) -> apply m x i = a * apply m y i.
Proof.
  intros E. unfold apply. induction m as [|[[r c] q] m IH]; [cbn; ring|].
  cbn [map entry]. rewrite ?sum_cons. rewrite IH.
  destruct (N.eqb r i); [rewrite E|]; ring.
Qed.
Lemma apply_ext m x y i : (forall j, x j = y j) -> apply m x i = apply m y i.
Proof. intros E. rewrite (apply_scale m x y 1 i); [ring|intros; rewrite E; ring]. Qed.
Lemma dot_zero d x y : (forall j, y j = 0) -> dot d x y = 0.
Proof.
  intros Z. unfold dot. induction (seq 0 d) as [|i l IH]; [reflexivity|].
  cbn [map]. rewrite ?sum_cons. rewrite IH, Z. ring.
Qed.

Lemma sink_head z h i : (forall j, z j = 0) -> attend [z] z h i = 0.
Proof.
  intros Z. unfold attend. apply apply_zero. intros j. unfold mix. cbn.
  rewrite (apply_zero (w_v h) z j Z). ring.
Qed.
Theorem data_head z x h i : (forall j, z j = 0) ->
  attend [z; x] x h i = sigma (dot (d_head h) (apply (w_q h) x) (apply (w_k h) x)) * apply (w_o h) (apply (w_v h) x) i.
Proof.
  intros Z. unfold attend. apply apply_scale. intros j. unfold mix, softmax. cbn [map combine fst snd]. rewrite ?sum_cons. cbn [Transformer.sum fold_right].
  rewrite (apply_zero (w_v h) z j Z), (dot_zero (d_head h) _ (apply (w_k h) z)) by (intros; apply apply_zero, Z).
  rewrite exp_0. unfold sigma. set (t := dot _ _ _). assert (P := exp_pos t). field. lra.
Qed.
Lemma layer_tokens heads z x : causal heads [] [z; x] = [update heads [z] z; update heads [z; x] x].
Proof. reflexivity. Qed.
Lemma sink_stays heads z : (forall j, z j = 0) -> forall j, update heads [z] z j = 0.
Proof.
  intros Z j. unfold update. rewrite Z. induction heads as [|h hs IH]; [cbn; ring|].
  cbn [map]. rewrite ?sum_cons. rewrite sink_head by exact Z. lra.
Qed.

(* ---- streams of forms: a coordinate is the sum of forms that are kept apart while the next is more than twice as
   long, so that many small changes of a long coordinate cost little in whatever order they come ---- *)
Definition stream := Table.t (list form).
Definition parts (st : stream) (i : N) : list form := match Table.find (N.succ_pos i) st with Some l => l | None => [] end.
Definition total (l : list form) : form := match l with [] => [] | f :: l' => fold_left fadd l' f end.
Definition get (st : stream) (i : N) : form := total (parts st i).
Fixpoint shorter (f h : form) : bool :=
  match f, h with [], _ => true | _ :: f', _ :: h' => shorter f' h' | _, [] => false end.
Fixpoint carry (f : form) (l : list form) : list form :=
  match l with h :: l' => if shorter h (f ++ f) then carry (fadd f h) l' else f :: l | [] => [f] end.
Definition put (st : stream) (i : N) (l : list form) : stream := Table.add (N.succ_pos i) l st.
Definition empty : stream := Table.empty (list form).
Lemma get_put st i l j : get (put st i l) j = if N.eqb i j then total l else get st j.
Proof.
  unfold get, put, parts. destruct (N.eqb_spec i j) as [->|N].
  - rewrite Table.gss. reflexivity.
  - rewrite Table.gso; [reflexivity|]. intros E. apply N. lia.
Qed.
Lemma total_value e l : seval e (total l) = Transformer.sum (map (seval e) l).
Proof.
  destruct l as [|f l]; [reflexivity|]. cbn [total map]. rewrite sum_cons. revert f.
  induction l as [|h l IH]; intros f; cbn [fold_left map]; [cbn; ring|]. rewrite IH, fadd_value, sum_cons. ring.
Qed.
Lemma carry_value e l : forall f, seval e (total (carry f l)) = seval e f + seval e (total l).
Proof.
  induction l as [|h l IH]; intros f; cbn [carry]; [cbn; ring|].
  destruct (shorter _ _); [|rewrite !total_value; reflexivity].
  rewrite IH, fadd_value, !total_value. cbn [map]. rewrite sum_cons. ring.
Qed.
Definition changes := list (N * form).
Definition spread (m : matrix) (source : N -> form) : changes :=
  map (fun e => let '(row, column, q) := e in (row, sscale q (source column))) m.
Definition collect (c : changes) (st : stream) : stream :=
  fold_right (fun p st => put st (fst p) (carry (snd p) (parts st (fst p)))) st c.
Definition product (m : matrix) (st : stream) : stream := collect (spread m (get st)) empty.

Section Run.
Variables (C : context) (w : world C) (T : model) (xs : list R) (fuel : nat).
Hypothesis subject_is_T : forall k, World.subject w k = transformer T xs k.
Hypothesis inputs_are_xs : forall i, gated_env w (X i) = nth (N.to_nat i) (1 :: xs) 0.
Let g := gated_env w.

Definition change (c : changes) (i : N) : R := Transformer.sum (map (fun p => if N.eqb (fst p) i then seval g (snd p) else 0) c).
Definition represents (st : stream) (x : vector) : Prop := forall i, seval g (get st i) = x i.

Lemma collect_value c st i : seval g (get (collect c st) i) = seval g (get st i) + change c i.
Proof.
  induction c as [|[j f] c IH]; [cbn; ring|]. cbn [collect fold_right fst snd]. fold (collect c st).
  rewrite get_put. unfold change in *; cbn [map fst snd]. rewrite ?sum_cons. destruct (N.eqb_spec j i) as [->|N].
  - rewrite carry_value. fold (get (collect c st) i). rewrite IH. ring.
  - rewrite IH. ring.
Qed.
Lemma spread_value m source x i : (forall c, seval g (source c) = x c) -> change (spread m source) i = apply m x i.
Proof.
  intros E. unfold change, apply. induction m as [|[[r c] q] m IH]; [reflexivity|].
  cbn [spread map fst snd entry]. rewrite ?sum_cons. unfold spread in IH. rewrite IH.
  rewrite sscale_value, E. reflexivity.
Qed.
Lemma product_value m st x i : represents st x -> seval g (get (product m st) i) = apply m x i.
Proof.
  intros H. unfold product. rewrite collect_value, (spread_value m _ x i H).
  unfold get, parts, empty. rewrite Table.gempty. cbn. ring.
Qed.
Lemma change_app c d i : change (c ++ d) i = change c i + change d i.
Proof.
  unfold change. induction c as [|[j f] c IH]; [cbn; ring|].
  cbn [app map fst snd]. rewrite ?sum_cons. rewrite IH. ring.
Qed.

(* Replace each u_j by its form, last neuron first, until nothing is left: then the form is zero. *)
Fixpoint vanishes (fuel : nat) (f : form) : bool :=
  match f, fuel with
  | [], _ => true
  | (a, q) :: f', S fuel =>
      if qzero q then vanishes fuel f' else
      match a with
      | U j => match Table.find j (neurons C) with Some h => vanishes fuel (fadd (sscale q h) f') | None => false end
      | _ => false
      end
  | _, O => false
  end.
Lemma vanishes_value n : forall f, vanishes n f = true -> seval g f = 0.
Proof.
  induction n as [|n IH]; intros [|[a q] f] H; try reflexivity; try discriminate. cbn [vanishes] in H.
  destruct (qzero q) eqn:Z.
  - cbn [seval]. rewrite (qzero_value _ Z), (IH _ H). ring.
  - destruct a as [|j| |]; try discriminate. destruct (Table.find j (neurons C)) as [h|] eqn:F; [|discriminate].
    apply IH in H. rewrite fadd_value, sscale_value in H. cbn [seval].
    unfold g in *. rewrite (gated_pre w j h F). exact H.
Qed.
Definition agree (f h : form) : bool := vanishes (length f + fuel) (fsub f h).
Lemma agree_value f h : agree f h = true -> seval g f = seval g h.
Proof. intros H. apply vanishes_value in H. rewrite fsub_value in H. lra. Qed.

(* A gate head: d_head 1, constant key, value u_j, score beta u_j. *)
Definition is_gate (h : head) (j : positive) (st : stream) : bool :=
  let query := get (product (w_q h) st) 0 in
  let value := get (product (w_v h) st) 0 in
  match get (product (w_k h) st) 0, d_head h with
  | [(X N0, k)], 1%nat =>
      agree value [(U j, 1%Q)] && fsame (sscale k query) (sscale (inverse_temperature C) value) &&
      forallb (fun e => N.eqb (snd (fst e)) 0) (w_o h) &&
      match Table.find j (neurons C) with Some _ => true | None => false end
  | _, _ => false
  end.
Definition gate_changes (h : head) (j : positive) : changes :=
  map (fun e => (fst (fst e), [(G j, snd e)])) (w_o h).
Lemma is_gate_value h j st x z i : represents st x -> is_gate h j st = true -> (forall k, z k = 0) ->
  attend [z; x] x h i = change (gate_changes h j) i.
Proof.
  intros S H Z. rewrite data_head by exact Z. unfold is_gate in H.
  pose proof (product_value (w_q h) st x 0 S) as Q. pose proof (product_value (w_k h) st x 0 S) as K.
  pose proof (product_value (w_v h) st x 0 S) as V.
  destruct (get (product (w_k h) st) 0) as [|[[[|]| | |] k] [|]]; try discriminate.
  destruct (d_head h) as [|[|]] eqn:D; try discriminate.
  apply andb_prop in H; destruct H as [H F]. apply andb_prop in H; destruct H as [H O].
  apply andb_prop in H; destruct H as [A B].
  destruct (Table.find j (neurons C)) as [f|] eqn:J; [|discriminate].
  apply agree_value in A. apply (fsame_value g) in B. rewrite !sscale_value in B.
  rewrite Q, V in B. rewrite V in A. cbn [seval] in A, K.
  rewrite Q2R_1 in A. unfold g in A, K at 1. rewrite inputs_are_xs in K. cbn [N.to_nat nth] in K.
  assert (E : dot 1 (apply (w_q h) x) (apply (w_k h) x) = Q2R (inverse_temperature C) * apply (w_v h) x 0%N).
  { unfold dot. cbn. rewrite <- B, <- K. ring. }
  rewrite E. pose proof (gated_gate w j f J) as GJ. fold g in GJ. unfold gate in GJ.
  assert (U' : apply (w_v h) x 0%N = g (U j)) by (unfold g; lra).
  rewrite U'. set (s := sigma _) in *. clear - O U' GJ.
  unfold change, gate_changes, apply at 1. induction (w_o h) as [|[[r c] q] m IH]; [cbn; ring|].
  cbn [forallb fst snd] in O. apply andb_prop in O; destruct O as [O M]. apply N.eqb_eq in O; subst c.
  cbn [map fst snd entry seval]. rewrite ?sum_cons. specialize (IH M).
  rewrite <- IH, U', GJ. destruct (N.eqb r i); ring.
Qed.
(* The coordinate that a gate head alone reads is henceforth called by its neuron's name. *)
Definition shorten (h : head) (j : positive) (st : stream) : stream :=
  match w_v h with
  | [(r, c, q)] => if N.eqb r 0 && qeqb q 1 then put st c [[(U j, 1%Q)]] else st
  | _ => st
  end.
Lemma shorten_represents h j st x : represents st x -> is_gate h j st = true -> represents (shorten h j st) x.
Proof.
  intros S H. unfold shorten. destruct (w_v h) as [|[[r c] q] [|]] eqn:V; try exact S.
  destruct (N.eqb r 0 && qeqb q 1)%bool eqn:E; [|exact S].
  apply andb_prop in E; destruct E as [R Q]. apply N.eqb_eq in R; apply qeqb_eq in Q; subst r q.
  unfold is_gate in H. pose proof (product_value (w_v h) st x 0 S) as P.
  destruct (get (product (w_k h) st) 0) as [|[[[|]| | |] k] [|]]; try discriminate.
  destruct (d_head h) as [|[|]]; try discriminate.
  apply andb_prop in H; destruct H as [H _]. apply andb_prop in H; destruct H as [H _].
  apply andb_prop in H; destruct H as [A _]. apply agree_value in A. rewrite P, V in A.
  unfold apply in A. cbn in A. rewrite Q2R_1 in A.
  intros i. rewrite get_put. destruct (N.eqb_spec c i) as [<-|N]; [|apply S].
  cbn [total fold_left seval]. rewrite Q2R_1. lra.
Qed.

(* A linear head: its query or its key is zero, so that it adds half of its value. *)
Definition is_linear (h : head) : bool := match w_q h, w_k h with [], _ | _, [] => true | _, _ => false end.
Definition linear_changes (h : head) (st : stream) : changes :=
  let value := product (w_v h) st in spread (w_o h) (fun c => sscale (1 # 2) (get value c)).
Lemma is_linear_value h st x z i : represents st x -> is_linear h = true -> (forall k, z k = 0) ->
  attend [z; x] x h i = change (linear_changes h st) i.
Proof.
  intros S H Z. rewrite data_head by exact Z.
  assert (D : dot (d_head h) (apply (w_q h) x) (apply (w_k h) x) = 0).
  { unfold is_linear in H. destruct (w_q h) as [|p m]; [|destruct (w_k h) as [|p' m']; [|discriminate]].
    - unfold dot. induction (seq 0 (d_head h)) as [|k l IH]; [reflexivity|].
      cbn [map]. rewrite ?sum_cons. rewrite IH. cbn. ring.
    - apply dot_zero. reflexivity. }
  rewrite D. unfold sigma. rewrite exp_0. unfold linear_changes.
  rewrite (spread_value (w_o h) _ (fun c => 1 / 2 * apply (w_v h) x c)).
  - rewrite (apply_scale (w_o h) (fun c => 1/2 * apply (w_v h) x c) (apply (w_v h) x) (1/2)) by reflexivity. field.
  - intros c. rewrite sscale_value, (product_value _ _ _ _ S). unfold Q2R; cbn [Qnum Qden]. lra.
Qed.

Fixpoint run_heads (heads : list head) (names : list positive) (st : stream) (acc : changes) : option (stream * changes) :=
  match heads with
  | [] => match names with [] => Some (st, acc) | _ => None end
  | h :: heads' =>
      if is_linear h then run_heads heads' names st (linear_changes h st ++ acc)
      else match names with
           | j :: names' => if is_gate h j st then run_heads heads' names' (shorten h j st) (gate_changes h j ++ acc) else None
           | [] => None
           end
  end.
Lemma run_heads_value heads : forall names st acc st' acc' x z i, represents st x -> (forall k, z k = 0) ->
  run_heads heads names st acc = Some (st', acc') ->
  represents st' x /\ change acc' i = change acc i + Transformer.sum (map (fun h => attend [z; x] x h i) heads).
Proof.
  induction heads as [|h heads IH]; intros names st acc st' acc' x z i S Z H; cbn [run_heads] in H.
  - destruct names; [|discriminate]. injection H as <- <-. split; [exact S|cbn; ring].
  - cbn [map]. rewrite ?sum_cons. destruct (is_linear h) eqn:L.
    + destruct (IH _ _ _ _ _ x z i S Z H) as [R E]. split; [exact R|].
      rewrite E, change_app, (is_linear_value h st x z i S L Z). ring.
    + destruct names as [|j names]; [discriminate|]. destruct (is_gate h j st) eqn:G'; [|discriminate].
      destruct (IH _ _ _ _ _ x z i (shorten_represents _ _ _ _ S G') Z H) as [R E]. split; [exact R|].
      rewrite E, change_app, (is_gate_value h j st x z i S G' Z). ring.
Qed.
Fixpoint run_layers (ls : list (list head)) (names : list (list positive)) (st : stream) : option stream :=
  match ls, names with
  | [], [] => Some st
  | heads :: ls', js :: names' =>
      match run_heads heads js st [] with
      | Some (st', acc) => run_layers ls' names' (collect acc st')
      | None => None
      end
  | _, _ => None
  end.
Lemma run_layers_value ls : forall names st st' x z, represents st x -> (forall k, z k = 0) ->
  run_layers ls names st = Some st' ->
  represents st' (nth 1 (fold_left (fun tokens heads => causal heads [] tokens) ls [z; x]) zero).
Proof.
  induction ls as [|heads ls IH]; intros [|js names] st st' x z S Z H; cbn [run_layers] in H; try discriminate.
  - injection H as <-. exact S.
  - destruct (run_heads heads js st []) as [[st1 acc]|] eqn:E; [|discriminate].
    cbn [fold_left]. rewrite layer_tokens. apply (IH names (collect acc st1)); [|apply sink_stays, Z|exact H].
    intros i. destruct (run_heads_value _ _ _ _ _ _ x z i S Z E) as [R A].
    rewrite collect_value, A, R. unfold update. assert (E0 : change [] i = 0) by reflexivity. rewrite E0, Rplus_0_l. reflexivity.
Qed.
Definition inputs_stream (i : N) : form := [(X i, 1%Q)].
Definition start : stream := collect (spread (embedding T) inputs_stream) empty.
Lemma start_represents : represents start (apply (embedding T) (fun i => nth (N.to_nat i) (1 :: xs) 0)).
Proof.
  intros i. unfold start. rewrite collect_value.
  rewrite (spread_value _ _ (fun i => nth (N.to_nat i) (1 :: xs) 0)).
  - unfold get, parts, empty. rewrite Table.gempty. cbn [total seval]. ring.
  - intros c. cbn [inputs_stream seval]. unfold g. rewrite inputs_are_xs, Q2R_1. ring.
Qed.
Definition translates (names : list (list positive)) (output : N) (f : form) : bool :=
  match run_layers (layers T) names start with
  | Some st => agree (get (product (readout T) st) output) f
  | None => false
  end.
Theorem translates_value names output f : translates names output f = true -> World.subject w output = seval g f.
Proof.
  unfold translates. intros H. destruct (run_layers _ _ _) as [st|] eqn:E; [|discriminate].
  apply agree_value in H. rewrite <- H, subject_is_T.
  apply (run_layers_value _ _ _ _ _ zero start_represents) in E; [|reflexivity].
  rewrite (product_value _ _ _ _ E). reflexivity.
Qed.
End Run.
