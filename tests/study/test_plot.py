"""``relucert plot`` and the pictures of sweeps."""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import relucert
from relucert import pipeline
from relucert.errors import DeclinedError
from relucert.export.dtype import DTYPES
from relucert.loaded import Loaded, load
from relucert.study.plot.picture import picture
from relucert.study.run.sequence import random_rows
from tests import independent
from tests.cli.command import assert_one_clear_line, launch, run
from tests.export.conftest import needed

SMALL = 25
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def small_grids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relucert.study.plot.picture.GRID_SIDE", SMALL)


@pytest.fixture
def matplotlib() -> Any:
    return needed("matplotlib", "plot")


def built(target: str, eps: str, domain: dict[str, tuple[str, str]] | None = None, arity: int | None = None) -> bytes:
    box = {name: (Fraction(lo), Fraction(hi)) for name, (lo, hi) in (domain or {}).items()}
    return relucert.build(relucert.make_problem(target, Fraction(eps), box or None, arity)).certificate


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("certificates")
    cases: dict[str, tuple[Any, ...]] = {
        "square": ("square", "1e-3"),
        "multiply": ("multiply", "1e-2"),
        "abs": ("abs", "1e-6", {"x": ("-1/3", "1")}),
        "reciprocal": ("reciprocal", "1e-2", {"x": ("1/4", "4")}),
        "max5": ("max", "1e-2", None, 5),
        "two": ("x*x; abs(x)", "1e-2"),
        "point": ("multiply", "1e-2", {"x": ("1/2", "1/2"), "y": ("0", "0")}),
        "fixed": ("multiply", "1e-2", {"x": ("1/2", "1/2")}),
    }

    def write(name: str) -> Path:
        path = folder / f"{name}.json"
        if not path.exists():
            path.write_bytes(built(*cases[name]))
        return path

    return write


def loaded(path: Path) -> Loaded:
    return load(pipeline.check_file(path))


def test_samples_are_the_transformers_values_and_stay_in_the_envelope(certificates: Callable[[str], Path]) -> None:
    """Against the independent brute-force softmax evaluation of the file's own matrices."""
    needed("numpy", "numpy")
    path = certificates("reciprocal")
    found = picture(loaded(path), {}, 1, lambda done, total: None)
    ((name, x),) = found.axes
    assert name == "x"
    assert list(x) == sorted(x)
    data = path.read_bytes()
    for k in range(0, len(x), 97):
        point = (Fraction(x[k]),)
        t = Fraction(independent.transform(data, point, 60))
        assert float(t) == pytest.approx(found.transformer[k], rel=1e-12)
        assert float(t - 1 / point[0]) == pytest.approx(found.error[k], abs=1e-13)
        network = independent.network_value(data, point)
        assert float(network - 1 / point[0]) == pytest.approx(found.network_error[k], abs=1e-13)
    assert max(map(abs, found.error)) == pytest.approx(float(found.observed), rel=1e-12)
    assert found.observed <= found.bound


def test_samples_are_fine_near_kinks_so_that_the_gate_error_is_seen(certificates: Callable[[str], Path]) -> None:
    """|x| is off by 2 kappa / beta where beta |x| = 1 + kappa, and by less than a tenth of that beyond beta |x| = 6."""
    needed("numpy", "numpy")
    found = loaded(certificates("abs"))
    drawn = picture(found, {}, 1, lambda done, total: None)
    beta = float(found.verdict.resources["inverse_temperature"])
    ((_, x),) = drawn.axes
    even = x[1] - x[0]
    assert even > 100 * 6 / beta, "evenly spaced samples alone would miss it"
    kappa = 0.278464542761074
    assert float(drawn.observed) == pytest.approx(2 * kappa / beta, rel=1e-6)
    assert abs(abs(float(dict(drawn.worst)["x"])) * beta - 1 - kappa) < 1e-3


def test_a_grid_runs_over_the_second_axis_and_then_the_first(certificates: Callable[[str], Path]) -> None:
    needed("numpy", "numpy")
    found = picture(loaded(certificates("multiply")), {}, 1, lambda done, total: None)
    (_, x), (_, y) = found.axes
    assert len(found.target) == len(x) * len(y) == found.points
    for i, j in ((0, 0), (3, 20), (24, 7)):
        assert found.target[j * len(x) + i] == pytest.approx(x[i] * y[j], abs=1e-15)
    assert {name for name, _ in found.worst} == {"x", "y"}


def test_an_input_without_width_is_no_axis(certificates: Callable[[str], Path]) -> None:
    needed("numpy", "numpy")
    found = picture(loaded(certificates("fixed")), {}, 1, lambda done, total: None)
    assert [name for name, _ in found.axes] == ["y"]
    assert found.fixed == (("x", Fraction(1, 2)),)


