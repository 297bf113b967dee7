(* The folded square with the softmax gates themselves: what u sigma(beta u) in place of max(u, 0) does to it. *)
From Coq Require Import Reals Lra Lia List ZArith QArith Qreals Bool.
From Relucert Require Import Gate Sparse World Polynomial Facts Shapes Bounds.
Import ListNotations.
Open Scope R_scope.

Lemma exp_above z : 1 + z <= exp z.
Proof. destruct (Req_dec z 0) as [->|N]; [rewrite exp_0; lra|left; apply exp_ineq1, N]. Qed.
Lemma exp_monotone x y : x <= y -> exp x <= exp y.
Proof. intros [H| ->]; [left; apply exp_increasing, H|lra]. Qed.

(* ---- th z = tanh (z / 2), and fold u = 2 gate(u) - u = u th(beta u) ---- *)
Definition th (z : R) : R := 1 - 2 / (1 + exp z).
Lemma th_of_decay z : th z * (1 + exp (- z)) = 1 - exp (- z).
Proof. unfold th. rewrite exp_Ropp. pose proof (exp_pos z). field. lra. Qed.
Lemma th_bounds z : 0 <= z -> 0 <= th z <= 1 /\ 1 - th z <= 2 * exp (- z).
Proof.
  intros Z. pose proof (th_of_decay z) as T. pose proof (exp_pos (- z)) as P.
  assert (E : exp (- z) <= 1) by (rewrite <- exp_0; apply exp_monotone; lra).
  set (d := exp (- z)) in *. set (t := th z) in *.
  assert (0 <= t) by (apply Rmult_le_reg_r with (1 + d); lra).
  assert (t <= 1) by (apply Rmult_le_reg_r with (1 + d); lra). split; [lra|].
  assert (0 <= (1 - t) * d) by (apply Rmult_le_pos; lra).
  assert (0 <= t * d) by (apply Rmult_le_pos; lra). lra.
Qed.
Lemma th_opp z : th (- z) = - th z.
Proof. unfold th. rewrite exp_Ropp. pose proof (exp_pos z). field. lra. Qed.

Section Fold.
Variable beta : R.
Hypothesis beta_pos : 0 < beta.
Definition fold (u : R) : R := 2 * gate beta u - u.
Lemma fold_th u : fold u = u * th (beta * u).
Proof. unfold fold, gate, sigma, th. pose proof (exp_pos (beta * u)). field. lra. Qed.
Lemma fold_even u : fold (- u) = fold u.
Proof. rewrite !fold_th. replace (beta * - u) with (- (beta * u)) by ring. rewrite th_opp. ring. Qed.
Lemma fold_abs u : fold u = fold (Rabs u).
Proof. unfold Rabs; destruct Rcase_abs; [symmetry; apply fold_even|reflexivity]. Qed.
Lemma fold_bounds u : 0 <= u -> 0 <= fold u <= u.
Proof.
  intros U. rewrite fold_th. assert (B : 0 <= beta * u) by (apply Rmult_le_pos; lra).
  apply th_bounds in B. destruct B as [B _]. split; [apply Rmult_le_pos; lra|].
  set (t := th (beta * u)) in *. assert (0 <= u * (1 - t)) by (apply Rmult_le_pos; lra). lra.
Qed.

(* th is concave, so that it lies above its chords from zero. *)
Definition slope (u : R) : R := 2 * beta * exp (beta * u) / ((1 + exp (beta * u)) * (1 + exp (beta * u))).
Lemma th_derivative u : derivable_pt_lim (fun v => th (beta * v)) u (slope u).
Proof.
  pose proof (exp_pos (beta * u)) as P.
  assert (D : derivable_pt_lim (fct_cte 1 + comp exp (mult_real_fct beta id))%F u (0 + exp (beta * u) * (beta * 1))).
  { apply derivable_pt_lim_plus; [apply derivable_pt_lim_const|].
    apply derivable_pt_lim_comp; [apply derivable_pt_lim_scal, derivable_pt_lim_id|apply derivable_pt_lim_exp]. }
  assert (Q : derivable_pt_lim (fct_cte 2 / (fct_cte 1 + comp exp (mult_real_fct beta id)))%F u
    ((0 * (1 + exp (beta * u)) - (0 + exp (beta * u) * (beta * 1)) * 2) / Rsqr (1 + exp (beta * u)))).
  { apply (derivable_pt_lim_div (fct_cte 2) _ u 0 _ (derivable_pt_lim_const 2 u) D).
    cbv [plus_fct fct_cte comp mult_real_fct id]. lra. }
  replace (slope u) with (0 - (0 * (1 + exp (beta * u)) - (0 + exp (beta * u) * (beta * 1)) * 2) / Rsqr (1 + exp (beta * u)))
    by (unfold slope, Rsqr; field; lra).
  apply (derivable_pt_lim_minus (fct_cte 1) _ u 0 _ (derivable_pt_lim_const 1 u) Q).
Qed.
Lemma slope_falls p q : 0 <= p < q -> slope q <= slope p.
Proof.
  intros [P Q]. assert (Ep : 1 <= exp (beta * p)).
  { rewrite <- exp_0. apply exp_monotone, Rmult_le_pos; lra. }
  assert (Eq : exp (beta * p) < exp (beta * q)) by (apply exp_increasing, Rmult_lt_compat_l; assumption).
  unfold slope. set (a := exp (beta * p)) in *. set (b := exp (beta * q)) in *.
  assert (E : 2 * beta * a / ((1 + a) * (1 + a)) - 2 * beta * b / ((1 + b) * (1 + b))
    = 2 * beta * ((b - a) * (a * b - 1)) * / ((1 + a) * (1 + a) * ((1 + b) * (1 + b)))) by (field; lra).
  assert (1 * 1 <= a * b) by (apply Rmult_le_compat; lra).
  assert (0 <= (b - a) * (a * b - 1)) by (apply Rmult_le_pos; lra).
  assert (0 < / ((1 + a) * (1 + a) * ((1 + b) * (1 + b)))) by (apply Rinv_0_lt_compat; repeat apply Rmult_lt_0_compat; lra).
  assert (0 <= 2 * beta * ((b - a) * (a * b - 1)) * / ((1 + a) * (1 + a) * ((1 + b) * (1 + b)))); [|lra].
  apply Rmult_le_pos; [|lra]. apply Rmult_le_pos; lra.
