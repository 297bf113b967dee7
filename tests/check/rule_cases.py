"""The accept/reject table of the rules: each case is one tiny certificate around one step of one rule."""

from fractions import Fraction
from typing import Any

from forge import Case, certificate, encode, has, near, network, step
from region_cases import region_cases

KAPPA, KAPPA_TERMS = "139232271380537/500000000000000", 28  # 0.278464542761074, just above W(1/e)
UNIT = "139232271380537/50000000000000000"  # kappa / 100

Data = dict[str, Any]


def case(
    name: str,
    rule: str,
    claim: list[Any],
    why: str | None = None,
    *,
    facts: tuple[Data, ...] = (),
    lemmas: dict[str, list[Any]] | None = None,
    networks: tuple[Data, ...] = (),
    domain: tuple[tuple[str, str], ...] = (("-1", "1"),),
    precision: int = 64,
    status: str = "rejected",
    **args: Any,
) -> Case:
    """Return the case of one step whose premises are ``facts``, taken for granted."""
    steps = [*facts, step(rule, claim, tuple(range(len(facts))), **args)]
    data = certificate(lemmas or {}, steps, networks, domain, precision)
    return Case(f"{rule}: {name}", encode(data), len(facts), rule, why, status)


WEAK = "does not entail"
BOX = (("-1", "1"), ("2", "3"))


def ranges() -> list[Case]:
    def one(name: str, node: list[Any], lo: str, hi: str, why: str | None = None, facts: Any = None) -> Case:
        boxes = (has("x0", "-1", "1"), has("x1", "2", "3")) if facts is None else facts
        return case(name, "range", ["in", "t", lo, hi], why, lemmas={"t": node}, facts=boxes, domain=BOX, term="t")

    plain: dict[str, tuple[list[Any], str, str]] = {
        "an input": (["input", 1], "2", "3"),
        "a constant": (["const", "5/7"], "5/7", "5/7"),
        "a sum": (["add", "x0", "x1"], "1", "4"),
        "a sum of three": (["add", "x0", "x1", "x1"], "3", "7"),
        "a product of mixed sign": (["mul", "x0", "x1"], "-3", "3"),
        "a product of three": (["mul", "x1", "x0", "x1"], "-9", "9"),
        "a square, seen as a product": (["mul", "x0", "x0"], "-1", "1"),
        "a maximum": (["max", "x0", "x1"], "2", "3"),
        "a minimum": (["min", "x0", "x1"], "-1", "1"),
        "an absolute value over zero": (["abs", "x0"], "0", "1"),
        "an absolute value beside zero": (["abs", "x1"], "2", "3"),
        "a reciprocal": (["inv", "x1"], "1/3", "1/2"),
    }
    result = [one(f"encloses {name}", *values) for name, values in plain.items()]
    for name, (node, lo, hi) in plain.items():
        inside = str((9 * Fraction(lo) + Fraction(hi)) / 10), str((Fraction(lo) + 9 * Fraction(hi)) / 10)
        if lo != hi:
            result.append(one(f"refuses a larger lower end of {name}", node, inside[0], hi, WEAK))
            result.append(one(f"refuses a smaller upper end of {name}", node, lo, inside[1], WEAK))
    negative, point = (has("x0", "-1", "1"), has("x1", "-3", "-2")), (has("x0", "0", "0"),)
    result += [
        one("encloses a negative product", ["mul", "x1", "x1"], "4", "9", None, negative),
        one("encloses a negative reciprocal", ["inv", "x1"], "-1/2", "-1/3", None, negative),
        one("encloses the absolute value of a negative", ["abs", "x1"], "2", "3", None, negative),
        one("accepts a wider claim", ["add", "x0", "x1"], "-7", "40"),
        one("refuses 1/a around zero", ["inv", "x0"], "-9", "9", "contains zero"),
        one("refuses 1/a with zero at the upper end", ["inv", "x0"], "-9", "9", "contains zero", (has("x0", "-1",
            "0"),)),
        one("refuses 1/a with zero at the lower end", ["inv", "x0"], "1", "9", "contains zero", (has("x0", "0", "1"),)),
        one("refuses 1/a at the point zero", ["inv", "x0"], "0", "0", "contains zero", point),
        one("refuses a sum with a premise missing", ["add", "x0", "x1"], "1", "4", "no premise", (has("x0", "-1",
            "1"),)),
        one("refuses a distance as the premise", ["abs", "x0"], "0", "1", "no premise", (near("x0", "x1", "0"),)),
        case("refuses to look inside the transformer", "range", ["in", "t", "-1", "1"], "does not look inside",
             lemmas={"t": ["subject", 0]}, term="t"),
        case("refuses to look inside a network", "range", ["in", "t", "-1", "1"], "does not look inside",
             lemmas={"t": ["net", 0, 0]}, term="t"),
        case("refuses to look inside a gated network", "range", ["in", "t", "-1", "1"], "does not look inside",
             lemmas={"t": ["gated", 0, 0]}, term="t"),
        case("refuses a claim about another term", "range", ["in", "x1", "-1", "1"], WEAK, domain=BOX, term="x0"),
        case("refuses a distance as the claim", "range", ["near", "x0", "x0", "1"], WEAK, term="x0"),
        case("refuses an unknown argument", "range", ["in", "x0", "-1", "1"], "unknown field", term="x0", lo="-1"),
        case("refuses a missing argument", "range", ["in", "x0", "-1", "1"], "lacks the field"),
        case("refuses a term out of range", "range", ["in", "x0", "-1", "1"], "whole number", term=99),
        case("refuses a term that is text", "range", ["in", "x0", "-1", "1"], "whole number", term="0"),
    ]  # fmt: skip
    return result


def near_ranges() -> list[Case]:
    terms = {"a": ["const", "0"], "b": ["const", "1"], "c": ["const", "2"]}

    def one(name: str, lo: str, hi: str, why: str | None, *facts: Data) -> Case:
        return case(name, "range_near", ["in", "a", lo, hi], why, lemmas=terms, facts=facts)

    distance, inside = near("a", "b", "1/4"), has("b", "0", "1")
    return [
        one("widens by the distance", "-1/4", "5/4", None, distance, inside),
        one("keeps the range at distance zero", "0", "1", None, near("a", "b", "0"), inside),
        one("refuses the range itself", "0", "1", WEAK, distance, inside),
        one("refuses to widen below only", "-1/4", "1", WEAK, distance, inside),
        one("refuses to widen above only", "0", "5/4", WEAK, distance, inside),
        one("refuses the premises in the other order", "-1/4", "5/4", "needs a distance, then", inside, distance),
        one("refuses a range of another term", "-1/4", "5/4", "not that of the right-hand", distance, has("c", "0",
            "1")),
        one("refuses a range of the left-hand term", "-1/4", "5/4", "not that of the right-hand", distance,
            has("a", "0", "1")),
        one("refuses one premise", "-1/4", "5/4", "needs two premises", distance),
        one("refuses two distances", "-1/4", "5/4", "needs a distance, then", distance, distance),
        one("refuses a premise too many", "-1/4", "5/4", "needs two premises", distance, inside, inside),
        one("refuses no premise", "-1/4", "5/4", "needs two premises"),
        case("refuses to enclose the other side", "range_near", ["in", "b", "-1/4", "5/4"], WEAK, lemmas=terms,
             facts=(distance, inside)),
    ]  # fmt: skip


