"""The transformer of the Coq library and that of the independent checker are one function: both on the same models.

The checker's definitions give each output as a polynomial in the weights sigma(score) of the heads, layer after layer;
Coq unfolds its own definition and proves that it is that polynomial.
"""

import random
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from relucert.check.attention import embedded, query_key, read
from relucert.check.model import Attention, Form, Head, Layer, Matrix
from relucert.coq.emit import _transformer
from relucert.coq.text import real

WIDTH = 3
POINTS = 2


def _free(units: int) -> None:
    """Count no work."""


HEADER = """From Coq Require Import Reals List NArith QArith Qreals Lra FunctionalExtensionality.
From Relucert Require Import Gate Translation Check.
Import ListNotations.
Open Scope R_scope.
(* One layer's change of the data token, with the softmax weight of a head written as sigma. *)
Definition next (heads : list head) (x : vector) : vector := fun j =>
  x j + Transformer.sum (map (fun h =>
    sigma (dot (d_head h) (apply (w_q h) x) (apply (w_k h) x)) * apply (w_o h) (apply (w_v h) x) j) heads).
Lemma stays heads : update heads [zero] zero = zero.
Proof. extensionality j. apply sink_stays. reflexivity. Qed.
Lemma moves heads x : update heads [zero; x] x = next heads x.
Proof.
  extensionality j. unfold update, next. do 2 f_equal. apply map_ext. intros h. apply data_head. reflexivity.
Qed.
Lemma step heads x : causal heads [] [zero; x] = [zero; next heads x].
Proof. rewrite layer_tokens, stays, moves. reflexivity. Qed.
Lemma half : sigma 0 = 1 / 2.
Proof. unfold sigma. rewrite exp_0. field. Qed.
Ltac evaluate := cbv -[sigma IZR Rplus Rmult Rdiv Rinv Ropp].
"""


def random_matrix(rng: random.Random, rows: int, columns: int) -> Matrix:
    return {
        (i, j): Fraction(rng.choice([-3, -2, -1, 1, 2, 5]), rng.choice([1, 1, 2, 3, 7]))
        for i in range(rows)
        for j in range(columns)
        if rng.random() < 0.6
    }


def random_model(rng: random.Random, layers: int) -> Attention:
    """Two heads in every layer, of which one in three, at random, has scores of zero only."""

    def head(d_head: int) -> Head:
        wide = [random_matrix(rng, d_head, WIDTH) for _ in range(3)]
        return Head(d_head, wide[0] if rng.random() < 0.67 else {}, wide[1], wide[2], random_matrix(rng, WIDTH, d_head))

    stack = tuple(Layer((head(1), head(2)), None) for _ in range(layers))
    readout = {(0, i): Fraction(i + 1, 3) for i in range(WIDTH)}
    return Attention(WIDTH, random_matrix(rng, WIDTH, 1 + POINTS), (), None, stack, readout, 1)


def combined(form: Form, values: list[str]) -> str:
    """A form over ("x", i) as text, with values[i] for the i-th and one for the constant."""
    parts = (f"({real(q)}) * {values[atom[1]] if len(atom) == 2 else '1'}" for atom, q in form.items())
    return f"({' + '.join(['0', *parts])})"


def by_the_checker(model: Attention, point: list[Fraction]) -> tuple[list[str], list[list[str]], str]:
    """The scores of all heads, the stream before every layer and at the end, and the output, by the checker.

    a<k> stands for sigma of score k, s<l>_<i> for coordinate i of stream l.
    """
    units: list[Form] = [{("x", i): Fraction(1)} for i in range(WIDTH)]
    streams = [[combined(form, [f"({real(p)})" for p in point]) for form in embedded(model, POINTS, _free)]]
    scores: list[str] = []
    for layer in model.layers:
        stream = [f"s{len(streams) - 1}_{i}" for i in range(WIDTH)]
        updates: list[list[str]] = [[] for _ in range(WIDTH)]
        for head in layer.heads:
            weights = query_key(head, _free)
            products = (f"({real(q)}) * {stream[i]} * {stream[j]}" for (i, j), q in weights.items())
            scores.append(" + ".join(["0", *products]))
            values = [combined(form, stream) for form in read(head.w_v, head.d_head, units, _free)]
            for row, form in enumerate(read(head.w_o, WIDTH, units[: head.d_head], _free)):
                updates[row].append(f"a{len(scores) - 1} * {combined(form, values)}")
        streams.append([f"({' + '.join([x, *added])})" for x, added in zip(stream, updates, strict=True)])
    last = [f"s{len(streams) - 1}_{i}" for i in range(WIDTH)]
    return scores, streams, combined(read(model.readout, 1, units, _free)[0], last)


