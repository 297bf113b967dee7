"""The accept/reject table of the family ``sequence``: transformers over many data tokens, written by hand."""

from fractions import Fraction
from math import comb
from typing import Any

from forge import Case, certificate, encode, network, step
from rule_cases import KAPPA, KAPPA_TERMS

Entries = list[list[Any]]
BETA, MARGIN = 100, 20
SLOPE = 1 + Fraction(KAPPA)  # of a gate, at most
BINARY: dict[str, Any] = {"kind": "binary", "size": 2}
QUADRATIC: dict[str, Any] = {"kind": "quadratic", "size": 2}
# The stream: 0 the constant, 1 x, 2 the result, 3 and 4 the position code, 5 and 6 spare.
EMBEDDING: Entries = [[0, 0, "1"], [1, 1, "1"], [3, 2, "1"], [4, 3, "1"]]
RELU = network("0 + x0", out=("0 + r0",))
EXP_40 = Fraction(42483542552916, 10**31)  # above exp(-40) = 4.2483542552915889...e-18
EXP_20 = Fraction(20611536224386, 10**22)  # above exp(-20) = 2.0611536224385578...e-9
LEAK = (1 + EXP_40) ** 2 - 1
WEAK, SCORE, VALUE, OUT = "does not entail", "the score of the head", "the value of the head", "the read-out is not"


def head(w_q: Entries, w_k: Entries, w_v: Entries, w_o: Entries, d_head: int = 3) -> dict[str, Any]:
    return {"d_head": d_head, "w_q": w_q, "w_k": w_k, "w_v": w_v, "w_o": w_o}


def gate(read: int, *writes: tuple[int, str], margin: int = MARGIN, beta: int = BETA) -> dict[str, Any]:
    """Return the gate head of the coordinate ``read`` with a binary code in coordinates 3 and 4."""
    return head(
        [[0, 0, str(-2 * margin)], [0, read, str(beta)], [1, 3, str(margin)], [2, 4, str(margin)]],
        [[0, 0, "1"], [1, 3, "1"], [2, 4, "1"]],
        [[0, read, "1"]],
        [[row, 0, weight] for row, weight in writes],
    )


def quadratic_gate(read: int, *writes: tuple[int, str], m: int = MARGIN, cross: int = 2) -> dict[str, Any]:
    """Return the gate head with the term -m (s - t)^2, as m times its query's and key's parts."""
    return head(
        [[0, read, str(BETA)], [0, 4, str(-m)], [1, 3, str(cross * m)], [2, 0, str(-m)]],
        [[0, 0, "1"], [1, 3, "1"], [2, 4, "1"]],
        [[0, read, "1"]],
        [[row, 0, weight] for row, weight in writes],
    )


def tokens(
    name: str,
    why: str | None = None,
    layers: list[list[dict[str, Any]]] | None = None,
    heads: Any = ((0,),),
    net: dict[str, Any] = RELU,
    *,
    bound: Fraction | str = 2 * LEAK,
    margin: str = str(MARGIN),
    lift: str = "40",
    kappa: str = KAPPA,
    terms: int = KAPPA_TERMS,
    code: dict[str, Any] | None = BINARY,
    lengths: tuple[str, str] = ("1", "4"),
    mask: str = "full",
    layout: str = "tokenwise",
    embedding: Entries = EMBEDDING,
    readout: Entries | None = None,
    anchors: Any = (),
    domain: tuple[tuple[str, str], ...] = (("-1", "1"),),
    claim: tuple[str, str] = ("T", "gated"),
    precision: int = 200,
) -> Case:
    """Return the case of one step of the rule; that the network is near the target is taken for granted."""
    lemmas = {"T": ["subject", 0], "net": ["net", 0, 0], "gated": ["gated", 0, 0]}
    first = step("tokens", ["near", *claim, str(bound)], (), subject=claim[0], gated=claim[1], heads=heads,
                 margin=margin, lift=lift, kappa=kappa, terms=terms)  # fmt: skip
    data = certificate(lemmas, [first, step("given_near", ["near", claim[1], "x0", "1"], (), left=claim[1], right="x0",
                                            bound="1")], (net,), domain, precision)  # fmt: skip
    data["trace"][2:] = [step("sum", ["near", data["trace"][0]["conclusion"][1], 0, "3"], (0, 1))]
    data["statement"].update(tolerance="3", sequence={"lengths": lengths, "mask": mask, "layout": layout})
    data["subject"] = {
        "anchors": anchors, "code": code, "d_model": 32, "embedding": embedding, "kind": "attention", "outputs": 1,
        "layers": [[gate(1, (2, "1"))]] if layers is None else layers,
        "readout": [[0, 2, "1"]] if readout is None else readout,
    }  # fmt: skip
    return Case(f"tokens: {name}", encode(data), 0, "tokens", why)


