"""The folder of a case: versions written to the side, one pointer, one writer, readers never in the way.

::

    case/
      case.json             the manifest; its "version" names the folder that counts, its "files" seal all
      case.lock             held by the one writer; the system lets go of it when the process dies
      actions.jsonl         what people did with the case (`graphflow.actions`); of no version, it only grows
      versions/N/           tables/*.parquet, ledger/, quarantine.parquet, report.json, listed/*.parquet
        in-use              shared by the readers of this version: it is not removed while one lives
      sources/KEY/          what each source file gave, typed; never changed once written, as a version is
                            (what it gives when it is read anew, for version N, stands in KEY-N)

The only step that changes a case is the replacement of ``case.json``: before it the old case stands,
after it the new one. Whatever a killed writer leaves behind is named by no manifest, and the next writer
removes it.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import sys
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from graphflow.errors import BusyError, GraphflowError, InputError, Problem, UsageError
from graphflow.language import N_
from graphflow.sealing import Sealing, manifest_seal, sealed

if sys.platform != "win32":
    import fcntl

#: Of the layout and meaning of everything in a case's folder: raised when an older program would misread it.
SCHEMA_VERSION = 3
_OLDEST = 2  # of which everything can still be read
MANIFEST = "case.json"
_MANIFEST_NEW = "case.json.new"
_LOCK = "case.lock"
_IN_USE = "in-use"
_OURS = frozenset({
    MANIFEST, _MANIFEST_NEW, _LOCK, "versions", "sources", "actions.jsonl", "actions.lock",
})  # fmt: skip


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of the case at `path`, or an error that says what to do where there is none for us."""
    file = path / MANIFEST
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        text = ""
    except IsADirectoryError:
        raise InputError(
            Problem(
                str(file),
                N_("is a folder; the manifest of a case is a file"),
                expected=N_("the case's folder as it was written, or another folder for the case"),
            )
        ) from None
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            Problem(
                str(path),
                N_("there is no case here"),
                expected=N_("a folder with a {file}, as `graphflow import SOURCE --case {path}` makes one"),
                values={"file": MANIFEST, "path": str(path)},
            )
        ) from None
    try:
        manifest = json.loads(text)
        schema = manifest["schema"]
        if not isinstance(schema, int):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise InputError(
            Problem(
                str(file),
                N_("this is not the manifest of a case"),
                first=text[:80],
                expected=N_("JSON with the case's schema; import the sources again into a new folder"),
            )
        ) from None
    if schema > SCHEMA_VERSION:
        raise InputError(
            Problem(
                str(file),
                N_("written by graphflow {theirs} in layout {schema}, newer than this program reads"),
                values={"theirs": manifest.get("package", "?"), "schema": schema, "ours": SCHEMA_VERSION},
                expected=N_("layout {ours}; upgrade with `pip install --upgrade graphflow-lookthrough`"),
            )
        )
    if schema < _OLDEST:
        raise InputError(
            Problem(
                str(file),
                N_("written by graphflow {theirs} in layout {schema}, older than this program reads"),
                values={"theirs": manifest.get("package", "?"), "schema": schema, "ours": SCHEMA_VERSION},
                expected=N_("layout {ours}; import its sources again into a new folder"),
            )
        )
    if manifest.get("seal") != manifest_seal(manifest):
        raise InputError(
            Problem(
                str(file),
                N_("is damaged: its contents are not those that were written"),
                expected=N_("the manifest as it was written; restore it from a copy, or import again"),
            )
        )
    return dict(manifest)


def version_folder(path: Path, version: object) -> Path:
    """The folder of one version of a case."""
    return path / "versions" / str(version)


def source_folder(path: Path, name: str) -> Path:
    """The folder with what one source file gave."""
    return path / "sources" / name


def folder_of(source: Mapping[str, Any]) -> str:
    """The name of that folder, by the source's entry in the manifest: read anew, it has another one."""
    return str(source.get("folder") or source["key"])


class Pin:
    """Keeps one version of a case on disk for as long as this object lives.

    Raises FileNotFoundError where that version is gone, or going: the manifest then names a newer one.
    """

    def __init__(self, folder: Path) -> None:
        file = folder / _IN_USE
        handle = os.open(file, os.O_RDONLY)
        try:
            if sys.platform != "win32":  # there, files that are open cannot be removed: that is pin enough
                try:
                    fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise FileNotFoundError(file) from None
                except OSError:  # a file system without locks: the previous version is kept all the same
                    pass
                if not os.path.samestat(os.fstat(handle), os.stat(file)):
                    raise FileNotFoundError(file)
        except BaseException:
            os.close(handle)
            raise
        self.folder = folder
        weakref.finalize(self, os.close, handle)


