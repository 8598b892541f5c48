"""Where the nights lie: results written to the side and shown at once, steps kept by what went into them.

::

    OUT/2026-11-28 -> .nights/KEY     what a reader looks at: a link that is replaced in one step
    OUT/.nights/KEY/                  scores, findings, classes, changes as Parquet, and night.json
    OUT/.steps/KEY.json               what one step gave, by the SHA-256 of all that it depends on
    OUT/runs.sqlite                   the ledger of runs: when, how long, what was done anew, how it ended
    OUT/logs/RUN.jsonl                what a run said
    OUT/graphflow.prom                the last run as Prometheus reads it from a file
    OUT/lock                          held by the one run; the system lets go of it when the process dies

A killed run leaves files that no link names; the next run goes on from the steps that are there, and removes
the rest.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from graphflow.errors import BusyError, InputError, Problem, UsageError
from graphflow.folder import is_full, write_aside
from graphflow.language import N_
from graphflow.version import VERSION

NIGHTS, STEPS, LOGS, RUNS, LOCK = ".nights", ".steps", "logs", "runs.sqlite", "lock"

KEPT = 30
"""Nights that are kept; of those before, the last of each month."""

_TABLES = """
create table if not exists runs (
    id integer primary key, as_of text not null, started text not null, ended text, seconds real,
    state text not null, message text not null default '', case_hash text not null default '',
    version text not null, parameters text not null default '', findings integer, subjects integer
);
create table if not exists steps (
    run integer not null references runs(id), name text not null, key text not null, reused integer not null,
    seconds real not null
);
"""


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Hold the folder of the nights: one run at a time."""
    if out.exists() and not out.is_dir():
        raise InputError(
            Problem(str(out), N_("this is a file"), expected=N_("a folder for the nights' results"))
        )
    with full_disk(out):
        out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / LOCK, timeout=0):
            yield
    except Timeout:
        raise BusyError(
            Problem(
                str(out),
                N_("another run writes here"),
                expected=N_("one run at a time; try again when it has finished"),
            )
        ) from None


@contextmanager
def full_disk(where: Path, night: Path | None = None) -> Iterator[None]:
    """One clear error where the system cannot write; whatever was written to the side counts for nothing.

    `night` is the link whose results are being made: whether they were shown by then is said.
    """
    before = _named(night)
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        full = is_full(error) or (isinstance(error, sqlite3.OperationalError) and "full" in str(error))
        place = getattr(error, "filename", None)
        if not full:
            what = N_("cannot be written: {reason}")
        elif _named(night) == before:
            what = N_("the disk is full; the results of the night were not changed")
        else:
            what = N_("the disk is full; the results of the night are whole, the ledger of runs is not")
        raise InputError(
            Problem(
                str(place or where), what, {"reason": getattr(error, "strerror", None) or str(error)},
                expected=N_("a disk with room, and the right to write there"),
            )
        ) from error  # fmt: skip


def _named(link: Path | None) -> str | None:
    """What a night's link names; None where there is none."""
    try:
        return None if link is None else os.readlink(link)
    except OSError:
        return None