Qed.
Lemma above_chord c rho u : 0 <= rho -> c <= th (beta * c) * rho -> 0 <= u <= c -> u <= th (beta * u) * rho.
Proof.
  intros R C U. destruct (Req_dec u c) as [->|N]; [exact C|].
  destruct (Req_dec u 0) as [->|Z].
  { apply Rmult_le_pos; [|exact R]. apply th_bounds. lra. }
  destruct (Rle_or_lt u (th (beta * u) * rho)) as [H|H]; [exact H|exfalso].
  set (f v := rho * th (beta * v) - v).
  assert (D : forall v, derivable_pt_lim f v (rho * slope v - 1)).
  { intros v. apply (derivable_pt_lim_minus (mult_real_fct rho (fun v => th (beta * v))) id);
      [apply derivable_pt_lim_scal, th_derivative|apply derivable_pt_lim_id]. }
  destruct (MVT_cor2 f (fun v => rho * slope v - 1) 0 u) as (p & Ep & P); [lra|intros; apply D|].
  destruct (MVT_cor2 f (fun v => rho * slope v - 1) u c) as (q & Eq & Q); [lra|intros; apply D|].
  assert (F0 : f 0 = 0).
  { unfold f. replace (th (beta * 0)) with 0; [ring|]. unfold th. rewrite Rmult_0_r, exp_0. field. }
  assert (Fu : f u < 0) by (unfold f; lra). assert (Fc : 0 <= f c) by (unfold f; lra).
  assert (S : rho * slope q <= rho * slope p) by (apply Rmult_le_compat_l; [exact R|apply slope_falls; lra]).
  assert (Neg : rho * slope p - 1 < 0).
  { apply Rmult_lt_reg_r with (u - 0); [lra|]. rewrite <- Ep. lra. }
  assert (Pos : 0 < rho * slope q - 1).
  { apply Rmult_lt_reg_r with (c - u); [lra|]. rewrite <- Eq. lra. }
  lra.
Qed.
Lemma decays c u : 0 < c <= u -> 2 <= beta * c -> u * u * exp (- (beta * u)) <= c * c * exp (- (beta * c)).
Proof.
  intros [C U] B. set (s := (u - c) / c).
  assert (E : u = c * (1 + s)) by (unfold s; field; lra).
  assert (I : 0 < / c) by (apply Rinv_0_lt_compat, C).
  assert (S : 0 <= s) by (unfold s; apply Rmult_le_pos; lra).
  assert (L : u <= c * exp s) by (rewrite E at 1; apply Rmult_le_compat_l; [lra|apply exp_above]).
  assert (M : 2 * s <= beta * u - beta * c).
  { replace (beta * u - beta * c) with (beta * c * s) by (unfold s; field; lra). apply Rmult_le_compat_r; assumption. }
  assert (X : exp (- (beta * u)) <= exp (- (2 * s)) * exp (- (beta * c))).
  { rewrite <- exp_plus. apply exp_monotone. lra. }
  pose proof (exp_pos (- (beta * u))). pose proof (exp_pos (- (beta * c))). pose proof (exp_pos s).
  assert (V : exp s * exp s * exp (- (2 * s)) = 1).
  { rewrite <- !exp_plus. replace (s + s + - (2 * s)) with 0 by ring. apply exp_0. }
  apply Rle_trans with (c * exp s * (c * exp s) * (exp (- (2 * s)) * exp (- (beta * c)))).
  - apply Rmult_le_compat; [apply Rmult_le_pos; lra|lra| |exact X]. apply Rmult_le_compat; lra.
  - right. replace (c * exp s * (c * exp s) * (exp (- (2 * s)) * exp (- (beta * c))))
      with (c * c * exp (- (beta * c)) * (exp s * exp s * exp (- (2 * s)))) by ring. rewrite V. ring.
Qed.

(* gap r t: what r folds from t leave of t - t^2. *)
Fixpoint gap (r : nat) (t : R) : R :=
  match r with
  | O => t - t * t
  | S r => let v := fold (2 * t - 1) in (v * v - (2 * t - 1) * (2 * t - 1)) / 4 + gap r v / 4
  end.
Lemma gap_symmetric r t : gap r (1 - t) = gap r t.
Proof.
  destruct r as [|r]; [cbn; ring|]. cbn [gap]. replace (2 * (1 - t) - 1) with (- (2 * t - 1)) by ring.
  rewrite fold_even. f_equal. f_equal. ring.
Qed.
Lemma fold_inside t : 0 <= t <= 1 -> 0 <= fold (2 * t - 1) <= 1 /\
  fold (2 * t - 1) * fold (2 * t - 1) <= (2 * t - 1) * (2 * t - 1).
Proof.
  intros H. rewrite fold_abs. pose proof (fold_bounds _ (Rabs_pos (2 * t - 1))) as B.
  assert (A : Rabs (2 * t - 1) <= 1) by (apply Rabs_le; lra).
  split; [lra|]. replace ((2 * t - 1) * (2 * t - 1)) with (Rabs (2 * t - 1) * Rabs (2 * t - 1))
    by (unfold Rabs; destruct Rcase_abs; ring). apply Rmult_le_compat; lra.
