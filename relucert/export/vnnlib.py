"""VNN-LIB: the network as ONNX and queries whose answers, all unsat, imply the statement for the network in that file.

A query asks for a point of a box where the output is wrong by the tolerance or more, over the real numbers.
- Piecewise-linear targets: one exact query; the output is compared with the affine pieces of f.
- Other targets: boxes that cover the domain, and on each a linear enclosure l(x) <= f(x) <= u(x), u - l constant.  The
  query asks for  Y >= l(x) + tolerance  or  Y <= u(x) - tolerance: no answer means |Y - f| < tolerance on the box.
Numbers are plain decimals, each rounded so that a query can only grow.  Queries are linear in X and Y together, as the
format allows.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

from ..errors import DeclinedError
from ..exact.number import decimal_exponent, decimal_up, exact_text
from ..target.expression import Expression
from . import onnx
from .dtype import Dtype
from .enclosure import Linear, enclose
from .piecewise import Affine, piecewise
from .subject import Box, Export, Subject

NETWORK = "network.onnx"
MOST_BOXES = 4096
WANTED_LOOSENESS = Fraction(1, 2)  # of the tolerance
USELESS_LOOSENESS = 2  # beyond this many tolerances no output at all satisfies a query
DIGITS = 20
TIMEOUT = 300  # seconds, the suggestion that instances.csv has to make


@dataclass(frozen=True, slots=True)
class Query:
    """Is some clause true at some x of the box?  Its comparisons (sign, a) are Y >= a(x) for 1 and Y <= a(x) for -1."""

    output: int
    box: Box
    clauses: tuple[tuple[tuple[int, Affine], ...], ...]


def export(subject: Subject, dtype: Dtype) -> Export:
    """Return the folder's files: the network, numbered property files, and ``instances.csv``."""
    if subject.arithmetic is not None:
        raise DeclinedError(
            f"VNN-LIB speaks of real numbers, this certificate of {subject.arithmetic} machines; build without --dtype"
        )
    if subject.norm != "sup":
        raise DeclinedError(f"VNN-LIB speaks of points, this certificate of the norm {subject.norm} over the box")
    network = onnx.export(subject, dtype)
    if not isinstance(network.content, bytes):
        raise TypeError("the network is one file")
    found: list[Query] = []
    loosest = Fraction(0)
    for output in range(subject.outputs):
        queries, looseness = _queries(subject, output)
        found += queries
        loosest = max(loosest, looseness)
    names = [f"property_{k:0{len(str(len(found) - 1))}}.vnnlib" for k in range(len(found))]
    files = {name: _text(subject, query).encode("ascii") for name, query in zip(names, found, strict=True)}
    files[NETWORK] = network.content
    files["instances.csv"] = "".join(f"{NETWORK},{name},{TIMEOUT}\n" for name in names).encode("ascii")
    how = "the exact property" if not loosest else "linear enclosures of the target"
    notes = (
        f"{len(found)} {'query' if len(found) == 1 else 'queries'}, {how}; boxes: {len(found)}; looseness: "
        f"{decimal_up(loosest, 3)} with tolerance {exact_text(subject.tolerance)}",
        "all unsat implies the statement, over the real numbers, for the network with the weights in this folder",
        *network.notes,
    )
    return Export(files, notes)


def _queries(subject: Subject, output: int) -> tuple[list[Query], Fraction]:
    root, tolerance = subject.expression.roots[output], subject.tolerance
    pieces = piecewise(subject.expression, root, len(subject.inputs))
    if pieces is not None:
        clauses = [tuple((1, _moved(a, tolerance)) for a in _sorted(clause)) for clause in pieces.above]
        clauses += [tuple((-1, _moved(a, -tolerance)) for a in _sorted(clause)) for clause in pieces.below]
        return [Query(output, subject.domain, tuple(sorted(clauses, key=repr)))], Fraction(0)
    boxes = _boxes(subject.expression, root, subject.domain, WANTED_LOOSENESS * tolerance)
    loosest = max(linear.width for _, _, linear in boxes)
    if loosest >= USELESS_LOOSENESS * tolerance:
        raise DeclinedError(
            f"{len(boxes)} boxes still leave a looseness of {decimal_up(loosest, 3)}, where a tolerance of "
            f"{exact_text(tolerance)} needs less than twice that; build at a larger tolerance or on a smaller domain"
        )
    found = []
    for box, centre, linear in boxes:
        shift = -sum((a * c for a, c in zip(linear.slope, centre, strict=True)), Fraction(0))
        low = Affine(linear.slope, linear.lo + shift + tolerance)
        high = Affine(linear.slope, linear.hi + shift - tolerance)
        found.append(Query(output, box, (((1, low),), ((-1, high),))))
    return found, loosest


