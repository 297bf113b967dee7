(* How large files write numbers: seven bytes in each primitive integer, lowest first.

   A natural number takes seven bits of each byte, lowest first, and the eighth says that another byte follows
   (LEB128).  An integer z is the natural number 2 |z|, plus 1 if z < 0.  A rational is an integer and its
   denominator.  A list is its length and its members.  Where the matrices are written like this, these definitions
   belong to the statement. *)
From Coq Require Import List NArith ZArith QArith PrimInt63.
From Relucert Require Import Transformer.
Import ListNotations.

Inductive words := End | W (a b c d e f g h i j k l m n o p : int) (rest : words).

Definition byte (a shift : int) : int := land (lsr a shift) 255%uint63.
Definition seven (a : int) (after : list int) : list int :=
  (byte a 0 :: byte a 8 :: byte a 16 :: byte a 24 :: byte a 32 :: byte a 40 :: byte a 48 :: after)%uint63.
Fixpoint bytes (s : words) : list int :=
  match s with
  | End => []
  | W a b c d e f g h i j k l m n o p rest => fold_right seven (bytes rest) [a; b; c; d; e; f; g; h; i; j; k; l; m; n; o; p]
  end.

Definition reader (A : Type) := list int -> A * list int.
Definition bit (a position : int) (higher : N) : N :=
  if eqb (land (lsr a position) 1) 0 then N.double higher else N.succ_double higher.
Definition push (a : int) (higher : N) : N :=
  (bit a 0 (bit a 1 (bit a 2 (bit a 3 (bit a 4 (bit a 5 (bit a 6 higher)))))))%uint63.
Fixpoint natural (l : list int) : N * list int :=
  match l with
  | [] => (0%N, [])
  | b :: l' => let (higher, rest) := if eqb (land b 128) 0 then (0%N, l') else natural l' in (push b higher, rest)
  end.
Fixpoint times {A : Type} (read : reader A) (n : nat) (l : list int) : list A * list int :=
  match n with
  | O => ([], l)
  | S n => let (x, l) := read l in let (xs, l) := times read n l in (x :: xs, l)
  end.
Definition many {A : Type} (read : reader A) : reader (list A) := fun l => let (n, l) := natural l in times read (N.to_nat n) l.
Definition signed (n : N) : Z := match n with Npos (xO p) => Zpos p | Npos (xI p) => Zneg p | _ => Z0 end.
Definition rational : reader Q := fun l =>
  let (n, l) := natural l in let (d, l) := natural l in
  (Qmake (signed n) (match d with Npos p => p | N0 => xH end), l).

Definition entry : reader (N * N * Q) := fun l =>
  let (row, l) := natural l in let (column, l) := natural l in let (q, l) := rational l in ((row, column, q), l).
Definition one_head : reader head := fun l =>
  let (d, l) := natural l in let (q, l) := many entry l in let (k, l) := many entry l in
  let (v, l) := many entry l in let (o, l) := many entry l in (Head (N.to_nat d) q k v o, l).
Definition model_in (s : words) : model :=
  let (e, l) := many entry (bytes s) in let (h, l) := many (many one_head) l in let (r, _) := many entry l in Model e h r.