Qed.
Lemma gap_above r : forall t, 0 <= t <= 1 -> gap r t <= (/ 4) ^ r / 4.
Proof.
  induction r as [|r IH]; intros t H; cbn [gap pow].
  - assert (0 <= (t - 1 / 2) * (t - 1 / 2)) by apply Rle_0_sqr. lra.
  - destruct (fold_inside t H) as [B Q]. apply IH in B. lra.
Qed.

(* Near the ends gap is almost a parabola; everywhere it is almost nonnegative. *)
Definition bounded (r : nat) (Y A D : R) : Prop :=
  0 < Y <= 1 /\ (forall y, 0 <= y <= Y -> y * ((/ 2) ^ r - y) - A <= gap r y) /\
  (forall t, 0 <= t <= 1 -> - D <= gap r t).
Lemma bounded_start Y : 0 < Y <= 1 -> bounded 0 Y 0 0.
Proof.
  intros H. split; [exact H|]. split; intros t T; cbn [gap pow]; [lra|].
  assert (0 <= t * (1 - t)) by (apply Rmult_le_pos; lra). lra.
Qed.
Lemma bounded_step r Y A D near far Y' A' D' : bounded r Y A D ->
  exp (- (beta * Y)) <= near -> exp (- (beta * (1 - Y))) <= far ->
  2 <= beta * Y -> (1 + near) * Y <= (1 - near) * (/ 2) ^ r ->
  A <= 4 * D' -> 4 * (Y * Y * near) + D <= 4 * D' -> 4 * far + A <= 4 * A' -> 2 * Y' <= Y - 2 * far -> 0 < Y' ->
  bounded (S r) Y' A' D'.
Proof.
  intros (HY & Ends & All) Near Far B2 Test HA HD HA' HY' Pos.
  set (rho := (/ 2) ^ r) in *. assert (R : 0 < rho) by (apply pow_lt; lra).
  pose proof (exp_pos (- (beta * Y))) as NearPos. pose proof (exp_pos (- (beta * (1 - Y)))) as FarPos.
  assert (Chord : Y <= th (beta * Y) * rho).
  { pose proof (th_of_decay (beta * Y)) as T. set (d := exp (- (beta * Y))) in *.
    apply Rmult_le_reg_r with (1 + d); [lra|].
    replace (th (beta * Y) * rho * (1 + d)) with ((1 - d) * rho) by (rewrite <- T; ring).
    assert (d * Y <= near * Y) by (apply Rmult_le_compat_r; lra).
    assert (d * rho <= near * rho) by (apply Rmult_le_compat_r; lra). lra. }
  split; [lra|split].
  - intros y Hy. cbn [gap pow]. fold rho.
    set (u := 1 - 2 * y). assert (U : 0 <= u <= 1) by (unfold u; lra).
    assert (E : fold (2 * y - 1) = fold u) by (rewrite <- (fold_even u); f_equal; unfold u; ring).
    rewrite E. set (d := u * (1 - th (beta * u))).
    assert (F : fold u = u - d) by (rewrite fold_th; unfold d; ring).
    assert (Bu : 0 <= beta * u) by (apply Rmult_le_pos; lra). apply th_bounds in Bu. destruct Bu as [T1 T2].
    assert (D0 : 0 <= d) by (unfold d; apply Rmult_le_pos; lra).
    assert (X : exp (- (beta * u)) <= far).
    { eapply Rle_trans; [|exact Far]. apply exp_monotone, Ropp_le_contravar, Rmult_le_compat_l; unfold u; lra. }
    assert (D1 : d <= 2 * far).
    { unfold d. apply Rle_trans with (1 * (1 - th (beta * u))); [apply Rmult_le_compat_r; lra|lra]. }
    assert (V : 0 <= 2 * y + d <= Y) by lra.
    apply Ends in V. replace (2 * y + d) with (1 - fold u) in V at 3 by (rewrite F; unfold u; ring).
    rewrite gap_symmetric in V. assert (0 <= d * rho) by (apply Rmult_le_pos; lra).
    set (g := gap r (fold u)) in *. rewrite F. unfold u in *. 
    replace ((1 - 2 * y - d) * (1 - 2 * y - d) - (2 * y - 1) * (2 * y - 1)) with (d * d - 2 * d + 4 * (y * d)) by ring.
    replace ((2 * y + d) * (rho - (2 * y + d))) with (2 * (y * rho) - 4 * (y * y) - 4 * (y * d) - d * d + d * rho) in V by ring.
    replace (y * (/ 2 * rho - y)) with ((y * rho) / 2 - y * y) by field. lra.
  - intros t Ht. cbn [gap]. destruct (fold_inside t Ht) as [I _]. set (x := 2 * t - 1) in *.
    replace (x * x) with (Rabs x * Rabs x) by (unfold Rabs; destruct Rcase_abs; ring).
    rewrite fold_abs in *. pose proof (Rabs_pos x) as U0. set (u := Rabs x) in *.
    pose proof (fold_bounds u U0) as Fb. destruct (Rle_or_lt u Y) as [L|L].
    + assert (V : 0 <= fold u <= Y) by lra. apply Ends in V.
      assert (K : u * u <= fold u * rho).
      { rewrite fold_th, Rmult_assoc. apply Rmult_le_compat_l; [exact U0|]. apply (above_chord Y); [lra|exact Chord|lra]. }
      lra.
    + apply All in I. assert (W : Y * Y * exp (- (beta * Y)) <= Y * Y * near).
      { apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|exact Near]. }
      assert (Z : u * u * exp (- (beta * u)) <= Y * Y * exp (- (beta * Y))) by (apply decays; lra).
      assert (Bu : 0 <= beta * u) by (apply Rmult_le_pos; lra). apply th_bounds in Bu. destruct Bu as [T1 T2].
      assert (Q : u * u - fold u * fold u <= 4 * (u * u * exp (- (beta * u)))).
      { rewrite fold_th. set (s := th (beta * u)) in *. set (ex := exp (- (beta * u))) in *.
        replace (u * u - u * s * (u * s)) with (u * u * ((1 - s) * (1 + s))) by ring.
        replace (4 * (u * u * ex)) with (u * u * (2 * ex * 2)) by ring.
        apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|]. apply Rmult_le_compat; lra. }
      lra.