def pin_current(path: Path) -> tuple[dict[str, Any], Pin]:
    """The manifest and a hold on the version that it names, however many writers pass meanwhile."""
    while True:
        manifest = read_manifest(path)
        try:
            return manifest, Pin(version_folder(path, manifest["version"]))
        except FileNotFoundError:
            if read_manifest(path)["version"] == manifest["version"]:
                raise InputError(
                    Problem(
                        str(version_folder(path, manifest["version"])),
                        N_("the version that the case's manifest names is missing or incomplete"),
                        expected=N_("the folder as it was written; restore it, or import the sources again"),
                    )
                ) from None


class Draft:
    """A version being written; it counts only once `commit` has replaced the manifest."""

    def __init__(self, path: Path, manifest: dict[str, Any] | None, version: int) -> None:
        self.path = path
        self.manifest = manifest
        self.version = version
        self.folder = version_folder(path, version)
        self.committed = False
        self.sealing = Sealing()
        self._sources: dict[str, Path] = {}

    def add_source(self, key: str) -> Path:
        """A new folder for what one source file gave; what an older version has is not written over."""
        if key in self._sources:
            return self._sources[key]
        folder = source_folder(self.path, key)
        if folder.exists():
            folder = source_folder(self.path, f"{key}-{self.version}")
        folder.mkdir(parents=True)
        self._sources[key] = folder
        return folder

    def commit(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Make this version the case. Everything is on the disk before the manifest names it."""
        previous = self.manifest["version"] if self.manifest else None
        complete = {"schema": SCHEMA_VERSION, "version": self.version, "previous": previous, **manifest}
        kept = {f"sources/{folder_of(source)}/" for source in manifest.get("sources", ())}
        before = self.manifest["files"] if self.manifest else {}
        # Whoever still has the previous version open may add to it, or save it elsewhere.
        complete["previous_sources"] = sorted(
            folder_of(source) for source in (self.manifest or {}).get("sources", ())
        )
        complete["files"] = {
            **{name: seal for name, seal in before.items() if name.startswith(tuple(kept))},
            **sealed(self.path, (self.folder, *self._sources.values()), self.sealing.seals),
        }
        complete["seal"] = manifest_seal(complete)
        for folder in (self.folder, *self._sources.values()):
            for base, _, _ in os.walk(folder):
                sync_folder(Path(base))
        for folder in (self.path / "versions", self.path / "sources", self.path, self.path.parent):
            if folder.exists():
                sync_folder(folder)
        new = self.path / _MANIFEST_NEW
        with new.open("w", encoding="utf-8") as file:
            json.dump(complete, file, ensure_ascii=False, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.path / MANIFEST)
        self.committed = True
        sync_folder(self.path)
        return complete

    def discard(self) -> None:
        """Remove what was written; the case stays as it was."""
        for folder in (self.folder, *self._sources.values()):
            shutil.rmtree(folder, ignore_errors=True)
        (self.path / _MANIFEST_NEW).unlink(missing_ok=True)


def refuse_foreign(path: Path) -> None:
    """An error where `path` is something other than a case or a place for one."""
    if not path.exists():
        return
    if not path.is_dir():
        raise InputError(
            Problem(
                str(path), N_("this is a file"), expected=N_("a folder for the case, or a name for a new one")
            )
        )
    if (path / MANIFEST).exists():
        return
    foreign = sorted(entry.name for entry in path.iterdir() if entry.name not in _OURS)
    if foreign:
        raise InputError(
            Problem(
                str(path),
                N_("the folder is not a case and is not empty"),
                first=foreign[0],
                expected=N_("a case, an empty folder or a new name: a case shares its folder with nothing"),
            )
        )


@contextmanager
def writing(path: Path, *, is_new: bool = False) -> Iterator[Draft]:
    """Hold the case's lock, clear what killed writers left, and hand out a draft of the next version.

    Leaving without `commit`, by an error or not, leaves the case as it was. `is_new` says that the caller
    has seen no case here: one that another writer made meanwhile is then not written over.
    """
    refuse_foreign(path)
    existed = path.exists()
    path.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise _busy(path) from None
    try:
        manifest = read_manifest(path) if (path / MANIFEST).exists() else None
        if is_new and manifest is not None:
            raise _busy(path)
        clear_leftovers(path, manifest)
        taken = [int(entry.name) for entry in _entries(path / "versions") if entry.name.isdigit()]
        draft = Draft(path, manifest, max(taken, default=0) + 1)
        try:
            draft.folder.mkdir(parents=True)
            (draft.folder / _IN_USE).touch()
            yield draft
        except OSError as error:
            _name(error, path)
            raise
        finally:
            if not draft.committed:
                draft.discard()
                if manifest is None and not existed:
                    for name in ("versions", "sources"):
                        shutil.rmtree(path / name, ignore_errors=True)
        clear_leftovers(path, read_manifest(path) if draft.committed else manifest)
    finally:
        lock.release()


def clear_leftovers(path: Path, manifest: Mapping[str, Any] | None) -> None:
    """Remove every version and source that the manifest does not name, unless a reader still has it open."""
    (path / _MANIFEST_NEW).unlink(missing_ok=True)
    wanted = {str(manifest[which]) for which in ("version", "previous")} if manifest else set()
    for entry in _entries(path / "versions"):
        if entry.name not in wanted:
            _remove_unused(entry)
    kept = {folder_of(source) for source in manifest["sources"]} if manifest else set()
    kept |= set(manifest.get("previous_sources", ())) if manifest else set()
    for entry in _entries(path / "sources"):
        if entry.name not in kept:
            shutil.rmtree(entry, ignore_errors=True)


def _remove_unused(folder: Path) -> None:
    """Remove a version's folder unless a reader holds it. The next writer tries again where this fails."""
    handle = -1
    try:
        if sys.platform != "win32":
            try:
                handle = os.open(folder / _IN_USE, os.O_RDONLY)
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except FileNotFoundError:
                pass  # killed before it was a version: nobody can have it open
            except BlockingIOError:
                return
            except OSError:
                pass
        # The name goes first: a reader that comes now finds no version, and reads the manifest again.
        try:
            (folder / _IN_USE).unlink(missing_ok=True)
        except OSError:  # open in a reader, where the system does not let go of open files
            return
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        if handle >= 0:
            os.close(handle)


def _busy(path: Path) -> BusyError:
    return BusyError(
        Problem(
            str(path),
            N_("another process is writing this case"),
            expected=N_("one writer at a time; try again when it has finished"),
        )
    )


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    if os.name == "nt":  # a folder cannot be opened there; its entries are journalled
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def whole_file(path: Path, *, binary: bool = False) -> Iterator[IO[Any]]:
    """A file written to the side, which takes its name when it is whole; until then the old one stays.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder, "a.json")) as file:
    ...         _ = file.write("[]")
    ...         before = Path(folder, "a.json").exists()
    ...     before, Path(folder, "a.json").read_text()
    (False, '[]')
    """
    aside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        with aside.open("xb") if binary else aside.open("x", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except OSError as error:
        _name(error, path, aside)
        raise
    finally:
        aside.unlink(missing_ok=True)


def write_aside(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with whole_file(path, binary=True) as file:
        file.write(data)


def is_full(error: BaseException) -> bool:
    """Whether an error says that the disk is full, or that no more of it is allowed.

    >>> is_full(OSError(errno.ENOSPC, "")), is_full(OSError(errno.EACCES, ""))
    (True, False)
    """
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def cannot_write(where: Path | str, error: OSError) -> GraphflowError:
    """What is said of a file that cannot be written: a full disk is no mistake of whoever named the file.

    >>> print(cannot_write("a.zip", OSError(errno.ENOSPC, "")))
    a.zip: the disk is full; nothing half-written was left; expected: a disk with room, then the same again
    >>> cannot_write("a.zip", OSError(errno.ENOSPC, "")).exit_code, cannot_write("a", OSError("?")).exit_code
    (4, 2)
    """
    if is_full(error):
        return InputError(
            Problem(
                str(where),
                N_("the disk is full; nothing half-written was left"),
                expected=N_("a disk with room, then the same again"),
            )
        )
    reason = error.strerror or str(error)
    return UsageError(Problem(str(where), N_("cannot be written: {reason}"), {"reason": reason}))


def must_be_a_file(option: str, file: Path) -> None:
    """Refuse a file that cannot come to stand, before the work rather than after it.

    >>> must_be_a_file("out", Path("no/such/folder/a.zip"))
    Traceback (most recent call last):
    graphflow.errors.UsageError: out: there is no folder ...no/such/folder; given: no/such/folder/a.zip
    """
    folder = file.absolute().parent
    if file.is_dir():
        raise UsageError(
            Problem(option, N_("{file} is a folder, not a file"), {"file": str(file)}, str(file))
        )
    if not folder.is_dir():
        raise UsageError(
            Problem(option, N_("there is no folder {folder}"), {"folder": str(folder)}, str(file))
        )


def _name(error: OSError, path: Path, aside: Path | None = None) -> None:
    """Have an error name what was to be written, where the system names nothing or a file to the side."""
    if error.errno is None:  # nothing of the system's
        return
    if error.filename is None or (aside is not None and str(error.filename) == str(aside)):
        error.filename = str(path)
