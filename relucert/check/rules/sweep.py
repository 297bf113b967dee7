"""The lines of a ReLU network of one variable on cells, for the families ``pieces``, ``smooth`` and ``analytic``."""

from bisect import bisect_right
from fractions import Fraction
from heapq import heappop, heappush
from itertools import pairwise

from ..kernel import Context
from ..model import ONE, Atom, Form, In
from ..number import cost
from ..refusal import Rejected

Line = tuple[Fraction, Fraction]  # (constant, slope)
Place = tuple[str, int]  # ("t", term) or ("u", neuron)


def one_atom(context: Context, variable: int) -> tuple[int, Atom]:
    """Return the network of an output whose form is one input x or one u_j alone, and that atom."""
    network, form = context.output(variable)
    atom = next(iter(form), ONE)
    if len(form) != 1 or atom[0] not in ("x", "u") or form[atom] != 1:
        raise Rejected(f"t{variable} is not one input or neuron alone")
    return network, atom


def require_cover(knots: tuple[Fraction, ...], inside: In) -> None:
    """Raise Rejected unless the knots increase and cover the enclosure."""
    if len(knots) < 2 or any(a >= b for a, b in pairwise(knots)) or knots[0] > inside.lo or knots[-1] < inside.hi:
        raise Rejected("the knots do not increase or do not cover the range of the variable")


class Sweep:
    """The lines of neurons and outputs, kept up to date while the pieces are visited from left to right.

    ``lines`` holds for every output term and neuron its linear function of the variable on the current piece.  A neuron
    is looked at again when its line changes and on the piece where its line next has a zero: in between it keeps its
    sign.
    """

    def __init__(
        self, context: Context, network: int, variable: Atom, outputs: dict[int, Form], knots: tuple[Fraction, ...]
    ) -> None:
        self.context, self.knots = context, knots
        self.lines: dict[Place, Line] = {}
        self.readers: dict[Atom, list[tuple[Place, Fraction]]] = {}
        self.events: dict[int, list[int]] = {}
        fixed: dict[Atom, Line] = {ONE: (Fraction(1), Fraction(0)), variable: (Fraction(0), Fraction(1))}
        wanted = {atom[1] for form in outputs.values() for atom in form if atom not in fixed and len(atom) == 2}
        context.spend(len(context.networks[network].neurons) // 8)
        forms: dict[Place, Form] = {("t", t): form for t, form in outputs.items()}
        for j in range(len(context.networks[network].neurons) - 1, -1, -1):
            if j in wanted:
                forms["u", j] = context.neuron(network, j)
                wanted |= {atom[1] for atom in forms["u", j] if atom not in fixed and len(atom) == 2}
        for place, form in forms.items():
            line = (Fraction(0), Fraction(0))
            for atom, weight in form.items():
                if atom in fixed:
                    line = _moved(line, weight, fixed[atom])
                elif len(atom) < 2 or ("u", atom[1]) not in forms or atom[0] == "x":
                    raise Rejected("a neuron depends on more than the variable")
                else:
                    self.readers.setdefault(atom, []).append((place, weight))
            self.lines[place] = line
            context.spend(4 * len(form))
        neurons = sorted(j for j in wanted if ("u", j) in forms)
        self.known: dict[Atom, Line] = {(kind, j): (Fraction(0), Fraction(0)) for j in neurons for kind in "ur"}
        self.events[0] = neurons

    def enter(self, piece: int) -> None:
        """Bring the lines up to date on the piece with this number; raise Rejected where a sign changes inside."""
        a, b = self.knots[piece : piece + 2]
        pending = sorted(set(self.events.pop(piece, ())))
        while pending:
            j = heappop(pending)
            while pending and pending[0] == j:
                heappop(pending)
            u = self.lines["u", j]
            first, last = (u[0] + u[1] * a).numerator, (u[0] + u[1] * b).numerator
            if first * last < 0:
                raise Rejected(f"neuron {j} changes sign between two knots")
            rising = u[1].numerator
            if rising and rising * last <= 0 and (zero := -u[0] / u[1]) < self.knots[-1]:  # and then b <= zero
                self.events.setdefault(bisect_right(self.knots, zero) - 1, []).append(j)
            for atom, line in ((("u", j), u), (("r", j), u if first > 0 or last > 0 else (Fraction(0), Fraction(0)))):
                readers, known = self.readers.get(atom), self.known[atom]
                if readers and line != known:
                    change = line[0] - known[0], line[1] - known[1]
                    self.known[atom] = line
                    self.context.spend(4 * len(readers) * cost(*change))
                    for place, weight in readers:
                        self.lines[place] = _moved(self.lines[place], weight, change)
                        if place[0] == "u":
                            heappush(pending, place[1])


def _moved(line: Line, weight: Fraction, by: Line) -> Line:
    return line[0] + weight * by[0], line[1] + weight * by[1]
