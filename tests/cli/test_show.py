"""``explain``, ``run``, ``list``, ``schema`` and the options that every command shares."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from relucert.version import VERSION
from tests import cases, independent
from tests.cases import Case
from tests.cli.command import assert_one_clear_line, environment, launch, run

POINT = (Fraction(3, 10), Fraction(-7, 10))


def test_explain_shows_every_step_and_how_the_budget_is_spent(product: Path) -> None:
    result = run("explain", product)
    assert result.returncode == 0
    data = json.loads(product.read_bytes())
    for k, step in enumerate(data["trace"]):
        assert f"[{k}] " in result.stdout
        assert f"by {step['rule']}:" in result.stdout
    for part in ("approximation", "gates", "leak", "| T(x, y) - x*y | <= 0.001"):
        assert part in " ".join(result.stdout.split())


def test_explain_can_be_cut_at_a_depth(product: Path) -> None:
    whole, short = (run("explain", product, *more).stdout for more in ((), ("--depth", "1")))
    assert "by sawtooth" in whole
    assert "by sawtooth" not in short


def test_explain_refuses_what_the_checker_refuses(rejected: Path, declined: Path) -> None:
    assert_one_clear_line(run("explain", rejected), 1, "rejected at step")
    assert_one_clear_line(run("explain", declined), 3, "declined at step decode")
    assert_one_clear_line(run("run", rejected, "x=0", "y=0"), 1, "rejected at step")


def test_run_shows_thirty_digits_of_f_n_and_t(product: Path) -> None:
    result = run("run", product, "x=0.3", "y=-7/10", "--format", "json")
    shown = json.loads(result.stdout)
    certificate = product.read_bytes()
    truth, network = POINT[0] * POINT[1], independent.network_value(certificate, POINT)
    t = Fraction(independent.transform(certificate, POINT, 80))
    unit = Fraction(1, 10**30)
    assert Fraction(shown["f"]) == truth
    assert abs(Fraction(shown["N"]) - network) <= unit
    assert abs(Fraction(shown["T"]) - t) <= unit
    assert abs(t - truth) - unit <= Fraction(shown["observed"]) <= abs(t - truth) * (1 + Fraction(1, 10**15))
    assert Fraction(shown["observed"]) <= Fraction(shown["certified"]) <= Fraction(1, 1000)


def test_run_prints_thirty_digits_where_there_are_as_many(product: Path) -> None:
    shown = json.loads(run("run", product, "x=1/3", "y=1/7", "--format", "json").stdout)
    assert shown["f"] == "0.0" + ("476190" * 5).rstrip("0")
    text = run("run", product, "x=1/3", "y=1/7").stdout
    assert shown["f"] in text
    assert shown["T"] in text


def test_run_shows_ten_digits_more_than_the_tolerance_has(tmp_path: Path) -> None:
    certificate = cases.outcome(Case("multiply", "1e-60")).certificate
    (tmp_path / "c.json").write_bytes(certificate)
    shown = json.loads(run("run", tmp_path / "c.json", "x=1/3", "y=1/7", "--format", "json").stdout)
    assert abs(Fraction(shown["f"]) - Fraction(1, 21)) <= Fraction(1, 10**70)
    t = Fraction(independent.transform(certificate, (Fraction(1, 3), Fraction(1, 7)), 200))
    assert abs(Fraction(shown["T"]) - t) <= Fraction(1, 10**70)


def test_run_evaluates_where_a_gate_is_all_but_closed(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes(cases.outcome(Case("clip", "1e-20")).certificate)
    result = run("run", tmp_path / "c.json", "x=-1/2")
    assert result.returncode == 0, result.stderr


def test_run_in_words_sets_the_actual_error_beside_the_bound(product: Path) -> None:
    result = run("run", product, "x=0.3", "y=-7/10")
    assert result.returncode == 0
    for part in ("at x = 0.3, y = -0.7", "-0.21", "|N - f|", "|T - f|", "bound", "0.001"):
        assert part in result.stdout


@pytest.mark.parametrize(
    ("point", "parts"),
    [
        (["x=0.3"], ["input y is missing", "y=0"]),
        (["x=0.3", "y=0", "z=1"], ["'z'", "x, y"]),
        (["x=0.3", "y=2"], ["y=2 is outside [-1, 1]"]),
        (["x=0.3", "x=0.4"], ["'x' is given twice"]),
        (["x=0.3", "y"], ["name=value"]),
        (["x=0.3", "y=1e"], ["'1e'"]),
        (["x=0.3", "y=07"], ["leading zero"]),
    ],
)
def test_run_refuses_bad_points_in_one_line(product: Path, point: list[str], parts: list[str]) -> None:
    assert_one_clear_line(run("run", product, *point), 2, *parts)


def test_list_shows_every_target_and_its_closed_forms() -> None:
    shown = json.loads(run("list", "--format", "json").stdout)
    functions = "exp log sqrt sin cos tanh sigmoid gelu softplus"
    assert " ".join(t["name"] for t in shown["targets"]) == f"multiply square reciprocal min max abs clip {functions}"
    forms = {entry["name"]: entry for entry in shown["constructions"]}
    assert forms["product"]["resources"]["heads"] == "m1 + m2"
    text = run("list").stdout
    for part in ("multiply", "[-1, 1]", "m1 + m2", "sensitivity", "1/x"):
        assert part in text


@pytest.mark.parametrize("which", ["spec", "certificate"])
def test_schema_prints_json(which: str) -> None:
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(json.loads(run("schema", which).stdout))


def test_version_is_printed() -> None:
    assert launch("--version").stdout == f"relucert, version {VERSION}\n"


def test_help_documents_every_exit_code() -> None:
    text = run("--help").stdout
    for code in ("0 ", "1 ", "2 ", "3 ", "70 ", "130 "):
        assert f"\n    {code}" in text
    assert "in the order 70, 1, 3, 0" in text


@pytest.mark.parametrize(("command", "part"), [("biuld", "did you mean 'build'"), ("frobnicate", "known are audit")])
def test_an_unknown_command_is_one_line(command: str, part: str) -> None:
    assert_one_clear_line(run(command), 2, part)


def test_no_command_shows_the_help_as_it_stands() -> None:
    result = run()
    assert "\n  build " in result.stdout + result.stderr


PLAIN = [
    ["build", "multiply", "--eps", "1e-3"],
    ["list"],
    ["explain"],
    ["check"],
    ["run"],
    ["schema", "certificate"],
    ["sweep", "square", "--eps", "1e-1..1e-3"],
]


def arguments(command: list[str], product: Path) -> list[str]:
    more = {"explain": [str(product)], "check": [str(product)], "run": [str(product), "x=0", "y=1/3"]}
    return command + more.get(command[0], [])


@pytest.mark.parametrize("command", PLAIN, ids=lambda c: c[0])
def test_piped_output_is_plain_and_at_most_80_columns(product: Path, command: list[str]) -> None:
    result = launch(*arguments(command, product), COLUMNS="200")
    assert "\x1b" not in result.stdout
    if command[0] != "schema":
        assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", PLAIN, ids=lambda c: c[0])
def test_output_survives_an_ascii_terminal(product: Path, command: list[str]) -> None:
    result = launch(*arguments(command, product), PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert result.returncode == 0
    assert result.stderr == ""
    assert result.stdout.isascii()


@pytest.mark.parametrize("command", PLAIN, ids=lambda c: c[0])
def test_a_reader_that_leaves_early_causes_no_traceback(product: Path, command: list[str]) -> None:
    child = subprocess.Popen(
        [sys.executable, "-u", "-m", "relucert", *arguments(command, product)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    complaint = child.stderr.read()
    child.stderr.close()
    child.wait(timeout=60)
    assert complaint == b""


def test_a_reader_that_leaves_early_does_not_make_the_file_rejected(product: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-u", "-m", "relucert", "check", str(product)], env=environment(), stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.close()
    assert child.wait(timeout=60) != 1


def on_a_terminal(columns: int, *command: str, **extra: str) -> str:
    """What a terminal of this width receives."""
    import os
    import pty

    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "relucert", *command],
        env=environment(COLUMNS=str(columns), TERM="xterm-256color", **extra),
        stdout=slave,
        stderr=slave,
        stdin=slave,
    )
    os.close(slave)
    received = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        received += chunk
    os.close(master)
    assert child.wait(timeout=60) == 0
    return received.decode("utf-8").replace("\r\n", "\n")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("columns", [80, 60])
def test_narrow_terminals_keep_every_line_within_their_width(product: Path, columns: int) -> None:
    for command in (["build", "multiply", "--eps", "1e-3", "-q"], ["explain", str(product)], ["check", str(product)]):
        shown = on_a_terminal(columns, *command, NO_COLOR="1")
        lines = [line for line in shown.split("\n") if "\x1b" not in line]
        assert all(len(line.rstrip()) <= columns for line in lines)
    text = " ".join(shown.split())
    assert "[-1, 1]" in text
    assert "accepted" in text


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_colour_is_used_on_a_terminal_and_not_with_no_color(product: Path) -> None:
    assert "\x1b[" in on_a_terminal(80, "check", str(product))
    assert "\x1b[3" not in on_a_terminal(80, "check", str(product), NO_COLOR="1")


def modules_after(code: str) -> set[str]:
    text = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-c", text], env=environment(), capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    return set(result.stderr.split())


def test_a_build_imports_neither_sympy_nor_what_other_commands_need() -> None:
    loaded = modules_after(
        "from relucert.cli.main import _run\nassert _run(['build', 'multiply', '--eps', '1e-3']) == 0"
    )
    assert "relucert.pipeline" in loaded
    assert not {"sympy", "junitparser", "yaml", "relucert.study"} & loaded


def test_the_checker_alone_imports_the_standard_library_only(product: Path) -> None:
    loaded = modules_after(f"import runpy\nsys.argv = ['x', {str(product)!r}]\ntry:\n"
                           " runpy.run_module('relucert.check', run_name='__main__')\nexcept SystemExit: pass")  # fmt: skip  # noqa: E501
    foreign = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    ours = {name for name in loaded if name.startswith("relucert")}
    assert not foreign & {"mpmath", "sympy", "click", "rich", "yaml", "junitparser"}
    assert all(name == "relucert" or name.startswith("relucert.check") for name in ours)
    assert "relucert.check.kernel" in ours


@pytest.mark.parametrize("norm", ["sup", "L1"])
def test_a_point_as_json_names_the_norm_of_the_bound_beside_it(tmp_path: Path, norm: str) -> None:
    path = tmp_path / "c.json"
    assert run("build", "abs", "--eps", "1/2", "--route", "max-affine", "--norm", norm, "-o", path).returncode == 0
    assert json.loads(run("run", path, "x=1/3", "--format", "json").stdout)["norm"] == norm