NETS = network("1/2 x0", "-1 + r0", out=("x0", "x1", "1/2 + 2 x0 - 3 x1", "u1", "u0 + x1"))
NET_TERMS: dict[str, list[Any]] = {
    "a": ["net", 0, 0], "b": ["net", 0, 1], "c": ["net", 0, 2], "u1": ["net", 0, 3], "d": ["net", 0, 4],
    "gated u1": ["gated", 0, 3], "other": ["net", 1, 0],
}  # fmt: skip
TWO = (NETS, network("-1 + x0", out=("u0",)))


def affine_ranges() -> list[Case]:
    def one(name: str, claim: list[Any], why: str | None, facts: tuple[Data, ...], term: Any, parts: Any, weights: Any,
            offset: str) -> Case:  # fmt: skip
        return case(name, "range_affine", claim, why, lemmas=NET_TERMS, networks=TWO, domain=BOX, facts=facts,
            term=term,
                    parts=parts, weights=weights, offset=offset)  # fmt: skip

    facts = (has("a", "-1", "1"), has("b", "2", "3"))
    ab: list[Any] = ["a", "b"]
    return [
        one("adds weighted ends by sign", ["in", "c", "-21/2", "-7/2"], None, facts, "c", ab, ["2", "-3"], "1/2"),
        one("takes no parts for a constant", ["in", "x0", "-1", "1"], "not that combination", facts, "x0", [], [], "0"),
        one("repeats a part", ["in", "a", "-1", "1"], None, facts, "a", ["a", "a"], ["1/3", "2/3"], "0"),
        one("refuses too narrow a claim", ["in", "c", "-20/3", "-7/2"], WEAK, facts, "c", ab, ["2", "-3"], "1/2"),
        one("refuses ends chosen without the sign", ["in", "c", "-15/2", "-13/2"], WEAK, facts, "c", ab, ["2", "-3"],
            "1/2"),
        one("refuses a wrong weight", ["in", "c", "-99", "99"], "not that combination", facts, "c", ab, ["2", "3"],
            "1/2"),
        one("refuses a wrong offset", ["in", "c", "-99", "99"], "not that combination", facts, "c", ab, ["2", "-3"],
            "0"),
        one("refuses a part without a range", ["in", "c", "-99", "99"], "no premise", facts[:1], "c", ab, ["2", "-3"],
            "1/2"),
        one("refuses fewer weights than parts", ["in", "c", "-99", "99"], "one weight", facts, "c", ab, ["2"], "1/2"),
        one("refuses fewer parts than weights", ["in", "c", "-99", "99"], "one weight", facts, "c", ["a"], ["2", "-3"],
            "1/2"),
        one("refuses a gate for its argument", ["in", "u1", "-99", "99"], "not that combination", facts, "u1", ["a"],
            ["1/2"], "-1"),
        one("refuses a neuron of another network", ["in", "other", "-99", "99"], "not that combination",
            (has("u1", "0", "0"),), "other", ["u1"], ["1"], "0"),
        one("refuses the gated network for the exact one", ["in", "u1", "0", "0"], "not that combination",
            (has("gated u1", "0", "0"),), "u1", ["gated u1"], ["1"], "0"),
        one("refuses a weight that is a number", ["in", "c", "-99", "99"], "must be text", facts, "c", ab, [2, "-3"],
            "1/2"),
    ]  # fmt: skip


def constants() -> list[Case]:
    terms = {"a": ["input", 0], "c": ["const", "1/4"], "half": ["const", "1/2"]}

    def one(name: str, bound: str, why: str | None, *facts: Data, value: str = "c", right: str = "c") -> Case:
        return case(
            name, "constant", ["near", "a", right, bound], why, lemmas=terms, facts=facts, term="a", value=value
        )

    return [
        one("takes the farther end above", "3/4", None, has("a", "0", "1")),
        one("takes the farther end below", "5/4", None, has("a", "-1", "1/2")),
        one("is exact on a point", "0", None, has("a", "1/4", "1/4")),
        one("takes a range that does not hold the constant", "3/4", None, has("a", "1/2", "1")),
        one("refuses the nearer end", "1/4", WEAK, has("a", "0", "1")),
        one("refuses half the width", "1/2", WEAK, has("a", "0", "1")),
        one("refuses a bound a little below", "749999/1000000", WEAK, has("a", "0", "1")),
        one("refuses a missing range", "3/4", "no premise", has("half", "0", "1")),
        one("refuses a term that is not a constant", "3/4", "'input' where 'const'", has("a", "0", "1"), value="a"),
        one("refuses a claim about another constant", "3/4", WEAK, has("a", "0", "1"), right="half"),
    ]


def affines() -> list[Case]:
    terms = {**NET_TERMS, "half": ["const", "1/2"], "two": ["const", "2"], "three": ["const", "-3"],
             "2 x0": ["mul", "two", "x0"], "-3 x1": ["mul", "three", "x1"], "right": ["add", "half", "2 x0",
                 "-3 x1"]}  # fmt: skip

    def one(name: str, left: str, right: str, bound: str, why: str | None, facts: tuple[Data, ...], lefts: Any,
            rights: Any, weights: Any, claim: Any = None) -> Case:  # fmt: skip
        return case(name, "affine", claim or ["near", left, right, bound], why, lemmas=terms, networks=TWO, domain=BOX,
                    facts=facts, left=left, right=right, lefts=lefts, rights=rights, weights=weights)  # fmt: skip

    facts = (near("a", "x0", "1/8"), near("b", "x1", "1/4"))
    a, b = ["a", "b"], ["x0", "x1"]
    return [
        one("adds absolute weights times distances", "c", "right", "1", None, facts, a, b, ["2", "-3"]),
        one("weights one distance", "a", "x0", "1/8", None, facts, ["a"], ["x0"], ["1"]),
        one("splits a distance in two", "a", "x0", "1/8", None, facts, ["a", "a"], ["x0", "x0"], ["1/2", "1/2"]),
        one("needs no premise from a term to itself", "a", "a", "0", None, (), ["b"], ["b"], ["7"]),
        one("finds equal sides at distance zero", "a", "x0", "0", None, (), [], [], []),
        one("adds the size of a negative weight", "a", "x0", "5/8", None, facts, [*a, "b"], [*b, "x1"],
            ["1", "1", "-1"]),
        one("refuses to subtract for a negative weight", "a", "x0", "1/8", WEAK, facts, [*a, "b"], [*b, "x1"],
            ["1", "1", "-1"]),
        one("refuses a smaller bound", "a", "x0", "1/9", WEAK, facts, ["a"], ["x0"], ["1"]),
        one("refuses a combination of other differences", "a", "x1", "1/8", "not that combination", facts, ["a"],
            ["x0"],
            ["1"]),
        one("refuses a wrong weight of a difference", "c", "x0", "99", "not that combination", facts, a, b, ["2", "3"]),
        one("refuses a distance that no premise gives", "a", "x0", "1/8", "no premise", facts[1:], ["a"], ["x0"],
            ["1"]),
        one("refuses a distance read backwards", "x0", "a", "1/8", "no premise", facts, ["x0"], ["a"], ["1"]),
        one("refuses lists of different lengths", "a", "x0", "1/8", "one length", facts, a, ["x0"], ["1"]),
        one("refuses too few weights", "a", "x0", "1/8", "one length", facts, ["a"], ["x0"], []),
        one("refuses the gate for its argument", "u1", "x0", "99", "not that combination", facts, ["a"], ["x0"], ["1"]),
        one("refuses a gated output for the exact one", "u1", "gated u1", "0", "not that combination", (), [], [], []),
        one("refuses a neuron of another network", "u1", "other", "0", "not that combination", (), [], [], []),
        one("refuses a claim that swaps the sides", "a", "x0", "1/8", WEAK, facts, ["a"], ["x0"], ["1"],
            ["near", "x0", "a", "1/8"]),
        one("refuses a range as the premise", "a", "x0", "1/8", "no premise", (has("a", "0", "1"),), ["a"], ["x0"],
            ["1"]),
    ]  # fmt: skip