def _moved(form: Affine, by: Fraction) -> Affine:
    return Affine(form.slope, form.constant + by)


def _sorted(clause: frozenset[Affine]) -> list[Affine]:
    return sorted(clause, key=lambda a: (a.slope, a.constant))


Enclosed = tuple[Box, tuple[Fraction, ...], Linear]


def _boxes(expression: Expression, root: int, domain: Box, wanted: Fraction) -> list[Enclosed]:
    """Return boxes that cover the domain: the loosest is halved until all are tight enough or there are MOST_BOXES."""
    order = count()
    heap: list[tuple[Fraction, int, Enclosed]] = []

    def enclosed(box: Box) -> Enclosed:
        return (box, *enclose(expression, root, box))

    def add(item: Enclosed) -> None:
        heapq.heappush(heap, (-item[2].width, next(order), item))

    add(enclosed(domain))
    while -heap[0][0] > wanted and len(heap) < MOST_BOXES:
        box = heapq.heappop(heap)[2][0]
        for half in min(
            ([enclosed(part) for part in halves] for halves in _halves(box)),
            key=lambda pair: max(item[2].width for item in pair),
        ):
            add(half)
    return sorted((item for _, _, item in heap), key=lambda item: item[0])


def _halves(box: Box) -> Iterator[tuple[Box, Box]]:
    """Yield the ways to halve a box that are worth a try: along each side if there are few, else the longest."""
    sides = [k for k, (lo, hi) in enumerate(box) if lo < hi]
    if len(sides) > 3:
        sides = [max(sides, key=lambda k: box[k][1] - box[k][0])]
    for k in sides:
        lo, hi = box[k]
        middle = (lo + hi) / 2
        yield (*box[:k], (lo, middle), *box[k + 1 :]), (*box[:k], (middle, hi), *box[k + 1 :])


def _text(subject: Subject, query: Query) -> str:
    lines = [
        f"; {subject.statement}",
        f"; certificate sha256 {subject.sha256}",
        f"; unsat: no point of this box is wrong by the tolerance, {exact_text(subject.tolerance)}, or more",
        *(f"(declare-const X_{k} Real)" for k in range(len(subject.inputs))),
        *(f"(declare-const Y_{k} Real)" for k in range(subject.outputs)),
    ]
    for k, (lo, hi) in enumerate(query.box):
        lines += [f"(assert (>= X_{k} {_decimal(lo, -1)}))", f"(assert (<= X_{k} {_decimal(hi, 1)}))"]
    clauses = [
        "(and " + " ".join(_comparison(query, sign, form) for sign, form in clause) + ")" for clause in query.clauses
    ]
    lines += ["(assert (or", *(f"    {clause}" for clause in clauses), "))"]
    return "\n".join(lines) + "\n"


def _comparison(query: Query, sign: int, form: Affine) -> str:
    """Return Y - slope . X >= constant (or <=), the slope rounded and the constant moved by what that changes."""
    terms, slack = [f"Y_{query.output}"], Fraction(0)
    for k, (slope, (lo, hi)) in enumerate(zip(form.slope, query.box, strict=True)):
        text = _decimal(-slope, 1)
        slack += abs(Fraction(text) + slope) * max(abs(Fraction(_decimal(lo, -1))), abs(Fraction(_decimal(hi, 1))))
        if Fraction(text):
            terms.append(f"(* {text} X_{k})")
    left = terms[0] if len(terms) == 1 else f"(+ {' '.join(terms)})"
    return f"({'>=' if sign > 0 else '<='} {left} {_decimal(form.constant - sign * slack, -sign)})"


def _decimal(value: Fraction, direction: int) -> str:
    """Return a plain decimal: exact where it is short, else DIGITS digits rounded up (1) or down (-1)."""
    places = max(0, DIGITS - 1 - decimal_exponent(value)) if value else 0
    scaled = value * 10**places
    whole = scaled.numerator // scaled.denominator if direction < 0 else -(-scaled.numerator // scaled.denominator)
    digits = str(abs(whole)).rjust(places + 1, "0")
    text = f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}".rstrip("0")
    return ("-" if whole < 0 else "") + (text + "0" if text.endswith(".") else text)
