"""Seals: the size and SHA-256 of every file of a case, taken while it is written, compared when it is read.

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
import io
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


class SealedFile(io.RawIOBase):
    """A new file that is hashed while it is written, and brought to the disk when it is closed."""

    def __init__(self, path: Path, seals: dict[Path, Entry], behind: bool = False) -> None:
        super().__init__()
        self.path = path
        self._seals = seals
        self._behind = behind and hasattr(os, "posix_fadvise")
        self._digest = hashlib.sha256()
        self._at = 0
        self._synced = 0
        self._handle = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666
        )

    def write(self, data: Any) -> int:
        """Add bytes; all of them, whatever the system takes at a time."""
        view = memoryview(data).cast("B")
        self._digest.update(view)  # lets go of Python's lock, as writing does
        done = 0
        while done < len(view):
            done += os.write(self._handle, view[done : done + _AT_ONCE])
        self._at += done
        if self._behind and self._at - self._synced >= _BEHIND:
            os.fsync(self._handle)
            os.posix_fadvise(self._handle, 0, self._at, os.POSIX_FADV_DONTNEED)
            self._synced = self._at
        return done

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        """Bring the file to the disk; only now its seal is known."""
        if self.closed:
            return
        super().close()
        try:
            os.fsync(self._handle)
        finally:
            os.close(self._handle)
        self._seals[self.path] = {"bytes": self._at, "sha256": self._digest.hexdigest()}


_AT_ONCE = 1 << 30  # some systems write no more than 2 GiB in one call
_BEHIND = 64 << 20


class Sealing:
    """Hands out files whose seals are known as soon as they are written: none is read again for its hash.

    With `behind` what was written does not stay in memory: it is more than would fit there beside the work.

    Examples
    --------
    >>> import tempfile
    >>> folder, sealing = Path(tempfile.mkdtemp()), Sealing()
    >>> with sealing.open(folder / "a") as file:
    ...     _ = file.write(b"abc")
    >>> sealing.seals[folder / "a"] == sealed(folder, [folder])["a"]
    True
    """

    def __init__(self, behind: bool = False) -> None:
        self.behind = behind
        self.seals: dict[Path, Entry] = {}

    def open(self, path: Path) -> SealedFile:
        """A new file at a path."""
        return SealedFile(path, self.seals, self.behind)


def sealed(
    root: Path, folders: Iterable[Path], known: Mapping[Path, Entry] | None = None
) -> dict[str, Entry]:
    """By path below `root`: size and SHA-256 of every file in the folders, each brought to the disk first.

    What is `known` was hashed while it was written; of it only the size is compared.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a").write_bytes(b"abc")
    >>> sealed(folder, [folder])["a"]["bytes"]
    3
    """
    files = [file for folder in folders for file in files_in(folder)]

    def seal(file: Path) -> Entry:
        found = (known or {}).get(file)
        if found is not None and file.stat().st_size == found["bytes"]:
            return found
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
