(* The sink gate: u * sigma(beta u) is within kappa / beta of max(u, 0) for every real u. *)
From Coq Require Import Reals Lra Lia QArith Qreals.
Open Scope R_scope.

Definition relu (u : R) : R := Rmax 0 u.
Definition sigma (z : R) : R := exp z / (1 + exp z).
Definition gate (beta u : R) : R := u * sigma (beta * u).

Lemma relu_of_nonneg u : 0 <= u -> relu u = u.
Proof. intros; unfold relu; apply Rmax_right; lra. Qed.
Lemma relu_of_nonpos u : u <= 0 -> relu u = 0.
Proof. intros; unfold relu; apply Rmax_left; lra. Qed.

(* max(., 0) has a mean slope between any two points, and it lies in [0, 1]. *)
Lemma relu_slope a b : exists s, 0 <= s <= 1 /\ relu a - relu b = s * (a - b).
Proof.
  destruct (Req_dec a b) as [->|N].
  - exists 0; lra.
  - exists ((relu a - relu b) / (a - b)); split; [|field; lra].
    assert (M : forall p q, p < q -> 0 <= (relu q - relu p) / (q - p) <= 1).
    { intros p q L. assert (I : 0 < / (q - p)) by (apply Rinv_0_lt_compat; lra).
      assert (D : 0 <= relu q - relu p <= q - p)
        by (unfold relu, Rmax; destruct (Rle_dec 0 q), (Rle_dec 0 p); lra).
      split; [apply Rmult_le_pos; lra|].
      apply Rmult_le_reg_r with (q - p); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
    destruct (Rtotal_order a b) as [L|[E|L]]; [|lra|].
    + replace ((relu a - relu b) / (a - b)) with ((relu b - relu a) / (b - a)) by (field; lra). apply M, L.
    + apply M, L.
Qed.

(* The tangent of exp at 1 + c lies below exp. *)
Lemma tangent c t : 0 < c -> 1 <= c * exp (1 + c) -> t <= c * (1 + exp t).
Proof.
  intros C H. set (z := t - 1 - c).
  assert (E : 1 + z <= exp z).
  { destruct (Req_dec z 0) as [->|N]; [rewrite exp_0; lra|left; apply exp_ineq1, N]. }
  assert (S : exp t = exp (1 + c) * exp z) by (rewrite <- exp_plus; f_equal; unfold z; ring).
  assert (P := exp_pos z). rewrite S.
  assert (1 * exp z <= c * exp (1 + c) * exp z) by (apply Rmult_le_compat_r; lra).
  unfold z in *. lra.
Qed.

(* Partial sums of the exponential series at a / b, as (numerator, a^n, denominator): lower bounds where a >= 0. *)
Fixpoint series (n : nat) (a b : Z) : Z * Z * Z :=
  match n with
  | O => (1, 1, 1)%Z
  | S m => let '(s, p, d) := series m a b in
           let k := (b * Z.of_nat n)%Z in (k * s + a * p, a * p, k * d)%Z
  end.

Lemma series_value n a b : (0 < b)%Z -> let '(s, p, d) := series n a b in
  IZR p = IZR a ^ n /\ IZR d = IZR b ^ n * INR (fact n) /\
  IZR s / IZR d = sum_f_R0 (fun i => / INR (fact i) * (IZR a / IZR b) ^ i) n.
Proof.
  intros B. induction n as [|n IH]; [cbn; split; [|split]; field|].
  cbn [series]. destruct (series n a b) as [[s p] d]. destruct IH as (P & D & V).
  assert (B' : IZR b <> 0) by (apply not_0_IZR; lia).
  assert (F : INR (fact n) <> 0) by apply INR_fact_neq_0.
  assert (N : INR (Datatypes.S n) <> 0) by (apply not_0_INR; lia).
  assert (E : IZR (Z.of_nat (Datatypes.S n)) = INR (Datatypes.S n)) by (symmetry; apply INR_IZR_INZ).
  assert (W : IZR b ^ n <> 0) by (apply pow_nonzero, B').
  repeat split.
  - rewrite mult_IZR, P. reflexivity.
  - rewrite !mult_IZR, D, E, fact_simpl, mult_INR. cbn [pow]. ring.
  - cbn [sum_f_R0]. rewrite <- V, plus_IZR, !mult_IZR, E, P, D, fact_simpl, mult_INR.
    unfold Rdiv at 3. rewrite Rpow_mult_distr, pow_inv by exact B'. cbn [pow]. field. auto.
Qed.
Lemma series_below n a b : (0 <= a)%Z -> (0 < b)%Z -> let '(s, _, d) := series n a b in
  0 < IZR d /\ IZR s / IZR d <= exp (IZR a / IZR b).
Proof.
  intros A B. pose proof (series_value n a b B) as V. destruct (series n a b) as [[s p] d].
  destruct V as (_ & D & ->). apply IZR_lt in B. apply IZR_le in A. split.
  - rewrite D. apply Rmult_lt_0_compat; [apply pow_lt, B|apply INR_fact_lt_0].
  - apply sum_incr.
    + unfold exp; destruct (exist_exp (IZR a / IZR b)) as [l L]; exact L.
    + intros k. apply Rmult_le_pos; [left; apply Rinv_0_lt_compat, INR_fact_lt_0|apply pow_le].
      apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat, B].
Qed.

(* W(1/e) = 0.278464542761073795..., rounded up at 15 digits. *)
Definition kappa : Q := 278464542761074 # 1000000000000000.

Lemma kappa_positive : 0 < Q2R kappa.
Proof. unfold Q2R, kappa; cbn [Qnum Qden]. lra. Qed.
Lemma kappa_suffices : 1 <= Q2R kappa * exp (1 + Q2R kappa).
Proof.
  set (b := Zpos (Qden kappa)). set (a := (b + Qnum kappa)%Z).
  assert (C : (let '(s, _, d) := series 22 a b in b * d <=? Qnum kappa * s)%Z = true) by (vm_compute; reflexivity).
  pose proof (series_below 22 a b ltac:(discriminate) ltac:(reflexivity)) as L.
  destruct (series 22 a b) as [[s p] d]. destruct L as [D L].
  apply Z.leb_le, IZR_le in C. rewrite !mult_IZR in C.
  assert (B : 0 < IZR b) by (apply IZR_lt; reflexivity).
  assert (E : IZR a / IZR b = 1 + Q2R kappa).
  { unfold a, Q2R. rewrite plus_IZR. fold b. field. lra. }
  rewrite E in L. apply Rmult_le_compat_l with (r := Q2R kappa) in L; [|left; apply kappa_positive].
  eapply Rle_trans; [|exact L]. unfold Q2R. fold b.
  replace (IZR (Qnum kappa) * / IZR b * (IZR s / IZR d)) with ((IZR (Qnum kappa) * IZR s) / (IZR b * IZR d))
    by (field; lra).
  apply Rmult_le_reg_r with (IZR b * IZR d); [apply Rmult_lt_0_compat; lra|].
  unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r, Rmult_1_l; [exact C|].
  apply Rmult_integral_contrapositive; lra.
Qed.

Lemma quotient_bounds t : 0 <= t -> 0 <= t / (1 + exp t) <= Q2R kappa.
Proof.
  intros H. assert (P := exp_pos t). split.
  - apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra].
  - apply Rmult_le_reg_r with (1 + exp t); [lra|].
    unfold Rdiv; rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    apply tangent; [apply kappa_positive|apply kappa_suffices].
Qed.

Theorem gate_error beta u : 0 < beta -> 0 <= relu u - gate beta u <= Q2R kappa / beta.
Proof.
  intros B. unfold gate, sigma. set (t := beta * u).
  assert (P := exp_pos t).
  assert (K : 0 <= beta * (relu u - u * (exp t / (1 + exp t))) <= Q2R kappa).
  { destruct (Rle_or_lt 0 u) as [H|H].
    - rewrite relu_of_nonneg by lra.
      replace (beta * (u - u * (exp t / (1 + exp t)))) with (t / (1 + exp t)) by (unfold t in *; field; lra).
      apply quotient_bounds. unfold t. apply Rmult_le_pos; lra.
    - rewrite relu_of_nonpos by lra.
      assert (E : exp (- t) = / exp t) by apply exp_Ropp.
      replace (beta * (0 - u * (exp t / (1 + exp t)))) with ((- t) / (1 + exp (- t)))
        by (rewrite E; unfold t in *; field; lra).
      apply quotient_bounds. unfold t.
      assert (0 <= beta * (- u)) by (apply Rmult_le_pos; lra). lra. }
  split; apply Rmult_le_reg_l with beta; try lra.
  replace (beta * (Q2R kappa / beta)) with (Q2R kappa) by (field; lra). lra.
Qed.