Qed.
End Fold.

(* ---- upper bounds of exp(-q), in integers rounded outward: partial sums of exp(q / 2^h), squared h times ---- *)
Section Decay.
Variable W : positive. (* one, with digits to spare *)
Let unit := IZR (Zpos W).
Fixpoint partial (n : nat) (r : Z) : Z * Z :=
  match n with
  | O => (Zpos W, Zpos W)
  | S m => let (s, t) := partial m r in let t' := fdiv (t * r) (W * Pos.of_succ_nat m) in ((s + t')%Z, t')
  end.
Lemma partial_value n r : (0 <= r)%Z -> let (s, t) := partial n r in (0 <= t)%Z /\
  IZR t / unit <= / INR (Factorial.fact n) * (IZR r / unit) ^ n /\
  IZR s / unit <= sum_f_R0 (fun i => / INR (Factorial.fact i) * (IZR r / unit) ^ i) n.
Proof.
  intros R. assert (U : 0 < unit) by apply IZR_pos. apply IZR_le in R.
  assert (X : 0 <= IZR r / unit) by (apply Rmult_le_pos; [exact R|left; apply Rinv_0_lt_compat, U]).
  induction n as [|n IH].
  - cbn [partial]. split; [lia|]. fold unit. cbn. replace (unit / unit) with 1 by (field; lra). lra.
  - cbn [partial]. destruct (partial n r) as [s t]. destruct IH as (T & Tn & Sn).
    set (d := (W * Pos.of_succ_nat n)%positive).
    assert (T' : (0 <= fdiv (t * r) d)%Z).
    { rewrite fdiv_is_div. apply Z.div_pos; [apply Z.mul_nonneg_nonneg; [exact T|apply le_IZR, R]|lia]. }
    assert (K : IZR (fdiv (t * r) d) / unit <= / INR (Factorial.fact (S n)) * (IZR r / unit) ^ S n).
    { pose proof (fdiv_below (t * r) d) as F. rewrite mult_IZR in F. unfold d in F at 2.
      rewrite Pos2Z.inj_mul, mult_IZR in F. fold unit in F.
      assert (Sn' : IZR (Zpos (Pos.of_succ_nat n)) = INR (S n)).
      { rewrite INR_IZR_INZ. reflexivity. }
      rewrite Sn' in F. assert (N : 0 < INR (S n)) by (apply lt_0_INR; lia).
      assert (Fn : 0 < INR (Factorial.fact n)) by apply INR_fact_lt_0.
      rewrite fact_simpl, mult_INR. cbn [pow].
      apply Rle_trans with (IZR t / unit * (IZR r / unit) * / INR (S n)).
      - replace (IZR t / unit * (IZR r / unit) * / INR (S n)) with (IZR t * IZR r / (unit * INR (S n)) / unit) by (field; lra).
        apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat, U|exact F].
      - replace (/ (INR (S n) * INR (Factorial.fact n)) * (IZR r / unit * (IZR r / unit) ^ n))
          with (/ INR (Factorial.fact n) * (IZR r / unit) ^ n * (IZR r / unit) * / INR (S n)) by (field; lra).
        apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat, N|]. apply Rmult_le_compat_r; assumption. }
    split; [exact T'|split; [exact K|]]. cbn [sum_f_R0]. rewrite plus_IZR. unfold Rdiv in *. lra.
Qed.
Lemma partial_nonneg n r : (0 <= r)%Z -> (0 <= fst (partial n r))%Z.
Proof.
  intros R. induction n as [|m IH]; cbn [partial]; [cbn; lia|].
  pose proof (partial_value m r R) as V. destruct (partial m r) as [s t]. cbn [fst] in *. destruct V as (T & _).
  assert (0 <= fdiv (t * r) (W * Pos.of_succ_nat m))%Z; [|lia].
  rewrite fdiv_is_div. apply Z.div_pos; [apply Z.mul_nonneg_nonneg; assumption|lia].
Qed.
Lemma partial_below n r : (0 <= r)%Z -> IZR (fst (partial n r)) / unit <= exp (IZR r / unit).
Proof.
  intros R. pose proof (partial_value n r R) as H. destruct (partial n r) as [s t]. destruct H as (_ & _ & H).
  eapply Rle_trans; [exact H|]. apply sum_incr.
  - unfold exp; destruct (exist_exp (IZR r / unit)) as [l L]; exact L.
  - intros k. apply Rmult_le_pos; [left; apply Rinv_0_lt_compat, INR_fact_lt_0|apply pow_le].
    apply Rmult_le_pos; [apply IZR_le, R|left; apply Rinv_0_lt_compat, IZR_pos].
Qed.
Fixpoint squares (h : nat) (l : Z) : Z := match h with O => l | S h => squares h (fdiv (l * l) W) end.
Lemma squares_below h : forall l x, (0 <= l)%Z -> IZR l / unit <= exp x -> IZR (squares h l) / unit <= exp (2 ^ h * x).
Proof.
  induction h as [|h IH]; intros l x L X; cbn [squares pow]; [rewrite Rmult_1_l; exact X|].
  replace (2 * 2 ^ h * x) with (2 ^ h * (2 * x)) by ring. assert (U : 0 < unit) by apply IZR_pos. apply IH.
  - rewrite fdiv_is_div. apply Z.div_pos; [apply Z.mul_nonneg_nonneg; exact L|lia].
  - pose proof (fdiv_below (l * l) W) as F. rewrite mult_IZR in F. fold unit in F. apply IZR_le in L.
    assert (P : 0 <= IZR l / unit) by (apply Rmult_le_pos; [exact L|left; apply Rinv_0_lt_compat, U]).
    replace (2 * x) with (x + x) by ring. rewrite exp_plus.
    apply Rle_trans with (IZR l / unit * (IZR l / unit)); [|apply Rmult_le_compat; assumption].
    replace (IZR l / unit * (IZR l / unit)) with (IZR l * IZR l / unit / unit) by (field; lra).
    apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat, U|exact F].