def whole_rule() -> list[Case]:
    """Return the cases of tokens that each carry all inputs."""
    two = network("0 + x0", "-1/2 + r0", out=("0 + r1",))
    shifted = [*EMBEDDING, [5, 0, "-1/2"]]
    two_layers = [[gate(1, (5, "1"))], [gate(5, (2, "1"))]]
    both = {"layers": two_layers, "heads": ((0,), (1,)), "net": two, "embedding": shifted,
            "bound": 2 * LEAK * (1 + SLOPE)}  # fmt: skip
    tripled = network("3 x0", out=("0 + r0",))
    wide = {"net": tripled, "embedding": [[0, 0, "1"], [1, 1, "3"], *EMBEDDING[2:]]}
    quadratic: dict[str, Any] = {"layers": [[quadratic_gate(1, (2, "1"))]], "code": QUADRATIC}
    third = Fraction(1, 10**20)
    swapped = gate(1, (2, "1"))
    swapped["w_k"] = [[0, 0, "1"], [1, 4, "1"], [2, 3, "1"]]
    key_side = head([[0, 0, str(BETA)]], [[0, 1, "1"]], [[0, 1, "1"]], [[2, 0, "1"]], 1)
    plain = head([[0, 1, str(BETA)]], [[0, 0, "1"]], [[0, 1, "1"]], [[2, 0, "1"]], 1)
    two_rows = gate(1, (2, "1"))
    two_rows["w_v"] = [[0, 1, "1/2"], [1, 1, "1/2"]]
    two_rows["w_o"] = [[2, 0, "1"], [2, 1, "1"]]
    moved_row = gate(1, (2, "1"))
    moved_row["w_v"], moved_row["w_o"] = [[2, 1, "1"]], [[2, 2, "1"]]
    averaging = head([], [], [[0, 1, "1"]], [[2, 0, "1"]], 1)
    content = gate(1, (2, "1"))
    content["w_k"] = [*content["w_k"], [0, 1, "1/100"]]
    half = gate(1, (2, "1"))
    half["w_q"], half["w_k"] = (
        [[i, j, str(Fraction(v) / 2)] for i, j, v in half["w_q"]], [[i, j, "2"] for i, j, _ in half["w_k"]]
    )  # fmt: skip
    return [
        tokens("takes a gate under a full mask"),
        tokens("takes a gate under a causal mask", mask="causal"),
        tokens("takes one length", lengths=("4", "4")),
        tokens("takes a scale moved between query and key", layers=[[half]]),
        tokens("takes a value in another row", layers=[[moved_row]]),
        tokens("takes a quadratic code", **quadratic, bound=4 * EXP_20 * (1 + third)),
        tokens("takes a quadratic code for any length", **quadratic, lengths=("1", str(10**18)),
               bound=4 * EXP_20 * (1 + third)),
        tokens("takes two layers", **both),
        tokens("takes the values' size from the box", **wide, bound=6 * LEAK),
        tokens("refuses more tokens than the code tells apart", "cannot tell 5 tokens apart", lengths=("1", "5")),
        tokens("refuses a padded length", "cannot tell 8 tokens apart", lengths=("8", "8")),
        tokens("refuses a code of one column", "cannot tell 4 tokens apart", code={"kind": "binary", "size": 1},
               embedding=EMBEDDING[:3]),
        tokens("refuses no code", "needs a position code", code=None, embedding=EMBEDDING[:2]),
        tokens("refuses anchors", "no anchors", anchors=[[[0, "1"]]]),
        tokens("refuses a margin of zero", "must be positive", margin="0"),
        tokens("refuses a negative margin", "must be positive", margin="-20"),
        tokens("refuses a lift of zero", "must be positive", lift="0"),
        tokens("refuses an input gathered where each token carries all", "inputs of one token each",
               layers=[[gate(1, (2, "1")), gate(1, (2, "1"))]], heads=[[0, 1]]),
        tokens("refuses a larger margin than the weights have", SCORE, margin="21"),
        tokens("refuses a smaller margin than the weights have", SCORE, margin="19"),
        tokens("refuses too small a margin for its bound", WEAK, [[gate(1, (2, "1"), margin=19)]], margin="19"),
        tokens("refuses no leak", WEAK, bound="0"),
        tokens("refuses half of the leak", WEAK, bound=LEAK),
        tokens("refuses the leak of one digit of the code", WEAK, bound=2 * EXP_40),
        tokens("refuses the leak of smaller values", WEAK, **wide, bound=2 * LEAK),
        tokens("refuses the leak of values on half of the box", WEAK, domain=(("-2", "1"),)),
        tokens("refuses the binary code's leak for a quadratic one", WEAK, **quadratic),
        tokens("refuses the causal half of a quadratic code's leak", WEAK, **quadratic,
               bound=2 * EXP_20),
        tokens("refuses to forget one of two gates", WEAK, **{**both, "bound": 2 * LEAK}),
        tokens("refuses slopes of one for the gates", WEAK, **{**both, "bound": LEAK * 31 / 10}),
        tokens("refuses a kappa below W(1/e)", "is not established", kappa="27/100", bound="1"),
        tokens("refuses a code read crosswise", SCORE, [[swapped]]),
        tokens("refuses binary terms on a quadratic code", SCORE, code=QUADRATIC, bound="1"),
        tokens("refuses quadratic terms on a binary code", SCORE, [[quadratic_gate(1, (2, "1"))]], bound="1"),
        tokens("refuses a quadratic term that is no square", SCORE, [[quadratic_gate(1, (2, "1"), cross=1)]],
               code=QUADRATIC, bound="1"),
        tokens("refuses a score without positions", SCORE, [[plain]], bound="1"),
        tokens("refuses a gate that reads its argument on the key side", SCORE, [[key_side]], bound="1"),
        tokens("refuses a key that reads contents too", SCORE, [[content]], bound="1"),
        tokens("refuses a smaller inverse temperature", SCORE, [[gate(1, (2, "1"), beta=99)]], bound="1"),
        tokens("refuses values in two rows", "values in one row", [[two_rows]], bound="1"),
        tokens("refuses a head that writes nothing it reads", OUT, [[gate(1)]], bound="1"),
        tokens("refuses a head without scores", "only gather", [[gate(1, (2, "1")), averaging]], bound="1"),
        tokens("refuses two heads for one neuron", "not distinct", [[gate(1, (2, "1")), gate(1, (2, "1"))]], [[0, 0]],
               network("0 + x0", out=("2 r0",)), bound="1"),
        tokens("refuses a head that is not named", "not those with scores", [[gate(1, (2, "1")), gate(1, (2, "1"))]],
               bound="1"),
        tokens("refuses a neuron that is not there", "not distinct", heads=[[1]]),
        tokens("refuses too few layers", "layers named", heads=[]),
        tokens("refuses a head that writes the constant", SCORE,
               **{**both, "layers": [[gate(1, (5, "1"), (0, "1"))], two_layers[1]]}),
        tokens("refuses a head that writes a position", SCORE,
               **{**both, "layers": [[gate(1, (5, "1"), (3, "1"))], two_layers[1]]}),
        tokens("refuses a head that writes its own argument", OUT, [[gate(1, (1, "1"), (2, "1"))]],
               readout=[[0, 2, "1"], [0, 1, "1"]]),
        tokens("refuses both gates in one layer", VALUE, **{**both, "layers": [two_layers[0] + two_layers[1]],
               "heads": ((0, 1),)}),
        tokens("refuses the layers in the other order", VALUE, **{**both, "layers": two_layers[::-1]}),
        tokens("refuses a read-out of a position", OUT, readout=[[0, 2, "1"], [0, 3, "1"]]),
        tokens("refuses an embedding that adds a position to x", VALUE, embedding=[*EMBEDDING, [1, 2, "1"]]),
        tokens("refuses another network", OUT, net=network("0 + x0", out=("0 + x0 + r0",)), bound="1"),
        tokens("refuses the exact network", "where 'gated'", claim=("T", "net")),
        tokens("refuses the network as the transformer", "where 'subject'", claim=("gated", "gated")),
        tokens("takes a code whose entries nobody mixes up at 2^20 tokens", **wide_code(20, 1 << 20)),
        tokens("refuses one token more than 2^20", "cannot tell", **wide_code(20, (1 << 20) + 1)),
    ]  # fmt: skip