@pytest.mark.parametrize(
    ("name", "slices"),
    [("square", []), ("multiply", ["--slice", "y=0.3"]), ("max5", ["--slice", "x1=0,x2=1/3", "--slice", "x3=-1"]),
     ("two", ["--output", "2"]), ("fixed", [])],
)  # fmt: skip
def test_pictures_are_drawn(
    matplotlib: Any, certificates: Callable[[str], Path], tmp_path: Path, name: str, slices: list[str]
) -> None:
    result = run("plot", certificates(name), "-o", tmp_path / "p.svg", *slices)
    assert result.returncode == 0, result.stderr
    assert "(an estimate), certified" in result.stdout
    assert ElementTree.parse(tmp_path / "p.svg").getroot().tag.endswith("svg")  # noqa: S314
    assert b"<dc:date>" not in (tmp_path / "p.svg").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["p.svg"]


@pytest.mark.slow
def test_the_same_certificate_gives_the_same_bytes(
    matplotlib: Any, certificates: Callable[[str], Path], tmp_path: Path
) -> None:
    for suffix in ("svg", "png"):
        for k in "ab":  # two processes, with other hash seeds
            assert launch("plot", certificates("square"), "-o", tmp_path / f"{k}.{suffix}", "-q").returncode == 0
        a, b = ((tmp_path / f"{k}.{suffix}").read_bytes() for k in "ab")
        assert a == b
    assert a.startswith(PNG)


