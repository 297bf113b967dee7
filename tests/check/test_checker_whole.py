"""Whole certificates: the translation, the kernel's own refusals, and stand-in checkers that the table must expose."""

from collections import Counter

import pytest
from anchor_cases import anchor_cases
from forge import Case, check_with_given
from function_cases import function_cases
from grid_cases import grid_cases
from norm_cases import norm_cases
from partition_cases import partition_cases
from rule_cases import rule_cases
from softmax_cases import softmax_cases
from whole_cases import kernel_cases, whole_cases

from relucert.check import kernel
from relucert.check.model import In, Mean, Near

CASES = whole_cases()
TABLE = CASES + rule_cases() + function_cases() + softmax_cases() + anchor_cases() + grid_cases() + norm_cases()
TABLE += partition_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_certificate(case: Case):
    assert case.failure(check_with_given) is None


def test_most_of_the_table_refuses_and_every_rule_does_both():
    accepting = Counter(case.name.partition(":")[0] for case in TABLE if case.why is None)
    refusing = Counter(case.name.partition(":")[0] for case in TABLE if case.why is not None)
    names = set(kernel_rules())
    assert names <= set(accepting), "rules without an accepting case"
    assert all(refusing[name] >= 3 for name in names), "rules with fewer than three refusing cases"
    assert sum(refusing.values()) >= sum(accepting.values())


def kernel_rules() -> list[str]:
    from relucert.check import rules

    return list(rules.RULES)


def exposed(check) -> int:
    """Return how many cases of the table fail for a checker."""
    return sum(case.failure(check) is not None for case in TABLE)


def test_the_table_passes_the_checker():
    assert exposed(check_with_given) == 0


def test_the_table_exposes_a_checker_that_always_accepts():
    def check(data: bytes) -> kernel.Verdict:
        return kernel.Verdict("accepted", None, None, "", "", None, "", None, (), {})

    assert exposed(check) == sum(case.why is not None for case in TABLE)


def test_the_table_exposes_a_checker_that_always_rejects():
    def check(data: bytes) -> kernel.Verdict:
        return kernel.Verdict("rejected", 0, "range", "does not entail", "", None, "", None, (), {})

    assert exposed(check) > sum(case.why is None for case in TABLE)


def skipping(skipped: str):
    """Return ``entails`` without one of its comparisons."""

    def entails(proved, claimed):
        if isinstance(proved, In) and isinstance(claimed, In):
            return (
                (skipped == "term" or proved.term == claimed.term)
                and (skipped == "lo" or claimed.lo <= proved.lo)
                and (skipped == "hi" or proved.hi <= claimed.hi)
            )
        same = isinstance(claimed, Near | Mean) if skipped == "norm" else type(claimed) is type(proved)
        if isinstance(proved, Near | Mean) and same:
            return (
                (skipped == "left" or proved.left == claimed.left)
                and (skipped == "right" or proved.right == claimed.right)
                and (skipped == "bound" or proved.bound <= claimed.bound)
            )
        return skipped == "kind"

    return entails


def test_the_copy_of_entails_that_skips_nothing_passes(monkeypatch):
    monkeypatch.setattr(kernel, "entails", skipping("nothing"))
    assert exposed(check_with_given) == 0


@pytest.mark.parametrize("skipped", ["term", "lo", "hi", "left", "right", "bound", "norm", "kind"])
def test_the_table_exposes_a_kernel_that_skips_one_comparison(monkeypatch, skipped):
    monkeypatch.setattr(kernel, "entails", skipping(skipped))
    assert exposed(check_with_given) > 0


@pytest.mark.parametrize("skipped", ["term", "lo", "hi", "left", "right", "bound", "kind"])
def test_a_dozen_kernel_cases_already_expose_a_skipped_comparison(monkeypatch, skipped):
    monkeypatch.setattr(kernel, "entails", skipping(skipped))
    assert any(case.failure(check_with_given) for case in kernel_cases())


def test_the_table_exposes_a_kernel_that_does_not_look_at_the_conclusion(monkeypatch):
    monkeypatch.setattr(kernel, "conclude", lambda certificate, facts: certificate.statement.tolerance)
    assert exposed(check_with_given) > 0


def test_the_table_exposes_a_kernel_that_accepts_every_step(monkeypatch):
    monkeypatch.setattr(kernel, "verify", lambda context, rule, claimed, premises, args: claimed)
    assert exposed(check_with_given) > len(TABLE) // 2
