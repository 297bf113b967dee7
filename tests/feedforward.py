"""A certificate about a feed-forward network, written by hand."""

from __future__ import annotations

from typing import Any

# |x| as max(x, 0) + max(-x, 0) against x^2: the largest distance is 1/4
ABS: dict[str, Any] = {
    "format": "relucert/3",
    "info": {"generator": "", "spec": "", "version": ""},
    "lemmas": {
        "networks": [{
            "inverse_temperature": None,
            "neurons": [["0", [[0, "1"]], [], []], ["0", [[0, "-1"]], [], []]],
            "outputs": [["0", [], [], [[0, "1"], [1, "1"]]]],
        }],
        "terms": [["subject", 0]],
    },
    "precision": 0,
    "statement": {
        "domain": [["-1", "1"]],
        "inputs": ["x"],
        "nodes": [["input", 0], ["mul", 0, 0]],
        "norm": "sup",
        "semantics": "real",
        "sequence": {"layout": "tokenwise", "lengths": ["1", "1"], "mask": "causal"},
        "targets": [1],
        "tolerance": "1/4",
    },
    "subject": {"kind": "feedforward", "network": 0},
    "trace": [{
        "rule": "regions",
        "premises": [],
        "args": {"left": 2, "right": 1, "planes": [], "cuts": [1, 0, 0], "bound": "1/4"},
        "conclusion": ["near", 2, 1, "1/4"],
    }],
}  # fmt: skip