@pytest.mark.parametrize(
    ("name", "arguments", "code", "parts"),
    [
        ("max5", [], 2, ["5 inputs vary", "--slice x3=0 --slice x4=0"]),
        ("max5", ["--slice", "x1=0"], 2, ["4 inputs vary"]),
        ("multiply", ["--slice", "z=0"], 2, ["no input 'z'"]),
        ("multiply", ["--slice", "y=2"], 2, ["y=2 is outside [-1, 1]"]),
        ("multiply", ["--slice", "x=0,y=0"], 2, ["nothing to draw"]),
        ("point", [], 2, ["nothing to draw"]),
        ("multiply", ["--slice", "y"], 2, ["name=value"]),
        ("multiply", ["--slice", "y=0", "--slice", "y=1"], 2, ["given twice"]),
        ("two", ["--output", "3"], 2, ["outputs 1 to 2, not 3"]),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_line(
    matplotlib: Any,
    certificates: Callable[[str], Path],
    tmp_path: Path,
    name: str,
    arguments: list[str],
    code: int,
    parts: list[str],
) -> None:
    assert_one_clear_line(run("plot", certificates(name), "-o", tmp_path / "p.svg", *arguments), code, *parts)
    assert list(tmp_path.iterdir()) == []


def test_only_accepted_certificates_are_drawn(
    matplotlib: Any, certificates: Callable[[str], Path], tmp_path: Path
) -> None:
    data = certificates("square").read_bytes()
    (tmp_path / "c.json").write_bytes(data.replace(b'"inverse_temperature":"', b'"inverse_temperature":"1', 1))
    result = run("plot", tmp_path / "c.json", "-o", tmp_path / "p.svg")
    assert_one_clear_line(result, 1, "rejected at step")
    assert not (tmp_path / "p.svg").exists()
    assert_one_clear_line(run("plot", tmp_path / "none.json", "-o", tmp_path / "p.svg"), 2, "none.json")


def test_the_extra_is_named_where_it_is_absent(
    certificates: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    told = ("matplotlib is not installed", "pip install 'relucert[plot]'")
    assert_one_clear_line(run("plot", certificates("square"), "-o", tmp_path / "p.svg"), 3, *told)
    grid = ("sweep", "multiply", "--eps", "1e-1..1e-9", "--plot", tmp_path / "p.svg")
    assert_one_clear_line(run(*grid), 3, *told)
    assert list(tmp_path.iterdir()) == []


def test_other_suffixes_are_refused(certificates: Callable[[str], Path]) -> None:
    assert_one_clear_line(run("plot", certificates("square"), "-o", "p.jpg"), 2, ".svg or .png")


@pytest.mark.slow
@pytest.mark.parametrize("more", [[], ["--arity", "2..8"]])
def test_growth_is_drawn(matplotlib: Any, tmp_path: Path, more: list[str]) -> None:
    for k in "ab":
        grid = ["sweep", "max" if more else "square", "--eps", "1e-1..1e-4", *more]
        assert run(*grid, "-q", "--plot", tmp_path / f"{k}.svg", cwd=tmp_path).returncode == 0
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")  # noqa: S314
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize(
    ("target", "sequence", "count"),
    [
        ("x^2 - y", {"length": "any", "up_to": "1e3", "mask": "full"}, 3),
        ("x^2 - y", {"length": "5"}, 5),
        ("multiply", {"layout": "one-per-token"}, 2),
    ],
)
def test_the_last_token_of_a_sequence_is_drawn_as_brute_force_has_it(
    matplotlib: Any, monkeypatch: pytest.MonkeyPatch, target: str, sequence: dict[str, str | int | None], count: int
) -> None:
    """Every sampled value is softmax over all tokens, read from the JSON; the other tokens are the picture's own."""
    monkeypatch.setattr("relucert.study.plot.picture.LINE_POINTS", 9)
    outcome = relucert.build(relucert.make_problem(target, Fraction(1, 10), sequence=sequence))
    loaded = load(outcome.verdict)
    found = picture(loaded, {"y": Fraction(1, 2)}, 1, lambda done, total: None)
    assert found.place == f"the last of {count} data tokens"
    ((_, x),) = found.axes
    others = random_rows(loaded, count)[:-1]
    for k in range(0, len(x), max(1, len(x) // 8)):
        point = [Fraction(x[k]), Fraction(1, 2)]
        spread = [[point[0], Fraction(0)], [Fraction(0), point[1]]]
        rows = spread if target == "multiply" else [*others, point]
        value = independent.sequence(outcome.certificate, rows, 40)[-1][0]
        assert found.transformer[k] == pytest.approx(float(value), abs=1e-12)
    assert found.observed <= found.bound


def problem(target: str, eps: str, **options: Any) -> relucert.Problem:
    return relucert.make_problem(target, Fraction(eps), **options)


@pytest.mark.parametrize(
    ("sequence", "place", "tokens"),
    [
        ({"length": "3", "mask": "full"}, "the last of 3 data tokens", 3),
        ({"length": "any", "up_to": "1e9"}, "the last of 3 data tokens", 3),
        ({"length": "1e6"}, "data token 3 of 1000000", 20),  # under a causal mask those after it do not count
    ],
)
@pytest.mark.parametrize("target", ["max", "min"])
def test_an_extremum_over_tokens_is_drawn_beside_two_others(
    matplotlib: Any, monkeypatch: pytest.MonkeyPatch, target: str, sequence: dict[str, str], place: str, tokens: int
) -> None:
    monkeypatch.setattr("relucert.study.plot.picture.LINE_POINTS", 9)
    outcome = relucert.build(problem(target, "1e-2", sequence={"layout": "one-per-token", **sequence}))
    found = picture(load(outcome.verdict), {}, 1, lambda done, total: None)
    assert (found.place, found.network) == (place, ())
    ((_, x),) = found.axes
    third = Fraction(1, 3)
    for k in range(0, len(x), 3):
        rows = [[-third], [third], [Fraction(x[k])], *[[Fraction(1)], [Fraction(-1)]] * 9][:tokens]
        value = independent.sequence(outcome.certificate, rows, 40)[2][0]
        assert found.transformer[k] == pytest.approx(float(value), abs=1e-12)
        assert found.target[k] == float({"max": max, "min": min}[target](row[0] for row in rows[:3]))
    beta = float(outcome.resources.inverse_temperature)
    assert sum(abs(v - 1 / 3) < 7 / beta for v in x) >= 9, "finely beside what another token carries"
    assert 0 < found.observed <= found.bound


@pytest.mark.parametrize("mask", ["causal", "full"])
def test_many_tokens_are_drawn_as_a_network_that_they_are_near_but_for_the_certified_leak(
    matplotlib: Any, monkeypatch: pytest.MonkeyPatch, mask: str
) -> None:
    monkeypatch.setattr("relucert.study.plot.picture.LINE_POINTS", 5)
    outcome = relucert.build(problem("x^2", "1e-1", sequence={"length": "17", "mask": mask}))
    loaded = load(outcome.verdict)
    found = picture(loaded, {}, 1, lambda done, total: None)
    assert (found.subject.partition(" of at most ")[0], found.place) == (
        "T, but for a leak", "the last of 17 data tokens"
    )  # fmt: skip
    leak = Fraction(found.subject.rpartition(" ")[2])
    assert leak < Fraction(1, 10**12)
    ((_, x),) = found.axes
    others = random_rows(loaded, 17)[:-1]
    for k in (0, len(x) // 2, len(x) - 2):
        value = independent.sequence(outcome.certificate, [*others, [Fraction(x[k])]], 40)[-1][0]
        assert found.transformer[k] == pytest.approx(float(value), abs=float(leak))
    picture(load(relucert.build(problem("abs", "1e-1", sequence={"length": "1e9", "mask": mask})).verdict), {}, 1,
            lambda done, total: None)  # fmt: skip


def test_extrema_over_too_many_tokens_under_a_full_mask_are_declined(matplotlib: Any) -> None:
    sequence = {"length": "17", "layout": "one-per-token", "mask": "full"}
    loaded = load(relucert.build(problem("max", "1e-1", sequence=sequence)).verdict)
    with pytest.raises(DeclinedError, match="under the full mask a token sees all 17"):
        picture(loaded, {}, 1, lambda done, total: None)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
def test_a_machine_is_drawn_by_what_it_returns_at_floats(matplotlib: Any, dtype: str) -> None:
    outcome = relucert.build(problem("multiply", "1e-1", arithmetic={"dtype": dtype}))
    found = picture(load(outcome.verdict), {"y": Fraction(1, 3)}, 1, lambda done, total: None)
    assert found.subject.startswith("T over the real" if dtype == "bfloat16" else "T, by NumPy")
    ((_, x),) = found.axes
    ((_, y),) = found.fixed
    kind = DTYPES[dtype]
    assert y == kind.nearest(Fraction(1, 3))
    assert all(kind.nearest(Fraction(v)) == Fraction(v) for v in x)
    moved = 0
    for k in range(0, len(x), 29):
        exact = Fraction(independent.transform(outcome.certificate, (Fraction(x[k]), y), 60))
        rounding = Fraction(found.transformer[k]) - exact
        moved += abs(rounding) > Fraction(1, 10**12)
        assert abs(rounding) <= found.bound / 2
        assert found.error[k] == pytest.approx(found.transformer[k] - x[k] * float(y), abs=1e-15)
        if dtype != "bfloat16":
            assert kind.nearest(Fraction(found.transformer[k])) == Fraction(found.transformer[k])
    assert (moved > 0) is (dtype in ("float32", "float16"))
    assert found.observed <= found.bound


def test_machines_and_norms_are_told_apart_on_screen(matplotlib: Any, tmp_path: Path) -> None:
    half = problem("piecewise(x >= 1/3: 1, else: 0)", "1/2", norm="L2", route="max-affine")
    for name, asked, told in (
        ("machine", problem("abs", "1e-2", arithmetic={"dtype": "float32"}), "(an estimate), certified 0.0"),
        ("norm", half, "(an estimate), its L2 norm over the box certified 0."),
    ):
        (tmp_path / f"{name}.json").write_bytes(relucert.build(asked).certificate)
        result = run("plot", tmp_path / f"{name}.json", "-o", tmp_path / f"{name}.svg")
        assert result.returncode == 0, result.stderr
        assert told in result.stdout


@pytest.mark.parametrize("norm", ["L1", "L2"])
def test_a_norm_is_drawn_without_an_envelope_as_its_bound_is_one_of_no_point(matplotlib: Any, norm: str) -> None:
    jump = problem("piecewise(x >= 1/3: 1, else: 0)", "1/5", norm=norm, route="max-affine")
    found = picture(load(relucert.build(jump).verdict), {}, 1, lambda done, total: None)
    assert found.norm == norm
    assert found.bound < found.observed < 1, "beyond the bound next to the jump"
    ((_, x),) = found.axes
    power = int(norm[1])
    mean = sum(abs(error) ** power for error in found.error) / len(x)
    assert (2 * mean) ** (1 / power) <= float(found.bound) * 1.05


def test_no_envelope_is_drawn_for_a_norm(matplotlib: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written on the axes, as matplotlib was told it."""
    from relucert.report import figure

    seen: list[str] = []
    monkeypatch.setattr(figure, "_bytes", lambda draw, form: seen.append(_legends(draw)) or b"")
    for norm in ("sup", "L1"):
        asked = problem("exp(x)", "1/2", norm=norm, route="max-affine")
        figure.error_figure(picture(load(relucert.build(asked).verdict), {}, 1, lambda done, total: None), "svg")
    assert "certified: |T - f| <= " in seen[0]
    assert "certified: |T - f|" not in seen[1]
    assert "certified: its L1 norm over the box <= " in seen[1]
    assert "not at any point" in seen[1]


def _legends(draw: Any) -> str:
    from matplotlib.figure import Figure

    canvas = Figure()
    draw(canvas)
    texts = [text.get_text() for axes in canvas.axes for text in axes.get_legend().get_texts()]
    return "\n".join([*texts, canvas.get_suptitle()])


@pytest.mark.parametrize(("length", "most"), [(1, SMALL**2), (4, SMALL**2 // 4)])
def test_grids_of_sequences_are_coarser_as_all_tokens_are_computed(length: int, most: int) -> None:
    problem = relucert.make_problem("multiply", Fraction(1, 10), sequence={"length": str(length)})
    drawn = picture(load(relucert.build(problem).verdict), {}, 1, lambda done, total: None)
    assert most // 2 < drawn.points <= most
