"""A process killed while it imports: the old case or the new one stands, whole, and the next import works.

Run as a script this file is the process that is killed: it loads the library once and forks for each death,
so that dying often is cheap. `tests/test_case_folder.py` kills at every single step of a smaller case.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
ROWS = "transfer_id,time,source,target,amount\n"
POINTS = 10
MOMENTS = 4

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="platform: no fork, no SIGKILL")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("kill")
    for name, amount in (("old", "5"), ("new", "7")):
        (base / name).mkdir()
        rows = "".join(f"{name}{n},2024-03-01T10:00:{n:02d},A{n},B,{amount}\n" for n in range(30))
        (base / name / "transfers.csv").write_text(ROWS + rows)
    return base


def drive(base: Path, *arguments: object) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, __file__, str(base), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_killed_at_steps_of_an_import(sources: Path) -> None:
    found = drive(sources, "steps")
    assert len(found) >= POINTS
    check(found)
    assert {row["case"] for row in found} == {"old", "new"}, (
        "deaths before and after the one step that counts"
    )


def test_killed_at_random_moments_of_an_import(sources: Path) -> None:
    check(drive(sources, "moments", random.randrange(1 << 30)))


def check(found: list[dict[str, Any]]) -> None:
    for row in found:
        assert row["problems"] == [], row
        assert row["case"] in ("old", "new"), row
        assert row["after"] == "new", row
        assert row["left"] == [], row


# ---------------------------------------------------------------- the process that is killed


def forked(work: Any) -> int:
    """Run something in a fork of this process; its exit status (minus the signal that killed it)."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException as error:
            print(repr(error), file=sys.stderr)
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def told(work: Any) -> Any:
    """What something returns, run in a fork of this process."""
    read, write = os.pipe()

    def tell() -> None:
        os.write(write, json.dumps(work()).encode())

    status = forked(tell)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read()
    assert status == 0
    return json.loads(text)


class Steps:
    """Counts the operations of this process on a folder, and dies before one of them."""

    def __init__(self, folder: Path, last: int | None) -> None:
        self.folder = str(folder)
        self.last = last
        self.count = 0
        sys.addaudithook(self.see)

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" or event.startswith(("os.", "shutil.")):
            paths = [os.fspath(a) for a in arguments[:2] if isinstance(a, (str, os.PathLike))]
            if any(str(path).startswith(self.folder) for path in paths):
                self.count += 1
                if self.count == self.last:
                    os.kill(os.getpid(), signal.SIGKILL)


def state(case: Path, hashes: dict[str, str]) -> dict[str, Any]:
    """Which case stands there, and everything about it that is not as it should be."""
    from graphflow.case import open_case
    from graphflow.contents import content_hash

    opened = open_case(case)
    problems = []
    names = {entry["name"]: entry["key"] for entry in opened.manifest["sources"]}
    if content_hash(opened.tables, names) != opened.hash:
        problems.append("the tables are not those of the manifest")
    if len(opened.tables.transfers) != opened.manifest["counts"]["transfers"]:
        problems.append("the count is not that of the manifest")
    if len(opened.ledger.rows) != opened.manifest["counts"]["transfers"]:
        problems.append("the ledger is not that of the tables")
    if sum(p.checked.tables["transfers"].num_rows for p in opened.parts()) != len(opened.tables.transfers):
        problems.append("the parts are not those of the tables")
    if opened.report.hash != opened.hash:
        problems.append("the report is another import's")
    return {"case": {h: name for name, h in hashes.items()}.get(opened.hash, "?"), "problems": problems}


def leftovers(case: Path) -> list[str]:
    manifest = json.loads((case / "case.json").read_text(encoding="utf-8"))
    wanted = {str(manifest["version"]), str(manifest["previous"]), *(s["key"] for s in manifest["sources"])}
    held = [*(case / "versions").iterdir(), *(case / "sources").iterdir()]
    strange = {entry.name for entry in case.iterdir()} - {"case.json", "case.lock", "versions", "sources"}
    return sorted({entry.name for entry in held} - wanted | strange)


def main(base: Path, how: str, *rest: str) -> None:
    from graphflow.case import open_case
    from graphflow.intake import import_sources

    origin = base / f"{how}-origin"
    added = base / "new" / "transfers.csv"

    def import_into(case: Path) -> Any:
        return lambda: import_sources(case, added).hash

    def make() -> str:
        return import_sources(origin, base / "old" / "transfers.csv").hash

    hashes = {"old": told(make)}
    again = base / f"{how}-whole"
    shutil.copytree(origin, again)
    hashes["new"] = told(import_into(again))
    assert told(lambda: open_case(again).hash) == hashes["new"]

    case = base / f"{how}-case"

    def counted() -> tuple[int, float]:
        steps, start = Steps(case, None), time.monotonic()
        import_sources(case, added)
        return steps.count, time.monotonic() - start

    shutil.copytree(origin, case)
    total, seconds = told(counted)
    if how == "steps":
        deaths: list[float] = sorted({round(1 + n * (total - 1) / (POINTS - 1)) for n in range(POINTS)})
    else:
        dice = random.Random(int(rest[0]))
        deaths = [dice.uniform(0, seconds) for _ in range(MOMENTS)]
    for death in deaths:
        shutil.rmtree(case)
        shutil.copytree(origin, case)
        if how == "steps":

            def die(last: int = int(death)) -> None:
                Steps(case, last)
                import_sources(case, added)

            status = forked(die)
            assert status == -signal.SIGKILL, (death, total, status)
        else:
            child = os.fork()
            if child == 0:
                import_sources(case, added)
                os._exit(0)
            time.sleep(death)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        row = told(lambda: state(case, hashes))
        forked(import_into(case))
        after = told(lambda: state(case, hashes))
        problems = [*row["problems"], *after["problems"]]
        found = {"death": death, "case": row["case"], "after": after["case"], "problems": problems}
        print(json.dumps({**found, "left": leftovers(case)}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
