"""The action log of a case: what people did with it, who and when; it only grows.

::

    case/actions.jsonl      one action a line, each with the SHA-256 of the line before it
    case/actions.lock       held while one line is written; the system lets go of it when the process dies

A line counts once it ends: what a killed writer leaves of one is no action, and the next writer removes it.
A line that was changed, taken out or put in breaks the chain from there on. That the last ones were cut off
the log alone cannot show: a pack keeps the hash that it ended with.

Examples
--------
>>> log = ActionLog(None)
>>> log.append("note", {"text": "ask for the statements of B7"}, by="Li").number
1
>>> log.frame()[["number", "by", "action"]].values.tolist()
[[1, 'Li', 'note']]
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from graphflow.errors import BusyError, InputError, Problem
from graphflow.folder import cannot_write, is_full, sync_folder
from graphflow.language import N_

FILE = "actions.jsonl"
LOCK = "actions.lock"

PATIENCE = 10.0
"""Seconds to wait for whoever writes a line just now: that takes milliseconds."""

NOTHING = "0" * 64
"""What stands for the line before the first."""


@dataclass(frozen=True)
class Action:
    """One thing that somebody did.

    Attributes
    ----------
    number
        Its place in the log, from 1.
    at
        When, in UTC.
    by
        Who.
    action
        What: ``decide``, ``note``, ``pack``, …
    content
        What it was about, as JSON has it.
    hash
        SHA-256 of its line, which the next line repeats.
    """

    number: int
    at: str
    by: str
    action: str
    content: Mapping[str, Any]
    hash: str


class ActionLog:
    """The log in a case's folder; without a folder, in memory.

    Parameters
    ----------
    folder
        The case's folder; None for a case in memory.
    """

    def __init__(self, folder: Path | None) -> None:
        self.path = None if folder is None else folder / FILE
        self._lines: list[bytes] = []

    def append(self, action: str, content: Mapping[str, Any], by: str | None = None) -> Action:
        """Write that somebody did something; it is on the disk when this returns.

        Parameters
        ----------
        action
            What, one word.
        content
            What it was about: anything that JSON can hold.
        by
            Who; None means the user that this runs as.

        Returns
        -------
        Action
            As it stands in the log.

        Raises
        ------
        BusyError
            Where others write without end.
        InputError
            For a log that was changed by hand, and where the disk is full: then nothing was written.
        """
        with self._alone():
            actions = self.read()
            last = actions[-1] if actions else None
            record = {
                "number": 1 + (last.number if last else 0),
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "by": by or whoever(),
                "action": action,
                "content": dict(content),
                "before": last.hash if last else NOTHING,
            }
            line = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
            self._write(line + b"\n")
        return _action(record, line)

    def read(self) -> tuple[Action, ...]:
        """Every action, the oldest first.

        Raises
        ------
        InputError
            Where a line was changed, taken out or put in.
        """
        found: list[Action] = []
        before = NOTHING
        for place, line in enumerate(self.lines(), 1):
            try:
                record = json.loads(line)
                action = _action(record, line)
                whole = action.number == place and record["before"] == before
            except (ValueError, KeyError, TypeError):
                whole = False
            if not whole:
                raise InputError(
                    Problem(
                        str(self.path or FILE),
                        N_("line {line} is not the one that was written there"),
                        {"line": place},
                        line.decode("utf-8", "replace")[:80],
                        N_("the log as it was written; restore it from a copy"),
                    )
                )
            found.append(action)
            before = action.hash
        return tuple(found)

    def frame(self) -> pd.DataFrame:
        """The actions, one row each: `number`, `at`, `by`, `action`, `content`, `hash`."""
        columns = ["number", "at", "by", "action", "content", "hash"]
        return pd.DataFrame([[getattr(each, c) for c in columns] for each in self.read()], columns=columns)

    @property
    def head(self) -> str:
        """The hash of the last line: whoever keeps it can see later that the log was not cut short."""
        actions = self.read()
        return actions[-1].hash if actions else NOTHING

    def copy_to(self, other: ActionLog) -> None:
        """Take everything over into an empty log, as it was written."""
        lines = self.lines()
        if lines:
            with other._alone():
                other._write(b"".join(line + b"\n" for line in lines))

    # ---------------------------------------------------------------- the file

    def lines(self) -> list[bytes]:
        """The lines of the file that end; what somebody is writing just now, or died writing, is none yet."""
        if self.path is None:
            return self._lines
        try:
            return self.path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self.path is None:
            yield
            return
        try:
            with FileLock(self.path.with_name(LOCK), timeout=PATIENCE):
                yield
        except Timeout:
            raise BusyError(
                Problem(
                    str(self.path),
                    N_("another process is writing to the case's log"),
                    expected=N_("one writer at a time; try again when it has finished"),
                )
            ) from None

    def _write(self, lines: bytes) -> None:
        """Add lines to the file, all or nothing; what a killed writer left of one is cut off first."""
        if self.path is None:
            self._lines += lines.split(b"\n")[:-1]
            return
        is_new = not self.path.exists()
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            with os.fdopen(handle, "r+b", buffering=0) as file:
                size = file.seek(0, os.SEEK_END)
                size -= _torn(file, size)
                try:
                    file.truncate(size)
                    file.seek(size)
                    left = memoryview(lines)
                    while left:
                        left = left[file.write(left) or 0 :]
                    os.fsync(file.fileno())
                    if is_new:
                        sync_folder(self.path.parent)
                except OSError:
                    file.truncate(size)
                    raise
        except OSError as error:
            if is_full(error):
                raise cannot_write(self.path, error) from error
            raise InputError(
                Problem(
                    str(self.path),
                    N_("nothing was written: {reason}"),
                    {"reason": error.strerror or str(error)},
                    expected=N_("a disk with room, and the right to write there"),
                )
            ) from error


def _torn(file: Any, size: int) -> int:
    """How many bytes stand behind the last line that ends."""
    behind = 0
    while behind < size:
        step = min(65_536, size - behind)
        file.seek(size - behind - step)
        block = file.read(step)
        end = block.rfind(b"\n")
        if end >= 0:
            return int(behind + step - end - 1)
        behind += step
    return behind


def _action(record: Mapping[str, Any], line: bytes) -> Action:
    return Action(
        int(record["number"]), str(record["at"]), str(record["by"]), str(record["action"]),
        dict(record["content"]), hashlib.sha256(line).hexdigest(),
    )  # fmt: skip


def whoever() -> str:
    """The user that this runs as; its number where the system knows no name for it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid()) if hasattr(os, "getuid") else "?"
