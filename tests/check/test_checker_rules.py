"""Every rule on tiny hand-written certificates: what it must prove and, more often, what it must refuse."""

from collections import Counter

import pytest
from anchor_cases import anchor_cases
from forge import check_with_given, encode
from function_cases import function_cases
from grid_cases import grid_cases, one_cell
from norm_cases import norm_cases
from partition_cases import partition_cases
from rule_cases import rule_cases
from softmax_cases import softmax_cases

CASES = rule_cases() + function_cases() + softmax_cases() + anchor_cases() + grid_cases() + norm_cases()
CASES += partition_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_rule(case):
    assert case.failure(check_with_given) is None


def test_case_names_are_distinct():
    assert [name for name, n in Counter(case.name for case in CASES).items() if n > 1] == []


def test_a_cell_without_neighbours_is_quick_in_many_dimensions():
    """Its 3**40 neighbours are not there: what a rule goes through must be paid for, or be in the file."""
    verdict = check_with_given(encode(one_cell(40)))
    assert verdict.step != 0, verdict.reason
