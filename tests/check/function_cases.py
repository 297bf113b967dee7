"""The accept/reject table of the families ``functions``, ``smooth`` and ``analytic``."""

from fractions import Fraction
from typing import Any

from forge import Case, has, near, network
from rule_cases import BOX, WEAK, Data, case

UNDEFINED = "may not be positive"
EIGHTHS = tuple(str(Fraction(k, 8)) for k in range(-8, 9))


def function_ranges() -> list[Case]:
    def one(name: str, node: list[Any], at: tuple[str, str], lo: str, hi: str, why: str | None = None,
            status: str = "rejected", precision: int = 64, facts: Any = None) -> Case:  # fmt: skip
        return case(name, "range_function", ["in", "t", lo, hi], why, lemmas={"t": node}, precision=precision,
                    facts=(has("x0", *at),) if facts is None else facts, domain=BOX, term="t",
                    status=status)  # fmt: skip

    exp, log, sin, cos, erf = (["exp", "x0"], ["log", "x0"], ["sin", "x0"], ["cos", "x0"], ["erf", "x0"])
    root, cube, inverse = (["power", "x0", p] for p in ("1/2", "3", "-1/2"))
    true: dict[str, tuple[list[Any], tuple[str, str], str, str]] = {  # each end within 1e-5 of the truth
        "exp": (exp, ("-1", "1"), "367879/1000000", "271829/100000"),
        "exp of negatives": (exp, ("-2", "-1"), "135335/1000000", "367880/1000000"),
        "log": (log, ("1/4", "4"), "-138630/100000", "138630/100000"),
        "sin on a rising part": (sin, ("-1", "1"), "-841471/1000000", "841471/1000000"),
        "sin over its maximum": (sin, ("1", "2"), "841470/1000000", "1"),
        "sin over its minimum": (sin, ("-2", "-1"), "-1", "-841470/1000000"),
        "sin over a period": (sin, ("0", "7"), "-1", "1"),
        "sin far out": (sin, ("100", "101"), "-506366/1000000", "452026/1000000"),
        "cos over its maximum": (cos, ("-1", "1/2"), "540302/1000000", "1"),
        "cos over its minimum": (cos, ("3", "4"), "-1", "-653643/1000000"),
        "cos on a falling part": (cos, ("1", "2"), "-416147/1000000", "540303/1000000"),
        "erf": (erf, ("-1/2", "2"), "-520500/1000000", "995323/1000000"),
        "a square root": (root, ("0", "2"), "0", "1414214/1000000"),
        "a cube": (cube, ("1/2", "2"), "124999/1000000", "8000001/1000000"),
        "an inverse square root": (inverse, ("1/4", "2"), "707106/1000000", "2000001/1000000"),
    }
    too_narrow: dict[str, tuple[str, str]] = {
        "exp": ("367881/1000000", "271828/100000"), "exp of negatives": ("135336/1000000", "367879/1000000"),
        "log": ("-138629/100000", "138629/100000"), "sin on a rising part": ("-841470/1000000", "841470/1000000"),
        "sin over its maximum": ("841471/1000000", "999999/1000000"),
        "sin over its minimum": ("-999999/1000000", "-841471/1000000"),
        "sin over a period": ("-999999/1000000", "999999/1000000"),
        "sin far out": ("-506365/1000000", "452025/1000000"),
        "cos over its maximum": ("540303/1000000", "999999/1000000"),
        "cos over its minimum": ("-999999/1000000", "-653644/1000000"),
        "cos on a falling part": ("-416146/1000000", "540302/1000000"), "erf": ("-520499/1000000", "995322/1000000"),
        "a square root": ("1/1000000", "1414213/1000000"), "a cube": ("125001/1000000", "7999999/1000000"),
        "an inverse square root": ("707107/1000000", "1999999/1000000"),
    }  # fmt: skip
    result = [one(f"encloses {name}", node, at, _short(lo), _short(hi)) for name, (node, at, lo, hi) in true.items()]
    for name, (lo, hi) in too_narrow.items():
        node, at, true_lo, true_hi = true[name]
        result.append(one(f"refuses a larger lower end of {name}", node, at, _short(lo), _short(true_hi), WEAK))
        result.append(one(f"refuses a smaller upper end of {name}", node, at, _short(true_lo), _short(hi), WEAK))
    result += [
        one("refuses log around zero", log, ("-1", "1"), "-99", "99", UNDEFINED),
        one("refuses log with zero at the end", log, ("0", "1"), "-99", "99", UNDEFINED),
        one("refuses a root of a negative", root, ("-1", "1"), "-99", "99", UNDEFINED),
        one("refuses a root of a slightly negative number", root, ("-1/1000000000000000000000000000000", "1"), "-99",
            "99", UNDEFINED),
        one("refuses a cube of a negative", cube, ("-1", "1"), "-1", "1", UNDEFINED),
        one("refuses an inverse root at zero", inverse, ("0", "1"), "-99", "99", UNDEFINED),
        one("refuses the power zero of zero", ["power", "x0", "0"], ("0", "1"), "-99", "99", UNDEFINED),
        one("refuses log of a number too small for the precision", log, ("1/100000000000000000000000000000000", "1"),
            "-99", "99", UNDEFINED),
        one("refuses a sum", ["add", "x0", "x0"], ("0", "1"), "0", "2", "not an elementary function"),
        one("refuses a network", ["net", 0, 0], ("0", "1"), "0", "2", "not an elementary function"),
        one("refuses a missing premise", exp, ("0", "1"), "0", "9", "no premise", facts=()),
        one("refuses a premise about another term", exp, ("0", "1"), "0", "9", "no premise",
            facts=(has("x1", "0", "1"),)),
        one("refuses a distance as the premise", exp, ("0", "1"), "0", "9", "no premise",
            facts=(near("x0", "x1", "0"),)),
        one("is coarse at low precision", exp, ("0", "0"), "1", "1", WEAK, precision=4),
        one("declines exp of a huge number", exp, ("0", "5000"), "0", "9", "exp of an argument", "declined"),
        one("declines sin of a huge number", sin, ("0", "1048576"), "-1", "1", "sin or cos", "declined"),
        one("declines a large exponent", ["power", "x0", "65"], ("0", "1"), "0", "1", "exponent", "declined"),
        one("declines a large root", ["power", "x0", "1/65"], ("0", "1"), "0", "1", "exponent", "declined"),
        case("is not what range does", "range", ["in", "t", "-1", "1"], "does not look inside", lemmas={"t": exp},
             facts=(has("x0", "-1", "1"),), term="t"),
        case("is not what range does for a power", "range", ["in", "t", "-1", "1"], "does not look inside",
             lemmas={"t": root}, facts=(has("x0", "-1", "1"),), term="t"),
    ]  # fmt: skip
    return result