def congruences() -> list[Case]:
    terms: dict[str, list[Any]] = {"a": ["input", 0], "b": ["input", 0], "c": ["input", 0], "d": ["input", 0]}
    for op in ("add", "mul", "max", "min"):
        terms |= {f"{op} ab": [op, "a", "b"], f"{op} cd": [op, "c", "d"]}
    for op in ("inv", "abs"):
        terms |= {f"{op} a": [op, "a"], f"{op} c": [op, "c"]}
    terms |= {"mul aab": ["mul", "a", "a", "b"], "mul ccd": ["mul", "c", "c", "d"], "mul abb": ["mul", "a", "b", "b"],
              "net": ["net", 0, 0], "add ad": ["add", "a", "d"]}  # fmt: skip

    def one(name: str, left: str, right: str, bound: str, why: str | None, *facts: Data) -> Case:
        return case(name, "congruence", ["near", left, right, bound], why, lemmas=terms, facts=facts, left=left,
                    right=right)  # fmt: skip

    ac, bd = near("a", "c", "1/8"), near("b", "d", "1/4")
    c, d, far = has("c", "-1", "1"), has("d", "-2", "1"), has("c", "2", "4")
    return [
        one("adds the distances of a sum", "add ab", "add cd", "3/8", None, ac, bd),
        one("refuses the larger distance for a sum", "add ab", "add cd", "1/4", WEAK, ac, bd),
        one("takes equal arguments at distance zero", "add ab", "add ad", "1/4", None, bd),
        one("takes the larger distance of a maximum", "max ab", "max cd", "1/4", None, ac, bd),
        one("refuses the smaller distance for a maximum", "max ab", "max cd", "1/8", WEAK, ac, bd),
        one("takes the larger distance of a minimum", "min ab", "min cd", "1/4", None, ac, bd),
        one("refuses the smaller distance for a minimum", "min ab", "min cd", "1/8", WEAK, ac, bd),
        one("keeps the distance under abs", "abs a", "abs c", "1/8", None, ac),
        one("refuses to shrink the distance under abs", "abs a", "abs c", "1/9", WEAK, ac),
        one("bounds a product", "mul ab", "mul cd", "17/32", None, ac, bd, c, d),  # 9/8 * 9/4 - 2
        one("refuses a product without the second order", "mul ab", "mul cd", "1/2", WEAK, ac, bd, c, d),
        one("bounds a product of three", "mul aab", "mul ccd", "217/256", None, ac, bd, c, d),  # 81/64 * 9/4 - 2
        one("refuses a product of three bounded as of two", "mul aab", "mul ccd", "17/32", WEAK, ac, bd, c, d),
        one("refuses a product without a range", "mul ab", "mul cd", "9", "no premise gives a range", ac, bd, c),
        one("refuses the range of the other side", "mul ab", "mul cd", "9", "no premise gives a range", ac, bd, c,
            has("b", "-2", "1")),
        one("refuses products of different lengths", "mul aab", "mul cd", "9", "one operation", ac, bd, c, d),
        one("refuses arguments in another order", "mul abb", "mul ccd", "9", "no premise says", ac, bd, c, d),
        one("bounds a reciprocal", "inv a", "inv c", "1/30", None, ac, far),  # (1/8) / (2 * 15/8)
        one("bounds a reciprocal of a negative", "inv a", "inv c", "1/30", None, ac, has("c", "-4", "-2")),
        one("refuses a reciprocal bounded at the middle", "inv a", "inv c", "1/31", WEAK, ac, far),
        one("refuses a reciprocal near zero", "inv a", "inv c", "99", "too close to zero", ac, has("c", "1/8", "1")),
        one("refuses a reciprocal around zero", "inv a", "inv c", "99", "too close to zero", ac, c),
        one("refuses a reciprocal of zero at distance zero", "inv a", "inv c", "0", "too close to zero",
            near("a", "c", "0"), has("c", "0", "1")),
        one("refuses a reciprocal without a range", "inv a", "inv c", "99", "no premise gives a range", ac),
        one("refuses different operations", "max ab", "min cd", "9", "one operation", ac, bd),
        one("refuses a distance read backwards", "abs c", "abs a", "1/8", "no premise says", ac),
        one("refuses a missing distance", "add ab", "add cd", "3/8", "no premise says", ac),
        one("refuses ranges for distances", "add ab", "add cd", "9", "no premise says", c, d),
        one("refuses inputs, which are no operation", "a", "c", "9", "one operation", ac),
        one("refuses outputs of networks", "net", "net", "0", "one operation"),
    ]  # fmt: skip


