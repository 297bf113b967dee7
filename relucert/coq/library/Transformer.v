(* What an attention-only softmax transformer computes: the one definition that has to be trusted.

   A vector assigns a real to every coordinate.  A matrix lists its entries (row, column, rational); all
   others are zero.  There are two tokens: token 0 is the sink, the zero vector, and token 1 is the embedding
   of (1, inputs).  Every layer adds the outputs of its heads to the stream; a token sees itself and the tokens
   before it (causal mask).  The factor 1/sqrt(d_head) is part of w_q. *)
From Coq Require Import Reals List NArith QArith Qreals.
Import ListNotations.
Open Scope R_scope.

Definition vector := N -> R.
Definition matrix := list (N * N * Q).
Record head := Head { d_head : nat; w_q : matrix; w_k : matrix; w_v : matrix; w_o : matrix }.
Record model := Model { embedding : matrix; layers : list (list head); readout : matrix }.

Definition sum : list R -> R := fold_right Rplus 0.
Definition entry (x : vector) (i : N) (e : N * N * Q) : R :=
  let '(row, column, w) := e in if N.eqb row i then Q2R w * x column else 0.
Definition apply (m : matrix) (x : vector) : vector := fun i => sum (map (entry x i) m).
Definition dot (d : nat) (x y : vector) : R := sum (map (fun i => x (N.of_nat i) * y (N.of_nat i)) (seq 0 d)).
Definition softmax (scores : list R) : list R := map (fun s => exp s / sum (map exp scores)) scores.
Definition mix (weights : list R) (xs : list vector) : vector :=
  fun i => sum (map (fun p => fst p * snd p i) (combine weights xs)).

Definition attend (seen : list vector) (x : vector) (h : head) : vector :=
  let scores := map (fun y => dot (d_head h) (apply (w_q h) x) (apply (w_k h) y)) seen in
  apply (w_o h) (mix (softmax scores) (map (apply (w_v h)) seen)).
Definition update (heads : list head) (seen : list vector) (x : vector) : vector :=
  fun i => x i + sum (map (fun h => attend seen x h i) heads).
Fixpoint causal (heads : list head) (before tokens : list vector) : list vector :=
  match tokens with
  | [] => []
  | x :: after => let seen := before ++ [x] in update heads seen x :: causal heads seen after
  end.
Definition zero : vector := fun _ => 0.
Definition transformer (T : model) (inputs : list R) (output : N) : R :=
  let data := apply (embedding T) (fun i => nth (N.to_nat i) (1 :: inputs) 0) in
  let final := fold_left (fun tokens heads => causal heads [] tokens) (layers T) [zero; data] in
  apply (readout T) (nth 1 final zero) output.