def slopes() -> list[Case]:
    terms: dict[str, list[Any]] = {"c": ["const", "1/2"]}
    for op in ("exp", "log", "sin", "cos", "erf"):
        terms |= {f"{op} a": [op, "x0"], f"{op} b": [op, "x1"]}
    for name, p in (("root", "1/2"), ("cube", "3"), ("inverse", "-1")):
        terms |= {f"{name} a": ["power", "x0", p], f"{name} b": ["power", "x1", p]}

    def one(name: str, op: str, bound: str, why: str | None, *facts: Data, right: str | None = None) -> Case:
        left, right = f"{op} a", right or f"{op} b"
        return case(name, "lipschitz", ["near", left, right, _short(bound)], why, lemmas=terms, facts=facts,
                    domain=BOX, left=left, right=right)  # fmt: skip

    e, b = near("x0", "x1", "1/8"), has("x1", "2", "3")
    low, tiny = has("x1", "1/8", "3"), has("x1", "1/16", "3")
    zero, a_zero, a_low = has("x1", "0", "1"), has("x0", "0", "1"), has("x0", "-1/8", "1")
    slope, about = "where", "no premise"
    return [
        one("bounds sin", "sin", "1/8", None, e),
        one("bounds cos", "cos", "1/8", None, e),
        one("bounds erf", "erf", "14105/100000", None, e),
        one("bounds exp by its slope at the widened end", "exp", "2845/1000", None, e, b),
        case("bounds erf without a binary digit", "lipschitz", ["near", "erf a", "erf b", "1/4"], lemmas=terms,
             facts=(e,), domain=BOX, precision=0, left="erf a", right="erf b"),
        case("refuses less for erf without a binary digit", "lipschitz", ["near", "erf a", "erf b", "6/25"], WEAK,
             lemmas=terms, facts=(e,), domain=BOX, precision=0, left="erf a", right="erf b"),
        one("bounds log by its slope at the widened end", "log", "66667/1000000", None, e, b),
        one("bounds a root by its slope", "root", "4565/100000", None, e, b),
        one("bounds a cube by its slope", "cube", "3663/1000", None, e, b),
        one("bounds a reciprocal written as a power", "inverse", "3556/100000", None, e, b),
        one("bounds a root near zero by its modulus", "root", "35356/100000", None, e, zero, a_zero),
        one("bounds a cube near zero between two terms above it", "cube", "4747/10000", None, e, zero, a_zero),
        one("bounds log by the lower of two enclosures", "log", "1", None, e, low, has("x0", "1/4", "3")),
        one("refuses the upper of two enclosures for log", "log", "1/2", WEAK, e, low, has("x0", "1/4", "3")),
        one("refuses less where the left side may be lower", "log", "1", WEAK, e, low, has("x0", "1/16", "3")),
        one("refuses a cube of a term that may be negative", "cube", "9", "where", e, zero, a_low),
        one("refuses log where the left side touches zero", "log", "99", "where", e, low, has("x0", "0", "3")),
        one("refuses an enclosure of a third term", "cube", "9", "where", e, zero, has("c", "0", "1")),
        one("refuses less for sin", "sin", "124/1000", WEAK, e),
        one("refuses less for cos", "cos", "124/1000", WEAK, e),
        one("refuses less for erf", "erf", "14104/100000", WEAK, e),
        one("refuses the slope of exp at the end itself", "exp", "2511/1000", WEAK, e, b),
        one("refuses the slope of log at the end itself", "log", "1/16", WEAK, e, b),
        one("refuses the slope of a root at the end itself", "root", "442/10000", WEAK, e, b),
        one("refuses the slope of a cube at the end itself", "cube", "3375/1000", WEAK, e, b),
        one("refuses the slope of a reciprocal at the end itself", "inverse", "1/32", WEAK, e, b),
        one("refuses less than the modulus of a root", "root", "35355/100000", WEAK, e, zero, a_zero),
        one("refuses log where the widened range touches zero", "log", "9", slope, e, low),
        one("refuses log where the widened range passes zero", "log", "9", slope, e, tiny),
        one("refuses a root where the widened range touches zero", "root", "9", slope, e, low),
        one("refuses a reciprocal where the widened range touches zero", "inverse", "9", slope, e, low),
        one("refuses the modulus of a root of a negative left side", "root", "9", "above zero", e, zero, a_low),
        one("refuses the modulus of a root of a negative right side", "root", "9", "above zero", e, has("x1", "-1",
            "1"), a_zero),
        one("refuses exp without a range", "exp", "99", about, e),
        one("refuses exp with a range of the left side", "exp", "99", about, e, a_zero),
        one("refuses a missing distance", "sin", "9", about),
        one("refuses a distance read backwards", "sin", "9", about, near("x1", "x0", "1/8")),
        one("refuses sin against cos", "sin", "9", "not one elementary function", e, right="cos b"),
        one("refuses two powers", "root", "9", "not one elementary function", e, b, right="cube b"),
        one("refuses what is no function", "exp", "9", "not one elementary function", e, b, right="x1"),
        case("is not what congruence does", "congruence", ["near", "exp a", "exp b", "1/8"], "not one operation",
             lemmas=terms, facts=(e, b), domain=BOX, left="exp a", right="exp b"),
        case("is not what congruence does for powers", "congruence", ["near", "cube a", "root b", "1/8"],
             "not one operation", lemmas=terms, facts=(e, b), domain=BOX, left="cube a", right="root b"),
    ]  # fmt: skip