def reciprocals() -> list[Case]:
    terms: dict[str, list[Any]] = {
        "a": ["input", 0], "y": ["const", "1/3"], "one": ["const", "1"], "two": ["const", "2"], "ay": ["mul", "a", "y"],
        "ya": ["mul", "y", "a"], "aay": ["mul", "a", "a", "y"], "1/a": ["inv", "a"], "1/y": ["inv", "y"],
        "sum": ["add", "a", "y"],
    }  # fmt: skip

    def one(name: str, bound: str, why: str | None, *facts: Data, claim: Any = None, inverse: str = "1/a") -> Case:
        return case(name, "reciprocal", claim or ["near", "y", inverse, bound], why, lemmas=terms, facts=facts,
            term="y",
                    inverse=inverse)  # fmt: skip

    close, inside = near("ay", "one", "1/4"), has("a", "2", "5")
    return [
        one("divides by the least denominator", "1/8", None, close, inside),
        one("takes a negative denominator", "1/8", None, close, has("a", "-5", "-2")),
        one("refuses to divide by the largest denominator", "1/20", WEAK, close, inside),
        one("refuses a bound a little smaller", "124999/1000000", WEAK, close, inside),
        one("refuses a denominator around zero", "99", "away from zero", close, has("a", "-1", "1")),
        one("refuses a denominator that touches zero", "99", "away from zero", close, has("a", "0", "1")),
        one("refuses the product in the other order", "1/8", "product of", near("ya", "one", "1/4"), inside),
        one("refuses a product of three", "1/8", "product of", near("aay", "one", "1/4"), inside),
        one("refuses a sum for the product", "1/8", "'add' where 'mul'", near("sum", "one", "1/4"), inside),
        one("refuses a distance from two", "1/8", "distance from one", near("ay", "two", "1/4"), inside),
        one("refuses a distance from a term", "1/8", "'input' where 'const'", near("ay", "a", "1/4"), inside),
        one("refuses the inverse of another term", "1/8", "product of", close, inside, inverse="1/y"),
        one("refuses a term that is no inverse", "1/8", "'mul' where 'inv'", close, inside, inverse="ay"),
        one("refuses a range of another term", "1/8", "no premise", close, has("y", "2", "5")),
        one("refuses the premises in the other order", "1/8", "needs two premises", inside, close),
        one("refuses a missing range", "1/8", "needs two premises", close),
        one("refuses a claim about the swapped sides", "1/8", WEAK, close, inside, claim=["near", "1/a", "y", "1/8"]),
    ]


def polynomials() -> list[Case]:
    terms: dict[str, list[Any]] = {
        **NET_TERMS, "minus": ["const", "-1"], "x1 -": ["mul", "minus", "x1"], "sum": ["add", "x0", "x1"],
        "difference": ["add", "x0", "x1 -"], "product": ["mul", "sum", "difference"], "x0x0": ["mul", "x0", "x0"],
        "x1x1 -": ["mul", "minus", "x1", "x1"], "squares": ["add", "x0x0", "x1x1 -"], "cube": ["mul", "x0x0", "x0"],
        "1/x1": ["inv", "x1"], "1/x1 again": ["inv", "x1"], "x1/x1": ["mul", "x1", "1/x1"], "one": ["const", "1"],
        "a again": ["net", 0, 0], "|x0|": ["abs", "x0"], "T": ["subject", 0], "a gated": ["gated", 0, 0],
    }  # fmt: skip

    def one(name: str, left: str, right: str, why: str | None, bound: str = "0", claim: Any = None) -> Case:
        return case(name, "polynomial", claim or ["near", left, right, bound], why, lemmas=terms, networks=TWO,
            domain=BOX,
                    left=left, right=right)  # fmt: skip

    other = "different polynomials"
    return [
        one("expands a product", "product", "squares", None),
        one("reads an output of a network", "a", "x0", None),
        one("reads one output twice", "a", "a again", None),
        one("reads an output without gates in the gated network", "a gated", "a", None),
        one("accepts a larger bound", "product", "squares", None, "1/9"),
        one("refuses a negative bound", "product", "squares", WEAK, "-1/1000000"),
        one("refuses another polynomial", "product", "x0x0", other),
        one("refuses another degree", "cube", "x0x0", other),
        one("refuses another input", "a", "x1", other),
        one("refuses x/x for one", "x1/x1", "one", other),
        one("refuses |x| for x", "|x0|", "x0", other),
        one("refuses a gate for its argument", "u1", "c", other),
        one("refuses a neuron of another network", "u1", "other", other),
        one("refuses the gated network for the exact one", "gated u1", "u1", other),
        one("refuses the transformer for what it computes", "T", "x0", other),
        one("refuses a claim about other terms", "product", "squares", WEAK, claim=["near", "product", "x0", "0"]),
        one("refuses a claim with one side twice", "product", "squares", WEAK, claim=["near", "product", "cube", "0"]),
    ]


def univariates() -> list[Case]:
    terms: dict[str, list[Any]] = {
        "v": ["net", 0, 0], "vv": ["mul", "v", "v"], "vvv": ["mul", "vv", "v"], "zero": ["const", "0"],
        "half": ["const", "1/2"], "x0x0": ["mul", "x0", "x0"], "w": ["mul", "v", "x1"],
    }  # fmt: skip
    nets = (network("x0", out=("r0", "x0")),)

    def one(name: str, left: str, right: str, bound: str, why: str | None, facts: Any = None, variable: str = "v",
            pieces: int = 1, status: str = "rejected") -> Case:  # fmt: skip
        return case(name, "univariate", ["near", left, right, bound], why, lemmas=terms, networks=nets, domain=BOX,
                    facts=(has("v", "0", "1"),) if facts is None else facts, left=left, right=right, variable=variable,
                    pieces=pieces, status=status)  # fmt: skip

    point = (has("v", "1/2", "1/2"),)
    return [
        one("is exact for a line", "v", "zero", "1", None),
        one("bounds v - v^2 by Bernstein on one piece", "v", "vv", "1/2", None),
        one("bounds v - v^2 on two pieces", "v", "vv", "1/4", None, pieces=2),
        one("works on a point", "v", "vv", "1/4", None, point),
        one("takes a negative range", "vvv", "zero", "8", None, (has("v", "-2", "-1"),)),
        one("lets the variable be the left-hand side", "v", "half", "1/2", None),
        one("lets an input be the variable", "x0x0", "x0", "2", None, (has("x0", "-1", "1"),), "x0", 2),
        one("refuses less than the largest value", "v", "vv", "249/1000", WEAK, pieces=4096),
        one("refuses less than the Bernstein bound", "v", "vv", "49/100", WEAK),
        one("refuses to forget the lower side", "vv", "v", "0", WEAK),
        one("refuses a bound from a point of a wide range", "vv", "zero", "1/4", WEAK),
        one("refuses two variables", "w", "zero", "99", "one variable"),
        one("refuses another variable", "x0x0", "zero", "99", "one variable"),
        one("refuses a variable below which it cannot look", "vv", "x0", "99", "one variable"),
        one("refuses a missing range", "vv", "v", "99", "no premise", ()),
        one("refuses a range of another term", "vv", "v", "99", "no premise", (has("x0", "0", "1"),)),
        one("declines no pieces", "v", "vv", "1", "pieces must be", pieces=0, status="declined"),
        one("declines too many pieces", "v", "vv", "1", "pieces must be", pieces=4097, status="declined"),
        one("declines absurdly many pieces", "v", "vv", "1", "pieces must be", pieces=999_999_999, status="declined"),
    ]


