(* What a certificate talks about, and that it exists: for every input there are values of all neurons and terms.

   A network is a list of neurons; the pre-activation of the j-th is a form over the constant, the inputs and
   earlier neurons.  A term is a node over earlier terms.  A "world" is one consistent assignment of values. *)
From Coq Require Import Reals Lra Lia List ZArith QArith Qreals Bool.
From Relucert Require Import Gate Sparse.
Import ListNotations.
Open Scope R_scope.

(* X 0 is the number one, X i the i-th input; U j and G j are the j-th neuron before and after its gate. *)
Inductive atom := X (i : N) | U (j : positive) | G (j : positive) | Term (t : positive).

(* Later neurons come first, so that a form's head can be eliminated. *)
Definition atom_compare (a b : atom) : comparison :=
  match a, b with
  | Term i, Term j => Pos.compare i j | Term _, _ => Gt | _, Term _ => Lt
  | X i, X j => N.compare i j | X _, _ => Lt | _, X _ => Gt
  | U i, U j | G i, G j => Pos.compare i j
  | U i, G j => match Pos.compare i j with Eq => Lt | c => c end
  | G i, U j => match Pos.compare i j with Eq => Gt | c => c end
  end.
Lemma atom_compare_eq a b : atom_compare a b = Eq -> a = b.
Proof.
  destruct a, b; cbn; try discriminate; intros H.
  - apply N.compare_eq in H; congruence.
  - apply Pos.compare_eq in H; congruence.
  - destruct (Pos.compare _ _); discriminate.
  - destruct (Pos.compare _ _); discriminate.
  - apply Pos.compare_eq in H; congruence.
  - apply Pos.compare_eq in H; congruence.
Qed.

Definition form := list (atom * Q).
Definition env := atom -> R.
Definition fadd : form -> form -> form := sadd atom_compare.
Definition fsub : form -> form -> form := ssub atom_compare.
Definition fsame (f h : form) : bool := snil (fsub f h).
Lemma fadd_value e f h : seval e (fadd f h) = seval e f + seval e h.
Proof. apply sadd_value, atom_compare_eq. Qed.
Lemma fsub_value e f h : seval e (fsub f h) = seval e f - seval e h.
Proof. apply ssub_value, atom_compare_eq. Qed.
Lemma fsame_value e f h : fsame f h = true -> seval e f = seval e h.
Proof. intros H. apply (same_value atom_compare_eq), H. Qed.
Lemma seval_ext e e' (f : form) : (forall a q, In (a, q) f -> e a = e' a) -> seval e f = seval e' f.
Proof.
  induction f as [|[a q] f IH]; intros H; [reflexivity|]. cbn [seval].
  rewrite (H a q), IH; [reflexivity|intros; eapply H; right; eassumption|left; reflexivity].
Qed.

(* ---- networks ---- *)
Definition before (j : positive) (a : atom) : bool :=
  match a with X _ => true | U k | G k => Pos.ltb k j | Term _ => false end.
Fixpoint forms_ordered (j : positive) (l : list form) : bool :=
  match l with [] => true | f :: l' => forallb (fun p => before j (fst p)) f && forms_ordered (Pos.succ j) l' end.
Definition set_neuron (e : env) (j : positive) (u r : R) : env := fun a =>
  match a with
  | U k => if Pos.eqb k j then u else e a
  | G k => if Pos.eqb k j then r else e a
  | _ => e a
  end.
Fixpoint run (act : R -> R) (e : env) (j : positive) (l : list form) : env :=
  match l with
  | [] => e
  | f :: l' => let u := seval e f in run act (set_neuron e j u (act u)) (Pos.succ j) l'
  end.
Lemma run_keeps act l : forall e j a, before j a = true -> run act e j l a = e a.
Proof.
  induction l as [|f l IH]; intros e j a H; [reflexivity|]. cbn [run]. rewrite IH.
  - destruct a; try reflexivity; cbn in *; apply Pos.ltb_lt in H; destruct (Pos.eqb_spec j0 j); try reflexivity; lia.
  - destruct a; try assumption; cbn in *; apply Pos.ltb_lt in H; apply Pos.ltb_lt; lia.
Qed.
Lemma run_keeps_form act l e j f : forallb (fun p => before j (fst p)) f = true ->
  seval (run act e j l) f = seval e f.
Proof.
  intros H. apply seval_ext. intros a q I. rewrite forallb_forall in H. apply run_keeps, (H _ I).
Qed.
Theorem run_solves act l : forall e j, forms_ordered j l = true -> forall k f, In (k, f) (numbered j l) ->
  run act e j l (U k) = seval (run act e j l) f /\ run act e j l (G k) = act (seval (run act e j l) f).
