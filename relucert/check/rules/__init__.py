"""The fixed table of proof rules: a name in a certificate can reach nothing that is not listed here."""

from ..kernel import Rule
from . import (
    analytic,
    anchors,
    extrema,
    functions,
    gates,
    maxaffine,
    mirror,
    partition,
    pieces,
    powers,
    regions,
    rounding,
    sawtooth,
    sequence,
    smooth,
    softmax,
    terms,
)

RULES: dict[str, Rule] = {
    **terms.RULES,
    **sawtooth.RULES,
    **extrema.RULES,
    **pieces.RULES,
    **gates.RULES,
    **mirror.RULES,
    **rounding.RULES,
    **regions.RULES,
    **sequence.RULES,
    **functions.RULES,
    **smooth.RULES,
    **analytic.RULES,
    **powers.RULES,
    **softmax.RULES,
    **anchors.RULES,
    **maxaffine.RULES,
    **partition.RULES,
}
FAMILIES = frozenset(rule.family for rule in RULES.values())