def digest(*parts: object) -> str:
    """The SHA-256 of some values, each told apart from the next."""
    text = json.dumps([str(part) for part in parts], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def code_digest() -> str:
    """The SHA-256 of our code and its tables: another version of either makes other steps."""
    root = Path(__file__).parent.parent
    found = hashlib.sha256(VERSION.encode())
    for file in sorted(root.rglob("*")):
        if file.suffix in (".py", ".csv") and file.is_file():
            found.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


@dataclass
class Run:
    """One run of a night: what it says, what it has done already, and where its results go."""

    out: Path
    as_of: str
    id: int
    started: float = field(default_factory=time.monotonic)
    steps: list[tuple[str, bool, float]] = field(default_factory=list)

    @classmethod
    def begin(cls, out: Path, as_of: str) -> Run:
        """A new row in the ledger of runs. A run that never ended was killed: that is said of it now."""
        for name in (NIGHTS, STEPS, LOGS):
            (out / name).mkdir(exist_ok=True)
        with _ledger(out) as runs:
            runs.execute("update runs set state = 'killed' where state = 'running'")
            made = runs.execute(
                "insert into runs (as_of, started, state, version) values (?, ?, 'running', ?)",
                (as_of, _now(), VERSION),
            )
            return cls(out, as_of, int(made.lastrowid or 0))

    def say(self, message: str, level: str = "info", **values: object) -> None:
        """One line of the log, as JSON."""
        line = json.dumps(
            {"at": _now(), "level": level, "run": self.id, "as_of": self.as_of, "message": message, **values},
            ensure_ascii=False, default=str,
        )  # fmt: skip
        with (self.out / LOGS / f"{self.as_of}-{self.id:06d}.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def step(self, name: str, key: str, make: Callable[[], Any]) -> Any:
        """What a step gives: from where it was kept, if what it depends on is the same, else made anew."""
        file = self.out / STEPS / f"{key}.json"
        start = time.monotonic()
        reused = True
        try:
            kept = json.loads(file.read_bytes())
        except (FileNotFoundError, ValueError):
            reused = False
            made = json.dumps(make(), ensure_ascii=False, default=str)
            write_aside(file, made.encode())
            kept = json.loads(made)  # as it is when it is read again
        os.utime(file)
        self.done(name, key, time.monotonic() - start, reused=reused)
        return kept

    def done(self, name: str, key: str, seconds: float, *, reused: bool) -> None:
        """Put a step into the ledger and the log."""
        self.steps.append((name, reused, seconds))
        with _ledger(self.out) as runs:
            runs.execute("insert into steps values (?, ?, ?, ?, ?)", (self.id, name, key, reused, seconds))
        self.say("step", step=name, reused=reused, seconds=round(seconds, 3), **_held())

    def end(self, state: str, message: str = "", **columns: object) -> None:
        """Put into the ledger how the run ended."""
        names = {
            "ended": _now(),
            "seconds": time.monotonic() - self.started,
            "state": state,
            "message": message,
        }
        names |= columns
        with _ledger(self.out) as runs:
            said = ", ".join(f"{name} = ?" for name in names)
            runs.execute(f"update runs set {said} where id = ?", (*names.values(), self.id))
        self.say(state, level="info" if state == "done" else "error", detail=message, **columns)

    # ------------------------------------------------------------ results

    def publish(self, key: str, frames: Mapping[str, bytes]) -> Path:
        """Show the results of the night: written aside, then named by a link that is replaced in one step."""
        folder = self.out / NIGHTS / key
        if not folder.exists():
            aside = folder.with_name(f"{key}.new")
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            for name, data in frames.items():
                write_aside(aside / name, data)
            os.replace(aside, folder)
        link = self.out / f".{self.as_of}.new"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(NIGHTS) / key, target_is_directory=True)
        os.replace(link, self.out / self.as_of)
        return self.out / self.as_of

    def prune(self, keep: int) -> list[str]:
        """Remove the nights behind the newest `keep`, but for the last of each month, and what none names.

        Steps are kept as long as a night that is kept is older than they are; logs as long as their night.
        """
        known = nights(self.out)
        old = known[:-keep] if keep else []
        last_of_month = {day[:7]: day for day in known}
        gone = [day for day in old if last_of_month[day[:7]] != day]
        for day in gone:
            (self.out / day).unlink(missing_ok=True)
        wanted = {os.readlink(self.out / day).rpartition("/")[2] for day in nights(self.out)}
        for folder in (self.out / NIGHTS).iterdir():
            if folder.name not in wanted:
                shutil.rmtree(folder, ignore_errors=True)
        for day in gone:
            for file in (self.out / LOGS).glob(f"{day}-*.jsonl"):
                file.unlink(missing_ok=True)
        oldest = time.time() - 86_400 * max(keep, 1)
        for file in (self.out / STEPS).iterdir():
            if file.suffix != ".json" or file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)
        return gone


def nights(out: Path) -> list[str]:
    """The days of which there are results, the oldest first."""
    found = []
    for entry in out.iterdir() if out.is_dir() else ():
        try:
            datetime.date.fromisoformat(entry.name)
        except ValueError:
            continue
        if entry.is_symlink() and entry.exists():
            found.append(entry.name)
    return sorted(found)


def night_scores(out: str | os.PathLike[str], as_of: str | None) -> pd.DataFrame:
    """The scores by rules of one night; refused where there is none of that day."""
    known = nights(Path(out))
    if as_of not in known:
        raise UsageError(
            Problem("nights", N_("there is no night of this day"), first=str(as_of),
                    expected=", ".join(known[-10:]) or N_("a folder that `graphflow score` wrote"))
        )  # fmt: skip
    return pd.read_parquet(Path(out) / str(as_of) / "scores.parquet")


def runs(out: str | os.PathLike[str]) -> pd.DataFrame:
    """The ledger of runs: every run, the oldest first, with what it did anew.

    Parameters
    ----------
    out
        The folder of the nights' results.

    Returns
    -------
    pandas.DataFrame
        `id`, `as_of`, `started`, `ended`, `seconds`, `state` (``running``, ``done``, ``failed``, ``killed``),
        `message`, `case_hash`, `version`, `parameters`, `findings`, `subjects`, `steps`, `reused`; no row
        where there was no run.

    Raises
    ------
    InputError
        For a ledger that cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> runs(tempfile.mkdtemp()).shape
    (0, 14)
    """
    columns = [
        "id", "as_of", "started", "ended", "seconds", "state", "message", "case_hash", "version",
        "parameters", "findings", "subjects", "steps", "reused",
    ]  # fmt: skip
    file = Path(out) / RUNS
    if not file.exists():
        return pd.DataFrame(columns=columns)
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as base:
            rows = base.execute(
                "select runs.*, count(steps.run), coalesce(sum(steps.reused), 0) from runs "
                "left join steps on steps.run = runs.id group by runs.id order by runs.id"
            ).fetchall()
    except sqlite3.Error as error:
        raise InputError(Problem(str(file), N_("cannot be read: {reason}"), {"reason": str(error)})) from None
    return pd.DataFrame(rows, columns=columns)


@contextmanager
def _ledger(out: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(out / RUNS, timeout=30)) as base, base:
        base.executescript(_TABLES)
        yield base


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def _held() -> dict[str, Any]:
    """The most memory that this process has held so far, in MiB; what it mapped of files counts."""
    try:
        import resource
    except ImportError:  # a system that does not tell
        return {}
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak_mib": held // (2**20 if sys.platform == "darwin" else 2**10)}
