"""``relucert certify``: prove or refute that a network from elsewhere is near a target, and say which.

    ONNX file -> network, exactly -> search for a partition of the box -> certificate -> the independent checker

The search may find a counterexample instead; that is exact and can be replayed by hand.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from .. import pipeline
from ..certificate.write import Statement, canonical, write_certificate, write_feedforward, write_statement
from ..errors import DeclinedError, DefectError, UsageError
from ..exact.number import write_rational
from ..foreign.attention import is_attention, transformer_of
from ..foreign.enclose import enclosed
from ..foreign.feedforward import network_of
from ..foreign.graph import read
from ..foreign.prove import Foreign, foreign_transformer, network_proof, transformer_proof
from ..foreign.sample import Counterexample
from ..foreign.search import Progress, Search
from ..pipeline import Verdict
from ..report.records.certify import CertifyReport, Witness
from ..spec.problem import Problem
from ..version import VERSION

PARTIAL = "relucert-partial/1"
BITS = 256
LOOSER = Fraction(257, 256)
Report = Callable[[Progress], None]


class Certification:
    """One network and one problem; ``run`` goes on until a verdict or the deadline, ``partial`` keeps what was done."""

    def __init__(self, path: Path, problem: Problem) -> None:
        if not problem.sequence.is_single:
            raise DeclinedError("certify speaks of networks that read one point, not of sequences")
        if problem.arithmetic is not None:
            raise DeclinedError("certify speaks of real numbers, not of float arithmetic; leave out the arithmetic")
        self.path, self.problem = path, problem
        self.foreign = _foreign(path, problem)
        self.searches = [self._search(k, self.room(k)) for k in range(len(problem.expression.roots))]
        self.witness: Witness | None = None
        self.finished = False  # whether another run could find more

    def room(self, output: int) -> Fraction:
        """Return what the gates' errors leave of the tolerance for the ReLU network; it may be negative."""
        return self.problem.tolerance - self.foreign.gate_bound(output)

    def _search(self, output: int, bound: Fraction) -> Search:
        problem = self.problem
        return Search(self.foreign.network, problem.expression, output, problem.domain, max(bound, Fraction(0)))

    def run(self, timeout: float | None, report: Report) -> tuple[CertifyReport, bytes | None]:
        """Return what was found, and the certificate if the statement is proved.

        Raises DefectError if the checker does not accept what the search took for a proof.
        """
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        self.finished = True
        for k in range(len(self.searches)):
            self.finished = self._decide(k, deadline, report) and self.finished
            if self.witness is not None:
                return self._report("refuted", None, None), None
        if self.finished and all(search.bound <= self.room(search.output) for search in self.searches):
            data, verdict = self._certificate(self.problem.tolerance)
            if verdict.status != "accepted":
                raise DefectError(
                    f"the checker {verdict.status} the certificate, at step {verdict.step}: {verdict.reason}"
                )
            return self._report("proved", verdict, None), data
        return self._report("undecided", None, self._best_bound()), None

    def _decide(self, k: int, deadline: float, report: Report) -> bool:
        """Run the search for one output to its end, or to the deadline and return False."""
        while True:
            search = self.searches[k]
            finished = search.run(deadline, report)
            if search.worst is not None and self.witness is None:
                self.witness = self._witnessed(search.worst)
            if self.witness is not None or search.counterexample is None:
                return finished
            # only the ReLU network misses its share of the tolerance: find out what it does reach
            found, search = search, self._search(k, search.counterexample.error * LOOSER)
            search.worst = found.worst
            self.searches[k] = search

    def _witnessed(self, found: Counterexample) -> Witness | None:
        """Return the point as a witness if the network, or the transformer, enclosed, misses the tolerance there."""
        search = self.searches[found.output]
        found = search.counterexample or found
        lo = hi = found.network
        if self.foreign.transformer is not None:
            lo, hi = enclosed(self.foreign.transformer, found.point, BITS)[found.output]
        error = max(lo - found.target, found.target - hi)
        if error <= self.problem.tolerance:
            return None
        point = tuple(zip(self.problem.inputs, found.point, strict=True))
        return Witness(point, found.output, lo, hi, found.target, error)

    def _certificate(self, bound: Fraction) -> tuple[bytes, Verdict]:
        problem, foreign = self.problem, self.foreign
        statement = Statement(problem.inputs, problem.domain, problem.expression, bound)
        info = {"generator": "relucert certify", "spec": problem.text, "version": VERSION}
        if foreign.transformer is None:
            data = write_feedforward(statement, network_proof(foreign, problem, self.searches, bound), info)
        else:
            data = write_certificate(statement, transformer_proof(foreign, problem, self.searches, bound), info)
        return data, pipeline.check_bytes(data)

    def _best_bound(self) -> Fraction | None:
        """Return a bound that the trees as they stand prove, as the checker confirms; None if there is none."""
        bound = Fraction(0)
        for search in self.searches:
            found = search.best_bound()
            if found is None:
                return None
            bound = max(bound, found + self.foreign.gate_bound(search.output))
        return bound if self._certificate(bound)[1].status == "accepted" else None

    def _report(self, status: str, verdict: Verdict | None, best: Fraction | None) -> CertifyReport:
        worst = max((s.worst for s in self.searches if s.worst is not None), key=lambda w: w.error, default=None)
        problem = self.problem
        return CertifyReport(
            verdict=status,
            finished=self.finished,
            path=str(self.path),
            subject="an attention-only softmax transformer"
            if self.foreign.transformer
            else "a feed-forward ReLU network",
            target=problem.target,
            domain=tuple((n, lo, hi) for n, (lo, hi) in zip(problem.inputs, problem.domain, strict=True)),
            tolerance=problem.tolerance,
            statement="" if verdict is None else verdict.statement,
            resources=() if verdict is None else tuple((n, Fraction(v)) for n, v in verdict.resources.items()),
            families=() if verdict is None else verdict.families,
            sha256="" if verdict is None else verdict.sha256,
            cells=tuple((search.proved, len(search.codes()) // 2 + 1) for search in self.searches),
            gates=max(map(self.foreign.gate_bound, range(len(self.searches)))) if self.foreign.transformer else None,
            witness=self.witness,
            best_bound=best,
            largest_error=None if worst is None else worst.error,
            largest_at=() if worst is None else tuple(zip(problem.inputs, worst.point, strict=True)),
        )

    def _key(self) -> str:
        forms = [sorted(f.terms.items()) for f in (*self.foreign.network.neurons, *self.foreign.network.outputs)]
        problem = self.problem
        statement = Statement(problem.inputs, problem.domain, problem.expression, problem.tolerance)
        text = repr(forms).encode() + canonical(write_statement(statement))
        return hashlib.sha256(text).hexdigest()

    def partial(self) -> bytes:
        """Return the trees of cuts as they stand, to be taken up by ``resume``."""
        trees = [
            {
                "bound": write_rational(search.bound),
                "cuts": " ".join(f"{kind[0]}{k}" for kind, k in search.codes()),
                "planes": [[write_rational(c) for c in row] for row in search.planes],
            }
            for search in self.searches
        ]
        return canonical({"format": PARTIAL, "of": self._key(), "trees": trees})

    def resume(self, data: bytes) -> None:
        """Take up the trees that ``partial`` wrote; UsageError if they are not those of this network and problem.

        Nothing in them is trusted: the checker goes through the whole tree in the end.
        """
        kinds = {"o": "open", "l": "leaf", "p": "plane", "n": "neuron"}
        try:
            raw = json.loads(data)
            if raw["format"] != PARTIAL or raw["of"] != self._key() or len(raw["trees"]) != len(self.searches):
                raise UsageError("the partial work is of another network, target, domain or tolerance")
            for k, tree in enumerate(raw["trees"]):
                self.searches[k] = self._search(k, Fraction(tree["bound"]))
                planes = [tuple(map(Fraction, row)) for row in tree["planes"]]
                self.searches[k].restore(planes, [(kinds[word[0]], int(word[1:])) for word in tree["cuts"].split()])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"the partial work is damaged: {error}") from None


def _foreign(path: Path, problem: Problem) -> Foreign:
    graph = read(path)
    _agree(path, "inputs", graph.shape[-1], problem.target, len(problem.inputs))
    foreign = foreign_transformer(transformer_of(graph)) if is_attention(graph) else Foreign(network_of(graph))
    _agree(path, "outputs", len(foreign.network.outputs), problem.target, len(problem.expression.roots))
    return foreign


def _agree(path: Path, what: str, found: int, target: str, wanted: int) -> None:
    if found != wanted:
        raise UsageError(f"{path} has {found} {what}, and the target {target!r} has {wanted}")