def wide_code(size: int, length: int) -> dict[str, Any]:
    """Return the arguments of one gate with a binary code of another size."""
    query = [[0, 0, str(-MARGIN * size)], [0, 1, str(BETA)], *([1 + k, 8 + k, str(MARGIN)] for k in range(size))]
    key = [[0, 0, "1"], *([1 + k, 8 + k, "1"] for k in range(size))]
    leak = sum((comb(size, k) * EXP_40**k for k in range(1, size + 1)), Fraction(0))
    made = head(query, key, [[0, 1, "1"]], [[2, 0, "1"]], 1 + size)
    return {
        "layers": [[made]], "code": {"kind": "binary", "size": size}, "lengths": ("1", str(length)),
        "embedding": [[0, 0, "1"], [1, 1, "1"], *([8 + k, 2 + k, "1"] for k in range(size))],
        "bound": 2 * leak,
    }  # fmt: skip


def one_per_token(name: str, why: str | None = None, **changes: Any) -> Case:
    """Return the case of max(x0 - x1, 0), gathered from two tokens by a first layer, with changes.

    The stream: 0 the constant, 1 the pre-activation, 2 the result, 3 the code, 5 and 6 the inputs of tokens 1 and 2.
    """
    scale = changes.pop("scale", "3")
    gather = changes.pop("gather", head([], [], [[0, 5, scale], [1, 6, scale]], [[1, 0, "1"], [1, 1, "-1"]], 2))
    made = head([[0, 0, str(-MARGIN)], [0, 1, str(BETA)], [1, 3, str(MARGIN)]], [[0, 0, "1"], [1, 3, "1"]],
                [[0, 1, "1"]], [[2, 0, "1"]], 2)  # fmt: skip
    values: dict[str, Any] = {
        "layers": [[gather], [made]], "heads": [[], [0]], "net": network("0 + x0 - x1", out=("0 + r0",)),
        "code": {"kind": "binary", "size": 1}, "layout": "one-per-token", "lengths": ("2", "2"),
        "embedding": [[0, 0, "1"], [5, 1, "1"], [6, 2, "1"], [3, 3, "1"]], "domain": (("-1", "1"), ("-1", "1")),
        "bound": 4 * EXP_40,
    }  # fmt: skip
    return tokens(name, why, **{**values, **changes})


