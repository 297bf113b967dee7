"""Networks built and checked for an audit, in a stated layout, with what was counted on them.

One choice of a network serves all its layouts, masks and lengths; each of these is written out, proved and checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from ...certificate.write import Proved, write_certificate
from ...errors import DeclinedError, DefectError, UnreachableError
from ...exact.number import exact_text
from ...loaded import load
from ...pipeline import check_bytes, statement_of
from ...relu.gate import gate_constant
from ...relu.network import Network
from ...relu.plan import Plan
from ...routes.extremum import route as extremum
from ...routes.relu import route
from ...spec.problem import Problem
from ...spec.sequence import Sequence as Tokens
from ...summary import error_budget
from ...transformer.model import Code
from ...version import VERSION


class Asked(NamedTuple):
    """A network to build: a problem, and the layout of the stream, wide or sparse."""

    problem: Problem
    layout: str = "wide"


@dataclass(frozen=True, slots=True)
class Built:
    """An accepted network; every count is the checker's, the depth that of the ReLU network in the certificate."""

    problem: Problem
    layout: str
    construction: str
    parameters: tuple[tuple[str, int], ...]
    resources: Mapping[str, Fraction]
    bound: Fraction
    budget: Mapping[str, Fraction]
    network: Network | None
    output: int  # of the network, the one of the first target
    code: Code | None
    sha256: str

    @property
    def place(self) -> str:
        """Where in the family it stands, in words."""
        return f"eps {exact_text(self.problem.tolerance)}, {len(self.problem.inputs)} inputs, {self.layout} layout"

    def count(self, name: str) -> Fraction:
        """Return a resource."""
        return self.resources[name]

    @property
    def depth(self) -> int:
        """The gates on the longest path of the ReLU network."""
        network = self.network
        if network is None:
            return 0
        depths = network.depths
        return 1 + max((depths[j] for j in network.gated), default=-1)

    @property
    def gate_error(self) -> Fraction:
        """What one gate errs by, at most: kappa / beta; nothing where there is no gate."""
        beta = self.count("inverse_temperature")
        return gate_constant().kappa / beta if beta else Fraction(0)

    def share(self, row: str) -> Fraction:
        """Return a row of the proved bound, zero where the proof has no such row."""
        return self.budget.get(row, Fraction(0))

    @property
    def coefficient(self) -> Fraction:
        """The proved bound on the gates' part, in gate errors: sum G_j."""
        return self.share("gates") / self.gate_error if self.gate_error else Fraction(0)


def together(asked: Sequence[Asked]) -> list[list[Asked]]:
    """Return what is asked, each once, in groups for which one choice of a network serves."""
    groups: dict[Problem, list[Asked]] = {}
    for each in dict.fromkeys(asked):
        problem = each.problem
        groups.setdefault(problem if problem.is_over_tokens else route.chosen_alike(problem), []).append(each)
    return list(groups.values())


def construct(group: Sequence[Asked]) -> list[Built | None]:
    """Return the checked networks of such a group, in its order, None for those that cannot be built.

    Two that differ in nothing that is certified are built once.
    Raises DefectError if the checker does not accept what was built.
    """
    first = group[0].problem
    try:
        candidate = None if first.is_over_tokens else route.choose(first, lambda stage: None)
    except UnreachableError:
        return [None] * len(group)
    made: dict[tuple[Tokens, str], Built | None] = {}
    for problem, layout in group:
        key = (problem.sequence, layout)
        if key not in made:
            try:
                if candidate is None:
                    made[key] = _checked(problem, layout, *extremum.build(problem))
                else:
                    proved = route.realise(problem, candidate, layout == "wide")
                    made[key] = _checked(problem, layout, proved, candidate.plan)
            except (UnreachableError, DeclinedError):
                made[key] = None
    return [made[problem.sequence, layout] for problem, layout in group]


def _checked(problem: Problem, layout: str, proved: Proved, plan: Plan) -> Built:
    info = {"generator": "relucert", "spec": problem.text, "version": VERSION}
    verdict = check_bytes(write_certificate(statement_of(problem), proved, info))
    if verdict.status == "declined":
        raise DeclinedError(verdict.reason)
    if verdict.status != "accepted" or verdict.error_bound is None:
        raise DefectError(f"the checker {verdict.status} what was built for {problem.target}: {verdict.reason}")
    loaded = load(verdict)
    return Built(
        problem,
        layout,
        plan.construction,
        plan.parameters,
        {name: Fraction(value) for name, value in verdict.resources.items()},
        verdict.error_bound,
        dict(error_budget(loaded.certificate)),
        loaded.network,
        loaded.outputs[0],
        loaded.transformer.code,
        verdict.sha256,
    )
