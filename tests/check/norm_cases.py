"""Certificates in the norms L1 and L2: the rules ``grid_norm`` and ``mean`` on the two cells of ``grid_cases``."""

from typing import Any

from forge import Case, encode
from grid_cases import base

Data = dict[str, Any]
SCORE, WEAK = "is not that of its cell", "does not entail"


def in_norm(norm: str, *steps: Data, tolerance: str = "10") -> Data:
    """Return the data of ``base`` in another norm, with ``steps`` after its own."""
    data = base()
    data["statement"].update(norm=norm, tolerance=tolerance)
    data["trace"] += steps
    return data


def _grid(bound: str = "4", kind: str = "mean", **args: Any) -> Data:
    """Return the step that bounds the head against x itself, |x| - x being 2 |x| on the left half."""
    own = base()["trace"][0]
    place = own["conclusion"][1]
    return {"rule": "grid_norm", "premises": [], "args": {**own["args"], "target": 0, **args},
            "conclusion": [kind, place, 0, bound]}  # fmt: skip


def _mean(bound: str, *premises: int) -> Data:
    return {"rule": "mean", "premises": list(premises), "args": {},
            "conclusion": ["mean", base()["trace"][-1]["conclusion"][1], 0, bound]}  # fmt: skip


def norm_cases() -> list[Case]:
    """Return cases of both rules; base's last step, 2, says that the subject is within 4/5 of x on [-1, 1]."""
    cases = [
        Case("grid_norm: bounds a head in L1", encode(in_norm("L1", _grid()))),
        Case("grid_norm: bounds a head in L2", encode(in_norm("L2", _grid()))),
        Case("mean: multiplies by the length of the box in L1", encode(in_norm("L1", _mean("8/5", 2)))),
        Case("mean: multiplies by its root in L2", encode(in_norm("L2", _mean("283/250", 2)))),
    ]
    refused: dict[str, tuple[str, Data, str]] = {
        "the sup norm": ("grid_norm", in_norm("sup", _grid()), "norm is the sup norm"),
        "a bound below the true norm, 1": ("grid_norm", in_norm("L1", _grid("9/10")), WEAK),
        "a distance at every point": ("grid_norm", in_norm("L1", _grid(kind="near")), WEAK),
        "another sharpness": ("grid_norm", in_norm("L2", _grid(sharpness="9")), SCORE),
        "an alpha above one": ("grid_norm", in_norm("L2", _grid(alpha="2")), "alpha is outside (0, 1]"),
        "a cell less": ("grid_norm", in_norm("L1", _grid(counts=[1])), "one anchor is needed"),
        "a statement in the sup norm": ("mean", in_norm("sup", _mean("8/5", 2)), "a statement in the norm"),
        "to forget the length of the box": ("mean", in_norm("L1", _mean("4/5", 2)), WEAK),
        "less than its root": ("mean", in_norm("L2", _mean("113/100", 2)), WEAK),
        "no premise": ("mean", in_norm("L1", _mean("8/5")), "needs one premise"),
        "two premises": ("mean", in_norm("L1", _mean("8/5", 2, 2)), "needs one premise"),
    }
    for attack, (name, data, why) in refused.items():
        cases.append(Case(f"{name}: refuses {attack}", encode(data), 3, name, why))
    twice = in_norm("L1", _mean("8/5", 2), _mean("8/5", 3))
    cases.append(Case("mean: refuses a norm as its premise", encode(twice), 4, "mean", "needs one premise"))
    return cases