def gathered() -> list[Case]:
    """Return the cases of tokens that each carry one input."""
    causal = 5 * EXP_40  # token 1 gathers 3/2 x0 alone: |u| <= 5/2 on the box that holds both
    constant = head([], [], [[0, 5, "3"], [1, 6, "3"], [1, 0, "1"]], [[1, 0, "1"], [1, 1, "-1"]], 2)
    code = head([], [], [[0, 5, "3"], [1, 6, "3"], [1, 3, "1"]], [[1, 0, "1"], [1, 1, "-1"]], 2)
    return [
        one_per_token("gathers two inputs under a full mask"),
        one_per_token("gathers two inputs under a causal mask", mask="causal", bound=causal),
        one_per_token("refuses the leak of a full mask under a causal one", WEAK, mask="causal"),
        one_per_token("refuses a gathering that forgets the sink", VALUE, scale="2"),
        one_per_token("refuses a gathering that forgets to average", VALUE, scale="1"),
        one_per_token("refuses to gather a constant", "only gather", gather=constant),
        one_per_token("refuses to gather a position", "only gather", gather=code),
        one_per_token("refuses inputs that share a coordinate", VALUE,
                      embedding=[[0, 0, "1"], [5, 1, "1"], [5, 2, "1"], [3, 3, "1"]]),
        one_per_token("refuses inputs that are not gathered", VALUE,
                      embedding=[[0, 0, "1"], [1, 1, "1"], [1, 2, "-1"], [3, 3, "1"]], layers=[[], [head(
                          [[0, 0, str(-MARGIN)], [0, 1, str(BETA)], [1, 3, str(MARGIN)]], [[0, 0, "1"], [1, 3, "1"]],
                          [[0, 1, "1"]], [[2, 0, "1"]], 2)]]),
        one_per_token("refuses gathering where each token carries all inputs", "only gather", layout="tokenwise"),
        one_per_token("refuses inputs in the wrong order", VALUE,
                      embedding=[[0, 0, "1"], [6, 1, "1"], [5, 2, "1"], [3, 3, "1"]]),
    ]  # fmt: skip