def sums() -> list[Case]:
    terms = {t: ["const", str(k)] for k, t in enumerate("abcd")}

    def one(name: str, rule: str, claim: list[Any], why: str | None, *facts: Data) -> Case:
        return case(name, rule, claim, why, lemmas=terms, facts=facts)

    ab, bc, cd, ca = near("a", "b", "1/2"), near("b", "c", "1/3"), near("c", "d", "1/7"), near("c", "a", "0")
    inside, chain, swap = has("a", "0", "1"), "not a chain", "needs one premise"
    return [
        one("adds two distances", "sum", ["near", "a", "c", "5/6"], None, ab, bc),
        one("adds three distances", "sum", ["near", "a", "d", "41/42"], None, ab, bc, cd),
        one("keeps one distance", "sum", ["near", "a", "b", "1/2"], None, ab),
        one("returns to where it began", "sum", ["near", "a", "a", "5/6"], None, ab, bc, ca),
        one("refuses the larger distance", "sum", ["near", "a", "c", "1/2"], WEAK, ab, bc),
        one("refuses a little less than the sum", "sum", ["near", "a", "c", "833333/1000000"], WEAK, ab, bc),
        one("refuses a gap in the chain", "sum", ["near", "a", "d", "9"], chain, ab, cd),
        one("refuses the chain backwards", "sum", ["near", "a", "c", "9"], chain, bc, ab),
        one("refuses a distance read backwards", "sum", ["near", "a", "c", "9"], chain, ab, near("c", "b", "1/3")),
        one("refuses a range in the chain", "sum", ["near", "a", "b", "9"], chain, inside, ab),
        one("refuses no premise", "sum", ["near", "a", "a", "0"], "needs a premise"),
        one("refuses a claim about the swapped ends", "sum", ["near", "c", "a", "5/6"], WEAK, ab, bc),
        one("refuses a claim about an inner term", "sum", ["near", "a", "b", "5/6"], WEAK, ab, bc),
        one("swaps the sides", "symmetry", ["near", "b", "a", "1/2"], None, ab),
        one("refuses to leave the sides", "symmetry", ["near", "a", "b", "1/2"], WEAK, ab),
        one("refuses a smaller bound", "symmetry", ["near", "b", "a", "1/3"], WEAK, ab),
        one("refuses two premises", "symmetry", ["near", "b", "a", "1/2"], swap, ab, ab),
        one("refuses no premises", "symmetry", ["near", "b", "a", "1/2"], swap),
        one("refuses a range as its premise", "symmetry", ["near", "b", "a", "1/2"], swap, inside),
    ]


def sawteeth() -> list[Case]:
    t, u0, u1 = "1/2 + 1/2 x0", "0 + x0", "-1 - 2 u0 + 4 r0"
    good = "23/128 + 1/2 x0 - 1/4 u0 + 1/2 r0 - 1/16 u1 + 1/8 r1"
    terms: dict[str, list[Any]] = {"t": ["net", 0, 0], "out": ["net", 0, 1], "tt": ["mul", "t", "t"],
                                   "ttt": ["mul", "t", "t", "t"], "tx": ["mul", "t", "x0"], "xx": ["mul", "x0", "x0"],
                                   "elsewhere": ["net", 1, 1]}  # fmt: skip
    inside = (has("t", "0", "1"),)

    def one(name: str, bound: str, why: str | None, chain: list[int], out: str, neurons: tuple[str, ...] = (u0, u1),
            facts: tuple[Data, ...] = inside, square: str = "tt", term: str = "out") -> Case:  # fmt: skip
        nets = (network(*neurons, out=(t, out)), network(*neurons, out=(t, out)))
        return case(name, "sawtooth", ["near", term, square, bound], why, lemmas=terms, networks=nets, facts=facts,
            out=term,
                    square=square, chain=chain)  # fmt: skip

    sum_, fold = "not the sawtooth sum", "not 2 v - 1"
    return [
        one("takes no fold", "1/8", None, [], "3/8 + 1/2 x0"),
        one("takes one fold", "1/32", None, [0], "7/32 + 1/2 x0 - 1/4 u0 + 1/2 r0"),
        one("takes two folds", "1/128", None, [0, 1], good),
        one("refuses half the bound without a fold", "1/16", WEAK, [], "3/8 + 1/2 x0"),
        one("refuses half the bound", "1/256", WEAK, [0, 1], good),
        one("refuses a bound a little smaller", "7812/1000001", WEAK, [0, 1], good),
        one("refuses the sum that is not centred", "1/64", sum_, [0, 1],
            "24/128 + 1/2 x0 - 1/4 u0 + 1/2 r0 - 1/16 u1 + 1/8 r1".replace("24/128", "3/16")),
        one("refuses one wrong weight", "1/128", sum_, [0, 1],
            "23/128 + 1/2 x0 - 1/4 u0 + 1/2 r0 - 1/16 u1 + 1/16 r1"),
        one("refuses a sum over a shorter chain", "1/128", sum_, [0, 1], "7/32 + 1/2 x0 - 1/4 u0 + 1/2 r0"),
        one("refuses the chain backwards", "1/128", fold, [1, 0], good),
        one("refuses a neuron twice", "1/128", fold, [0, 0], good),
        one("refuses a fold of the wrong offset", "1/128", fold, [0, 1], good, (u0, "-1/2 - 2 u0 + 4 r0")),
        one("refuses a fold of the wrong slope", "1/128", fold, [0, 1], good, (u0, "-1 - 2 u0 + 3 r0")),
        one("refuses a first fold that is not of t", "1/128", fold, [0, 1], good, ("1/2 + x0", u1)),
        one("refuses a neuron that is not there", "1/128", "no neuron 2", [0, 2], good),
        one("refuses a range above one", "1/128", "not enclosed in [0, 1]", [0, 1], good,
            facts=(has("t", "0", "1000001/1000000"),)),
        one("refuses a range below zero", "1/128", "not enclosed in [0, 1]", [0, 1], good,
            facts=(has("t", "-1/1000000", "1"),)),
        one("refuses a missing range", "1/128", "no premise", [0, 1], good, facts=(has("x0", "0", "1"),)),
        one("refuses a cube", "1/128", "is not a square", [0, 1], good, square="ttt"),
        one("refuses a product", "1/128", "is not a square", [0, 1], good, square="tx"),
        one("refuses a square of an input", "1/128", "'input' where 'net'", [0, 1], good, square="xx"),
        one("refuses an output of another network", "1/128", "belongs to network 1", [0, 1], good, term="elsewhere"),
    ]  # fmt: skip