Qed.
(* exp(-n/d) in units of 1 / one *)
Definition decay (one : positive) (terms : nat) (n : Z) (d : positive) : Z :=
  let h := Z.to_nat (Z.log2 (n / Zpos d) + 11) in
  let r := fdiv (n * Zpos W) (d * Pos.shiftl_nat 1 h) in
  match squares h (fst (partial terms r)) with Zpos p => cdiv (Zpos one * Zpos W) p | _ => Zpos one end.
Lemma shiftl_value h : IZR (Zpos (Pos.shiftl_nat 1 h)) = 2 ^ h.
Proof.
  induction h as [|h IH]; [reflexivity|]. cbn [pow]. rewrite <- IH, <- mult_IZR. reflexivity.
Qed.
Lemma decay_above one terms n d : (0 <= n)%Z -> exp (- (IZR n / IZR (Zpos d))) <= IZR (decay one terms n d) / IZR (Zpos one).
Proof.
  intros N. unfold decay. set (h := Z.to_nat _). set (r := fdiv _ _).
  assert (U : 0 < unit) by apply IZR_pos. assert (Dp : 0 < IZR (Zpos d)) by apply IZR_pos.
  assert (O : 0 < IZR (Zpos one)) by apply IZR_pos. assert (H2 : 0 < 2 ^ h) by (apply pow_lt; lra).
  assert (R0 : (0 <= r)%Z).
  { unfold r. rewrite fdiv_is_div. apply Z.div_pos; [apply Z.mul_nonneg_nonneg; lia|lia]. }
  assert (R : 2 ^ h * (IZR r / unit) <= IZR n / IZR (Zpos d)).
  { pose proof (fdiv_below (n * Zpos W) (d * Pos.shiftl_nat 1 h)) as F. fold r in F.
    rewrite mult_IZR, Pos2Z.inj_mul, mult_IZR, shiftl_value in F. fold unit in F.
    replace (IZR n / IZR (Zpos d)) with (2 ^ h * (IZR n * unit / (IZR (Zpos d) * 2 ^ h) / unit)) by (field; lra).
    apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat, U|exact F]. }
  pose proof (partial_below terms r R0) as Pb.
  pose proof (partial_nonneg terms r R0) as S0.
  pose proof (squares_below h _ _ S0 Pb) as Q. set (l := squares h _) in *.
  assert (E : IZR l / unit <= exp (IZR n / IZR (Zpos d))) by (eapply Rle_trans; [exact Q|apply exp_monotone, R]).
  assert (X0 : 0 <= IZR n / IZR (Zpos d)).
  { apply IZR_le in N. apply Rmult_le_pos; [exact N|left; apply Rinv_0_lt_compat, Dp]. }
  set (x := IZR n / IZR (Zpos d)) in *. pose proof (exp_pos x) as Ex. rewrite exp_Ropp.
  assert (Easy : / exp x <= IZR (Zpos one) / IZR (Zpos one)).
  { replace (IZR (Zpos one) / IZR (Zpos one)) with (/ 1) by (field; lra).
    apply Rinv_le_contravar; [lra|]. rewrite <- exp_0. apply exp_monotone, X0. }
  destruct l as [|p|p]; try exact Easy.
  pose proof (cdiv_above (Zpos one * Zpos W) p) as F. rewrite mult_IZR in F. fold unit in F.
  assert (P : 0 < IZR (Zpos p)) by apply IZR_pos.
  apply Rle_trans with (unit / IZR (Zpos p)).
  - replace (unit / IZR (Zpos p)) with (/ (IZR (Zpos p) / unit)) by (field; lra).
    apply Rinv_le_contravar; [|exact E]. apply Rmult_lt_0_compat; [exact P|apply Rinv_0_lt_compat, U].
  - replace (unit / IZR (Zpos p)) with (IZR (Zpos one) * unit / IZR (Zpos p) / IZR (Zpos one)) by (field; lra).
    apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat, O|exact F].
Qed.
End Decay.

(* ---- the recursion of [bounded] in integers, in units of 1 / one ---- *)
Section Levels.
Variables (beta : Q) (one : positive).
Hypothesis beta_pos : 0 < Q2R beta.
Let bits := Pos.size one.
Let W := Pos.mul one (Pos.shiftl_nat 1 40).
Let terms := (6 + Pos.to_nat bits / 12)%nat.
Let tiny := decay W one terms (Zpos bits) 1.
(* exp(-beta x) *)
Definition fading (tiny : Z) (x : Z) : Z :=
  let n := (Qnum beta * x)%Z in let d := (Qden beta * one)%positive in
  if Z.leb (Zpos bits * Zpos d) n then tiny else decay W one terms n d.
