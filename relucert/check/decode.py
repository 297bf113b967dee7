"""The one decoder: bytes in, a well-shaped ``Certificate`` out, or a refusal that says where.

Everything that reads a certificate reads it here.  Unknown fields, floats, NaN, duplicate keys,
booleans used as integers, negative indices and forward references are all refused.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

from . import model
from .arithmetic import DTYPES, MAX_ULPS, SOFTMAX, SUBNORMALS, Arithmetic
from .model import (
    Atom,
    Attention,
    Certificate,
    Fact,
    FeedForward,
    Feedforward,
    Form,
    Head,
    In,
    Layer,
    Matrix,
    Near,
    Network,
    Node,
    Statement,
    Step,
)
from .number import MAX_BITS, rational
from .refusal import Declined, Rejected

MAX_BYTES = 1 << 27
MAX_INDEX_DIGITS = 9
MAX_INPUTS = 1 << 18
MAX_WIDTH = 1 << 20
MAX_LENGTH = 10**18
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}", re.ASCII)
RESERVED = re.compile(r"T[0-9]*|abs|cos|erf|exp|log|max|min|piecewise|sin|sqrt", re.ASCII)  # words of the statement


def certificate(data: bytes) -> Certificate:
    """Return the certificate that ``data`` writes; raise Rejected or Declined otherwise."""
    try:
        return _certificate(parse(data))
    except RecursionError:
        raise Rejected("nested too deeply") from None


def _certificate(raw: object) -> Certificate:
    top = fields(raw, "format statement subject lemmas precision trace info", "the certificate")
    if top["format"] != model.FORMAT:
        raise Declined(f"format {str(top['format'])[:40]!a} is not {model.FORMAT!a}, the one this checker knows")
    info = fields(top["info"], "generator spec version", "info")
    for key, value in info.items():
        if not isinstance(value, str):
            raise Rejected(f"info.{key} must be text")
    stated = statement(top["statement"])
    lemmas = fields(top["lemmas"], "networks terms", "lemmas")
    inputs = len(stated.inputs)
    networks = tuple(network(item, inputs) for item in array(lemmas["networks"], "lemmas.networks"))
    subject = subject_(top["subject"], stated, networks)
    if stated.sequence == model.MIRRORED and isinstance(subject, Attention) and (subject.anchors or subject.code):
        raise Rejected("the layout mirrored knows no anchors and no position codes")
    terms = nodes(lemmas["terms"], stated.nodes, inputs, networks, subject, stated.arithmetic is not None)
    if stated.sequence.layout != "tokenwise" and any(node.op.startswith("seen") for node in terms):
        raise Rejected("seen_max and seen_min need the layout tokenwise")
    precision = index(top["precision"], MAX_BITS + 1, "precision")
    trace = tuple(step(item, k, len(terms)) for k, item in enumerate(array(top["trace"], "trace")))
    return Certificate(stated, subject, networks, terms, precision, trace)


def parse(data: bytes) -> Any:
    """Return the JSON value in ``data``, with floats, constants, long integers and repeated keys refused."""
    if len(data) > MAX_BYTES:
        raise Declined(f"more than {MAX_BYTES} bytes")

    def refuse(text: str) -> NoReturn:
        raise Rejected(f"only whole numbers and text may write numbers, not {text[:20]}")

    def integer(text: str) -> int:
        if len(text) > MAX_INDEX_DIGITS or text.startswith("-"):
            raise Rejected(f"an index is a whole number of at most {MAX_INDEX_DIGITS} digits, not {text[:20]}")
        return int(text)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise Rejected("a key occurs twice in one object")
        return result

    try:
        return json.loads(
            data.decode("ascii"),
            parse_float=refuse,
            parse_constant=refuse,
            parse_int=integer,
            object_pairs_hook=unique,
        )
    except UnicodeDecodeError:
        raise Rejected("not ASCII text") from None
    except ValueError as error:
        raise Rejected(f"not JSON: {error}") from None


def fields(raw: object, names: str, where: str) -> dict[str, Any]:
    """Return the object ``raw`` if its keys are exactly ``names``."""
    if not isinstance(raw, dict):
        raise Rejected(f"{where} must be an object")
    if set(raw) != set(names.split()):
        odd = sorted(set(raw) ^ set(names.split()))[0]
        raise Rejected(f"{where} {'has an unknown field' if odd in raw else 'lacks the field'} {odd[:40]!a}")
    return raw


def array(raw: object, where: str, size: int | None = None) -> list[Any]:
    """Return the list ``raw``, of ``size`` entries if that is given."""
    if not isinstance(raw, list) or (size is not None and len(raw) != size):
        raise Rejected(f"{where} must be a list" + ("" if size is None else f" of {size}"))
    return raw


def index(raw: object, bound: int, where: str) -> int:
    """Return the integer ``raw`` if 0 <= raw < bound."""
    if type(raw) is not int or not 0 <= raw < bound:
        raise Rejected(f"{where} must be a whole number from 0 to {bound - 1}, not {str(raw)[:20]!a}")
    return raw


def statement(raw: object) -> Statement:
    """Return the claim of the certificate, with names, box and expression nodes checked for shape."""
    names = "domain inputs nodes norm semantics sequence targets tolerance"
    body = fields(raw, names, "statement")
    inputs = tuple(array(body["inputs"], "statement.inputs"))
    for name in inputs:
        if not isinstance(name, str) or NAME.fullmatch(name) is None or RESERVED.fullmatch(name):
            raise Rejected(f"not a name for an input: {str(name)[:40]!a}")
    if len(set(inputs)) != len(inputs) or not 0 < len(inputs) <= MAX_INPUTS:
        raise Rejected("input names must be distinct, and at least one")
    domain = []
    for pair in array(body["domain"], "statement.domain", len(inputs)):
        lo, hi = map(rational, array(pair, "an interval of the domain", 2))
        if lo > hi:
            raise Rejected("an interval of the domain is reversed")
        domain.append((lo, hi))
    if body["norm"] not in model.NORMS:
        raise Declined(f"this checker knows the norms {model.NORMS} only")
    tokens = sequence(body["sequence"], len(inputs))
    expression = nodes(body["nodes"], (), len(inputs), (), None)
    targets = tuple(index(t, len(expression), "a target") for t in array(body["targets"], "statement.targets"))
    if not targets:
        raise Rejected("a statement needs at least one target")
    tolerance = rational(body["tolerance"])
    if tolerance <= 0:
        raise Rejected("the tolerance must be positive")
    machine = arithmetic(body["semantics"])
    if body["norm"] != "sup" and (machine is not None or tokens != model.Sequence(1, 1, "causal", "tokenwise")):
        raise Declined("this checker knows L1 and L2 over real numbers for one data token under a causal mask only")
    if machine is not None and tokens != model.Sequence(1, 1, "causal", "tokenwise"):
        raise Declined("this checker knows float arithmetic for one data token under a causal mask only")
    return Statement(inputs, tuple(domain), expression, targets, tolerance, tokens, machine, body["norm"])


def sequence(raw: object, inputs: int) -> model.Sequence:
    """Return the lengths, as text, the mask and the layout; one-per-token has as many data tokens as inputs."""
    body = fields(raw, "layout lengths mask", "statement.sequence")
    if body["mask"] not in model.MASKS or body["layout"] not in model.LAYOUTS:
        raise Declined(f"this checker knows the masks {model.MASKS} and the layouts {model.LAYOUTS} only")
    least, most = map(rational, array(body["lengths"], "statement.sequence.lengths", 2))
    if least.denominator != 1 or most.denominator != 1 or not 1 <= least <= most <= MAX_LENGTH:
        raise Rejected(f"lengths must be whole numbers from 1 to {MAX_LENGTH}, the least first")
    if body["layout"] == "one-per-token" and not least == most == inputs:
        raise Rejected("the layout one-per-token needs one data token for each input")
    tokens = model.Sequence(int(least), int(most), body["mask"], body["layout"])
    if (tokens.mask == "explicit" or tokens.layout == "mirrored") and tokens != model.MIRRORED:
        raise Rejected("an explicit mask is that of one data token and its mirror")
    return tokens


def arithmetic(raw: object) -> Arithmetic | None:
    """Return the arithmetic model that the statement names, or None for real numbers."""
    if raw == "real":
        return None
    if isinstance(raw, str):
        raise Declined('this checker knows the semantics "real" and models of float arithmetic only')
    body = fields(raw, " ".join(Arithmetic._fields), "statement.semantics")
    dtype = body["dtype"]
    wide = [dtype, "float32"] if dtype in ("float16", "bfloat16") else [dtype]
    known = {"dtype": DTYPES, "accumulate": wide, "softmax": SOFTMAX, "subnormals": SUBNORMALS}
    for name, values in known.items():
        if not isinstance(body[name], str) or body[name] not in values:
            raise Declined(f"this checker knows no arithmetic with {name} {str(body[name])[:20]!a}")
    index(body["exp_ulps"], MAX_ULPS, "exp_ulps")
    return Arithmetic(**body)


def nodes(
    raw: object,
    before: tuple[Node, ...],
    inputs: int,
    networks: tuple[Network, ...],
    subject: Attention | Feedforward | None,
    machine: bool = False,
) -> tuple[Node, ...]:
    """Return ``before`` followed by the nodes of ``raw``; each may refer to earlier ones only."""
    result = list(before)
    for item in array(raw, "nodes"):
        op = item[0] if isinstance(item, list) and item else None
        if not isinstance(op, str) or (subject is None and op not in model.STATEMENT_OPS):
            raise Rejected(f"not an expression node: {str(item)[:60]!a}")
        rest = item[1:]
        if op == "const":
            (text,) = array(rest, "a constant", 1)
            result.append(Node("const", (), rational(text)))
        elif op == "power":
            base, text = array(rest, "a power", 2)
            result.append(Node(op, (index(base, len(result), "an argument of power"),), rational(text)))
        elif op in model.LEAVES:
            array(rest, f"node {op}", model.LEAVES[op])
            bounds = [inputs]
            if op in ("net", "gated"):
                k = index(rest[0], len(networks), "a network")
                bounds = [k + 1, len(networks[k].outputs)]
                if op == "gated" and networks[k].inverse_temperature is None:
                    raise Rejected("a gated term needs a network with an inverse temperature")
            elif op == "machine" and not machine:
                raise Rejected("a machine term needs a statement that names its arithmetic")
            elif op != "input" and subject is not None:
                bounds = [subject.outputs]
            result.append(Node(op, tuple(index(r, b, f"node {op}") for r, b in zip(rest, bounds, strict=True))))
        elif op in model.OPERATIONS:
            least, most = model.OPERATIONS[op]
            if len(rest) < least or (most is not None and len(rest) > most):
                raise Rejected(f"node {op} has {len(rest)} arguments")
            result.append(Node(op, tuple(index(r, len(result), f"an argument of {op}") for r in rest)))
        else:
            raise Rejected(f"unknown node {op[:40]!a}")
    return tuple(result)


def network(raw: object, inputs: int) -> Network:
    """Return a residual ReLU network whose forms read inputs and earlier neurons only."""
    body = fields(raw, "inverse_temperature neurons outputs", "a network")
    neurons = tuple(form(item, inputs, j) for j, item in enumerate(array(body["neurons"], "neurons")))
    outputs = tuple(form(item, inputs, len(neurons)) for item in array(body["outputs"], "outputs"))
    beta = None if body["inverse_temperature"] is None else rational(body["inverse_temperature"])
    if beta is not None and beta <= 0:
        raise Rejected("an inverse temperature must be positive")
    return Network(neurons, outputs, beta)


def form(raw: object, inputs: int, neurons: int) -> Form:
    """Return the affine form written as [bias, inputs, pre-activations, gates], the last three sparse."""
    bias, *parts = array(raw, "an affine form", 4)
    result: Form = {}
    constant = rational(bias)
    if constant:
        result[model.ONE] = constant
    for kind, bound, part in zip("xur", (inputs, neurons, neurons), parts, strict=True):
        for entry in array(part, "a sparse row"):
            i, text = array(entry, "a sparse entry", 2)
            atom: Atom = (kind, index(i, bound, "an index of a form"))
            value = rational(text)
            if atom in result or not value:
                raise Rejected("a form repeats an index or stores a zero")
            result[atom] = value
    return result


def subject_(raw: object, stated: Statement, networks: tuple[Network, ...]) -> Attention | Feedforward:
    """Return what is certified: a transformer, or one of the networks, which reads one token over the real numbers."""
    if not isinstance(raw, dict) or raw.get("kind") != "feedforward":
        return attention(raw, len(stated.inputs))
    if stated.sequence != model.Sequence(1, 1, "causal", "tokenwise") or stated.arithmetic is not None:
        raise Rejected("a feed-forward subject reads one token, over the real numbers")
    k = index(fields(raw, "kind network", "subject")["network"], len(networks), "the subject's network")
    return Feedforward(k, len(networks[k].outputs))


def attention(raw: object, inputs: int) -> Attention:
    """Return the transformer, with every matrix inside its shape."""
    body = fields(raw, "anchors code d_model embedding kind layers outputs readout", "subject")
    if body["kind"] != "attention":
        raise Declined('this checker knows subjects of kind "attention" and "feedforward" only')
    d_model = index(body["d_model"], MAX_WIDTH, "d_model")
    outputs = index(body["outputs"], 1 << 16, "outputs")
    layers = tuple(layer(item, d_model) for item in array(body["layers"], "layers"))
    positions = None if body["code"] is None else code(body["code"])
    embedding = matrix(body["embedding"], d_model, 1 + inputs + (positions.size if positions else 0))
    anchors = tuple(vector(item, d_model) for item in array(body["anchors"], "anchors"))
    readout = matrix(body["readout"], outputs, d_model)
    return Attention(d_model, embedding, anchors, positions, layers, readout, outputs)


def code(raw: object) -> model.Code:
    """Return a position code; a quadratic one has two columns."""
    body = fields(raw, "kind size", "a position code")
    if body["kind"] not in ("binary", "quadratic"):
        raise Declined('this checker knows the position codes "binary" and "quadratic" only')
    size = index(body["size"], 65, "the size of a position code")
    if body["kind"] == "quadratic" and size != 2:
        raise Rejected("a quadratic position code has two columns")
    return model.Code(body["kind"], size)


def vector(raw: object, size: int) -> model.Vector:
    """Return a sparse vector; zeros and repeated entries are refused."""
    entries = matrix([[0, *array(entry, "a vector entry", 2)] for entry in array(raw, "a vector")], 1, size)
    return {column: value for (_, column), value in entries.items()}


def layer(raw: object, d_model: int) -> Layer:
    """Return one layer: its heads, and its feed-forward part if it has one."""
    body = fields(raw, "feed_forward heads", "a layer")
    heads = tuple(head(item, d_model) for item in array(body["heads"], "heads"))
    if body["feed_forward"] is None:
        return Layer(heads, None)
    part = fields(body["feed_forward"], "w_in w_out width", "a feed-forward part")
    width = index(part["width"], MAX_WIDTH, "the width of a feed-forward part")
    return Layer(heads, FeedForward(width, matrix(part["w_in"], width, d_model), matrix(part["w_out"], d_model, width)))


def head(raw: object, d_model: int) -> Head:
    """Return one attention head."""
    body = fields(raw, "d_head w_k w_o w_q w_v", "a head")
    d_head = index(body["d_head"], MAX_WIDTH, "d_head")
    w_q, w_k, w_v = (matrix(body[name], d_head, d_model) for name in ("w_q", "w_k", "w_v"))
    return Head(d_head, w_q, w_k, w_v, matrix(body["w_o"], d_model, d_head))


def matrix(raw: object, rows: int, columns: int) -> Matrix:
    """Return a sparse matrix of the given shape; zeros and repeated entries are refused."""
    result: Matrix = {}
    for entry in array(raw, "a matrix"):
        i, j, text = array(entry, "a matrix entry", 3)
        place = (index(i, rows, "a row"), index(j, columns, "a column"))
        value = rational(text)
        if place in result or not value:
            raise Rejected("a matrix repeats an entry or stores a zero")
        result[place] = value
    return result


def step(raw: object, position: int, terms: int) -> Step:
    """Return one step of the trace; its premises come before ``position``."""
    try:
        body = fields(raw, "args conclusion premises rule", "the step")
        rule, args = body["rule"], body["args"]
        if not isinstance(rule, str) or NAME.fullmatch(rule) is None or not isinstance(args, dict):
            raise Rejected("a step needs the name of a rule and an object of arguments")
        premises = tuple(index(p, position, "a premise") for p in array(body["premises"], "premises"))
        return Step(rule, premises, args, conclusion(body["conclusion"], terms))
    except Rejected as refusal:
        raise Rejected(f"trace[{position}]: {refusal}") from None


def conclusion(raw: object, terms: int) -> Fact:
    """Return the claim of a step: ["in", term, lo, hi] or ["near" or "mean", left, right, bound]."""
    kind, a, b, c = array(raw, "a conclusion", 4)
    if kind == "in":
        lo, hi = rational(b), rational(c)
        return In(index(a, terms, "a term"), lo, hi)
    if kind in ("near", "mean"):
        left, right, bound = index(a, terms, "a term"), index(b, terms, "a term"), rational(c)
        return Near(left, right, bound) if kind == "near" else model.Mean(left, right, bound)
    raise Rejected(f'a conclusion is "in", "near" or "mean", not {str(kind)[:20]!a}')


def arguments(raw: dict[str, object], shape: dict[str, str], terms: int) -> dict[str, Any]:
    """Return a step's arguments, each of the kind that the rule's ``shape`` names.

    Kinds: ``term`` and ``terms`` indices of terms, ``index`` and ``indices`` other whole numbers (the rule
    checks their range), ``rational``, ``rationals``, and ``table`` for a list of lists of indices.
    """
    values = fields(raw, " ".join(shape), "args")
    most = 10**MAX_INDEX_DIGITS
    read: dict[str, Callable[[Any, str], Any]] = {
        "term": lambda value, name: index(value, terms, name),
        "index": lambda value, name: index(value, most, name),
        "terms": lambda value, name: tuple(index(v, terms, name) for v in array(value, name)),
        "indices": lambda value, name: tuple(index(v, most, name) for v in array(value, name)),
        "table": lambda value, name: tuple(read["indices"](row, name) for row in array(value, name)),
        "rational": lambda value, name: rational(value),
        "rationals": lambda value, name: tuple(rational(v) for v in array(value, name)),
    }
    return {name: read[kind](values[name], name) for name, kind in shape.items()}