def extrema() -> list[Case]:
    base: dict[str, list[Any]] = {
        "a": ["net", 0, 0], "b": ["net", 0, 1], "out": ["net", 0, 2], "max": ["max", "x0", "x1"],
        "min": ["min", "x0", "x1"], "abs": ["abs", "x0"], "max3": ["max", "x0", "x1", "x0"], "sum": ["add", "x0", "x1"],
        "far a": ["net", 1, 0], "far out": ["net", 1, 2], "gated a": ["gated", 0, 0],
    }  # fmt: skip
    a, b = near("a", "x0", "1/8"), near("b", "x1", "1/4")

    def one(name: str, target: str, neuron: str, out: str, bound: str, why: str | None, *facts: Data, gate: int = 0,
            term: str = "out", more: tuple[str, ...] = ()) -> Case:  # fmt: skip
        nets = tuple(network(neuron, *more, out=("x0", "x1", out)) for _ in range(2))
        return case(name, "extremum", ["near", term, target, bound], why, lemmas=base, networks=nets, domain=BOX,
            facts=facts,
                    out=term, target=target, gate=gate)  # fmt: skip

    up, down = "0 + x1 - x0", "0 + x0 - x1"
    top, bottom, size = "0 + x0 + r0", "0 + x0 - r0", "0 - u0 + 2 r0"
    wrong, about = "does not build", "not about"
    return [
        one("builds a maximum", "max", up, top, "1/4", None, a, b),
        one("builds a minimum", "min", down, bottom, "1/4", None, a, b),
        one("builds an absolute value", "abs", "0 + x0", size, "1/8", None, a),
        one("opens a neuron that stands alone", "max", up, "u1", "1/4", None, a, b, more=(top,)),
        one("refuses the smaller error of a maximum", "max", up, top, "1/8", WEAK, a, b),
        one("refuses the smaller error of a minimum", "min", down, bottom, "1/8", WEAK, a, b),
        one("refuses an error of abs that is too small", "abs", "0 + x0", size, "1/9", WEAK, a),
        one("refuses a maximum called a minimum", "min", up, top, "1/4", wrong, a, b),
        one("refuses a minimum called a maximum", "max", down, bottom, "1/4", wrong, a, b),
        one("refuses the gate of the difference reversed", "max", down, top, "1/4", wrong, a, b),
        one("refuses an output with the wrong sign", "max", up, bottom, "1/4", wrong, a, b),
        one("refuses an output built on the other argument", "max", up, "0 + x1 + r0", "1/4", wrong, a, b),
        one("refuses an output with an offset", "max", up, "1/1000 + x0 + r0", "1/4", wrong, a, b),
        one("refuses a neuron with an offset", "max", "1/1000 + x1 - x0", top, "1/4", wrong, a, b),
        one("refuses abs with one gate weight wrong", "abs", "0 + x0", "0 - u0 + r0", "1/8", wrong, a),
        one("refuses abs of twice the argument", "abs", "2 x0", size, "1/8", wrong, a),
        one("refuses the u of another neuron alone", "max", up, "2 u1", "1/4", wrong, a, b, more=(top,)),
        one("refuses a gate that is not there", "max", up, top, "1/4", "no neuron 9", a, b, gate=9),
        one("refuses another gate", "max", up, top, "1/4", wrong, a, b, gate=1, more=("0 + x0",)),
        one("refuses the premises in the other order", "max", up, top, "1/4", about, b, a),
        one("refuses one premise twice", "max", up, top, "1/4", about, a, a),
        one("refuses a missing premise", "max", up, top, "1/4", "one premise for each", a),
        one("refuses a premise too many", "max", up, top, "1/4", "one premise for each", a, b, b),
        one("refuses a range as a premise", "max", up, top, "1/4", about, has("a", "0", "1"), b),
        one("refuses a maximum of three", "max3", up, top, "1/4", "binary max", a, b, a),
        one("refuses a sum", "sum", up, top, "1/4", "binary max", a, b),
        one("refuses an argument of another network", "max", up, top, "1/4", "belongs to network 1",
            near("far a", "x0", "1/8"), b),
        one("refuses an output of another network", "max", up, top, "1/4", "belongs to network 0", a, b,
            term="far out"),
        one("refuses a gated argument", "max", up, top, "1/4", "where 'net'", near("gated a", "x0", "1/8"), b),
        one("refuses an argument that is no output", "max", up, top, "1/4", "where 'net'", near("x0", "x0", "0"), b),
    ]  # fmt: skip


def lattices() -> list[Case]:
    terms: dict[str, list[Any]] = {
        "c": ["const", "1"], "flat": ["max", "x0", "x1", "c"], "ab": ["max", "x0", "x1"], "left": ["max", "ab", "c"],
        "bc": ["max", "x1", "c"], "right": ["max", "x0", "bc"], "twice": ["max", "left", "ab"], "min": ["min", "x0",
            "x1"],
        "mixed": ["max", "min", "c"], "flat min": ["min", "x0", "x1", "c"], "nested min": ["min", "c", "min"],
        "more": ["max", "flat", "min"], "c again": ["const", "1"], "with c again": ["max", "ab", "c again"],
        "a": ["max", "x0", "x0"],
    }  # fmt: skip

    def one(name: str, left: str, right: str, why: str | None, bound: str = "0") -> Case:
        return case(
            name, "lattice", ["near", left, right, bound], why, lemmas=terms, domain=BOX, left=left, right=right
        )

    other = "are not the same"
    return [
        one("regroups a maximum", "left", "right", None),
        one("flattens a maximum", "left", "flat", None),
        one("drops repeated arguments", "twice", "flat", None),
        one("flattens a minimum", "nested min", "flat min", None),
        one("refuses a negative bound", "left", "right", WEAK, "-1/1000"),
        one("refuses a maximum with an argument less", "ab", "flat", other),
        one("refuses a maximum with an argument more", "more", "flat", other),
        one("refuses a maximum for a minimum", "flat", "flat min", other),
        one("refuses a minimum inside a maximum as its arguments", "mixed", "flat", other),
        one("refuses an argument for the maximum of itself", "x0", "a", other),
        one("refuses terms that are no maximum", "x0", "x0", other),
        one("does not know equal constants apart from their terms", "with c again", "flat", other),
    ]