Proof.
  induction l as [|f l IH]; intros e j H k h I; [destruct I|].
  cbn [forms_ordered] in H. apply andb_prop in H; destruct H as [H L].
  destruct I as [E|I]; [|apply (IH _ (Pos.succ j) L k h I)].
  injection E as <- <-. rewrite (run_keeps_form act (f :: l) e j f H). cbn [run].
  rewrite !run_keeps by (cbn; apply Pos.ltb_lt; lia). cbn. rewrite Pos.eqb_refl. split; reflexivity.
Qed.

(* ---- terms ---- *)
Inductive node :=
| Input (i : N) | Const (q : Q)
| Add (a b : positive) | Mul (a b : positive) | Max (a b : positive) | Min (a b : positive)
| Inv (a : positive) | Abs (a : positive)
| Net (f : form) | Gated (f : form) | Subject (output : N).

Definition node_value (e g : env) (s : N -> R) (v : positive -> R) (n : node) : R :=
  match n with
  | Input i => e (X i) | Const q => Q2R q
  | Add a b => v a + v b | Mul a b => v a * v b | Max a b => Rmax (v a) (v b) | Min a b => Rmin (v a) (v b)
  | Inv a => / v a | Abs a => Rabs (v a)
  | Net f => seval e f | Gated f => seval g f | Subject k => s k
  end.
Definition atoms_only (f : form) : bool := forallb (fun p => match fst p with Term _ => false | _ => true end) f.
Definition node_ordered (t : positive) (n : node) : bool :=
  match n with
  | Add a b | Mul a b | Max a b | Min a b => Pos.ltb a t && Pos.ltb b t
  | Inv a | Abs a => Pos.ltb a t
  | Net f | Gated f => atoms_only f
  | _ => true
  end.
Fixpoint nodes_ordered (t : positive) (l : list node) : bool :=
  match l with [] => true | n :: l' => node_ordered t n && nodes_ordered (Pos.succ t) l' end.

Section Values.
Variables (e g : env) (s : N -> R).
Fixpoint values (v : positive -> R) (t : positive) (l : list node) : positive -> R :=
  match l with
  | [] => v
  | n :: l' => values (fun k => if Pos.eqb k t then node_value e g s v n else v k) (Pos.succ t) l'
  end.
Lemma values_keep l : forall v t k, (k < t)%positive -> values v t l k = v k.
Proof.
  induction l as [|n l IH]; intros v t k H; [reflexivity|]. cbn [values]. rewrite IH by lia.
  destruct (Pos.eqb_spec k t); [lia|reflexivity].
Qed.
Lemma node_value_ext v v' t n : node_ordered t n = true -> (forall k, (k < t)%positive -> v k = v' k) ->
  node_value e g s v n = node_value e g s v' n.
Proof.
  destruct n; cbn; intros H E; try reflexivity; try (apply andb_prop in H; destruct H as [H K]; apply Pos.ltb_lt in K);
    apply Pos.ltb_lt in H; rewrite ?(E a) by assumption; rewrite ?(E b) by assumption; reflexivity.
Qed.
Theorem values_solve l : forall v t, nodes_ordered t l = true -> forall k n, In (k, n) (numbered t l) ->
  values v t l k = node_value e g s (values v t l) n.
Proof.
  induction l as [|n l IH]; intros v t H k m I; [destruct I|].
  cbn [nodes_ordered] in H. apply andb_prop in H; destruct H as [H L].
  destruct I as [E|I]; [|apply (IH _ (Pos.succ t) L k m I)].
  injection E as <- <-. cbn [values]. rewrite values_keep by lia. rewrite Pos.eqb_refl.
  apply node_value_ext with (t := t); [exact H|].
  intros k K. rewrite values_keep by lia. destruct (Pos.eqb_spec k t); [lia|reflexivity].
Qed.
End Values.

(* ---- worlds ---- *)
Record context := Context {
  neurons : Table.t form; nodes : Table.t node; box : list (Q * Q); inverse_temperature : Q; precision : positive }.

Record world (C : context) := World {
  net_env : env; gated_env : env; subject : N -> R; term : positive -> R;
  one_is_one : net_env (X 0) = 1;
  same_inputs : forall i, gated_env (X i) = net_env (X i);
  in_box : forall i d, nth_error (box C) i = Some d ->
    Q2R (fst d) <= net_env (X (N.of_nat (S i))) <= Q2R (snd d);
  net_pre : forall j f, Table.find j (neurons C) = Some f -> net_env (U j) = seval net_env f;
  net_gate : forall j f, Table.find j (neurons C) = Some f -> net_env (G j) = relu (net_env (U j));
  gated_pre : forall j f, Table.find j (neurons C) = Some f -> gated_env (U j) = seval gated_env f;
  gated_gate : forall j f, Table.find j (neurons C) = Some f ->
    gated_env (G j) = gate (Q2R (inverse_temperature C)) (gated_env (U j));
  same_terms : forall t, gated_env (Term t) = net_env (Term t);
  named_terms : forall t, net_env (Term t) = term t;
  term_value : forall t n, Table.find t (nodes C) = Some n ->
    term t = node_value net_env gated_env subject term n }.
