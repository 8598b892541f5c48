"""The folder of a case: one writer, readers never blocked, a kill at any moment leaves the old or the new.

Run as a script (``python tests/test_case_folder.py write FOLDER N``) this file is the writer that is killed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphflow import folder as room
from graphflow.errors import BusyError, InputError
from graphflow.folder import Pin, pin_current, read_manifest, source_folder, version_folder, writing

ROOT = Path(__file__).parents[1]
OPERATIONS = {
    "open",
    "os.listdir",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.scandir",
    "shutil.rmtree",
}


def write(path: Path, text: str, keep: tuple[str, ...] = (), new: str = "") -> dict[str, Any]:
    """One more version of a case that is a single line of text, with a source."""
    with writing(path) as draft:
        (draft.folder / "tables").mkdir()
        (draft.folder / "tables" / "line.txt").write_text(text)
        if new:
            (draft.add_source(new) / "rows.txt").write_text(new)
        keys = [*keep, *([new] if new else [])]
        return draft.commit({"line": text, "sources": [{"key": key} for key in keys]})


def read(path: Path) -> str:
    """The line of the case, checked against its manifest, its sources there."""
    manifest, pin = pin_current(path)
    line = (pin.folder / "tables" / "line.txt").read_text()
    assert line == manifest["line"]
    for source in manifest["sources"]:
        assert (source_folder(path, source["key"]) / "rows.txt").read_text() == source["key"]
    return line


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()} if folder.exists() else set()


def killed_writer(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, __file__, "write", str(path), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_versions_follow_one_another(tmp_path: Path) -> None:
    case = tmp_path / "case"
    write(case, "one", new="a")
    assert read(case) == "one"
    write(case, "two", keep=("a",), new="b")
    write(case, "three", keep=("b",))
    assert read(case) == "three"
    assert names(case / "versions") == {"2", "3"}, "the previous version stays, older ones go"
    assert names(case / "sources") == {"a", "b"}, "so do its sources"
    write(case, "four", keep=("b",))
    assert names(case / "sources") == {"b"}, "what neither version has is removed"


def test_an_error_while_writing_leaves_the_old_case(tmp_path: Path) -> None:
    case = tmp_path / "case"
    write(case, "old", new="a")
    before = {file: file.read_bytes() for file in sorted(case.rglob("*")) if file.is_file()}

    def fail() -> None:
        with writing(case) as draft:
            (draft.add_source("b") / "rows.txt").write_text("b")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert {file: file.read_bytes() for file in sorted(case.rglob("*")) if file.is_file()} == before


def test_an_error_in_the_first_writing_leaves_no_case(tmp_path: Path) -> None:
    case = tmp_path / "case"
    with pytest.raises(ZeroDivisionError), writing(case):
        raise ZeroDivisionError
    assert names(case) <= {"case.lock"}
    write(case, "one")
    assert read(case) == "one"


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match="not a case and is not empty"), writing(tmp_path):
        pass
    assert names(tmp_path) == {"photo.jpg"}
    with pytest.raises(InputError, match="this is a file"), writing(tmp_path / "photo.jpg"):
        pass


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 99, "package": "9.0"}, "upgrade with `pip install --upgrade"),
        ({"schema": 0}, "import its sources again"),
        ({"schema": "one"}, "not the manifest of a case"),
    ],
)
def test_another_layout_is_one_clear_error(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    case = tmp_path / "case"
    manifest = write(case, "one")
    (case / "case.json").write_text(json.dumps({**manifest, **change}))
    with pytest.raises(InputError, match=said) as caught:
        pin_current(case)
    assert len(caught.value.problems) == 1
    with pytest.raises(InputError, match=said), writing(case):
        pass


def test_a_broken_manifest_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "case.json").write_text('{"schema": 1, "ver')
    with pytest.raises(InputError, match="not the manifest of a case"):
        pin_current(tmp_path)
    with pytest.raises(InputError, match="there is no case here"):
        pin_current(tmp_path / "nowhere")


def test_a_missing_version_is_one_clear_error(tmp_path: Path) -> None:
    case = tmp_path / "case"
    write(case, "one")
    shutil.rmtree(case / "versions" / "1")
    with pytest.raises(InputError, match="missing or incomplete"):
        pin_current(case)


def test_two_writers_in_one_process(tmp_path: Path) -> None:
    case = tmp_path / "case"
    write(case, "one")
    with writing(case), pytest.raises(BusyError, match="another process is writing") as caught:
        write(case, "two")
    assert caught.value.exit_code == 75
    assert read(case) == "one"
    write(case, "two")


def test_two_writers_in_two_processes_and_a_lock_that_dies(tmp_path: Path) -> None:
    case = tmp_path / "case"
    write(case, "old")
    with holding_process(case) as other:
        with pytest.raises(BusyError):
            write(case, "mine")
        assert read(case) == "old", "a reader is not blocked by the writer"
        other.kill()
        other.wait()
        write(case, "mine")
    assert read(case) == "mine"
    assert names(case / "versions") == {"1", "2"}, "what the killed writer had begun is gone"


class holding_process:
    """Another process that has the case open for writing and never finishes."""

    def __init__(self, case: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, "hold", str(case)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> subprocess.Popen[str]:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "holding\n"
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def test_many_writers_at_once_lose_no_version(tmp_path: Path) -> None:
    case = tmp_path / "case"
    write(case, "start")
    won: list[str] = []
    busy: list[str] = []

    def work(name: str) -> None:
        for turn in range(10):
            try:
                won.append(write(case, f"{name}{turn}")["line"])
            except BusyError:
                busy.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) + len(busy) == 40
    assert won
    assert read_manifest(case)["version"] == len(won) + 1, "every writer that won built on the one before"


def test_a_reader_keeps_its_version_through_any_number_of_rewrites(tmp_path: Path) -> None:
    case = tmp_path / "case"
    write(case, "mine")
    _, pin = pin_current(case)
    for turn in range(4):
        write(case, f"later {turn}")
    assert (pin.folder / "tables" / "line.txt").read_text() == "mine", "not yet read when the others wrote"
    assert names(case / "versions") == {"1", "4", "5"}
    del pin
    write(case, "last")
    assert names(case / "versions") == {"5", "6"}, "nobody reads it any more"


def test_a_version_without_a_reader_does_go(tmp_path: Path) -> None:
    """What the test above would not see: that it is the reader that keeps the version."""
    case = tmp_path / "case"
    for turn in range(4):
        write(case, f"{turn}")
    assert names(case / "versions") == {"3", "4"}


def test_a_reader_that_finds_its_version_gone_reads_the_manifest_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = tmp_path / "case"
    write(case, "one")
    real = read_manifest
    seen: list[int] = []

    def slow(path: Path) -> dict[str, Any]:
        manifest = real(path)
        if not seen:  # between reading the manifest and opening the version, others write twice
            seen.append(manifest["version"])
            monkeypatch.setattr(room, "read_manifest", real)
            write(path, "two")
            write(path, "three")
            monkeypatch.setattr(room, "read_manifest", slow)
        return manifest

    monkeypatch.setattr(room, "read_manifest", slow)
    manifest, pin = pin_current(case)
    assert seen == [1]
    assert manifest["line"] == "three"
    assert (pin.folder / "tables" / "line.txt").read_text() == "three"


def test_readers_while_a_writer_rewrites(tmp_path: Path) -> None:
    case = tmp_path / "case"
    write(case, "0")
    stop = threading.Event()

    def rewrite() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            write(case, str(turn))

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        lines: list[int] = []
        enough = time.monotonic() + 60
        while len(lines) < 300 or (len(set(lines)) < 5 and time.monotonic() < enough):
            lines.append(int(read(case)))
    finally:
        stop.set()
        writer.join()
    assert lines == sorted(lines), "never back to an older version"
    assert len(set(lines)) >= 5, "the writer was at work meanwhile"


def test_a_version_being_removed_cannot_be_opened(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("platform: files that are open are not removed there")
    import fcntl

    case = tmp_path / "case"
    write(case, "one")
    handle = os.open(version_folder(case, 1) / "in-use", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(FileNotFoundError):
        Pin(version_folder(case, 1))
    os.close(handle)
    Pin(version_folder(case, 1))


def test_kill_at_every_step(tmp_path: Path) -> None:
    """SIGKILL before each operation on the folder: the old case or the new one, and the next writer works."""
    origin = tmp_path / "origin"
    write(origin, "older", new="a")
    write(origin, "old", keep=("a",))
    outcomes = []
    for step in range(1, 200):
        case = tmp_path / f"case{step}"
        shutil.copytree(origin, case)
        done = killed_writer(case, str(step))
        line = read(case)
        assert line in ("old", "new")
        outcomes.append(line)
        write(case, "after", keep=("a",))
        assert read(case) == "after"
        assert len(names(case / "versions")) == 2
        write(case, "later", keep=("a",))
        assert len(names(case / "versions")) == 2
        assert names(case / "sources") == {"a"}
        assert names(case) == {"case.json", "case.lock", "versions", "sources"}
        shutil.rmtree(case)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
    else:
        pytest.fail("the writer never came to its end")
    assert outcomes[0] == "old"
    assert outcomes[-1] == "new"
    assert outcomes == sorted(outcomes, key=("old", "new").index), "one step changes the case, once"
    assert outcomes.count("old") > 10
    assert outcomes.count("new") > 3, "killed while it cleared up, too"


def test_kill_at_every_step_of_the_first_writing(tmp_path: Path) -> None:
    for step in range(1, 200):
        case = tmp_path / f"case{step}"
        done = killed_writer(case, str(step))
        if (case / "case.json").exists():
            assert read(case) == "new"
        write(case, "after")
        assert read(case) == "after"
        write(case, "later")
        assert names(case / "sources") == set()
        if done.returncode == 0:
            return
    pytest.fail("the writer never came to its end")


def test_a_kill_between_two_files_would_be_seen(tmp_path: Path) -> None:
    """Planted: a writer that changes files of the version that counts is caught by what these tests check."""
    case = tmp_path / "case"
    write(case, "old")
    (case / "versions" / "1" / "tables" / "line.txt").write_text("half")
    with pytest.raises(AssertionError):
        read(case)


def kill_before(step: int, folder: str) -> None:
    """Kill this process before the step-th operation on the folder."""
    count = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        paths = [os.fspath(a) for a in arguments[:2] if isinstance(a, (str, os.PathLike))]
        if event in OPERATIONS and any(str(path).startswith(folder) for path in paths):
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def main(arguments: list[str]) -> Iterator[str]:
    verb, case, *rest = arguments
    if verb == "write":
        old = read_manifest(Path(case))["sources"] if Path(case, "case.json").exists() else []
        kept = tuple(source["key"] for source in old)
        kill_before(int(rest[0]), case)
        write(Path(case), "new", keep=kept, new="b")
    else:
        with writing(Path(case)) as draft:
            (draft.folder / "half.txt").write_text("half")
            yield "holding"
            signal.pause()


if __name__ == "__main__":
    for line in main(sys.argv[1:]):
        print(line, flush=True)