def piecewise() -> list[Case]:
    terms: dict[str, list[Any]] = {
        "|x|": ["net", 0, 0], "xx": ["mul", "x0", "x0"], "1/x": ["inv", "x0"], "chord": ["net", 0, 1],
        "max": ["max", "x0", "xx"], "gated": ["gated", 0, 0], "x^4": ["mul", "xx", "xx"], "zero": ["const", "0"],
        "x-2": ["net", 0, 2], "1/(x-2)": ["inv", "x-2"], "deep": ["mul", "x^4", "x^4"], "deeper": ["mul", "deep",
            "deep"],
        "x^32": ["mul", "deeper", "deeper"], "x^64": ["mul", "x^32", "x^32"], "x^128": ["mul", "x^64", "x^64"],
        "T": ["subject", 0], "hinge": ["net", 0, 3], "x": ["net", 0, 4], "2x": ["net", 0, 5], "r": ["net", 0, 6],
        "one": ["net", 0, 7], "nothing": ["net", 0, 8], "-x": ["net", 0, 9], "elsewhere": ["net", 1, 0],
        "u": ["net", 0, 10],
    }  # fmt: skip
    outputs = ("0 - u0 + 2 r0", "3/2 - 1/2 x0", "-2 + x0", "0 + r1", "0 + x0", "0 + 2 x0", "0 + r0", "1", "0", "0 - x0",
               "0 + u0")  # fmt: skip
    nets = (network("0 + x0", "0 + r0 - 1/2", out=outputs), network(out=("0 + x0",)))

    def one(name: str, left: str, right: str, knots: list[str], bound: str, why: str | None,
            domain: Any = (("-1", "1"),), claimed: str | None = None, status: str = "rejected", variable: str = "x",
            facts: tuple[Data, ...] | None = None) -> Case:  # fmt: skip
        return case(name, "pieces", ["near", left, right, claimed or bound], why, lemmas=terms, networks=nets,
                    facts=(has(variable, *domain[0]),) if facts is None else facts, domain=domain, left=left,
                    right=right, variable=variable, knots=knots, bound=bound, status=status)  # fmt: skip

    plane: dict[str, list[Any]] = {
        "v": ["net", 0, 0], "|v - 1/2|": ["net", 0, 1], "vv": ["mul", "v", "v"], "max(v, 0)": ["net", 0, 2],
        "x": ["net", 0, 3], "y": ["net", 0, 4], "x0 as a term": ["mul", "x0", "x0"], "half": ["const", "1/2"],
    }  # fmt: skip
    plane_nets = (network("0 + x0 + x1", "-1/2 + u0", out=("0 + u0", "0 - u1 + 2 r1", "0 + r0", "0 + x0", "0 + x1")),)

    def over(name: str, left: str, right: str, bound: str, why: str | None, variable: str = "v",
             knots: tuple[str, ...] = ("-1", "0", "1/2", "1")) -> Case:  # fmt: skip
        return case(name, "pieces", ["near", left, right, bound], why, lemmas=plane, networks=plane_nets, domain=BOX,
                    facts=(has(variable, "-1", "1"),), left=left, right=right, variable=variable, knots=list(knots),
                    bound=bound)  # fmt: skip

    both, right_half = ["-1", "0", "1"], (("1", "2"),)
    fails, knots = "the bound fails", "do not increase or do not cover"
    return [
        one("bounds |x| - x^2", "|x|", "xx", both, "1/4", None),
        one("bounds a chord of 1/x", "chord", "1/x", ["1", "2"], "429/5000", None, right_half),
        one("takes knots beyond the domain", "|x|", "xx", ["-2", "0", "3/2"], "2", None),
        one("takes a domain of one point", "|x|", "xx", ["0", "1"], "1/4", None, (("1/2", "1/2"),)),
        one("takes a denominator below zero", "1/(x-2)", "zero", ["-1", "1"], "1", None),
        one("takes a higher degree by Bernstein", "x^4", "zero", both, "1", None),
        one("takes a kink of a second neuron at a knot", "hinge", "zero", ["-1", "0", "1/2", "1"], "1/2", None),
        one("refuses less than the largest value", "|x|", "xx", both, "249/1000", fails),
        one("refuses less than the largest gap of the chord", "chord", "1/x", ["1", "2"], "857/10000", fails,
            right_half),
        one("refuses less at an end", "1/(x-2)", "zero", ["-1", "1"], "999/1000", fails),
        one("refuses a claim below the bound it tested", "|x|", "xx", both, "1/4", WEAK, claimed="249/1000"),
        one("refuses a negative bound", "|x|", "|x|", both, "-1", "must not be negative"),
        one("refuses a kink inside a piece", "|x|", "xx", ["-1", "1"], "9", "changes sign"),
        one("refuses a kink of a second neuron inside a piece", "hinge", "zero", both, "9", "changes sign"),
        one("refuses knots that stop short", "|x|", "xx", ["-1", "0", "999/1000"], "9", knots),
        one("refuses knots that start late", "|x|", "xx", ["-999/1000", "0", "1"], "9", knots),
        one("refuses a knot twice", "|x|", "xx", ["-1", "0", "0", "1"], "9", knots),
        one("refuses knots that fall", "|x|", "xx", ["1", "0", "-1"], "9", knots),
        one("refuses one knot", "|x|", "xx", ["0"], "9", knots, (("0", "0"),)),
        one("refuses no knots", "|x|", "xx", [], "9", knots),
        one("refuses 1/x across zero", "1/x", "zero", ["-1", "1"], "9", "divide by zero"),
        one("refuses 1/x with zero at a knot", "1/x", "zero", both, "9", "divide by zero"),
        one("refuses 1/x with zero at the end of the domain", "1/x", "zero", ["0", "1"], "9", "divide by zero",
            (("0", "1"),)),
        one("refuses a maximum, which is not rational", "max", "xx", both, "9", "not a rational function"),
        one("refuses a gated network", "gated", "xx", both, "9", "not a rational function"),
        one("refuses the transformer", "T", "xx", both, "9", "not a rational function"),
        one("takes the premise, not the box, for the range", "|x|", "x", ["0", "1"], "0", None, facts=(has("x", "0",
            "1"),)),
        one("refuses an input where the variable is a neuron that equals it", "u", "2x", both, "9", "more than the",
            variable="u"),
        one("refuses knots that cover the box but not the premise", "|x|", "xx", both, "9", knots, facts=(has("x",
            "-2", "1"),)),
        one("refuses a shifted input for the variable", "|x|", "xx", both, "9", "not one input or neuron alone",
            variable="x-2"),
        one("refuses a multiple of an input for the variable", "|x|", "xx", both, "9", "not one input or neuron alone",
            variable="2x"),
        one("refuses the negative of an input for the variable", "|x|", "xx", both, "9",
            "not one input or neuron alone", variable="-x"),
        one("refuses a gate for the variable", "|x|", "xx", both, "9", "not one input or neuron alone", variable="r"),
        one("refuses a constant for the variable", "|x|", "xx", both, "9", "not one input or neuron alone",
            variable="one"),
        one("refuses zero for the variable", "|x|", "xx", both, "9", "not one input or neuron alone",
            variable="nothing"),
        one("refuses an input node for the variable", "|x|", "xx", both, "9", "where 'net'", variable="x0"),
        one("refuses a gated network for the variable", "|x|", "xx", both, "9", "where 'net'", variable="gated"),
        one("refuses without a range of the variable", "|x|", "xx", both, "9", "no premise gives a range", facts=()),
        one("refuses a range of the input node instead", "|x|", "xx", both, "9", "no premise gives a range",
            facts=(has("x0", "-1", "1"),)),
        one("refuses a distance of the variable as its range", "|x|", "xx", both, "9", "no premise gives a range",
            facts=(near("x", "zero", "1"),)),
        one("refuses a term of another network", "elsewhere", "xx", both, "9", "belongs to network 1"),
        one("refuses a variable of another network", "|x|", "xx", both, "9", "belongs to network 0",
            variable="elsewhere"),
        over("takes a neuron for the variable", "|v - 1/2|", "vv", "3/4", None),
        over("refuses too little over a neuron", "|v - 1/2|", "vv", "749/1000", fails),
        over("refuses a kink inside a piece over a neuron", "|v - 1/2|", "vv", "9", "changes sign", "v", ("-1", "1")),
        over("refuses the gate of a neuron that depends on more than the variable", "|v - 1/2|", "vv", "9",
             "more than the variable", "x"),
        over("refuses an output of a second input", "y", "half", "9", "more than the variable", "x"),
        over("refuses the input below a neuron that is the variable", "x", "half", "9", "more than the variable"),
        over("refuses an input node below a neuron that is the variable", "x0 as a term", "half", "9",
             "not a rational function"),
        over("refuses a second input node", "x1", "half", "9", "not a rational function", "x"),
        over("refuses the gate of the variable, which reads the inputs again", "max(v, 0)", "half", "9",
             "more than the variable"),
        one("declines a degree beyond its limit", "x^128", "zero", both, "9", "degree", status="declined"),
    ]  # fmt: skip