Let unit := IZR (Zpos one).
Lemma fading_above x : (0 <= x)%Z -> exp (- (Q2R beta * (IZR x / unit))) <= IZR (fading tiny x) / unit.
Proof.
  intros X. unfold fading. set (n := (Qnum beta * x)%Z). set (d := (Qden beta * one)%positive).
  assert (U : 0 < unit) by apply IZR_pos. assert (B : 0 < IZR (Zpos (Qden beta))) by apply IZR_pos.
  assert (Dp : 0 < IZR (Zpos d)) by apply IZR_pos.
  assert (E : Q2R beta * (IZR x / unit) = IZR n / IZR (Zpos d)).
  { unfold n, d, Q2R. rewrite Pos2Z.inj_mul, !mult_IZR. fold unit. field. lra. }
  assert (N : (0 <= Qnum beta)%Z).
  { unfold Q2R in beta_pos. apply le_IZR. assert (I : 0 < / IZR (Zpos (Qden beta))) by (apply Rinv_0_lt_compat, B).
    apply Rmult_le_reg_r with (/ IZR (Zpos (Qden beta))); lra. }
  rewrite E. destruct (Z.leb_spec (Zpos bits * Zpos d) n) as [L|L].
  - eapply Rle_trans; [|apply (decay_above W one terms (Zpos bits) 1); lia].
    apply exp_monotone, Ropp_le_contravar. apply IZR_le in L. rewrite mult_IZR in L.
    replace (IZR (Zpos bits) / 1) with (IZR (Zpos bits) * IZR (Zpos d) / IZR (Zpos d)) by (field; lra).
    apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat, Dp|exact L].
  - apply decay_above. apply Z.mul_nonneg_nonneg; assumption.
Qed.
Fixpoint levels (tiny : Z) (n : nat) (power : positive) (Y A D : Z) : option Z :=
  match n with
  | O => Some D
  | S n =>
      let near := fading tiny Y in let far := fading tiny (Zpos one - Y) in
      let A' := cdiv (4 * far + A) 4 in
      let D' := cdiv (Z.max A (cdiv (4 * Y * Y * near) (one * one) + D)) 4 in
      let Y' := fdiv (Y - 2 * far) 2 in
      if Z.leb (2 * Zpos one * Zpos (Qden beta)) (Qnum beta * Y)
         && Z.leb ((Zpos one + near) * Y * Zpos power) ((Zpos one - near) * Zpos one) && Z.ltb 0 Y'
      then levels tiny n (2 * power) Y' A' D' else None
  end.
Lemma levels_value n : forall r power Y A D total, levels tiny n power Y A D = Some total ->
  IZR (Zpos power) = 2 ^ r -> bounded (Q2R beta) r (IZR Y / unit) (IZR A / unit) (IZR D / unit) ->
  forall t, 0 <= t <= 1 -> - (IZR total / unit) <= gap (Q2R beta) (r + n) t.
Proof.
  assert (U : 0 < unit) by apply IZR_pos. assert (I : 0 < / unit) by (apply Rinv_0_lt_compat, U).
  induction n as [|n IH]; intros r power Y A D total H P B t Ht; cbn [levels] in H.
  - injection H as <-. rewrite Nat.add_0_r. apply B, Ht.
  - destruct (_ && _)%bool eqn:E in H; [|discriminate].
    apply andb_prop in E; destruct E as [E Yp]. apply andb_prop in E; destruct E as [T1 T2].
    apply Z.leb_le, IZR_le in T1, T2. apply Z.ltb_lt, IZR_lt in Yp.
    rewrite !mult_IZR in T1, T2. rewrite plus_IZR in T2. rewrite minus_IZR in T2. fold unit in T1, T2. rewrite P in T2.
    replace (r + S n)%nat with (S r + n)%nat by lia.
    apply (IH (S r) _ _ _ _ _ H); [rewrite Pos2Z.inj_mul, mult_IZR, P; reflexivity| |exact Ht].
    destruct B as (HY & Rest). set (y := IZR Y / unit) in *.
    assert (Yu : IZR Y = y * unit) by (unfold y; field; lra).
    assert (Y0 : (0 <= Y)%Z). { apply le_IZR. rewrite Yu. apply Rmult_le_pos; lra. }
    assert (Y1 : (0 <= Zpos one - Y)%Z).
    { apply le_IZR. rewrite minus_IZR. fold unit. rewrite Yu. assert (y * unit <= 1 * unit) by (apply Rmult_le_compat_r; lra). lra. }
    pose proof (fading_above Y Y0) as Near. pose proof (fading_above _ Y1) as Far.
    rewrite minus_IZR in Far. fold unit in Far. fold y in Near.
    replace ((unit - IZR Y) / unit) with (1 - y) in Far by (unfold y; field; lra).
    set (near := fading tiny Y) in *. set (far := fading tiny (Zpos one - Y)) in *.
    assert (Den : 0 < IZR (Zpos (Qden beta))) by apply IZR_pos.
    apply (bounded_step (Q2R beta) beta_pos r y (IZR A / unit) (IZR D / unit) (IZR near / unit) (IZR far / unit));
      try assumption; [split; assumption| | | | | | |].
    + apply Rmult_le_reg_r with (unit * IZR (Zpos (Qden beta))); [apply Rmult_lt_0_compat; assumption|].
      replace (Q2R beta * y * (unit * IZR (Zpos (Qden beta)))) with (IZR (Qnum beta) * (y * unit)) by (unfold Q2R; field; lra).
      rewrite <- Yu. lra.
    + assert (H2 : 0 < 2 ^ r) by (apply pow_lt; lra). rewrite pow_inv by lra.
      apply Rmult_le_reg_r with (unit * unit * 2 ^ r); [repeat apply Rmult_lt_0_compat; assumption|].
      replace ((1 + IZR near / unit) * y * (unit * unit * 2 ^ r)) with ((unit + IZR near) * (y * unit) * 2 ^ r) by (field; lra).
      replace ((1 - IZR near / unit) * / 2 ^ r * (unit * unit * 2 ^ r)) with ((unit - IZR near) * unit) by (field; lra).
      rewrite <- Yu. exact T2.
    + pose proof (cdiv_above (Z.max A (cdiv (4 * Y * Y * near) (one * one) + D)) 4) as K.
      assert (M : IZR A <= IZR (Z.max A (cdiv (4 * Y * Y * near) (one * one) + D))) by (apply IZR_le; lia).
      set (z := IZR (cdiv _ 4)) in *. assert (IZR A <= 4 * z) by lra.
      replace (4 * (z / unit)) with (4 * z / unit) by (field; lra). apply Rmult_le_compat_r; lra.
    + pose proof (cdiv_above (Z.max A (cdiv (4 * Y * Y * near) (one * one) + D)) 4) as K.
      assert (M : IZR (cdiv (4 * Y * Y * near) (one * one)) + IZR D <= IZR (Z.max A (cdiv (4 * Y * Y * near) (one * one) + D)))
        by (rewrite <- plus_IZR; apply IZR_le; lia).
      set (z := IZR (cdiv _ 4)) in *. assert (L : IZR (cdiv (4 * Y * Y * near) (one * one)) + IZR D <= 4 * z) by lra.
      pose proof (cdiv_above (4 * Y * Y * near) (one * one)) as V. rewrite !mult_IZR, Pos2Z.inj_mul, mult_IZR in V. fold unit in V.
      rewrite Yu in V. apply Rmult_le_reg_r with unit; [exact U|].
      replace ((4 * (y * y * (IZR near / unit)) + IZR D / unit) * unit)
        with (4 * (y * unit) * (y * unit) * IZR near / (unit * unit) + IZR D) by (field; lra).
      replace (4 * (z / unit) * unit) with (4 * z) by (field; lra). lra.
    + pose proof (cdiv_above (4 * far + A) 4) as K. rewrite plus_IZR, mult_IZR in K. set (z := IZR (cdiv _ 4)) in *.
      apply Rmult_le_reg_r with unit; [exact U|].
      replace ((4 * (IZR far / unit) + IZR A / unit) * unit) with (4 * IZR far + IZR A) by (field; lra).
      replace (4 * (z / unit) * unit) with (4 * z) by (field; lra). lra.
    + pose proof (fdiv_below (Y - 2 * far) 2) as K. rewrite minus_IZR, mult_IZR in K. set (z := IZR (fdiv _ 2)) in *.
      apply Rmult_le_reg_r with unit; [exact U|].
      replace ((y - 2 * (IZR far / unit)) * unit) with (y * unit - 2 * IZR far) by (field; lra).
      replace (2 * (z / unit) * unit) with (2 * z) by (field; lra). lra.
    + apply Rmult_lt_0_compat; assumption.
