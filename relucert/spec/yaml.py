"""Read a specification file: YAML with every scalar taken as text, and errors that name line and column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import yaml

from ..arithmetic.model import KEYS as KEYS_OF_ARITHMETIC
from ..errors import UsageError, nearest
from ..exact.number import parse_number
from ..target.named import Interval
from .problem import Problem, make_problem
from .sequence import KEYS as KEYS_OF_SEQUENCE

KEYS: tuple[str, ...] = ("target", "outputs", "arity", "args", "domain", "eps", "objective", "limits")
KEYS += ("sequence", "route", "proof", "arithmetic", "gate", "alpha", "norm")
MAX_BYTES = 1 << 20
BETWEEN = "; "  # outputs, as the parser of expressions reads them
QUOTE = "quote an expression that has a comma"


class _Place:
    """Where in a file a node stands; makes errors."""

    def __init__(self, name: str, node: yaml.Node) -> None:
        self.prefix = f"{name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"

    def error(self, text: str) -> UsageError:
        return UsageError(f"{self.prefix}: {text}")


def read_spec(path: Path, overrides: Mapping[str, object] | None = None) -> Problem:
    """Return the problem that a YAML file asks for, with command-line options in place of its values.

    ``overrides`` of single inputs and parameters leave the others as they are in the file.
    Raises UsageError, with file, line and column, for unreadable files and for anything that does not fit.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path}: larger than {MAX_BYTES} bytes; a specification is a short text")
    return parse_spec(data, str(path), overrides)


def parse_spec(data: bytes, name: str, overrides: Mapping[str, object] | None = None) -> Problem:
    """Return the problem that the bytes of a YAML file ask for; ``name`` is used in errors."""
    try:
        text = data.decode("utf-8")
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: not UTF-8 text (byte {error.start}); a specification is a YAML file") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        split = re.search("mapping values|but got '[:[]'", error.problem or "")
        advice = "; quote an expression that has a comma, a colon or a bracket" if split else ""
        raise UsageError(f"{where}: not YAML: {error.problem or error.context}{advice}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"{name}: not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise UsageError(f"{name}: nested too deeply") from None
    if root is None:
        raise UsageError(f"{name}: empty; expected at least 'target:' and 'eps:'")
    entries = _mapping(name, root, "a specification", KEYS)
    values: dict[str, object] = {}
    for key, node in entries.items():
        values[key] = _READERS[key](name, node)
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    for key, value in given.items():
        before = values.get(key)
        values[key] = before | value if isinstance(before, dict) and isinstance(value, dict) else value
    if "outputs" in values:
        if "target" in values:
            raise _Place(name, entries["outputs"]).error("give either target or outputs")
        values["target"] = values.pop("outputs")
        entries["target"] = entries["outputs"]
    for key in ("target", "eps"):
        if key not in values:
            raise UsageError(f"{name}:1:1: the key {key!r} is missing")
    values["tolerance"] = values.pop("eps")
    try:
        return make_problem(**values)  # type: ignore[arg-type]
    except UsageError as error:
        if error.key in given:
            raise
        raise _complaint(name, entries.get(error.key or "", root), str(error)) from None


def _complaint(name: str, node: yaml.Node, text: str) -> UsageError:
    """Return the error about a node; where it has a column in a list of outputs, about that output and its column."""
    match = re.match("column ([0-9]+): ", text)
    if match and isinstance(node, yaml.SequenceNode):
        column = int(match.group(1))
        for item in node.value:
            if column <= len(item.value) + 1:
                return _Place(name, item).error(f"column {column}: {text[match.end() :]}")
            column -= len(item.value) + len(BETWEEN)
    return _Place(name, node).error(text)


def _mapping(name: str, node: yaml.Node, what: str, known: tuple[str, ...] | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise _Place(name, node).error(f"{what} must be a mapping such as 'key: value'")
    result: dict[str, yaml.Node] = {}
    for key_node, value_node in node.value:
        key = _text(name, key_node)
        if known is not None and key not in known:
            split = any(_is_open(value) for value in result.values())
            advice = f"; {QUOTE}" if split else nearest(key, known)
            raise _Place(name, key_node).error(f"unknown key {key!r}{advice}")
        if key in result:
            raise _Place(name, key_node).error(f"the key {key!r} occurs twice")
        result[key] = value_node
    return result


def _is_open(node: yaml.Node) -> bool:
    """Whether a text has a parenthesis that is not closed, as YAML leaves of an expression at its first comma."""
    return isinstance(node, yaml.ScalarNode) and node.value.count("(") > node.value.count(")")


def _text(name: str, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _Place(name, node).error("expected one word or number here")
    return str(node.value)


def _number(name: str, node: yaml.Node) -> Fraction:
    try:
        return parse_number(_text(name, node))
    except ValueError as error:
        raise _Place(name, node).error(str(error)) from None


def _arity(name: str, node: yaml.Node) -> int:
    value = _number(name, node)
    if value.denominator != 1 or value < 1:
        raise _Place(name, node).error("arity must be a positive whole number")
    return int(value)


def _interval(name: str, node: yaml.Node) -> Interval:
    if not isinstance(node, yaml.SequenceNode) or len(node.value) != 2:
        raise _Place(name, node).error("expected an interval such as [-1, 1]")
    lo, hi = (_number(name, item) for item in node.value)
    if lo > hi:
        raise _Place(name, node).error("the interval is reversed; write the smaller end first")
    return lo, hi


def _domain(name: str, node: yaml.Node) -> dict[str, Interval]:
    return {key: _interval(name, value) for key, value in _mapping(name, node, "domain", None).items()}


def _numbers(name: str, node: yaml.Node) -> dict[str, Fraction]:
    return {key: _number(name, value) for key, value in _mapping(name, node, "this", None).items()}


def _arithmetic(name: str, node: yaml.Node) -> dict[str, str | int]:
    entries: dict[str, str | int] = {}
    for key, value in _mapping(name, node, "arithmetic", KEYS_OF_ARITHMETIC).items():
        entries[key] = _text(name, value)
        if key == "exp_ulps":
            number = _number(name, value)
            if number.denominator != 1 or number < 0:
                raise _Place(name, value).error("exp_ulps must be a whole number")
            entries[key] = int(number)
    return entries


def _outputs(name: str, node: yaml.Node) -> str:
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise _Place(name, node).error("expected a list of expressions such as ['x*y', 'max(x, y)']")
    for item in node.value:
        if _is_open(item):
            raise _Place(name, item).error(f"{item.value!r} has a parenthesis that is not closed; {QUOTE}")
    return BETWEEN.join(_text(name, item) for item in node.value)


def _sequence(name: str, node: yaml.Node) -> dict[str, str]:
    return {key: _text(name, value) for key, value in _mapping(name, node, "sequence", KEYS_OF_SEQUENCE).items()}


_READERS = {
    "target": _text,
    "outputs": _outputs,
    "arity": _arity,
    "args": _numbers,
    "domain": _domain,
    "eps": _number,
    "objective": _text,
    "route": _text,
    "proof": _text,
    "gate": _text,
    "alpha": _number,
    "norm": _text,
    "limits": _numbers,
    "arithmetic": _arithmetic,
    "sequence": _sequence,
}