Arguments net_env {C}. Arguments gated_env {C}. Arguments subject {C}. Arguments term {C}.
Arguments one_is_one {C}. Arguments same_inputs {C}. Arguments in_box {C}. Arguments net_pre {C}.
Arguments net_gate {C}. Arguments gated_pre {C}. Arguments gated_gate {C}. Arguments named_terms {C}.
Arguments term_value {C}. Arguments same_terms {C}.

Definition inputs_env (xs : list R) : env := fun a =>
  match a with X i => nth (N.to_nat i) (1 :: xs) 0 | _ => 0 end.
Definition gates_env (act : R -> R) (xs : list R) (l : list form) : env := run act (inputs_env xs) 1 l.
Definition within (d : Q * Q) (x : R) : Prop := Q2R (fst d) <= x <= Q2R (snd d).

Lemma gates_env_input act xs l i : gates_env act xs l (X i) = nth (N.to_nat i) (1 :: xs) 0.
Proof. unfold gates_env. rewrite run_keeps by reflexivity. reflexivity. Qed.

Theorem world_exists (fs : list form) (ns : list node) (b : list (Q * Q)) (beta : Q) (p : positive) (s : N -> R) xs :
  forms_ordered 1 fs = true -> nodes_ordered 1 ns = true -> Forall2 within b xs ->
  exists w : world (Context (table (numbered 1 fs)) (table (numbered 1 ns)) b beta p),
    subject w = s /\
    (forall i, gated_env w (X i) = nth (N.to_nat i) (1 :: xs) 0).
Proof.
  intros F N B.
  set (e := gates_env relu xs fs). set (g := gates_env (gate (Q2R beta)) xs fs).
  set (v := values e g s (fun _ => 0) 1 ns).
  set (with_terms := fun (d : env) a => match a with Term t => v t | _ => d a end).
  assert (E : forall d f, atoms_only f = true -> seval (with_terms d) f = seval d f).
  { intros d f H. apply seval_ext. intros a q I. unfold atoms_only in H. rewrite forallb_forall in H.
    specialize (H _ I). destruct a; [reflexivity..|discriminate]. }
  assert (A : forall j k f, (forms_ordered j fs = true) -> In (k, f) (numbered j fs) -> atoms_only f = true).
  { clear. induction fs as [|f l IH]; intros j k h H I; [destruct I|].
    cbn in H. apply andb_prop in H; destruct H as [H L]. destruct I as [I|I]; [|eapply IH; eassumption].
    injection I as _ <-. unfold atoms_only. rewrite forallb_forall in *. intros x M. specialize (H x M).
    destruct (fst x); [reflexivity..|discriminate]. }
  assert (S : forall act k f, Table.find k (table (numbered 1 fs)) = Some f ->
     gates_env act xs fs (U k) = seval (gates_env act xs fs) f /\
     gates_env act xs fs (G k) = act (gates_env act xs fs (U k)) /\ atoms_only f = true).
  { intros act k f H. apply table_in in H. destruct (run_solves act fs (inputs_env xs) 1 F k f H) as [P Q].
    unfold gates_env. rewrite Q, P. repeat split. apply (A _ _ _ F H). }
  unshelve eexists (World _ (with_terms e) (with_terms g) s v _ _ _ _ _ _ _ _ _ _); cbn [neurons nodes box inverse_temperature].
  - unfold with_terms, e. rewrite gates_env_input. reflexivity.
  - intros i. unfold with_terms, e, g. rewrite !gates_env_input. reflexivity.
  - intros i d H. unfold with_terms, e. rewrite gates_env_input.
    rewrite Nnat.Nat2N.id. cbn [nth]. clear - B H. revert i H.
    induction B as [|q x b xs W B IH]; intros [|i] H; try discriminate.
    + injection H as <-. exact W.
    + apply IH, H.
  - intros j f H. destruct (S relu j f H) as (P & _ & O). rewrite E by exact O. apply P.
  - intros j f H. apply (S relu j f H).
  - intros j f H. destruct (S (gate (Q2R beta)) j f H) as (P & _ & O). rewrite E by exact O. apply P.
  - intros j f H. apply (S _ j f H).
  - reflexivity.
  - reflexivity.
  - intros t n H. apply table_in in H.
    assert (W : node_ordered t n = true).
    { clear - N H. revert N H. generalize 1%positive. induction ns as [|m l IH]; intros j N H; [destruct H|].
      cbn in N. apply andb_prop in N; destruct N as [N L]. destruct H as [H|H]; [|eapply IH; eassumption].
      injection H as <- <-. exact N. }
    unfold v. rewrite (values_solve e g s ns _ 1 N t n H). fold v.
    destruct n; try reflexivity; cbn [node_value]; cbn [node_ordered] in W; symmetry; apply E, W.
  - split; [reflexivity|]. intros i. cbn [gated_env]. unfold with_terms, g. apply gates_env_input.
Qed.