def shared(name: str, why: str | None = None, **changes: Any) -> Case:
    """Return the case of max(x0 - x1, 0), both inputs in coordinate 5, gathered by heads with lift 40, with changes.

    q = e^-40 for a code of one digit and e = e^-40, so each input is off by at most 4 e^-40, and each moves the output
    by at most 1 + kappa times that; |u| <= 2 on the box [-1, 1]^2.
    """
    lift = changes.pop("up", 40)
    key = changes.pop("key", [[[0, 0, str(lift - MARGIN)], [0, 3, str(sign * MARGIN)]] for sign in (-1, 1)])
    value = changes.pop("value", [[[0, 5, "1"]], [[0, 5, "1"]]])
    gathers = [head([[0, 0, "1"]], key[i], value[i], [[1, 0, "-1" if i else "1"]], 1) for i in (0, 1)]
    made = head([[0, 0, str(-MARGIN)], [0, 1, str(BETA)], [1, 3, str(MARGIN)]], [[0, 0, "1"], [1, 3, "1"]],
                [[0, 1, "1"]], [[2, 0, "1"]], 2)  # fmt: skip
    values: dict[str, Any] = {
        "layers": [[*gathers, *changes.pop("more", [])], [made]], "heads": [[1, 2], [0]],
        "embedding": [[0, 0, "1"], [5, 1, "1"], [5, 2, "1"], [3, 3, "1"]],
        "bound": 4 * EXP_40 + 2 * SLOPE * 4 * EXP_40,
    }  # fmt: skip
    return one_per_token(name, why, **{**values, **changes})