def smooths() -> list[Case]:
    terms: dict[str, list[Any]] = {
        "zero": ["const", "0"], "one": ["const", "1"], "xx": ["mul", "x0", "x0"], "exp": ["exp", "x0"],
        "1+x": ["add", "one", "x0"], "1/x": ["inv", "x0"], "log": ["log", "x0"], "sin": ["sin", "x0"],
        "cos": ["cos", "x0"], "erf": ["erf", "x0"], "root": ["power", "x0", "1/2"], "max": ["max", "x0", "zero"],
        "ss": ["mul", "sin", "sin"], "cc": ["mul", "cos", "cos"], "ss+cc": ["add", "ss", "cc"],
        "y": ["exp", "x1"], "log exp": ["log", "exp"], "|x|": ["net", 0, 0], "soft |x|": ["gated", 0, 0],
        "r": ["net", 0, 1], "soft r": ["gated", 0, 1], "mixed": ["net", 0, 2], "soft mixed": ["gated", 0, 2],
        "u": ["net", 0, 3], "soft u": ["gated", 0, 3], "v": ["net", 0, 4], "T": ["subject", 0],
        "bare": ["net", 1, 0], "-x": ["mul", "minus one", "x0"], "minus one": ["const", "-1"], "e^-x": ["exp", "-x"],
        "1+e^-x": ["add", "one", "e^-x"], "sigma": ["inv", "1+e^-x"], "x sigma": ["mul", "x0", "sigma"],
        "soft v": ["gated", 0, 4], "x0+x1": ["add", "x0", "x1"], "exp sum": ["exp", "x0+x1"],
        "exp exp sum": ["exp", "exp sum"], "soft gate of u": ["gated", 0, 5],
    }  # fmt: skip
    order = ["minus one", "-x", "zero", "one", *terms]
    terms = {name: terms[name] for name in dict.fromkeys(order)}
    nets = (
        network("0 + x0", "0 + x0 - x1", out=("0 - u0 + 2 r0", "0 + r0", "0 + x1 + r0", "0 + u1", "0 + x0", "0 + r1"),
                beta="1"),
        network(out=("0 + x0",), beta=None),
    )  # fmt: skip

    def one(name: str, left: str, right: str, bound: str, why: str | None, knots: tuple[str, ...] = ("-1", "0", "1"),
            at: tuple[str, str] = ("-1", "1"), k: int = 8, variable: str = "x0", status: str = "rejected",
            facts: Any = None, precision: int = 64) -> Case:  # fmt: skip
        return case(name, "smooth", ["near", left, right, _short(bound)], why, lemmas=terms, networks=nets, domain=BOX,
                    facts=(has(variable, *at),) if facts is None else facts, left=left, right=right,
                    variable=variable, knots=list(knots), order=k, status=status, precision=precision)  # fmt: skip

    right_half = {"knots": ("1", "3/2", "2"), "at": ("1", "2")}
    wrong, knots, other = "not a smooth function", "do not increase or do not cover", "depend on the variable alone"
    more = "more than the variable"
    return [
        one("bounds exp - 1 - x", "exp", "1+x", "71829/100000", None),
        one("bounds exp - 1 - x at order 1", "exp", "1+x", "13/10", None, k=1),
        one("knows sin^2 + cos^2", "ss+cc", "one", "1/1000000", None, EIGHTHS),
        one("knows log exp", "log exp", "x0", "1/1000000", None, EIGHTHS),
        one("bounds log - (x - 1) through one", "log", "x0", "131/100", None, **right_half),
        one("bounds 1/x", "1/x", "one", "501/1000", None, **right_half),
        one("bounds erf", "erf", "zero", "84271/100000", None, EIGHTHS),
        one("bounds a root", "root", "one", "41426/100000", None, **right_half),
        one("takes a network between its kinks", "|x|", "xx", "250001/1000000", None, k=2),
        one("takes a gated network across its kinks", "soft r", "zero", "7311/10000", None, EIGHTHS),
        one("knows what a gate is", "soft r", "x sigma", "1/1000000", None, EIGHTHS),
        one("takes a variable that is any term", "exp exp sum", "exp sum", "5389057/1000000", None, variable="exp sum",
            at=("0", "2"), knots=("0", "1/2", "1", "3/2", "2")),
        one("takes a gated neuron for the variable", "soft gate of u", "zero", "7311/10000", None, variable="soft u",
            knots=EIGHTHS),
        one("takes a domain of one point", "exp", "one", "1/1000000", None, knots=("0", "1/1000000000"),
            at=("0", "0")),
        one("refuses less than the largest difference", "exp", "1+x", "71828/100000", WEAK),
        one("refuses a difference of zero", "exp", "x0", "0", WEAK),
        one("refuses less at the lower end", "exp", "zero", "2718/1000", WEAK),
        one("refuses less for a network", "|x|", "xx", "249999/1000000", WEAK, k=2),
        one("refuses less for a gated network", "soft r", "zero", "731/1000", WEAK),
        one("refuses the exact gate for the soft one", "soft r", "r", "1/10", WEAK),
        one("refuses what one cell leaves open", "exp", "1+x", "718291/1000000", WEAK, ("-1", "1"), k=1),
        one("refuses knots that stop short", "exp", "1+x", "9", knots, ("-1", "0", "999/1000")),
        one("refuses knots that start late", "exp", "1+x", "9", knots, ("-999/1000", "1")),
        one("refuses a knot twice", "exp", "1+x", "9", knots, ("-1", "0", "0", "1")),
        one("refuses knots that fall", "exp", "1+x", "9", knots, ("1", "-1")),
        one("refuses one knot", "exp", "1+x", "9", knots, ("0",), ("0", "0")),
        one("refuses no knots", "exp", "1+x", "9", knots, ()),
        one("refuses knots that cover the box but not the premise", "exp", "1+x", "9", knots, at=("-2", "1")),
        one("refuses without a range", "exp", "1+x", "9", "no premise", facts=()),
        one("refuses a range of another term", "exp", "1+x", "9", "no premise", facts=(has("x1", "-1", "1"),)),
        one("refuses 1/x across zero", "1/x", "zero", "9", "may be zero"),
        one("refuses 1/x with zero at the end", "1/x", "zero", "9", "may be zero", ("0", "1"), ("0", "1")),
        one("refuses log across zero", "log", "zero", "9", UNDEFINED),
        one("refuses a root with zero at the end", "root", "zero", "9", UNDEFINED, ("0", "1"), ("0", "1")),
        one("refuses a maximum", "max", "zero", "9", wrong),
        one("refuses the transformer", "T", "zero", "9", wrong),
        one("refuses a function of another input", "y", "exp", "9", wrong),
        one("refuses an input below the variable", "exp", "exp sum", "9", wrong, variable="exp sum", at=("0", "2"),
            knots=("0", "2")),
        one("refuses a kink inside a cell", "|x|", "xx", "9", "changes sign", ("-1", "1")),
        one("refuses an output of two inputs", "mixed", "zero", "9", more),
        one("refuses a gated output of two inputs", "soft mixed", "zero", "9", more),
        one("refuses a network over a variable that is any term", "v", "x0+x1", "9", other, variable="x0+x1",
            at=("0", "2"), knots=("0", "2")),
        one("refuses a gated network over an exact neuron", "soft u", "zero", "9", other, variable="u"),
        one("refuses a network over a gated neuron", "u", "zero", "9", other, variable="soft u"),
        one("refuses the input below a neuron that is the variable", "soft v", "zero", "9", more, variable="soft u"),
        one("refuses too low a precision", "exp", "1+x", "71829/100000", WEAK, precision=8),
        one("declines order zero", "exp", "1+x", "9", "order", k=0, status="declined"),
        one("declines a large order", "exp", "1+x", "9", "order", k=65, status="declined"),
    ]  # fmt: skip