def gate_errors() -> list[Case]:
    """Cases of both gate rules; beta is 100, so that one gate costs ``UNIT``."""
    terms: dict[str, list[Any]] = {"gated": ["gated", 0, 0], "net": ["net", 0, 0], "far": ["net", 0, 1],
                                   "other": ["net", 1, 0]}  # fmt: skip

    def units(count: int, less: int = 0) -> str:
        return f"{int(UNIT.split('/', maxsplit=1)[0]) * count - less}/{UNIT.split('/')[1]}"

    def one(rule: str, name: str, neurons: tuple[str, ...], out: str, bound: str, why: str | None, *,
        kappa: str = KAPPA,
            terms_: int = KAPPA_TERMS, gated: str = "gated", net: str = "net", beta: str | None = "100",
            status: str = "rejected") -> Case:  # fmt: skip
        nets = (network(*neurons, out=(out, "0 + x0"), beta=beta), network(*neurons, out=(out,)))
        return case(name, rule, ["near", gated, net, _reduced(bound)], why, lemmas=terms, networks=nets, domain=BOX,
                    gated=gated, net=net, kappa=kappa, terms=terms_, status=status)  # fmt: skip

    false = ("0 + x0", "3 r0"), "0 - u1 + r1"  # N is identically zero; its transformer is not
    tree = ("0 + x1 - x0", "0 + x0 + r0", "0 + x0 - x1", "0 + x1 + r2", "0 + u3 - u1"), "0 + u1 + r4"
    result = []
    for rule in ("gate_error", "gate_error_forward"):
        result += [
            one(rule, "finds no error without gates", ("0 + x0",), "0 + x0 + u0", "0", None),
            one(rule, "bounds one gate", ("0 + x0",), "0 + r0", units(1), None),
            one(rule, "bounds a gate read with weight -3", ("0 + x0",), "0 - 3 r0", units(3), None),
            one(rule, "bounds |x|", ("0 + x0",), "0 - u0 + 2 r0", units(2), None),
            one(rule, "bounds the network that is identically zero", *false, units(4), None),
            one(rule, "refuses zero for the network that is identically zero", *false, "0", WEAK),
            one(rule, "refuses the sharpened sum for the network that is identically zero", *false, units(1), WEAK),
            one(rule, "refuses a little less for the network that is identically zero", *false, units(4, 1), WEAK),
            one(rule, "refuses zero for one gate", ("0 + x0",), "0 + r0", "0", WEAK),
            one(rule, "refuses a little less for one gate", ("0 + x0",), "0 + r0", units(1, 1), WEAK),
            one(rule, "refuses to forget the inner gate", ("0 + x0", "0 + r0"), "0 + r1", units(1), WEAK),
            one(rule, "refuses to forget the second reader", ("0 + x0", "0 + r0"), "0 + r0 + r1", units(2), WEAK),
            one(rule, "refuses to cancel readers of opposite sign", ("0 + x0", "0 + r0"), "0 + r0 - r1", units(1),
                WEAK),
            one(rule, "refuses a kappa below W(1/e)", ("0 + x0",), "0 + r0", units(1), "is not established",
                kappa="278464542761073/1000000000000000"),
            one(rule, "refuses kappa zero", ("0 + x0",), "0 + r0", units(1), "is not established", kappa="0"),
            one(rule, "refuses a negative kappa", ("0 + x0",), "0 + r0", units(1), "is not established", kappa="-1/2"),
            one(rule, "refuses kappa one", ("0 + x0",), "0 + r0", units(9), "is not established", kappa="1"),
            one(rule, "refuses too few Taylor terms", ("0 + x0",), "0 + r0", units(1), "is not established", terms_=5),
            one(rule, "refuses no Taylor terms", ("0 + x0",), "0 + r0", units(1), "at least one", terms_=0),
            one(rule, "declines too many Taylor terms", ("0 + x0",), "0 + r0", units(1), "too many terms",
                terms_=999_999_999, status="declined"),
            one(rule, "refuses another output", ("0 + x0",), "0 + r0", units(1), "not one output", net="far"),
            one(rule, "refuses another network", ("0 + x0",), "0 + r0", units(1), "not one output", net="other"),
            one(rule, "refuses the exact network twice", ("0 + x0",), "0 + r0", units(1), "where 'gated'", gated="net"),
            one(rule, "refuses the gated network twice", ("0 + x0",), "0 + r0", units(1), "where 'net'", net="gated"),
        ]  # fmt: skip
    result += [
        one("gate_error", "adds the gates of a tree of maxima", *tree, units(3), None),
        one("gate_error", "refuses the depth of a tree of maxima", *tree, units(2), WEAK),
        one("gate_error_forward", "takes the depth of a tree of maxima", *tree, units(2), None),
        one("gate_error_forward", "refuses one layer of a tree of maxima", *tree, units(2, 1), WEAK),
        one("gate_error", "lets weights of one gate cancel", ("0 + x0", "0 + r0"), "0 + r0 - u1", "0", None),
        one("gate_error", "lets weights of one gate cancel in part", ("0 + x0", "0 + r0"), "3 r0 - u1", units(2), None),
        one("gate_error", "refuses more than cancels", ("0 + x0", "0 + r0"), "3 r0 - u1", units(1), WEAK),
    ]
    return result


def _reduced(text: str) -> str:
    return str(Fraction(text))


def rule_cases() -> list[Case]:
    """Return every case of every rule that needs no transformer of its own."""
    parts = (ranges, near_ranges, affine_ranges, constants, affines, congruences, reciprocals, polynomials, univariates,
             sums, sawteeth, extrema, lattices, piecewise, gate_errors)  # fmt: skip
    return [made for part in parts for made in part()] + region_cases()