Qed.
Definition worst (n : nat) (Y : Z) : option Z := let tiny := decay W one terms (Zpos bits) 1 in levels tiny n 1 Y 0 0.
Lemma worst_value n Y total : worst n Y = Some total -> (0 < Y <= Zpos one)%Z ->
  forall t, 0 <= t <= 1 -> - (IZR total / unit) <= gap (Q2R beta) n t.
Proof.
  intros H Y1 t T. assert (U : 0 < unit) by apply IZR_pos. assert (I : 0 < / unit) by (apply Rinv_0_lt_compat, U).
  apply (levels_value n 0 1 Y 0 0 total H); [reflexivity| |exact T].
  replace (0 / unit) with 0 by (unfold Rdiv; ring). apply bounded_start. destruct Y1 as [A B].
  apply IZR_lt in A. apply IZR_le in B. fold unit in B. split; [apply Rmult_lt_0_compat; assumption|].
  replace 1 with (unit / unit) by (field; lra). apply Rmult_le_compat_r; lra.
Qed.
End Levels.

(* ---- the rule ---- *)
Section Rule.
Variables (C : context) (w : world C).
Let g := gated_env w.
Let b := Q2R (inverse_temperature C).
Lemma folded_gated j f : Table.find j (neurons C) = Some f -> seval g (folded j) = fold b (seval g f).
Proof.
  intros F. cbn. unfold g. rewrite (gated_gate w j f F), (gated_pre w j f F). unfold fold, b.
  replace (Q2R 2) with 2 by (unfold Q2R; simpl; lra). replace (Q2R (-1)) with (-1) by (unfold Q2R; simpl; lra). ring.
Qed.
Lemma one_form_gated q : seval g (one_form q) = Q2R q.
Proof. cbn. unfold g. rewrite (same_inputs w), (one_is_one w). ring. Qed.
Lemma fold_chain_gated chain : forall v total scale result last square,
  fold_chain C chain v total scale = Some (result, last) ->
  Q2R last = Q2R scale * (/ 4) ^ length chain /\
  seval g result - square = seval g total - square - Q2R scale * (seval g v - seval g v * seval g v)
    + Q2R scale * gap b (length chain) (seval g v).
