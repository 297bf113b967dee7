"""The accept/reject table of the family ``regions``: one step, its network, target and tree of cuts written by hand."""

from typing import Any

from forge import Case, certificate, encode, network, step

LINE = (("-1", "1"),)
SQUARE = (("-1", "1"), ("-1", "1"))
NOT_PROVED = "not proved on the leaf"

# u0 = x, u1 = max(x, 0) - 1/2; u2 is read by no output but its own
NETS = (
    network("0 + x0", "-1/2 + r0", "0 + x0", out=("0 + r0", "0 - u0 + 2 r0", "0 + r1", "0", "0 + x0", "1", "5",
                                                   "0 + r2", "2", "0 - 1")),
)  # fmt: skip
OUTPUTS = ("relu", "abs", "deep", "zero", "x", "one", "five", "other", "two", "minus one")
TERMS: dict[str, list[Any]] = {
    **{name: ["net", 0, k] for k, name in enumerate(OUTPUTS)},
    "c0": ["const", "0"], "half": ["const", "1/2"], "minus": ["const", "-1"], "minus half": ["const", "-1/2"],
    "xx": ["mul", "x0", "x0"], "max(x, 0)": ["max", "x0", "c0"], "x/2": ["mul", "x0", "half"],
    "x-1/2": ["add", "x0", "minus half"], "max(x-1/2, 0)": ["max", "x-1/2", "c0"], "-x": ["mul", "x0", "minus"],
    "min(-x, 0)": ["min", "-x", "c0"], "|x|": ["abs", "x0"], "1/x": ["inv", "x0"], "-xx": ["mul", "xx", "minus"],
    "1/|x|": ["inv", "|x|"], "|x| + 1/2": ["add", "|x|", "half"], "1/(|x| + 1/2)": ["inv", "|x| + 1/2"],
    "x^3": ["mul", "xx", "x0"], "x^8": ["mul", "xx", "xx", "xx", "xx"], "x^64": ["mul", *["x^8"] * 8],
    "x^65": ["mul", "x^64", "x0"], "five |x|": ["add", *["|x|"] * 5], "gated": ["gated", 0, 0], "T": ["subject", 0],
    "T + x": ["add", "T", "x0"], "net + x": ["add", "relu", "x0"], "seen": ["seen_max", "x0"],
}  # fmt: skip
PLANE_TERMS: dict[str, list[Any]] = {
    "xy": ["mul", "x0", "x1"], "yy": ["mul", "x1", "x1"], "xx + yy": ["add", "xx", "yy"],
    "-(xx + yy)": ["mul", "xx + yy", "minus"], "-y": ["mul", "x1", "minus"], "x-y": ["add", "x0", "-y"],
    "(x-y)^2": ["mul", "x-y", "x-y"], "max(x, y)": ["max", "x0", "x1"], "y": ["net", 1, 0], "max net": ["net", 1, 1],
}  # fmt: skip
PLANE_NETS = (*NETS, network("0 + x0 - x1", out=("0 + x1", "0 + r0 + x1")))


def regions(
    name: str,
    left: str,
    right: str,
    cuts: list[int],
    bound: str,
    why: str | None = None,
    *,
    planes: tuple[str, ...] = (),
    domain: Any = LINE,
    claim: Any = None,
    status: str = "rejected",
) -> Case:
    flat = len(domain) == 1
    lemmas = TERMS if flat else {**TERMS, **PLANE_TERMS}
    asked = step("regions", claim or ["near", left, right, bound], (), left=left, right=right, planes=list(planes),
                 cuts=cuts, bound=bound)  # fmt: skip
    data = certificate(lemmas, [asked], NETS if flat else PLANE_NETS, domain)
    return Case(f"regions: {name}", encode(data), 0, "regions", why, status)