def shares() -> list[Case]:
    """Return the cases of inputs that share one coordinate."""
    score, other = "the score of the head that gathers", "reads something else"
    late = [[[0, 0, "20"], [0, 3, "-20"]], [[0, 0, "20"], [0, 3, "-20"]]]
    exact = head([], [], [[0, 5, "3"]], [[6, 0, "1"]], 1)
    constant = [[[0, 5, "1"], [0, 0, "1"]], [[0, 5, "1"]]]
    return [
        shared("gathers two inputs from one coordinate"),
        shared("gathers two inputs from one coordinate under a causal mask", mask="causal"),
        shared("takes scaled values", value=[[[0, 5, "1"]], [[0, 5, "2"]]],
               net=network("0 + x0 - 2 x1", out=("0 + r0",)),
               bound=6 * EXP_40 + 3 * SLOPE * 4 * EXP_40),
        shared("refuses the leak of gates alone", WEAK, bound=4 * EXP_40),
        shared("refuses the leak of gathering alone", WEAK, bound=2 * SLOPE * 4 * EXP_40),
        shared("refuses to forget the sink", WEAK, bound=4 * EXP_40 + 2 * SLOPE * 2 * EXP_40),
        shared("refuses a lift that the weights do not have", score, lift="41"),
        shared("refuses too small a lift for its bound", WEAK, up=39, lift="39"),
        shared("refuses both heads on one token", score, key=late),
        shared("refuses heads named the wrong way round", score, heads=[[2, 1], [0]]),
        shared("refuses one input named twice", "not distinct", heads=[[1, 1], [0]]),
        shared("refuses an input that is not there", "not distinct", heads=[[1, 3], [0]]),
        shared("refuses a value that reads a constant", other, value=constant),
        shared("refuses a value of nothing", other, value=[[[0, 6, "1"]], [[0, 5, "1"]]]),
        shared("refuses gathering both ways", "not both", more=[exact]),
        shared("refuses larger inputs for the same bound", WEAK, domain=(("-1", "1"), ("-2", "1"))),
        shared("refuses where each token carries all inputs", "inputs of one token each", layout="tokenwise"),
    ]  # fmt: skip


def extremum(
    name: str,
    why: str | None = None,
    *,
    op: str = "seen_max",
    of: list[Any] | None = None,
    bound: str = "1/100",
    constant: str = "1",
    terms: int = 32,
    lengths: tuple[str, str] = ("1", "7"),
    mask: str = "causal",
    made: dict[str, Any] | None = None,
    layers: Any = None,
    embedding: Entries | None = None,
    readout: Entries | None = None,
    anchors: Any = (),
    domain: tuple[tuple[str, str], ...] = (("-1", "1"),),
) -> Case:
    """Return the case of the head with score 100 (x + 1) whose result is the extremum over tokens, with changes."""
    lemmas: dict[str, Any] = {"T": ["subject", 0], "two": ["const", "2"]} | ({"z": of} if of else {})
    lemmas["extremum"] = [op, "z" if of else "x0"]
    first = step("token_extremum", ["near", "T", "extremum", bound], (), subject="T", target="extremum",
                 constant=constant, terms=terms)  # fmt: skip
    given = step("given_near", ["near", "extremum", "x0", "1"], (), left="extremum", right="x0", bound="1")
    data = certificate(lemmas, [first, given], (), domain)
    data["trace"][2:] = [step("sum", ["near", data["trace"][0]["conclusion"][1], 0, "2"], (0, 1))]
    data["statement"].update(tolerance="2", sequence={"lengths": lengths, "mask": mask, "layout": "tokenwise"})
    head_ = made or soft()
    data["subject"] = {
        "anchors": anchors, "code": None, "d_model": 3, "kind": "attention", "outputs": 1,
        "embedding": embedding or [[0, 0, "1"], [1, 0, "1"], [1, 1, "1"]],
        "layers": [[head_]] if layers is None else layers(head_),
        "readout": readout or [[0, 0, "-1"], [0, 2, "1"]],
    }  # fmt: skip
    return Case(f"token_extremum: {name}", encode(data), 0, "token_extremum", why)


def soft(q: int = 0, k: Entries | None = None, v: Entries | None = None, beta: str = "100") -> dict[str, Any]:
    return head([[0, q, beta]], k or [[0, 1, "1"]], v or [[0, 1, "1"]], [[2, 0, "1"]], 1)


