"""The checker by itself: a copied folder, the standard library only, its command line, its size, its golden file."""

import ast
import gzip
import io
import json
import re
import shutil
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest
from conftest import PROBLEMS
from forge import encode, tamper
from whole_cases import modest

import relucert.check

FOLDER = Path(relucert.check.__file__).parent
ROOT = FOLDER.parent.parent
GOLDEN = Path(__file__).with_name("golden.json")
GOLDEN_NAME = "multiply to a tenth"
COPIED = (
    'import sys,runpy; sys.path.insert(0,sys.argv.pop(1)); runpy.run_module("check",run_name="__main__",alter_sys=True)'
)
# As above for the package, with every import refused that is neither of the standard library nor of the checker.
ALONE = """
import sys, runpy
root = sys.argv.pop(1)
class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and name != "relucert" and not name.startswith("relucert.check"):
            raise ImportError("not for the checker: " + name)
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, root)
runpy.run_module("relucert.check", run_name="__main__", alter_sys=True)
"""


def python(program: str, *arguments: object, cwd: Path, isolated: bool = True) -> subprocess.CompletedProcess[str]:
    flags = ["-I", "-S"] if isolated else []
    return subprocess.run(
        [sys.executable, *flags, "-c", program, *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False, cwd=cwd,
    )  # fmt: skip


def alone(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return python(ALONE, ROOT, *arguments, cwd=cwd)


def test_the_copied_folder_alone_accepts_the_golden_certificate(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "apart" / "check", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(GOLDEN, tmp_path / "golden.json")
    done = python(COPIED, tmp_path / "apart", "golden.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "verdict      accepted" in done.stdout
    assert "for all real x in [-1, 1], y in [-1, 1]:  | T(x, y) - x*y | <= 0.0999981" in done.stdout


def test_the_copied_folder_alone_rejects_a_tampered_golden_certificate(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "apart" / "check", ignore=shutil.ignore_patterns("__pycache__"))
    data = tamper(json.loads(GOLDEN.read_bytes()), ("subject", "readout", 0, 2), lambda _: "2")
    (tmp_path / "bad.json").write_bytes(encode(data))
    done = python(COPIED, tmp_path / "apart", "bad.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "rejected at step 13 (translation)" in done.stdout
    assert "proved" not in done.stdout


def test_the_builder_still_writes_the_golden_certificate(built):
    assert built(GOLDEN_NAME).certificate == GOLDEN.read_bytes()


def test_the_golden_certificate_says_what_it_always_said():
    verdict = relucert.check.check(GOLDEN.read_bytes())
    assert verdict.status == "accepted"
    assert verdict.families == ("gates", "sawtooth", "terms")
    assert verdict.statement.startswith("for all real x in [-1, 1], y in [-1, 1]:  | T(x, y) - x*y | <= 0.0999981")
    assert {k: verdict.resources[k] for k in ("tokens", "layers", "heads", "gates", "d_model", "d_head")} == {
        "tokens": 2, "layers": 2, "heads": 4, "gates": 4, "d_model": 6, "d_head": 1,
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of files with every verdict."""
    shutil.copy(GOLDEN, tmp_path / "good.json")
    (tmp_path / "good.json.gz").write_bytes(gzip.compress(GOLDEN.read_bytes(), mtime=0))
    (tmp_path / "bad.json").write_bytes(encode(tamper(modest(), ("trace",), lambda _: [])))
    (tmp_path / "later.json").write_bytes(encode(tamper(modest(), ("format",), lambda _: "relucert/9")))
    (tmp_path / "broken.json").write_bytes(b"{")
    (tmp_path / "broken.json.gz").write_bytes(b"\x1f\x8b")
    (tmp_path / "binary.json").write_bytes(bytes(range(256)))
    (tmp_path / "folder.json").mkdir()
    return tmp_path


CODES = {
    "a good file": (["good.json"], 0),
    "a good gzipped file": (["good.json.gz"], 0),
    "two good files": (["good.json", "good.json.gz"], 0),
    "a rejected file": (["bad.json"], 1),
    "a file that does not decode": (["broken.json"], 1),
    "a damaged gzip file": (["broken.json.gz"], 1),
    "a binary file": (["binary.json"], 1),
    "a declined file": (["later.json"], 3),
    "a good and a declined file": (["good.json", "later.json"], 3),
    "a declined and a rejected file": (["later.json", "bad.json"], 1),
    "a rejected file before a good one": (["bad.json", "good.json"], 1),
    "no file": ([], 2),
    "a missing file": (["missing.json"], 2),
    "a folder": (["folder.json"], 2),
    "an unknown option": (["--trust", "good.json"], 2),
    "an unknown family": (["--only", "gates,faith", "good.json"], 2),
    "an option without its value": (["good.json", "--only"], 2),
    "all families that are used": (["--only", "gates,sawtooth,terms", "good.json"], 0),
    "a family too few": (["--only", "gates,terms", "good.json"], 3),
    "the request for help": (["--help"], 0),
}


@pytest.mark.parametrize("name", CODES)
def test_the_exit_code_for(name, folder):
    arguments, code = CODES[name]
    done = alone(*arguments, cwd=folder)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert bool(done.stderr) == (code == 2)
    assert done.stdout.count("verdict      ") == (0 if code == 2 or name.startswith("the request") else len(
        [word for word in arguments if ".json" in word]))  # fmt: skip


def test_the_module_runs_as_documented(folder):
    done = subprocess.run(
        [sys.executable, "-m", "relucert.check", str(folder / "good.json"), str(folder / "later.json")],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 3
    assert "declined at step decode" in done.stdout


def test_the_checker_loads_nothing_but_itself_and_the_standard_library():
    program = "import sys; sys.path.insert(0, sys.argv[1]); import relucert.check; print(*sys.modules)"
    loaded = python(program, ROOT, cwd=ROOT).stdout.split()
    ours = {name for name in loaded if name.partition(".")[0] == "relucert"}
    assert ours
    assert all(name == "relucert" or name.startswith("relucert.check") for name in ours)
    assert {n.partition(".")[0] for n in loaded} - {"relucert", "__main__"} <= set(sys.stdlib_module_names)


def sources() -> list[Path]:
    return sorted(FOLDER.rglob("*.py"))


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(FOLDER)))
def test_imports_the_standard_library_and_the_folder_only(path):
    depth = len(path.relative_to(FOLDER).parts)
    banned = {"__import__", "eval", "exec", "compile", "float"} | ({"open"} if path.name != "files.py" else set())
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert all(alias.name.partition(".")[0] in sys.stdlib_module_names for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module.partition(".")[0] in sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= depth, "leaves the folder"
        assert not (isinstance(node, ast.Name) and node.id in banned)
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), "a float"
        assert not isinstance(node, ast.Assert), "an assertion, which -O removes"


SHARED = {
    "elementary",
    "floats",
    "forms",
    "holder",
    "jets",
    "perturbed",
    "plane",
    "polynomial",
    "sweep",
}  # no families of their own


@pytest.mark.parametrize("path", sorted((FOLDER / "rules").glob("[a-z]*.py")), ids=lambda path: path.name)
def test_a_family_imports_the_core_and_shared_arithmetic_only(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            modules = {node.module} if node.module else {name.name for name in node.names}
            assert node.level == 2 or modules <= SHARED, "a family imports another one"


def test_shared_arithmetic_is_no_family():
    assert not SHARED & relucert.check.rules.FAMILIES


def code_lines(path: Path) -> int:
    """Return the number of lines that hold code: no blank lines, comments or docstrings."""
    text = path.read_text()
    documented: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                documented |= set(range(first.lineno, first.end_lineno + 1))
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in skipped:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - documented)


def test_the_core_can_be_read_in_one_sitting():
    assert 100 < sum(code_lines(path) for path in FOLDER.glob("*.py")) <= 970


def test_the_readme_counts_every_line_of_code_of_the_checker():
    rows = re.findall(
        r"^\| ((?:`[a-z_/]+\.py`(?:, )?)+) \| ([0-9, ]+) \|", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    named = {}
    for files, counts in rows:
        paths, numbers = re.findall("`(.*?)`", files), [int(n) for n in counts.split(",")]
        sizes = [code_lines(FOLDER / path) for path in paths]
        assert numbers in (sizes, [sum(sizes)]), files
        named |= dict.fromkeys(paths)
    assert set(named) == {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.py")}


@pytest.mark.parametrize("path", sorted((FOLDER / "rules").glob("*.py")), ids=lambda path: path.name)
def test_each_family_stays_short(path):
    assert code_lines(path) <= 250


def test_every_rule_says_what_it_claims_and_why():
    for name, rule in relucert.check.rules.RULES.items():
        text = rule.run.__doc__ or ""
        for heading in ("Claim:", "Hypotheses:", "Proof"):
            assert heading in text, f"{name} lacks {heading}"
        assert rule.run.__module__.rpartition(".")[2] == rule.family


def test_the_same_bytes_give_the_same_verdict_twice(built):
    for name in PROBLEMS:
        outcome = built(name)
        assert relucert.check.check(outcome.certificate) == outcome.verdict


@pytest.mark.parametrize(("name", "code"), [("bad.json", 1), ("later.json", 3), ("good.json", 0)])
def test_a_broken_pipe_leaves_the_exit_code_to_the_verdict(folder, name, code):
    program = ALONE.replace("import sys, runpy", "import sys, runpy, os; r, w = os.pipe(); os.close(r); os.dup2(w, 1)")
    done = python(program, ROOT, *[name] * (600 if name == "bad.json" else 3), cwd=folder)
    assert (done.returncode, done.stderr) == (code, "")
