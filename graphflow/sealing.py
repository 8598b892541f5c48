"""Seals: the size and SHA-256 of every file of a case, taken when it is written, compared when it is read.

What is compared when:

- opening a case: that every file of it is there and has its size;
- reading a file of at most :data:`SMALL` bytes, or a source that is joined anew: its SHA-256;
- reading a larger table: the checksum of each page that is read, by Parquet; larger arrays of the ledger are
  mapped into memory, and only their sizes are compared;
- `graphflow info --verify` and `Case.verify`: the SHA-256 of every file, and that there are no others.

The manifest seals itself, and with it all these.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphflow.errors import InputError, Problem
from graphflow.language import N_

SMALL = 64 << 20
"""Bytes of files that are compared in full whenever they are opened together, the smallest first: that takes
some fifty milliseconds."""

UNSEALED = frozenset({"in-use"})
RESTORE = N_("the folder as it was written; restore it from a copy, or import the sources again")

Entry = Mapping[str, Any]


def sealed(root: Path, folders: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """By path below `root`: size and SHA-256 of every file in the folders, each brought to the disk first.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a").write_bytes(b"abc")
    >>> sealed(folder, [folder])["a"]["bytes"]
    3
    """
    files = [file for folder in folders for file in files_in(folder)]

    def seal(file: Path) -> dict[str, Any]:
        with file.open("rb+") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
            return {"bytes": stream.tell(), "sha256": digest}

    with ThreadPoolExecutor(2) as threads:  # hashing and waiting for the disk let go of Python's lock
        seals = list(threads.map(seal, files))
    return {file.relative_to(root).as_posix(): found for file, found in zip(files, seals, strict=True)}


def files_in(folder: Path) -> list[Path]:
    """Every file below a folder that is part of what the case says."""
    return [
        Path(base, name)
        for base, _, names in sorted(os.walk(folder))
        for name in sorted(names)
        if name not in UNSEALED
    ]


def manifest_seal(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest's contents, but for the seal itself.

    Examples
    --------
    >>> manifest_seal({"a": 1, "b": 2}) == manifest_seal({"b": 2, "a": 1, "seal": "x"})
    True
    """
    plain = {name: value for name, value in manifest.items() if name != "seal"}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Seals:
    """The files of a case as its manifest names them.

    Attributes
    ----------
    root
        The case's folder.
    files
        Size and SHA-256 by path below it.
    """

    root: Path
    files: Mapping[str, Entry]

    def below(self, folder: Path) -> list[str]:
        """The files in a folder of the case, or the file itself."""
        start = folder.relative_to(self.root).as_posix()
        return [name for name in self.files if name == start or name.startswith(f"{start}/")]

    def check(self, *places: Path, most: int | None = SMALL) -> None:
        """Raise one InputError with every file that is not as it was written.

        Parameters
        ----------
        *places
            Files and folders of the case.
        most
            Bytes that are compared in full, the smallest files first; of the others only the sizes are. None
            compares everything.
        """
        names = [name for place in places for name in self.below(place)]
        names.sort(key=lambda name: (self.files[name]["bytes"], name))
        whole, left = set(), most
        for name in names:
            if left is not None:
                left -= self.files[name]["bytes"]
                if left < 0:
                    break
            whole.add(name)
        problems = [
            Problem(str(place), N_("the case's manifest names no such file"), expected=RESTORE)
            for place in places
            if not self.below(place)
        ]
        with ThreadPoolExecutor(2) as threads:
            found = threads.map(lambda name: self._problem(name, name in whole), names)
            problems += [problem for problem in found if problem is not None]
        if problems:
            raise InputError(*problems)

    def strangers(self, *folders: Path) -> list[Problem]:
        """Files in the folders that the manifest does not name."""
        return [
            Problem(str(file), N_("is no file that the case's manifest names"), expected=RESTORE)
            for folder in folders
            for file in files_in(folder)
            if file.relative_to(self.root).as_posix() not in self.files
        ]

    def _problem(self, name: str, whole: bool) -> Problem | None:
        file, seal = self.root / name, self.files[name]
        try:
            with file.open("rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                if size != seal["bytes"]:
                    return Problem(
                        str(file),
                        N_("has {found} bytes; it was written with {bytes}"),
                        {"found": size, "bytes": seal["bytes"]},
                        expected=RESTORE,
                    )
                if whole and hashlib.file_digest(stream, "sha256").hexdigest() != seal["sha256"]:
                    return Problem(
                        str(file),
                        N_("is damaged: its contents are not those that were written"),
                        expected=RESTORE,
                    )
        except FileNotFoundError:
            return Problem(str(file), N_("is missing"), expected=RESTORE)
        except OSError as error:
            reason = {"reason": error.strerror or str(error)}
            return Problem(str(file), N_("cannot be read: {reason}"), reason, expected=RESTORE)
        return None