def on_a_line() -> list[Case]:
    half = ("0", "1")
    return [
        regions("cuts a kink by its neuron", "relu", "max(x, 0)", [1, 0, 0], "0"),
        regions("cuts a kink by a plane", "relu", "max(x, 0)", [1, 0, 0], "0", planes=half),
        regions("relaxes a gate of both signs", "relu", "x/2", [0], "1/2"),
        regions("bounds |x| - x^2", "abs", "xx", [1, 0, 0], "1/4"),
        regions("cuts by a second neuron once the first is cut", "deep", "max(x-1/2, 0)", [1, 2, 0, 0, 0], "0"),
        regions("takes a minimum", "zero", "min(-x, 0)", [0], "1"),
        regions("takes an absolute value of unknown sign as either", "zero", "|x|", [0], "1"),
        regions("takes a maximum of unknown sign as either", "x", "max(x, 0)", [0], "1"),
        regions("takes a reciprocal", "zero", "1/x", [0], "1", domain=(("1", "2"),)),
        regions("takes a reciprocal of a negative", "zero", "1/x", [0], "1", domain=(("-2", "-1"),)),
        regions("takes a reciprocal of an absolute value", "zero", "1/(|x| + 1/2)", [1, 0, 0], "2", planes=half),
        regions("takes a cube by Bernstein", "zero", "x^3", [0], "1"),
        regions("takes a domain of one point", "abs", "xx", [0], "1/4", domain=(("1/2", "1/2"),)),
        regions("is exact for a square", "one", "xx", [0], "1"),
        regions("refuses less at a kink", "relu", "x/2", [1, 0, 0], "499/1000", NOT_PROVED),
        regions("refuses less than the noise", "relu", "x/2", [0], "499/1000", NOT_PROVED),
        regions("refuses less than the largest value", "abs", "xx", [1, 0, 0], "249/1000", NOT_PROVED),
        regions("refuses a relaxed gate where it has to be cut", "abs", "xx", [0], "1/4", NOT_PROVED),
        regions("refuses one bad leaf among good ones", "abs", "xx", [1, 0, 0], "1/4", "on the leaf at cut 2",
                planes=("-1/2", "1")),
        regions("refuses one bad leaf that comes first", "abs", "xx", [1, 0, 0], "1/4", "on the leaf at cut 1",
                planes=("1/2", "1")),
        regions("refuses the other sign of a target", "relu", "min(-x, 0)", [1, 0, 0], "0", NOT_PROVED),
        regions("refuses a cut on the wrong side", "deep", "max(x-1/2, 0)", [1, 0, 2, 0, 0], "1", "misses its cell"),
        regions("refuses a missing cut", "deep", "max(x-1/2, 0)", [1, 0, 0], "0", NOT_PROVED),
        regions("refuses to cut by a neuron with noise", "deep", "max(x-1/2, 0)", [2, 0, 0], "1", "not an affine"),
        regions("refuses to cut twice by one neuron", "relu", "max(x, 0)", [1, 1, 0, 0, 0], "0", "keeps its sign"),
        regions("refuses to cut twice by one plane", "relu", "max(x, 0)", [1, 1, 0, 0, 0], "0", "misses its cell",
                planes=half),
        regions("refuses a plane at the end of the box", "relu", "xx", [1, 0, 0], "9", "misses", planes=("1", "1")),
        regions("refuses a plane beyond the box", "relu", "xx", [1, 0, 0], "9", "misses", planes=("2", "1")),
        regions("refuses a plane that is nothing", "relu", "xx", [1, 0, 0], "9", "misses", planes=("0", "0")),
        regions("refuses a plane that is a constant", "relu", "xx", [1, 0, 0], "9", "misses", planes=("1", "0")),
        regions("refuses a plane of the wrong length", "relu", "xx", [0], "9", "one number more", planes=("1",)),
        regions("refuses no tree", "relu", "xx", [], "9", "ends before its last leaf"),
        regions("refuses a tree without its second side", "relu", "xx", [1, 0], "9", "ends before its last leaf"),
        regions("refuses a leaf too many", "relu", "xx", [0, 0], "9", "goes on after its last leaf"),
        regions("refuses a neuron that does not exist", "relu", "xx", [9, 0, 0], "9", "is not read by the output"),
        regions("refuses a neuron that the output does not read", "relu", "xx", [2, 0, 0], "9", "is not read by"),
        regions("refuses the output as a neuron", "relu", "xx", [4, 0, 0], "9", "is not read by the output"),
        regions("refuses a maximum less than either", "x", "max(x, 0)", [0], "999/1000", NOT_PROVED),
        regions("refuses a reciprocal less than its largest", "zero", "1/x", [0], "999/1000", NOT_PROVED,
                domain=(("1", "2"),)),
        regions("refuses 1/x around zero", "zero", "1/x", [0], "9", "may divide by zero"),
        regions("refuses 1/x up to zero", "zero", "1/x", [1, 0, 0], "9", "may divide by zero", planes=half),
        regions("refuses 1/|x| around zero", "zero", "1/|x|", [0], "9", "may divide by zero"),
        regions("refuses a square beyond its bound at an end", "one", "xx", [0], "999/1000", NOT_PROVED),
        regions("refuses a square beyond its bound inside", "two", "xx", [0], "1999/1000", NOT_PROVED),
        regions("refuses less at a domain of one point", "abs", "xx", [0], "249/1000", NOT_PROVED,
                domain=(("1/2", "1/2"),)),
        regions("refuses a negative bound", "x", "x", [0], "-1", "not built"),
        regions("refuses a negative bound of zero", "zero", "c0", [0], "-1", NOT_PROVED),
        regions("refuses a claim below its bound", "abs", "xx", [1, 0, 0], "1/4", "does not entail",
                claim=["near", "abs", "xx", "249/1000"]),
        regions("refuses a claim about another output", "abs", "xx", [1, 0, 0], "1/4", "does not entail",
                claim=["near", "relu", "xx", "1/4"]),
        regions("refuses a claim about another target", "abs", "xx", [1, 0, 0], "1/4", "does not entail",
                claim=["near", "abs", "-xx", "1/4"]),
        regions("refuses a gated network", "gated", "xx", [1, 0, 0], "9", "where 'net'"),
        regions("refuses a transformer", "T", "xx", [1, 0, 0], "9", "where 'net'"),
        regions("refuses an input", "x0", "xx", [1, 0, 0], "9", "where 'net'"),
        regions("refuses a target with the transformer", "relu", "T + x", [1, 0, 0], "9", "(subject) is not built"),
        regions("refuses a target with a network", "relu", "net + x", [1, 0, 0], "9", "(net) is not built"),
        regions("refuses a target over other tokens", "relu", "seen", [1, 0, 0], "9", "(seen_max) is not built"),
        regions("declines a degree beyond 64", "zero", "x^65", [0], "1", "degree beyond 64", status="declined"),
        regions("declines a target that may be too much", "zero", "five |x|", [0], "9", "more than 16",
                status="declined"),
    ]  # fmt: skip