@pytest.mark.slow
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_both_definitions_give_the_same_value_on_random_models(built, tmp_path, layers):
    done = compared(built, tmp_path, layers, Fraction(0))
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("layers", [1, 2])
def test_the_comparison_of_the_two_definitions_sees_a_small_difference(built, tmp_path, layers):
    done = compared(built, tmp_path, layers, Fraction(1, 10**9))
    assert done.returncode != 0
    assert "Error: Tactic failure: not a valid field equation." in done.stderr


def compared(built: Path, folder: Path, layers: int, error: Fraction) -> subprocess.CompletedProcess[str]:
    """Run coqc on random models with what the checker's definitions give, plus an error."""
    rng = random.Random(layers)  # noqa: S311
    text = HEADER
    for k in range(3):
        model = random_model(rng, layers)
        point = [Fraction(rng.randint(-9, 9), rng.randint(1, 4)) for _ in range(POINTS)]
        text += f"Module M{k}.\n{_transformer(model)}\nOpen Scope R_scope.\n{twin(model, point, error)}End M{k}.\n"
    (folder / "Twin.v").write_text(text)
    command = ["coqc", "-q", "-Q", str(built), "Relucert", "Twin.v"]
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=300)


def twin(model: Attention, point: list[Fraction], error: Fraction) -> str:
    """The lemma that Coq's transformer has the checker's value at the point, proved layer after layer."""
    scores, streams, output = by_the_checker(model, point)
    weights = [f"a{i}" for i in range(len(scores))]
    values = [f"s{n}_{i}" for n in range(len(streams)) for i in range(WIDTH)]
    zero = [score == "0" for score in scores]
    known = [
        f"{name} = {'1 / 2' if z else f'sigma ({score})'}" for name, score, z in zip(weights, scores, zero, strict=True)
    ]
    known += [f"{name} = {text}" for name, text in zip(values, [t for stream in streams for t in stream], strict=True)]
    proof = "  unfold transformer. cbn [T layers fold_left]. rewrite !step. cbn [nth].\n"
    for n in range(len(streams)):
        what = "(apply (embedding T) _)" if n == 0 else f"(next _ y{n - 1})"
        which = range(2 * (n - 1), 2 * n) if n else range(0)
        ways = [f"replace (sigma e) with a{i} by (rewrite E{i}; f_equal; field)" for i in which if not zero[i]]
        tries = " | ".join(
            [*ways, "replace (sigma e) with (1 / 2) by (replace e with 0 by field; rewrite half; field)"]
        )
        found = f"repeat match goal with |- context [sigma ?e] => first [{tries}] end; " if n else ""
        names = [f"Y{m}_{i}" for m in range(n) for i in range(WIDTH)]
        shown = "".join(f"rewrite ?{name}; " for name in names[-WIDTH:])
        halves = "".join(f"rewrite ?E{i}; " for i in which if zero[i])
        proof += f"  set (y{n} := {what}).\n"
        for i in range(WIDTH):
            proof += f"  assert (Y{n}_{i} : y{n} {i}%N = s{n}_{i}) by "
            proof += f"(unfold y{n}; evaluate; {shown}{found}rewrite V{n}_{i}; {halves}field).\n"
        proof += f"  clearbody y{n}.\n"
    shown = "".join(f"rewrite ?Y{len(streams) - 1}_{i}; " for i in range(WIDTH))
    proof += f"  evaluate; {shown}field.\n"
    intros = [*weights, *values, *(f"E{i}" for i in range(len(scores))), *(name.replace("s", "V") for name in values)]
    return (
        f"Lemma twin : forall {' '.join(weights + values)} : R, {''.join(f'{k} -> ' for k in known)}\n"
        f"  transformer T [{'; '.join(real(x) for x in point)}] 0 = {output} + {real(error)}.\n"
        f"Proof.\n  intros {' '.join(intros)}.\n{proof}Qed.\n"
    )