def extrema() -> list[Case]:
    """Return the cases of the extremum over tokens; e^2 = 7.389 bounds the lengths for c = 1."""
    out = "not a constant plus a multiple"
    down: dict[str, Any] = {"op": "seen_min", "embedding": [[0, 0, "1"], [1, 0, "1"], [1, 1, "-1"]],
                            "readout": [[0, 0, "1"], [0, 2, "-1"]]}  # fmt: skip
    return [
        extremum("takes the largest of up to seven"),
        extremum("takes the largest under a full mask", mask="full"),
        extremum("takes the largest of exactly seven", lengths=("7", "7")),
        extremum("takes the least", **down),
        extremum("takes a scaled value", made=soft(v=[[0, 1, "1/2"]]), readout=[[0, 0, "-1"], [0, 2, "2"]]),
        extremum("takes the largest 2 x", of=["mul", "two", "x0"], readout=[[0, 0, "-2"], [0, 2, "2"]], bound="1/50"),
        extremum("takes a larger constant for longer sequences", lengths=("1", "20"), constant="2", bound="1/50"),
        extremum("takes a box that starts above", domain=(("-1/2", "1"),)),
        extremum("refuses eight tokens", "is not established", lengths=("1", "8")),
        extremum("refuses a smaller constant", "is not established", constant="9/10"),
        extremum("refuses a negative constant", "is not established", constant="-3"),
        extremum("refuses too few Taylor terms", "is not established", terms=2),
        extremum("refuses a smaller bound", WEAK, bound="99/10000"),
        extremum("refuses a bound of zero", WEAK, bound="0"),
        extremum("refuses a score below the sink's", "below the sink", domain=(("-2", "1"),)),
        extremum("refuses a score that is not lifted", "below the sink", embedding=[[0, 0, "1"], [1, 1, "1"]],
                 readout=[[0, 2, "1"]]),
        extremum("refuses a score of the wrong sign", "below the sink", made=soft(beta="-100")),
        extremum("refuses the least for the largest", "of the sign of the extremum", op="seen_min"),
        extremum("refuses the largest for the least", "of the sign of the extremum", **{**down, "op": "seen_max"}),
        extremum("refuses a read-out that forgets the shift", "not the affine form", readout=[[0, 2, "1"]]),
        extremum("refuses a read-out of twice the average", "not the affine form", bound="1/50",
                 readout=[[0, 0, "-1"], [0, 2, "2"]]),
        extremum("refuses a read-out of the token's own input", out,
                 readout=[[0, 0, "-1"], [0, 2, "1"], [0, 1, "1"]]),
        extremum("refuses a read-out of nothing", out, readout=[[0, 0, "-1"]]),
        extremum("refuses a query that reads contents", "not a form in the inputs of the token", made=soft(q=1)),
        extremum("refuses a value that is not the score", "not a multiple of the score", made=soft(v=[[0, 0, "1"],
                 [0, 1, "1"]])),
        extremum("refuses no value", "not a multiple of the score", made=head([[0, 0, "1"]], [[0, 1, "1"]], [],
                 [[2, 0, "1"]], 1)),
        extremum("refuses a key that reads nothing", "not a form in the inputs", made=soft(k=[[0, 2, "1"]])),
        extremum("refuses anchors", "no anchors", anchors=[[[1, "9"]]]),
        extremum("refuses a second head", "one layer of one head", layers=lambda made: [[made, made]]),
        extremum("refuses a second layer", "one layer of one head", layers=lambda made: [[made], [made]]),
        extremum("refuses no layer", "one layer of one head", layers=lambda made: []),
        extremum("refuses the extremum of another form", "not the affine form", of=["mul", "two", "x0"]),
        extremum("refuses the extremum of a square", "not the affine form", of=["mul", "x0", "x0"]),
        extremum("refuses a term that is no extremum over tokens", "needs an extremum", op="abs"),
    ]  # fmt: skip


def sequence_cases() -> list[Case]:
    """Return every case of the family."""
    return [*whole_rule(), *gathered(), *shares(), *extrema()]
