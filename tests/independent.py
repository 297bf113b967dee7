"""What a certificate's JSON says, read again from scratch: nothing of the package is imported here.

The transformer is evaluated by its definition with ``decimal``, whose exponential is correctly rounded; networks are
evaluated exactly with fractions; resources are counted from the matrices as lists of lists.
"""

from __future__ import annotations

import decimal
import json
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

Rows = list[list[Fraction]]


def dense(entries: list[list[Any]], rows: int, columns: int) -> Rows:
    """A sparse matrix written out, zeros included."""
    result = [[Fraction(0)] * columns for _ in range(rows)]
    for i, j, value in entries:
        assert result[i][j] == 0
        result[i][j] = Fraction(value)
    return result


def all_matrices(data: dict[str, Any]) -> list[Rows]:
    """Dense: embedding, read-out, w_q w_k w_v w_o of every head, w_in w_out of every feed-forward part."""
    subject = data["subject"]
    d, inputs = subject["d_model"], len(data["statement"]["inputs"])
    inputs += subject["code"]["size"] if subject["code"] else 0
    result = [dense(subject["embedding"], d, 1 + inputs), dense(subject["readout"], subject["outputs"], d)]
    for layer in subject["layers"]:
        for head in layer["heads"]:
            k = head["d_head"]
            result += [dense(head[name], k, d) for name in ("w_q", "w_k", "w_v")]
            result.append(dense(head["w_o"], d, k))
    for part in (layer["feed_forward"] for layer in subject["layers"]):
        if part is not None:
            result += [dense(part["w_in"], part["width"], d), dense(part["w_out"], d, part["width"])]
    return result


def recount(certificate: bytes) -> dict[str, int | Fraction]:
    """The resources, by the issue's definitions."""
    data = json.loads(certificate)
    length = int(data["statement"]["sequence"]["lengths"][1])
    layers = data["subject"]["layers"]
    heads = [head for layer in layers for head in layer["heads"]]
    matrices = all_matrices(data)
    weights = [w for m in matrices for row in m for w in row]
    anchors = [dict(map(tuple, anchor)) for anchor in data["subject"]["anchors"]]
    weights += [Fraction(anchor.get(i, 0)) for anchor in anchors for i in range(data["subject"]["d_model"])]
    nonzero = [w for w in weights if w]
    hottest = Fraction(0)
    of_heads = matrices[2 : 2 + 4 * len(heads)]
    for q, k in zip(of_heads[::4], of_heads[1::4], strict=True):
        columns = range(len(q[0]))
        read_q = [i for i in columns if any(row[i] for row in q)]
        read_k = [j for j in columns if any(row[j] for row in k)]
        for i in read_q:
            for j in read_k:
                hottest = max(hottest, abs(sum(a[i] * b[j] for a, b in zip(q, k, strict=True))))
    return {
        "tokens": 1 + len(data["subject"]["anchors"]) + length,
        "layers": len(layers),
        "heads": len(heads),
        "gates": sum(gates(network) for network in data["lemmas"]["networks"]),
        "d_model": data["subject"]["d_model"],
        "d_head": max([head["d_head"] for head in heads], default=0),
        "feed_forward_width": max(
            (part["width"] for part in (layer["feed_forward"] for layer in layers) if part), default=0
        ),
        "parameters": len(nonzero),
        "parameters_dense": len(weights),
        "max_weight": max(map(abs, nonzero), default=Fraction(0)),
        "inverse_temperature": hottest,
        "bits": max((len(f"{abs(w.numerator):b}") + len(f"{w.denominator:b}") for w in nonzero), default=0),
        "code_size": data["subject"]["code"]["size"] if data["subject"]["code"] else 0,
        "code_max": max((abs(entry) for entry in position_code(data["subject"]["code"], length - 1)), default=0),
    }


def gates(network: dict[str, Any]) -> int:
    """How many neurons have their r read by a neuron or an output."""
    return len({j for _, _, _, r in network["neurons"] + network["outputs"] for j, _ in r})


