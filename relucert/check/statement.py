"""The statement in words, from decoded data, and what a feed-forward network costs."""

from fractions import Fraction

from .model import LEAVES, MIRRORED, Network, Node, Sequence, Statement
from .refusal import Declined

LONGEST_FORMULA = 2000
FEEDFORWARD = "  where T is a feed-forward ReLU network"
WITH_FEED_FORWARD = "  where T is a softmax transformer with feed-forward parts"
MANY_PARTS = 2000  # from so many parts on, shorter ones are named, so that a shared part is not written out again
SHORT_FORMULA = 40
LONGEST_STATEMENT = 1 << 23


def short(value: Fraction, up: bool = True, digits: int = 6) -> str:
    """Return ``value`` as a decimal of ``digits`` significant digits, rounded up (or down).

    Exact values that need no more digits are printed exactly; no digit string of the number itself
    is ever formed, so that huge numbers cost nothing.
    """
    if not value:
        return "0"
    size = abs(value)
    toward_zero = up == (value < 0)
    exponent = (size.numerator.bit_length() - size.denominator.bit_length()) * 30103 // 100000 - 1
    while size >= Fraction(10) ** (exponent + 1):
        exponent += 1
    scaled = size / Fraction(10) ** (exponent - digits + 1)
    whole = scaled.numerator // scaled.denominator
    if whole != scaled and not toward_zero:
        whole += 1
        if whole == 10**digits:
            whole, exponent = whole // 10, exponent + 1
    text = str(whole)
    sign = "-" if value < 0 else ""
    if -4 <= exponent < digits:
        point = exponent + 1
        text = text[:point] + "." + text[point:] if point > 0 else "0." + "0" * -point + text
        return sign + text.rstrip("0").rstrip(".")
    mantissa = (text[0] + "." + text[1:]).rstrip("0").rstrip(".")
    return f"{sign}{mantissa}e{exponent}"


def exact(value: Fraction) -> str:
    """Return ``value`` exactly, as a decimal if it has a short one and as p/q otherwise."""
    if value.denominator == 1 and abs(value.numerator) < 10**15:
        return str(value.numerator)
    text = short(value, digits=15)
    return text if len(str(value.denominator)) <= 20 and Fraction(text) == value else str(value)