Proof.
  induction chain as [|j chain IH]; intros v total scale result last square H; cbn [fold_chain] in H.
  - injection H as <- <-. cbn [length pow gap]. split; ring.
  - destruct (Table.find j (neurons C)) as [f|] eqn:F; [|discriminate].
    destruct (fsame _ _) eqn:W; [|discriminate].
    apply (fsame_value g) in W. rewrite fsub_value, sscale_value, one_form_gated in W.
    replace (Q2R 2) with 2 in W by (unfold Q2R; simpl; lra). rewrite Q2R_1 in W.
    pose proof (folded_gated j f F) as A. rewrite W in A.
    assert (Quarter : Q2R (qmul (1 # 4) scale) = Q2R scale / 4)
      by (rewrite qmul_value; unfold Q2R at 1; cbn [Qnum Qden]; lra).
    destruct (IH _ _ _ _ _ square H) as [L R]. rewrite Quarter in L, R. cbn [length pow gap]. split; [rewrite L; field|].
    rewrite R, fadd_value, sscale_value, fsub_value, one_form_gated, Quarter, Q2R_1, A. field.
Qed.
(* What [worst] finds is remembered for all chains of one length and reach. *)
Definition memory := list (nat * Z * option Z).
Definition remember (asked : list (nat * Z)) : memory :=
  map (fun p => (p, worst (inverse_temperature C) (precision C) (fst p) (snd p))) asked.
Fixpoint recalled (m : memory) (n : nat) (Y : Z) : option Z :=
  match m with
  | [] => worst (inverse_temperature C) (precision C) n Y
  | (k, y, v) :: m' => if Nat.eqb k n && Z.eqb y Y then v else recalled m' n Y
  end.
Lemma recalled_value asked n Y : recalled (remember asked) n Y = worst (inverse_temperature C) (precision C) n Y.
Proof.
  induction asked as [|[k y] asked IH]; [reflexivity|]. cbn [remember map recalled fst snd]. fold (remember asked).
  destruct (_ && _)%bool eqn:E; [|exact IH]. apply andb_prop in E; destruct E as [K V].
  apply Nat.eqb_eq in K; apply Z.eqb_eq in V. subst. reflexivity.
Qed.
Definition reaching (reach : Q) : Z := fdiv (Qnum reach * Zpos (precision C)) (Qden reach).
Definition sawtooth_gated (m : memory) (ps : list fact) (out square : positive) (chain : list positive) (reach : Q) : option fact :=
  match Table.find square (nodes C), Table.find out (nodes C) with
  | Some (Mul t t'), Some (Gated h) =>
      match Table.find t (nodes C), range_in ps t with
      | Some (Gated f), Some (lo, hi) =>
          let Y := reaching reach in
          match fold_chain C chain f f 1, recalled m (length chain) Y with
          | Some (total, scale), Some below =>
              let bound := qmul (1 # 8) scale in
              if Pos.eqb t t' && Qle_bool 0 lo && Qle_bool hi 1 && fsame h (fsub total (one_form bound))
                 && qpos (inverse_temperature C) && Z.ltb 0 Y && Z.leb Y (Zpos (precision C)) && Z.leb 0 below
              then Some (Near out square (qadd bound (Qmake below (precision C)))) else None
          | _, _ => None
          end
      | _, _ => None
      end
  | _, _ => None
  end.
Lemma sawtooth_gated_sound asked ps (H : Forall (holds w) ps) out square chain reach f :
  sawtooth_gated (remember asked) ps out square chain reach = Some f -> holds w f.
Proof.
  unfold sawtooth_gated. intros E.
  destruct (Table.find square (nodes C)) as [n|] eqn:S; [|discriminate].
  destruct n as [| | |t t'| | | | | | |]; try discriminate.
  destruct (Table.find out (nodes C)) as [n|] eqn:O; [|discriminate]. destruct n as [| | | | | | | | |h|]; try discriminate.
  destruct (Table.find t (nodes C)) as [n|] eqn:T; [|discriminate]. destruct n as [| | | | | | | | |i|]; try discriminate.
  destruct (range_in ps t) as [[lo hi]|] eqn:R; [|discriminate].
  destruct (fold_chain C _ _ _ _) as [[total scale]|] eqn:F; [|discriminate].
  rewrite recalled_value in E. destruct (worst _ _ _ _) as [below|] eqn:Wo; [|discriminate].
  destruct (_ && _)%bool eqn:K in E; [|discriminate]. injection E as <-.
  repeat match goal with K : (_ && _)%bool = true |- _ => apply andb_prop in K; destruct K as [K ?] end.
  apply Pos.eqb_eq in K; subst t'.
  repeat match goal with
  | K : Qle_bool _ _ = true |- _ => apply qle_value in K
  | K : qpos _ = true |- _ => apply qpos_value in K
  | K : Z.ltb _ _ = true |- _ => apply Z.ltb_lt in K
  | K : Z.leb _ _ = true |- _ => apply Z.leb_le in K
  end.
  apply (range_in_holds C w ps _ _ _ H) in R. apply (term_value w) in S, O, T. cbn [node_value] in S, O, T. fold g in O, T.
  match goal with K : fsame _ _ = true |- _ => apply (fsame_value g) in K; rewrite fsub_value, one_form_gated in K; rename K into Out end.
  rewrite Q2R_0, Q2R_1 in *. rewrite T in R, S.
  assert (I : 0 <= seval g i <= 1) by lra.
  destruct (fold_chain_gated _ _ _ _ _ _ (seval g i * seval g i) F) as [L V]. rewrite Q2R_1 in L, V.
  assert (Top : gap b (length chain) (seval g i) <= (/ 4) ^ length chain / 4) by (apply gap_above; [assumption|exact I]).
  assert (Low : - (IZR below / IZR (Zpos (precision C))) <= gap b (length chain) (seval g i)).
  { apply (worst_value (inverse_temperature C) (precision C)) with (2 := Wo); [assumption|split; assumption|exact I]. }
  assert (Below : 0 <= IZR below / IZR (Zpos (precision C))).
  { apply Rmult_le_pos; [apply IZR_le; assumption|left; apply Rinv_0_lt_compat, IZR_pos]. }
  assert (Value : Q2R (below # precision C) = IZR below / IZR (Zpos (precision C))) by reflexivity.
  cbn [holds]. rewrite S, O, Out, qadd_value, Value. rewrite qmul_value in *.
  replace (Q2R (1 # 8)) with (1 / 8) in * by (unfold Q2R; cbn [Qnum Qden]; lra).
  apply Rabs_bounds. lra.
Qed.
End Rule.