def analytics() -> list[Case]:
    terms: dict[str, list[Any]] = {
        "zero": ["const", "0"], "one": ["const", "1"], "half": ["const", "1/2"], "minus one": ["const", "-1"],
        "x": ["net", 0, 0], "w": ["net", 0, 1], "|x|": ["net", 0, 2], "xx": ["mul", "x", "x"],
        "half xx": ["mul", "half", "xx"], "cubic": ["add", "one", "x", "half xx"], "exp": ["exp", "x"],
        "1/x": ["inv", "x"], "log": ["log", "x"], "root": ["power", "x", "1/2"], "sin": ["sin", "x"],
        "cos": ["cos", "x"], "erf": ["erf", "x"], "1+x": ["add", "one", "x"], "log(1+x)": ["log", "1+x"],
        "bell": ["add", "one", "xx"], "1/(1+xx)": ["inv", "bell"], "max": ["max", "x", "zero"],
        "soft": ["gated", 0, 2], "mixed": ["net", 0, 3], "other": ["net", 1, 0], "x exp": ["mul", "x", "exp"],
        "exp x0": ["exp", "x0"], "large": ["power", "x", "65"],
    }  # fmt: skip
    nets = (network("0 + x0", out=("0 + x0", "1 + x0", "0 - u0 + 2 r0", "0 + x0 + x1"), beta="1"),
            network(out=("0 + x0",), beta="1"))  # fmt: skip

    def one(name: str, left: str, right: str, bound: str, why: str | None = None, *, knots: Any = ("-1", "1"),
            at: tuple[str, str] = ("-1", "1"), rho: Any = ("8",), n: Any = (24,), nodes: Any = (100,),
            variable: str = "x", facts: Any = None, status: str = "rejected", precision: int = 96) -> Case:  # fmt: skip
        return case(name, "analytic", ["near", left, right, _short(bound)], why, lemmas=terms, networks=nets,
                    domain=BOX, facts=(has(variable, *at),) if facts is None else facts, left=left, right=right,
                    variable=variable, knots=list(knots), ellipse=list(rho), degrees=list(n), nodes=list(nodes),
                    status=status, precision=precision)  # fmt: skip

    right_half: dict[str, Any] = {"knots": ("1", "2"), "at": ("1", "2"), "rho": ("4",), "n": (40,), "nodes": (160,)}
    two: dict[str, Any] = {"knots": ("-1", "0", "1"), "rho": ("8", "8"), "n": (24, 24), "nodes": (100, 100)}
    few, covered, entries, apart = "too few", "do not increase or do not cover", "one entry", "off the real line"
    return [
        one("bounds exp - 1 - x - x^2/2", "cubic", "exp", "235/1000"),
        one("bounds a line against exp", "1+x", "exp", "78/100"),
        one("bounds sin", "zero", "sin", "91/100"),
        one("bounds cos", "zero", "cos", "108/100"),
        one("bounds erf", "zero", "erf", "93/100", rho=("4",), n=(40,), nodes=(160,)),
        one("bounds log", "zero", "log", "76/100", **right_half),
        one("bounds a root", "one", "root", "45/100", **right_half),
        one("bounds 1/x", "one", "1/x", "55/100", **right_half),
        one("bounds a composition", "zero", "1/(1+xx)", "11/10", rho=("2",), n=(40,), nodes=(160,)),
        one("takes a network between its kinks", "|x|", "exp", "249/100", **two),
        one("takes any output of the network", "w", "exp", "78/100"),
        one("refuses less than the largest difference", "1+x", "exp", "718/1000", WEAK),
        one("refuses less at the lower end", "zero", "exp", "2718/1000", WEAK),
        one("refuses a difference of zero", "1+x", "exp", "0", WEAK),
        one("refuses the bound at nodes alone", "1+x", "exp", "71829/100000", WEAK, n=(24,), nodes=(60,)),
        one("refuses a short series", "1+x", "exp", "78/100", WEAK, n=(2,)),
        one("refuses a narrow ellipse", "1+x", "exp", "78/100", WEAK, rho=("9/8",)),
        one("refuses too few nodes for the series", "1+x", "exp", "9", few, n=(95,)),
        one("refuses too few nodes for the polynomial", "cubic", "exp", "9", few, n=(1,), nodes=(2,)),
        one("refuses a parameter of one", "1+x", "exp", "9", "above 1", rho=("1",)),
        one("refuses a parameter below one", "1+x", "exp", "9", "above 1", rho=("1/2",)),
        one("refuses a parameter that is one at the precision", "1+x", "exp", "9", "too close to 1",
            rho=(str(Fraction(2**200 + 1, 2**200)),)),
        one("refuses no terms of the series", "1+x", "exp", "9", "at least 1", n=(0,)),
        one("refuses no nodes", "1+x", "exp", "9", "at least 1", nodes=(0,)),
        one("refuses a pole inside the ellipse", "zero", "1/(1+xx)", "9", apart, rho=("3",)),
        one("refuses a pole beyond the end of the cell", "one", "1/x", "9", apart, **{**right_half, "rho": ("6",)}),
        one("refuses log where the ellipse reaches zero", "zero", "log", "9", apart, **{**right_half, "rho": ("6",)}),
        one("refuses a root where the ellipse reaches zero", "one", "root", "9", apart,
            **{**right_half, "rho": ("6",)}),
        one("refuses 1/x across zero", "one", "1/x", "9", apart, rho=("9/8",)),
        one("refuses log with zero at the end", "zero", "log(1+x)", "9", apart, rho=("9/8",)),
        one("refuses the root of a negative", "zero", "root", "9", apart, rho=("9/8",)),
        one("refuses a kink inside a cell", "|x|", "exp", "9", "changes sign"),
        one("refuses an output of two inputs", "mixed", "exp", "9", "more than the variable"),
        one("refuses an output of another network", "other", "exp", "9", "belongs to network 1"),
        one("refuses a gated network", "soft", "exp", "9", "not part of a polynomial"),
        one("refuses a function on the left", "exp", "one", "9", "not part of a polynomial"),
        one("refuses a function within a product on the left", "x exp", "exp", "9", "not part of a polynomial"),
        one("refuses a maximum", "zero", "max", "9", "not part of an analytic function"),
        one("refuses a network on the right", "zero", "|x|", "9", "not part of an analytic function"),
        one("refuses an input on the right", "zero", "exp x0", "9", "not part of an analytic function"),
        one("refuses a sum for the variable", "w", "exp", "9", "not one input or neuron", variable="w", at=("0", "2"),
            knots=("0", "2")),
        one("refuses knots that stop short", "1+x", "exp", "9", covered, knots=("-1", "999/1000")),
        one("refuses knots that start late", "1+x", "exp", "9", covered, knots=("-999/1000", "1")),
        one("refuses knots that fall", "1+x", "exp", "9", covered, knots=("1", "-1")),
        one("refuses one knot", "1+x", "exp", "9", covered, knots=("0",), at=("0", "0"), rho=(), n=(), nodes=()),
        one("refuses one ellipse for two cells", "|x|", "exp", "9", entries, **{**two, "rho": ("8",)}),
        one("refuses one degree for two cells", "|x|", "exp", "9", entries, **{**two, "n": (24,)}),
        one("refuses nodes for one cell of two", "|x|", "exp", "9", entries, **{**two, "nodes": (100,)}),
        one("refuses without a range", "1+x", "exp", "9", "no premise", facts=()),
        one("refuses too low a precision", "1+x", "exp", "78/100", WEAK, precision=4),
        one("declines many nodes", "1+x", "exp", "9", "beyond 65536", nodes=(65537,), status="declined"),
        one("declines a large exponent", "zero", "large", "9", "exponent", status="declined", **right_half),
    ]  # fmt: skip