def formulas(nodes: tuple[Node, ...], roots: tuple[int, ...], inputs: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return (definitions, formulas): ``roots`` in infix, with long parts named #0, #1, ..., as no input can be.

    Raises Declined if that is still too long to print.
    """
    room = LONGEST_STATEMENT
    text: dict[int, str] = {}
    definitions: list[str] = []
    order = below(nodes, roots)
    longest = LONGEST_FORMULA if len(order) < MANY_PARTS else SHORT_FORMULA
    for t in order:
        node = nodes[t]
        parts = [text[c] for c in node.children] if node.op != "input" else []
        room -= sum(map(len, parts))
        if room < 0:
            raise Declined("the statement is too long to print")
        if node.op == "input":
            text[t] = inputs[node.children[0]]
        elif node.op == "const" and node.value is not None:
            plain = exact(node.value)
            text[t] = plain if node.value >= 0 and "/" not in plain else f"({plain})"
        elif node.op == "add":
            text[t] = "(" + " + ".join(parts) + ")"
        elif node.op == "mul":
            text[t] = "*".join(parts)
        elif node.op == "inv":
            text[t] = f"(1/{parts[0]})" if nodes[node.children[0]].op != "mul" else f"(1/({parts[0]}))"
        elif node.op == "power" and node.value == Fraction(1, 2):
            text[t] = f"sqrt({parts[0]})"
        elif node.op == "power":
            base = parts[0] if nodes[node.children[0]].op not in ("mul", "power") else f"({parts[0]})"
            text[t] = f"{base}^({node.value})"
        elif node.op == "where":
            text[t] = f"piecewise({parts[0]} >= 0: {parts[1]}, else: {parts[2]})"
        elif node.op in ("seen_max", "seen_min"):
            text[t] = f"{node.op[5:]}({parts[0]} over data tokens seen)"
        else:
            text[t] = f"{node.op}({', '.join(parts)})"
        if len(text[t]) > longest:
            definitions.append(f"#{t} = {text[t]}")
            text[t] = f"#{t}"
    return definitions, [text[t] for t in roots]


def sentence(stated: Statement, bound: Fraction) -> str:
    """Return the statement with ``bound`` in place of the tolerance, from decoded data alone."""
    box = ", ".join(
        f"{n} in [{exact(lo)}, {exact(hi)}]" for n, (lo, hi) in zip(stated.inputs, stated.domain, strict=True)
    )
    definitions, targets = formulas(stated.nodes, stated.targets, stated.inputs)
    places, arguments = f"for all real {box}", f"({', '.join(stated.inputs)})"
    if stated.sequence != Sequence(1, 1, "causal", "tokenwise"):
        places, arguments = _places(stated.sequence, box), ""
    names = ["T"] if len(targets) == 1 else [f"T{k + 1}" for k in range(len(targets))]
    where = f"  where {'; '.join(definitions)}" if definitions else ""
    if stated.norm != "sup":
        norm = {"L1": "integral of {}", "L2": "( integral of {}^2 )^(1/2)"}[stated.norm]
        sizes = [norm.format(f"| {name}{arguments} - {target} |") for name, target in zip(names, targets, strict=True)]
        claims = " and ".join(f"{size} <= {short(bound)}" for size in sizes)
        return f"over the box of real {box}, with Lebesgue measure, not normalised:  {claims}{where}"
    claims = " and ".join(
        f"| {name}{arguments} - {target} | <= {short(bound)}" for name, target in zip(names, targets, strict=True)
    )
    if stated.arithmetic is not None:  # one data token, see ``decode``
        return f"for all {stated.arithmetic.dtype} {box}:  {claims}{where};  {stated.arithmetic.sentence}"
    return f"{places}:  {claims}{where}"


def _places(tokens: Sequence, box: str) -> str:
    """Return of what sequences, and at which of their tokens, the statement speaks."""
    least, most, mask, layout = tokens
    count = f"any number of data tokens from {least} to {most}"
    if least == most:
        count = f"{most} data token{'s' if most > 1 else ''}"
    if tokens == MIRRORED:
        pair = "one data token and its mirror, which starts as minus it, each seeing both and neither the sink"
        return f"for {pair}, with real {box}, at the data token"
    before = f"for {count} under a {mask} mask"
    if layout == "tokenwise":
        return f"{before}, each with real {box} of its own, at every data token"
    return f"{before}, carrying in order one each of all real {box}, at the last data token"


def gates(network: Network) -> int:
    """Return the number of neurons whose r is read."""
    return len({atom for form in network.neurons + network.outputs for atom in form if atom[0] == "r"})


def counts(network: Network) -> dict[str, int | Fraction]:
    """Return what a feed-forward network costs; ``layers`` is the largest number of gates on a path."""
    depths: list[int] = []
    for form in network.neurons + network.outputs:
        depths.append(max((depths[a[1]] + (a[0] == "r") for a in form if len(a) == 2 and a[0] != "x"), default=0))
    layers = max(depths[len(network.neurons) :], default=0)
    entries = [value for form in network.neurons + network.outputs for value in form.values()]
    largest = max(map(abs, entries), default=Fraction(0))
    bits = max((v.numerator.bit_length() + v.denominator.bit_length() for v in entries), default=0)
    counted = {"layers": layers, "gates": gates(network), "parameters": len(entries)}
    return {**counted, "max_weight": largest, "bits": bits}


def below(nodes: tuple[Node, ...], roots: tuple[int, ...]) -> list[int]:
    """Return every node that ``roots`` reach in post-order: an order that the structure alone decides."""
    order: list[int] = []
    seen: set[int] = set()
    stack = [(t, False) for t in reversed(roots)]
    while stack:
        t, entered = stack.pop()
        if entered:
            order.append(t)
        elif t not in seen:
            seen.add(t)
            stack.append((t, True))
            if nodes[t].op not in LEAVES:  # their children are no nodes
                stack += [(c, False) for c in reversed(nodes[t].children)]
    return order
