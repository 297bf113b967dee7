"""What a specification may ask of the data tokens, and how bad requests are refused."""

from __future__ import annotations

from fractions import Fraction

import pytest

import relucert
from relucert.errors import UsageError
from relucert.spec.sequence import SINGLE, Sequence, make_sequence
from relucert.spec.yaml import parse_spec

MULTIPLY = "target: multiply\neps: 1e-3\n"


def problem(sequence: str, target: str = MULTIPLY) -> relucert.Problem:
    return parse_spec(f"{target}sequence: {sequence}\n".encode(), "spec.yaml")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{}", SINGLE),
        ("{length: 128}", Sequence(128, 128, "causal", "tokenwise")),
        ("{length: 1e3, mask: full}", Sequence(1000, 1000, "full", "tokenwise")),
        ("{length: any, up_to: 1e9}", Sequence(1, 10**9, "causal", "tokenwise")),
        ("{layout: one-per-token}", Sequence(2, 2, "causal", "one-per-token")),
        ("{layout: one-per-token, length: 2, mask: full}", Sequence(2, 2, "full", "one-per-token")),
        ("{layout: one-per-token, coordinates: shared}", Sequence(2, 2, "causal", "one-per-token", "shared")),
    ],
)
def test_a_sequence_reads_as(text: str, wanted: Sequence) -> None:
    assert problem(text).sequence == wanted


@pytest.mark.parametrize("target", ["max", "min"])
def test_max_and_min_over_tokens_have_one_input_and_any_length(target: str) -> None:
    found = problem("{layout: one-per-token, length: any, up_to: 1e9}", f"target: {target}\neps: 1e-3\n")
    assert (found.inputs, found.sequence.most, found.is_over_tokens) == (("x",), 10**9, True)
    assert found.domain == ((Fraction(-1), Fraction(1)),)
    fixed = problem("{layout: one-per-token}", f"target: {target}\narity: 16\neps: 1e-3\n")
    assert (fixed.inputs, fixed.sequence.least, fixed.sequence.most) == (("x",), 16, 16)


def test_max_of_inputs_with_domains_of_their_own_is_gathered() -> None:
    found = problem("{layout: one-per-token}", "target: max\ndomain: {x: [0, 1], y: [-1, 0]}\neps: 1e-3\n")
    assert (found.inputs, found.sequence.most, found.is_over_tokens) == (("x", "y"), 2, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{length: 0}", "expected a whole number from 1"),
        ("{length: -3}", "expected a whole number from 1"),
        ("{length: 5/2}", "expected a whole number from 1"),
        ("{length: many}", "or \"any\", not 'many'"),
        ("{length: 1e19}", "expected a whole number from 1 to 1e18"),
        ("{length: any}", "needs a limit"),
        ("{length: any, up_to: 0}", "expected a whole number from 1"),
        ("{length: any, up_to: any}", "expected a whole number from 1"),
        ("{length: 5, up_to: 7}", "up_to needs the length any"),
        ("{up_to: 7}", "up_to needs the length any"),
        ("{mask: triangle}", "unknown mask 'triangle'"),
        ("{mask: ful}", "did you mean 'full'?"),
        ("{layout: token-wise}", "did you mean 'tokenwise'?"),
        ("{coordinates: shared}", "for the layout one-per-token"),
        ("{layout: one-per-token, coordinates: common}", "unknown coordinates 'common'"),
        ("{lenght: 5}", "did you mean 'length'?"),
        ("{layout: one-per-token, length: 3}", "one token for each of the 2 inputs"),
        ("{layout: one-per-token, length: any, up_to: 9}", "one token for each of the 2 inputs"),
        ("128", "sequence must be a mapping"),
        ("{length: [1, 2]}", "expected one word or number"),
    ],
)
def test_a_bad_sequence_is_refused_where_it_stands(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=r"^spec\.yaml:3:") as caught:
        problem(text)
    assert said in str(caught.value)


def test_max_over_tokens_with_another_arity_than_its_length_is_refused() -> None:
    with pytest.raises(UsageError, match="as many inputs as the sequence has tokens"):
        problem("{layout: one-per-token, length: 8}", "target: max\narity: 5\neps: 1e-3\n")


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'layout'"):
        make_sequence({"layuot": "tokenwise"}, 1)