def on_a_plane() -> list[Case]:
    def on(name: str, left: str, right: str, cuts: list[int], bound: str, why: str | None = None, **more: Any) -> Case:
        return regions(name, left, right, cuts, bound, why, **{"domain": SQUARE, **more})

    away, diagonal = (("1", "2"), ("1", "2")), ("0", "1", "-1")
    return [
        on("is exact for a saddle", "zero", "xy", [0], "1"),
        on("is exact for a bowl with its least value inside", "one", "xx + yy", [0], "1"),
        on("is exact for a bowl with its least value outside", "five", "xx + yy", [0], "3", domain=away),
        on("is exact for a bowl upside down", "minus one", "-(xx + yy)", [0], "1"),
        on("is exact for a valley", "two", "(x-y)^2", [0], "2"),
        on("cuts by a slanting plane", "two", "(x-y)^2", [1, 0, 0], "2", planes=diagonal),
        on("cuts by a slanting neuron", "max net", "max(x, y)", [1, 0, 0], "0"),
        on("cuts a slanting kink of the target", "max net", "max(x, y)", [1, 0, 0], "0", planes=diagonal),
        on("takes a box that is a segment", "one", "xx + yy", [0], "1", domain=(("0", "0"), ("-1", "1"))),
        on("takes a box that is a point", "one", "xx + yy", [0], "1", domain=(("1", "1"), ("-1", "-1"))),
        on("refuses less at a saddle's corner", "zero", "xy", [0], "999/1000", NOT_PROVED),
        on("refuses less at a bowl's corners", "one", "xx + yy", [0], "999/1000", NOT_PROVED),
        on("refuses less at a bowl's middle", "two", "xx + yy", [0], "1999/1000", NOT_PROVED),
        on("refuses less at the middle upside down", "minus one", "-(xx + yy)", [0], "999/1000", NOT_PROVED),
        on("refuses less for a bowl elsewhere", "five", "xx + yy", [0], "2999/1000", NOT_PROVED, domain=away),
        on("refuses less in a valley", "two", "(x-y)^2", [0], "1999/1000", NOT_PROVED),
        on("refuses less in a valley that is cut", "two", "(x-y)^2", [1, 0, 0], "1999/1000", NOT_PROVED,
           planes=diagonal),
        on("refuses less on a segment", "one", "xx + yy", [0], "999/1000", NOT_PROVED,
           domain=(("0", "0"), ("-1", "1"))),
        on("refuses a kink that is not cut", "max net", "max(x, y)", [0], "0", NOT_PROVED),
        on("refuses the plane of a line", "zero", "xy", [0], "9", "one number more", planes=("0", "1")),
        on("refuses a plane through a corner", "zero", "xy", [1, 0, 0], "9", "misses", planes=("2", "1", "1")),
    ]  # fmt: skip


def region_cases() -> list[Case]:
    """Return every case of the rule."""
    return on_a_line() + on_a_plane()