def _short(text: str) -> str:
    return str(Fraction(text))


def soft_sawteeth() -> list[Case]:
    t, u0, u1 = "1/2 + 1/2 x0", "0 + x0", "-1 - 2 u0 + 4 r0"
    good = "23/128 + 1/2 x0 - 1/4 u0 + 1/2 r0 - 1/16 u1 + 1/8 r1"
    terms: dict[str, list[Any]] = {
        "t": ["gated", 0, 0], "out": ["gated", 0, 1], "tt": ["mul", "t", "t"], "ttt": ["mul", "t", "t", "t"],
        "tx": ["mul", "t", "x0"], "hard t": ["net", 0, 0], "hard out": ["net", 0, 1],
        "hard tt": ["mul", "hard t", "hard t"], "elsewhere": ["gated", 1, 1],
    }  # fmt: skip
    inside = (has("t", "0", "1"),)

    def one(name: str, bound: str, why: str | None, *, beta: str = "100", reach: str = "7/8", chain: Any = (0, 1),
            out: str = good, neurons: tuple[str, ...] = (u0, u1), facts: tuple[Data, ...] = inside,
            square: str = "tt", term: str = "out", precision: int = 64) -> Case:  # fmt: skip
        nets = (network(*neurons, out=(t, out), beta=beta), network(*neurons, out=(t, out), beta=beta))
        return case(name, "sawtooth_gated", ["near", term, square, _short(bound)], why, lemmas=terms, networks=nets,
                    facts=facts, out=term, square=square, chain=list(chain), reach=reach,
                    precision=precision)  # fmt: skip

    single = "7/32 + 1/2 x0 - 1/4 u0 + 1/2 r0"
    sum_, fold, small, between = "not the sawtooth sum", "not 2 v - 1", "too small", "between 0 and 1"
    return [
        one("takes no fold", "1/8", None, chain=(), out="3/8 + 1/2 x0"),
        one("takes one fold", "31251/1000000", None, chain=(0,), out=single),
        one("takes two folds", "78135/10000000", None),
        one("takes two folds at a low temperature's bound", "135/10000", None, beta="10", reach="1/2"),
        one("refuses the bound of the ReLU network where gates are soft", "1/128", WEAK, beta="10", reach="1/2"),
        one("refuses half the bound", "1/256", WEAK),
        one("refuses a bound a little smaller", "7812/1000001", WEAK),
        one("refuses an inverse temperature that is too small", "1", small, beta="4"),
        one("refuses an inverse temperature that is far too small", "1", small, beta="1/100"),
        one("refuses reach zero", "1", between, reach="0"),
        one("refuses reach one", "1", between, reach="1"),
        one("refuses a reach beyond one", "1", between, reach="9/8"),
        one("refuses a negative reach", "1", between, reach="-1/2"),
        one("refuses a reach that is zero at the precision", "1", small, reach="1/1000000", precision=8),
        one("refuses one wrong weight", "1", sum_, out="23/128 + 1/2 x0 - 1/4 u0 + 1/2 r0 - 1/16 u1 + 1/16 r1"),
        one("refuses a sum over a shorter chain", "1", sum_, out=single),
        one("refuses the chain backwards", "1", fold, chain=(1, 0)),
        one("refuses a neuron twice", "1", fold, chain=(0, 0)),
        one("refuses a fold of the wrong slope", "1", fold, neurons=(u0, "-1 - 2 u0 + 3 r0")),
        one("refuses a range above one", "1", "not enclosed in [0, 1]", facts=(has("t", "0", "1000001/1000000"),)),
        one("refuses a range of the exact output instead", "1", "no premise", facts=(has("hard t", "0", "1"),)),
        one("refuses a missing range", "1", "no premise", facts=()),
        one("refuses a cube", "1", "is not a square", square="ttt"),
        one("refuses a product", "1", "is not a square", square="tx"),
        one("refuses the exact network", "1", "'net' where 'gated'", square="hard tt",
            facts=(has("hard t", "0", "1"),)),
        one("refuses the exact output near the square of the gated one", "1", "'net' where 'gated'", term="hard out"),
        one("refuses an output of another network", "1", "belongs to network 1", term="elsewhere"),
        case("is not the rule of the exact network", "sawtooth", ["near", "out", "tt", "1"], "'gated' where 'net'",
             lemmas=terms, networks=(network(u0, u1, out=(t, good)), network(u0, u1, out=(t, good))), facts=inside,
             out="out", square="tt", chain=[0, 1]),
    ]  # fmt: skip


