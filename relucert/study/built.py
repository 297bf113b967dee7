"""Networks built and checked for an audit, in a stated layout, with what was counted on them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..certificate.write import write_certificate
from ..errors import DefectError
from ..exact.number import exact_text
from ..loaded import Loaded, load
from ..pipeline import check_bytes, statement_of
from ..relu.gate import gate_constant
from ..relu.plan import Plan
from ..routes.extremum import route as extremum
from ..routes.relu import route
from ..spec.problem import Problem
from ..summary import error_budget
from ..version import VERSION


@dataclass(frozen=True, slots=True)
class Built:
    """An accepted network; every count is the checker's, the depth that of the ReLU network in the certificate."""

    problem: Problem
    plan: Plan
    layout: str
    loaded: Loaded

    @property
    def place(self) -> str:
        """Where in the family it stands, in words."""
        return f"eps {exact_text(self.problem.tolerance)}, {len(self.problem.inputs)} inputs, {self.layout} layout"

    def count(self, name: str) -> Fraction:
        """Return a resource."""
        return Fraction(self.loaded.verdict.resources[name])

    @property
    def depth(self) -> int:
        """The gates on the longest path of the ReLU network."""
        network = self.loaded.network
        if network is None:
            return 0
        depths = network.depths()
        return 1 + max((depths[j] for j in network.gated), default=-1)

    @property
    def gate_error(self) -> Fraction:
        """What one gate errs by, at most: kappa / beta."""
        return gate_constant().kappa / self.count("inverse_temperature")

    def share(self, row: str) -> Fraction:
        """Return a row of the proved bound, zero where the proof has no such row."""
        return dict(error_budget(self.loaded.certificate)).get(row, Fraction(0))

    @property
    def coefficient(self) -> Fraction:
        """The proved bound on the gates' part, in gate errors: sum G_j."""
        return self.share("gates") / self.gate_error


def construct(problem: Problem, layout: str) -> Built:
    """Return the checked network of a problem, wide or sparse.

    Raises UnreachableError as a build does, and DefectError if the checker does not accept it.
    """
    if problem.is_over_tokens:
        proved, plan = extremum.build(problem)
    else:
        proved, plan = route.build(problem, lambda stage: None, layout == "wide")
    info = {"generator": "relucert", "spec": problem.text, "version": VERSION}
    verdict = check_bytes(write_certificate(statement_of(problem), proved, info))
    if verdict.status != "accepted":
        raise DefectError(f"the checker {verdict.status} what was built for {problem.target}: {verdict.reason}")
    return Built(problem, plan, layout, load(verdict))
