"""The house: its staircase, its front door, and the guards, each seen to catch what it is there for."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import must_not_lack

import graphflow

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("graphflow", "loaders", "app")


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())",
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and their settings, to plant things in."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_staircase_holds() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "planted", "contract"),
    [
        ("graphflow/ledger/form.py", "import graphflow.tracing", "The staircase"),
        ("graphflow/tables/schema.py", "from graphflow.case import Case", "The staircase"),
        ("graphflow/case.py", "import loaders", "Intake is the one caller"),
        ("graphflow/pictures/words.py", "from graphflow import trace", "The staircase"),
        ("graphflow/errors.py", "from graphflow.language import translate", "Errors import nothing"),
        ("graphflow/kernels/order.py", "import pandas", "Kernels know arrays"),
        ("app/main.py", "import loaders.source", "Intake is the one caller"),
        ("graphflow/pictures/flows.py", "import numpy", "Pictures are drawn"),
    ],
)
def test_a_planted_wrong_import_breaks_it(copy: Path, module: str, planted: str, contract: str) -> None:
    path = copy / module
    source = path.read_text(encoding="utf-8")
    assert "from __future__ import annotations\n" in source
    path.write_text(
        source.replace(
            "from __future__ import annotations\n", f"from __future__ import annotations\n{planted}\n", 1
        ),
        encoding="utf-8",
    )
    result = lint_imports(copy)
    assert result.returncode == 1, result.stdout + result.stderr
    broken = [line for line in result.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(line.startswith(contract) for line in broken), result.stdout


def test_every_room_stands_on_a_stair() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [stairs] = [c for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers"]
    named = {
        word.strip("() ")
        for layer in stairs["layers"]
        for part in layer.split("|")
        for word in part.split(":")
    }
    rooms = {
        f"graphflow.{path.stem}" for path in (ROOT / "graphflow").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.stem != "__init__"
    }  # fmt: skip
    assert rooms - named == set(), "a room without a stair: put it into pyproject.toml's layers"


def test_no_room_is_named_for_nothing() -> None:
    refused = {"utils", "util", "core", "common", "base", "helpers", "helper", "types", "misc"}
    assert [str(p) for p in modules() if {p.stem, p.parent.name} & refused] == []


def test_importing_graphflow_imports_nothing_heavy() -> None:
    heavy = "numpy pandas pyarrow numba igraph networkx streamlit"
    for words in ("import graphflow", "import graphflow.cli; graphflow.cli.run(['--help'])"):
        code = (
            f"import sys; {words}; print(sorted(set(sys.modules) & set({heavy.split()!r})), file=sys.stderr)"
        )
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert result.stderr.strip() == "[]", words


def test_the_front_door_has_what_it_says() -> None:
    for name in graphflow.__all__:
        assert getattr(graphflow, name) is not None
    assert set(graphflow._ROOMS) | {"__version__"} == set(graphflow.__all__)
    assert sorted(graphflow.__all__) == graphflow.__all__
    with pytest.raises(AttributeError, match="has no attribute 'nothing'.*open_case"):
        graphflow.nothing  # noqa: B018


def test_the_front_door_shows_nothing_behind_it() -> None:
    """Also once rooms are imported, and in a Python that has just begun."""
    importlib.import_module("graphflow.synthesis.toys")
    assert dir(graphflow) == graphflow.__all__
    code = "import graphflow as gf; print(dir(gf) == gf.__all__, 'trace' in dir(gf))"
    fresh = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert fresh.stdout.split() == ["True", "True"]


def sections(text: str) -> dict[str, str]:
    """The sections of a docstring in numpydoc's form, by title; under "" what stands before them."""
    parts = re.split(r"^([A-Z][A-Za-z ]+)\n-{3,}$", text, flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def undocumented(what: Callable[..., Any], *wanted: str) -> list[str]:
    """What the docstring of a function lacks: its first sentence, sections, parameters (the case goes without)."""
    found = sections(inspect.getdoc(what) or "")
    lacks = [] if found[""].split("\n\n")[0].strip().endswith((".", "?")) else ["a first sentence"]
    lacks += [name for name in wanted if not found.get(name, "").strip()]
    named = {
        name.strip().lstrip("*")
        for line in re.findall(r"^\S.*$", found.get("Parameters", ""), re.MULTILINE)
        for name in line.partition(":")[0].split(",")
    }
    given = inspect.signature(what).parameters.keys() - {"self", "cls", "case"}
    return lacks + sorted(given - named)


def front_door() -> list[Any]:
    return [getattr(graphflow, name) for name in graphflow.__all__ if name != "__version__"]


def test_every_function_of_the_front_door_is_documented() -> None:
    """Its parameters, what it returns and raises, and an example that is run."""
    wanted = ("Parameters", "Returns", "Raises", "Examples")
    functions = [each for each in front_door() if inspect.isfunction(each)]
    assert len(functions) > 15
    lacks = {each.__name__: undocumented(each, *wanted) for each in functions}
    assert {name: what for name, what in lacks.items() if what} == {}
    assert [
        each.__name__ for each in functions if ">>>" not in sections(inspect.getdoc(each))["Examples"]
    ] == []


def test_every_class_of_the_front_door_is_documented() -> None:
    """What it has, and of its methods that take something what they take and give."""
    lacks = {}
    for made in (each for each in front_door() if inspect.isclass(each)):
        own = sections(inspect.getdoc(made))
        if not issubclass(made, Exception) and not {"Attributes", "Parameters"} & own.keys():
            lacks[made.__name__] = ["Attributes"]
        for name, held in vars(made).items():
            method = held.__func__ if isinstance(held, (classmethod, staticmethod)) else held
            if name.startswith("_") or not inspect.isfunction(method):
                continue
            takes = inspect.signature(method).parameters.keys() - {"self", "cls"}
            what = undocumented(method, *(("Parameters", "Returns") if takes else ()))
            if what:
                lacks[f"{made.__name__}.{name}"] = what
    assert lacks == {}


def test_a_lack_of_documentation_is_seen() -> None:
    def planted(case: Any, other: int, *, more: int = 0) -> int:
        """Counts

        Parameters
        ----------
        other
            One.

        Returns
        -------
        """
        return other + more

    assert undocumented(planted, "Parameters", "Returns", "Raises") == [
        "a first sentence", "Returns", "Raises", "more",
    ]  # fmt: skip


def flowed_together(source: str) -> list[str]:
    """The headings that a docstring has in running text: its example is then no longer run."""
    named = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = [ast.get_docstring(node) or "" for node in ast.walk(ast.parse(source)) if isinstance(node, named)]
    return re.findall(r"(?m)^.*\w -{4,}.*$", "\n".join(texts))


def test_headings_of_docstrings_stand_alone() -> None:
    assert not {str(path): found for path in modules() if (found := flowed_together(path.read_text("utf-8")))}


def test_a_heading_in_running_text_is_seen() -> None:
    assert not flowed_together(
        'def f():\n    """One.\n\n    Examples\n    --------\n    >>> 1\n    1\n    """\n'
    )
    assert flowed_together('def f():\n    """One.\n\n    Examples -------- >>> 1 1\n    """\n')


def test_the_front_door_says_the_same_to_type_checkers() -> None:
    tree = ast.parse((ROOT / "graphflow" / "__init__.py").read_text(encoding="utf-8"))
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    told = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == {name: f"graphflow.{room}" for name, room in graphflow._ROOMS.items()}


def test_a_required_lack_fails() -> None:
    assert must_not_lack("browser: no chromium is installed", {"browser"})
    assert must_not_lack("data: there is no ../shared/data", {"everything"})
    assert not must_not_lack("data: there is no ../shared/data", {"browser"})
    assert not must_not_lack("platform: Windows has no such locks", {"everything"})


def test_a_required_lack_fails_in_a_run(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "def test_one(data): pass\n"
        "def test_two():\n    pytest.importorskip('no_such_browser')\n"
        "@pytest.mark.skip(reason='browser: none')\ndef test_three(): pass\n",
        encoding="utf-8",
    )
    for required, line in (
        ("", "3 skipped"),
        ("data", "2 skipped, 1 error"),
        ("everything", "1 failed, 2 errors"),
    ):
        result = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
            env={**os.environ, "GRAPHFLOW_REQUIRE": required, "GRAPHFLOW_DATA": str(tmp_path / "none")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert line in result.stdout.splitlines()[-1], result.stdout


def test_versions_of_python_are_those_promised() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert settings["requires-python"] == ">=3.11"
    assert len(settings["dependencies"]) <= 10, "core dependencies are few, each with its reason"
    assert {"app", "learn", "neo4j", "report", "sign", "dev", "bench", "all"} == set(
        settings["optional-dependencies"]
    )
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8").split("Version 2.0")[0]
