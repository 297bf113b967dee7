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
from relucert.check.model import Attention, Form, Head, Matrix
from relucert.coq.emit import _transformer
from relucert.coq.text import real

WIDTH = 3
POINTS = 2
UNFOLD = """  unfold transformer, T. cbn [layers fold_left embedding readout]. rewrite !layer_tokens.
  cbn [nth]. unfold apply at 1. cbn [map Transformer.sum fold_right entry N.eqb w Pos.eqb]. unfold update.
  repeat (cbn [map Transformer.sum fold_right]; rewrite !data_head by (repeat (intros; apply sink_stays); reflexivity)).
  unfold dot, apply. cbn -[sigma IZR attend]. cbv [Pos.to_nat Pos.iter_op Init.Nat.add].
  repeat (rewrite !data_head by (repeat (intros; apply sink_stays); reflexivity);
    unfold dot, apply; cbn -[sigma IZR attend]).
  unfold Q2R. cbn -[sigma IZR].
"""


def random_matrix(rng: random.Random, rows: int, columns: int) -> Matrix:
    return {
        (i, j): Fraction(rng.choice([-3, -2, -1, 1, 2, 5]), rng.choice([1, 1, 2, 3, 7]))
        for i in range(rows)
        for j in range(columns)
        if rng.random() < 0.6
    }


def random_model(rng: random.Random, layers: int) -> Attention:
    def head(d_head: int) -> Head:
        wide = [random_matrix(rng, d_head, WIDTH) for _ in range(3)]
        return Head(d_head, wide[0] if rng.random() < 0.7 else {}, wide[1], wide[2], random_matrix(rng, WIDTH, d_head))

    stack = tuple(tuple(head(rng.randint(1, 2)) for _ in range(rng.randint(1, 2))) for _ in range(layers))
    readout = random_matrix(rng, 1, WIDTH) or {(0, 0): Fraction(1)}
    return Attention(WIDTH, random_matrix(rng, WIDTH, 1 + POINTS), (), None, stack, readout, 1)


def combined(form: Form, values: list[str]) -> str:
    """A form over ("x", i) as text, with values[i] for the i-th and one for the constant."""
    parts = (f"({real(q)}) * {values[atom[1]] if len(atom) == 2 else '1'}" for atom, q in form.items())
    return f"({' + '.join(['0', *parts])})"


def by_the_checker(model: Attention, point: list[Fraction]) -> tuple[list[str], str]:
    """The scores of all heads and the output, by the checker's definitions; a<k> stands for sigma of score k."""
    units: list[Form] = [{("x", i): Fraction(1)} for i in range(WIDTH)]
    stream = [combined(form, [f"({real(p)})" for p in point]) for form in embedded(model, POINTS)]
    scores: list[str] = []
    for layer in model.layers:
        updates: list[list[str]] = [[] for _ in range(WIDTH)]
        for head in layer:
            weights = query_key(head, lambda _: None)
            products = (f"({real(q)}) * {stream[i]} * {stream[j]}" for (i, j), q in weights.items())
            scores.append(" + ".join(["0", *products]))
            values = [combined(form, stream) for form in read(head.w_v, head.d_head, units)]
            for row, form in enumerate(read(head.w_o, WIDTH, units[: head.d_head])):
                updates[row].append(f"a{len(scores) - 1} * {combined(form, values)}")
        stream = [f"({' + '.join([x, *added])})" for x, added in zip(stream, updates, strict=True)]
    return scores, combined(read(model.readout, 1, units)[0], stream)


@pytest.mark.slow
@pytest.mark.parametrize("layers", [1])
def test_both_definitions_give_the_same_value_on_random_models(built, tmp_path, layers):
    done = compared(built, tmp_path, layers, Fraction(0))
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_comparison_of_the_two_definitions_sees_a_small_difference(built, tmp_path):
    assert compared(built, tmp_path, 1, Fraction(1, 10**9)).returncode != 0


def compared(built: Path, folder: Path, layers: int, error: Fraction) -> subprocess.CompletedProcess[str]:
    """Run coqc on random models with what the checker's definitions give, plus an error."""
    rng = random.Random(layers)  # noqa: S311
    text = (
        "From Coq Require Import Reals List NArith QArith Qreals Lra.\n"
        "From Relucert Require Import Gate Translation Check.\nImport ListNotations.\n"
    )
    for k in range(3):
        model = random_model(rng, layers)
        point = [Fraction(rng.randint(-9, 9), rng.randint(1, 4)) for _ in range(POINTS)]
        scores, output = by_the_checker(model, point)
        weights = "".join(f"a{i} = sigma ({score}) -> " for i, score in enumerate(scores))
        known = " | ".join(f"replace (sigma e) with a{i} by (rewrite E{i}; f_equal; field)" for i in range(len(scores)))
        text += f"Module M{k}.\n{_transformer(model)}\nOpen Scope R_scope.\n"
        text += f"Lemma twin : forall {' '.join(f'a{i}' for i in range(len(scores)))} : R, {weights}\n"
        text += f"  transformer T [{'; '.join(real(x) for x in point)}] 0 = {output} + {real(error)}.\n"
        text += f"Proof.\n  intros {' '.join(f'a{i}' for i in range(len(scores)))}"
        text += f" {' '.join(f'E{i}' for i in range(len(scores)))}.\n{UNFOLD}"
        text += "  repeat match goal with |- context [sigma ?e] =>\n"
        text += f"    lazymatch e with context [sigma _] => fail | _ => first [{known}] end end.\n"
        text += f"  field.\nQed.\nEnd M{k}.\n"
    (folder / "Twin.v").write_text(text)
    command = ["coqc", "-q", "-Q", str(built), "Relucert", "Twin.v"]
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=300)
