"""The transformer of the Coq library and that of the independent checker are one function: both on the same models."""

import random
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from relucert.check.attention import embedded, query_key, read
from relucert.check.model import Attention, Form, Head, Matrix
from relucert.coq.emit import _transformer
from relucert.coq.text import real

PROOF = """Proof.
  unfold transformer, T. cbn [layers fold_left embedding readout]. rewrite layer_tokens.
  cbn [nth]. unfold apply at 1. cbn [map Transformer.sum fold_right entry N.eqb w Pos.eqb]. unfold update.
  cbn [map Transformer.sum fold_right]. rewrite !data_head by reflexivity.
  unfold dot, apply. cbn -[sigma IZR]. cbv [Pos.to_nat Pos.iter_op Init.Nat.add]. unfold Q2R. cbn -[sigma IZR].
"""


def value(form: Form, point: list[Fraction]) -> Fraction:
    return sum((q * (point[atom[1]] if len(atom) == 2 else 1) for atom, q in form.items()), Fraction(0))


def random_matrix(rng: random.Random, rows: int, columns: int) -> Matrix:
    return {
        (i, j): Fraction(rng.choice([-3, -2, -1, 1, 2, 5]), rng.choice([1, 1, 2, 3, 7]))
        for i in range(rows)
        for j in range(columns)
        if rng.random() < 0.6
    }


def random_model(rng: random.Random) -> Attention:
    def head(d_head: int) -> Head:
        wide = [random_matrix(rng, d_head, 3) for _ in range(3)]
        return Head(d_head, wide[0] if rng.random() < 0.7 else {}, wide[1], wide[2], random_matrix(rng, 3, d_head))

    heads = tuple(head(rng.randint(1, 2)) for _ in range(rng.randint(1, 3)))
    return Attention(3, random_matrix(rng, 3, 3), (heads,), random_matrix(rng, 1, 3) or {(0, 0): Fraction(1)}, 1)


def terms_by_the_checker(model: Attention, point: list[Fraction]) -> tuple[Fraction, list[tuple[Fraction, Fraction]]]:
    """The output at a point as (c, [(s, v), ...]), standing for c + sum of sigma(s) v, by the checker's definitions."""
    stream = embedded(model)
    at = [value(form, point) for form in stream]
    result = sum((q * at[i] for (_, i), q in model.readout.items()), Fraction(0))
    parts = []
    for head in model.layers[0]:
        score = sum((q * at[i] * at[j] for (i, j), q in query_key(head).items()), Fraction(0))
        values = [value(form, point) for form in read(head.w_v, head.d_head, stream)]
        added = [sum((q * values[j] for (i, j), q in head.w_o.items() if i == row), Fraction(0)) for row in range(3)]
        parts.append((score, sum((q * added[i] for (_, i), q in model.readout.items()), Fraction(0))))
    return result, parts


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_both_definitions_give_the_same_value_on_random_models(built, tmp_path, seed):
    done = compared(built, tmp_path, seed, Fraction(0))
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_comparison_of_the_two_definitions_sees_a_small_difference(built, tmp_path):
    assert compared(built, tmp_path, 0, Fraction(1, 10**9)).returncode != 0


def compared(built: Path, folder: Path, seed: int, error: Fraction) -> subprocess.CompletedProcess[str]:
    """Run coqc on random models with the values that the checker's definitions give, plus an error."""
    rng = random.Random(seed)  # noqa: S311
    text = (
        "From Coq Require Import Reals List NArith QArith Qreals Lra.\n"
        "From Relucert Require Import Gate Translation Check.\nImport ListNotations.\n"
    )
    for k in range(4):
        model = random_model(rng)
        point = [Fraction(rng.randint(-9, 9), rng.randint(1, 4)) for _ in range(2)]
        constant, parts = terms_by_the_checker(model, point)
        expected = " + ".join([f"({real(constant + error)})", *(f"sigma ({real(s)}) * ({real(v)})" for s, v in parts)])
        scores = [f"({real(s)})" for s, _ in parts]
        cases = " | ".join(f"replace e with {s} by lra" for s in dict.fromkeys(scores))
        text += f"Module M{k}.\nOpen Scope positive_scope.\n{_transformer(model)}\nOpen Scope R_scope.\n"
        text += f"Lemma twin : transformer T [{'; '.join(real(x) for x in point)}] 0 = {expected}.\n{PROOF}"
        guards = " | ".join(f"{s} => fail" for s in dict.fromkeys(scores))
        text += "  repeat match goal with |- context [sigma ?e] =>\n"
        text += f"    lazymatch e with {guards} | _ => first [{cases}] end end.\n  lra.\nQed.\nEnd M{k}.\n"
    (folder / "Twin.v").write_text(text)
    command = ["coqc", "-q", "-Q", str(built), "Relucert", "Twin.v"]
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