def exponents() -> list[Case]:
    terms: dict[str, list[Any]] = {
        "xz": ["mul", "x0", "x1"], "w": ["mul", "xz", "x1"], "w^-1/2": ["power", "w", "-1/2"],
        "made": ["mul", "xz", "w^-1/2"], "root": ["power", "x0", "1/2"], "z root": ["power", "x1", "1/2"],
        "1/w": ["inv", "w"], "root of 1/w": ["power", "1/w", "1/2"], "made with 1/w": ["mul", "xz", "root of 1/w"],
        "xx": ["mul", "x0", "x0"], "|x|": ["power", "xx", "1/2"], "root root": ["power", "root", "1/2"],
        "fourth root": ["power", "x0", "1/4"], "one": ["const", "1"], "none": ["power", "x0", "0"],
        "sum": ["add", "x0", "x1"], "root of sum": ["power", "sum", "1/2"], "roots": ["add", "root", "z root"],
        "twice": ["mul", "x0", "x0", "x1"], "x/x": ["mul", "x0", "1/x"], "1/x": ["inv", "x0"], "two": ["const", "2"],
        "2x": ["mul", "two", "x0"], "sum sum": ["mul", "root of sum", "root of sum"], "T": ["subject", 0],
    }  # fmt: skip
    first = ("1/x", "one", "two", "sum", "xz", "w", "w^-1/2", "1/w", "root of 1/w", "xx", "root", "z root")
    terms = {name: terms[name] for name in dict.fromkeys((*first, *terms))}
    x, z, s = has("x0", "1/8", "1"), has("x1", "1", "3"), has("sum", "1", "4")

    def one(name: str, left: str, right: str, why: str | None, *facts: Data, bound: str = "0") -> Case:
        return case(name, "powers", ["near", left, right, bound], why, lemmas=terms, facts=facts, domain=BOX,
                    left=left, right=right)  # fmt: skip

    positive, other, missing = "not enclosed above zero", "too much on the left", "no premise gives a range"
    return [
        one("proves a root from a normalised one", "made", "root", None, x, z),
        one("proves it with a reciprocal", "made with 1/w", "root", None, x, z),
        one("proves it from right to left", "root", "made", None, z, x),
        one("multiplies exponents", "root root", "fourth root", None, x),
        one("takes a product of three", "w", "twice", "exponent 1 too much", x, z),
        one("adds exponents of one factor", "sum sum", "sum", None, s),
        one("knows that a positive number is the root of its square", "|x|", "x0", None, x),
        one("takes a weaker bound", "made", "root", None, x, z, bound="1/8"),
        one("refuses a negative bound", "made", "root", WEAK, x, z, bound="-1/8"),
        one("refuses the root of a square for a number of any sign", "|x|", "x0", positive, has("x0", "-1", "1")),
        one("refuses it for a number that may be zero", "|x|", "x0", positive, has("x0", "0", "1")),
        one("refuses a normalised root where x may be zero", "made", "root", positive, has("x0", "0", "1"), z),
        one("refuses it where z may be negative", "made", "root", positive, x, has("x1", "-1/8", "3")),
        one("refuses it without a range of x", "made", "root", missing, z),
        one("refuses it without a range of z, which cancels", "made", "root", missing, x),
        one("refuses x/x = 1 without a range, though it cancels", "x/x", "none", missing),
        one("refuses a distance as a premise", "made", "root", missing, x, near("x1", "x0", "1")),
        one("refuses another power", "made", "fourth root", other, x, z),
        one("refuses another factor", "made", "z root", other, x, z),
        one("refuses the reciprocal", "1/w", "w", "exponent -4 too much", x, z),
        one("refuses a root of a sum as a sum of roots", "root of sum", "roots", missing, x, z, s),
        one("refuses a sum of roots though it is enclosed", "root of sum", "roots", other, x, z, s,
            has("roots", "1", "4")),
        one("does not compute with constants", "2x", "x0", missing, x),
        one("does not know that one is no factor", "one", "none", other, x, has("one", "1", "1")),
        one("refuses an output of the transformer", "T", "root", missing, x),
    ]  # fmt: skip


def function_cases() -> list[Case]:
    """Return every case of the families, and of the folded square with soft gates."""
    return [*function_ranges(), *slopes(), *smooths(), *analytics(), *soft_sawteeth(), *exponents()]