def transform(certificate: bytes, point: tuple[Fraction, ...], digits: int) -> Decimal:
    """The transformer's first output at a point: embedding, layers of two-token causal softmax, read-out."""
    data = json.loads(certificate)
    matrices = all_matrices(data)
    context = decimal.Context(prec=digits, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
    with decimal.localcontext(context):

        def real(q: Fraction) -> Decimal:
            return Decimal(q.numerator) / Decimal(q.denominator)

        def times(matrix: Rows, vector: list[Decimal]) -> list[Decimal]:
            return [sum((real(w) * v for w, v in zip(row, vector, strict=True) if w), Decimal(0)) for row in matrix]

        d = data["subject"]["d_model"]
        stream = [[Decimal(0)] * d, times(matrices[0], [Decimal(1), *map(real, point)])]
        remaining = iter(matrices[2:])
        for layer in data["subject"]["layers"]:
            assert layer["feed_forward"] is None, "sequence() knows them"
            added = [[Decimal(0)] * d for _ in stream]
            for _ in layer["heads"]:
                w_q, w_k, w_v, w_o = (next(remaining) for _ in range(4))
                for t in range(len(stream)):
                    query = times(w_q, stream[t])
                    scores = [
                        sum((a * b for a, b in zip(query, times(w_k, stream[s]), strict=True)), Decimal(0))
                        for s in range(t + 1)
                    ]
                    powers = [(score - max(scores)).exp() for score in scores]
                    mixed = [Decimal(0)] * len(w_v)
                    for s, power in enumerate(powers):
                        share = power / sum(powers)
                        mixed = [m + share * v for m, v in zip(mixed, times(w_v, stream[s]), strict=True)]
                    added[t] = [a + u for a, u in zip(added[t], times(w_o, mixed), strict=True)]
            stream = [
                [a + b for a, b in zip(token, more, strict=True)] for token, more in zip(stream, added, strict=True)
            ]
        return times(matrices[1], stream[1])[0]


def pre_activations(network: dict[str, Any], point: tuple[Fraction, ...]) -> tuple[list[Fraction], list[Fraction]]:
    """Every u_j and every output of a ReLU network at a point, exactly."""
    u: list[Fraction] = []

    def read(form: list[Any]) -> Fraction:
        bias, of_x, of_u, of_r = form
        total = Fraction(bias)
        total += sum((Fraction(w) * point[k] for k, w in of_x), Fraction(0))
        total += sum((Fraction(w) * u[j] for j, w in of_u), Fraction(0))
        return total + sum((Fraction(w) * u[j] for j, w in of_r if u[j] > 0), Fraction(0))

    for form in network["neurons"]:
        u.append(read(form))
    return u, [read(form) for form in network["outputs"]]


def output_index(certificate: bytes) -> int:
    """Which output of the network the transformer realises: that of the term ``gated`` that the subject is near."""
    data = json.loads(certificate)
    terms = data["statement"]["nodes"] + data["lemmas"]["terms"]
    (gated,) = {step["conclusion"][2] for step in data["trace"] if step["rule"] == "translation"}
    assert terms[gated][:2] == ["gated", 0]
    return int(terms[gated][2])


def network_value(certificate: bytes, point: tuple[Fraction, ...]) -> Fraction:
    """The ReLU network's value at a point, exactly."""
    (network,) = json.loads(certificate)["lemmas"]["networks"]
    return pre_activations(network, point)[1][output_index(certificate)]


def breakpoints(
    certificate: bytes,
    start: tuple[Fraction, ...],
    end: tuple[Fraction, ...],
    samples: int,
    most: int,
    halvings: int = 12,
) -> list[tuple[Fraction, ...]]:
    """Exact points between two points where some neuron's u is zero: secants of ever smaller brackets."""
    (network,) = json.loads(certificate)["lemmas"]["networks"]

    def at(s: Fraction) -> tuple[Fraction, ...]:
        return tuple(a + s * (b - a) for a, b in zip(start, end, strict=True))

    def all_u(s: Fraction) -> list[Fraction]:
        return pre_activations(network, at(s))[0]

    places = [Fraction(k, samples) for k in range(samples + 1)]
    values = [all_u(s) for s in places]
    found: dict[tuple[Fraction, ...], None] = {}
    for j in range(len(network["neurons"])):
        for k in range(samples):
            (p, u), (q, v) = ((places[i], values[i][j]) for i in (k, k + 1))
            if u == 0:
                found[at(p)] = None
            if len(found) >= most:
                return list(found)
            if u * v >= 0:
                continue
            for _ in range(halvings):
                secant = p - u * (q - p) / (v - u)
                if all_u(secant)[j] == 0:
                    found[at(secant)] = None
                    break
                middle = (p + q) / 2  # the bracket keeps short ends; only its secant may be long
                w = all_u(middle)[j]
                if w == 0:
                    found[at(middle)] = None
                    break
                if u * w < 0:
                    q, v = middle, w
                else:
                    p, u = middle, w
    return list(found)


def position_code(code: dict[str, Any] | None, position: int) -> list[int]:
    """The code of the data token at a position from 0 on."""
    if code is None:
        return []
    if code["kind"] == "quadratic":
        return [position, position**2]
    return [1 if digit == "1" else -1 for digit in reversed(f"{position:0{code['size']}b}")] if code["size"] else []


def sequence(certificate: bytes, rows: list[list[Fraction]], digits: int | None) -> list[list[Any]]:
    """All outputs at every data token, by softmax over every token seen; in floats where ``digits`` is None.

    ``rows`` are the inputs of each data token: for the layout one-per-token, zero but for its own.
    """
    data = json.loads(certificate)
    subject, mask = data["subject"], data["statement"]["sequence"]["mask"]
    number, exp = (float, math.exp) if digits is None else (Decimal, Decimal.exp)
    context = decimal.Context(prec=digits or 28, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
    with decimal.localcontext(context):

        def real(q: Fraction | int) -> Any:
            return number(Fraction(q).numerator) / number(Fraction(q).denominator)

        def sparse(entries: list[list[Any]]) -> list[tuple[int, int, Any]]:
            return [(i, j, real(Fraction(value))) for i, j, value in entries]

        def times(entries: list[tuple[int, int, Any]], rows: int, vector: list[Any]) -> list[Any]:
            result = [real(0)] * rows
            for i, j, value in entries:
                result[i] += value * vector[j]
            return result

        d, embedding = subject["d_model"], sparse(subject["embedding"])
        stream = [[real(0)] * d]
        for anchor in subject["anchors"]:
            held = {row: real(Fraction(value)) for row, value in anchor}
            stream.append([held.get(row, real(0)) for row in range(d)])
        first = len(stream)
        for place, row in enumerate(rows):
            start = [real(v) for v in (1, *row, *position_code(subject["code"], place))]
            stream.append(times(embedding, d, start))
        for layer in subject["layers"]:
            added = [list(token) for token in stream]
            for head in layer["heads"]:
                k = head["d_head"]
                queries, keys, values = (
                    [times(sparse(head[name]), k, token) for token in stream] for name in ("w_q", "w_k", "w_v")
                )
                w_o = sparse(head["w_o"])
                live = [i for i in range(k) if any(value[i] for value in values)]
                for t, query in enumerate(queries):
                    seen = range(1) if t == 0 else range(t + 1) if mask == "causal" else range(len(stream))
                    scores = [sum(a * b for a, b in zip(query, keys[s], strict=True)) for s in seen]
                    top = max(scores)
                    powers = [exp(score - top) for score in scores]
                    mass = sum(powers)
                    mixed = [real(0)] * k
                    for i in live:
                        mixed[i] = sum(p * values[s][i] for s, p in zip(seen, powers, strict=True)) / mass
                    for i, j, value in w_o:
                        added[t][i] += value * mixed[j]
            stream = added
            if (part := layer["feed_forward"]) is not None:
                w_in, w_out = sparse(part["w_in"]), sparse(part["w_out"])
                for token in stream:
                    units = [max(unit, real(0)) for unit in times(w_in, part["width"], token)]
                    for i, update in enumerate(times(w_out, d, units)):
                        token[i] += update
        readout = sparse(subject["readout"])
        return [times(readout, subject["outputs"], token) for token in stream[first:]]
