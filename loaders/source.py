"""What a user names on the command line, opened: a folder, a zip, or one file.

Everything that could do harm while being opened is refused here, in one place: zips that are cut off, locked,
too big for what they say, or whose names climb out of their folder. A loader only ever sees `File`s.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
import unicodedata
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from graphflow.errors import InputError, Problem
from graphflow.language import N_

# A statement of a bank shrinks by ten to thirty times in a zip; a hundred empty columns make it eighty.
MOST_TIMES_LARGER = 200
NOT_WORTH_CHECKING = 8 << 20  # below this many bytes no ratio can do harm
MOST_BYTES = 64 << 30
MOST_FILES = 100_000
DEEPEST_ZIP = 3  # a zip of zips of zips, one a bank and month: seen; deeper: not

# Left behind by desktops, never data.
LITTER = ("~$", ".", "__MACOSX", "Thumbs.db", "desktop.ini")

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "parquet"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"%PDF", "pdf"),
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"SQLite format 3", "sqlite"),
    (b"{\\rtf", "rtf"),
)

# Words that are the same in every language; a file that is none of these is text, empty, or of no known kind.
KIND_NAMES = {
    "parquet": "Parquet",
    "zip": "ZIP",
    "xlsx": "Excel (.xlsx)",
    "xls": "Excel (.xls)",
    "xlsb": "Excel (.xlsb)",
    "pdf": "PDF",
    "png": "PNG",
    "jpeg": "JPEG",
    "gif": "GIF",
    "rar": "RAR",
    "7z": "7z",
    "gzip": "gzip",
    "bzip2": "bzip2",
    "xz": "xz",
    "sqlite": "SQLite",
    "rtf": "RTF",
    "html": "HTML",
    "xml": "XML",
}


# A reader keeps the whole rectangle from the first cell to the last: two cells far apart would take all
# memory.
MOST_CELLS = 80_000_000
_FAR_COLUMN = re.compile(rb"""r=["'](?:[A-Z]{3}|[B-Z][A-Z])\d""")  # beyond the 52nd
_FAR_ROW = re.compile(rb"""r=["'][A-Z]{1,3}\d{6}""")
_CELL = re.compile(rb"""r=["']([A-Z]{1,3})(\d{1,7})["']""")


@dataclass(frozen=True)
class Contents:
    """What one pass over a file's bytes tells."""

    sha256: str
    utf8: bool
    nul: bool
    last_quote: int  # where the last double quote stands, -1 without one: behind it a newline ends a row


@dataclass(eq=False)
class File:
    """One file of a source.

    `name` is how a person finds it again: the path from what was named on the command line, zips as folders.
    `path` is where its bytes lie now (inside a zip: a temporary copy).
    """

    name: str
    path: Path

    @property
    def stem(self) -> str:
        return self.name.rpartition("/")[2].rpartition(".")[0] or self.name.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        last = self.name.rpartition("/")[2]
        return last.rpartition(".")[2].lower() if "." in last else ""

    @property
    def folder(self) -> str:
        return self.name.rpartition("/")[0]

    @cached_property
    def size(self) -> int:
        return self.path.stat().st_size

    def head(self, size: int = 1 << 16) -> bytes:
        with self.path.open("rb") as stream:
            return stream.read(size)

    @cached_property
    def kind(self) -> str:
        """`text`, `empty`, `binary` or one of `KIND_NAMES`, by the first bytes; the name says nothing."""
        head = self.head(4096)
        if not head:
            return "empty"
        for signature, kind in SIGNATURES:
            if head.startswith(signature):
                return _workbook_or_zip(self.path) if kind == "zip" else kind
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "text"
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
        if start.startswith((b"<!doctype html", b"<html", b"<table")):
            return "html"
        if start.startswith(b"<"):
            return "html" if b"<html" in head.lower() or b"<table" in head.lower() else "xml"
        # Control characters that no text has; a few NULs may be damage, a quarter of them is UTF-16 or no
        # text.
        odd = sum(head.count(bytes([code])) for code in (*range(1, 9), *range(14, 27), 28, 29, 30, 31))
        nul = head.count(0)
        if nul > len(head) // 4:
            return "text" if _looks_like_utf16(head) else "binary"
        return "binary" if odd + nul > len(head) // 20 + 2 else "text"

    @cached_property
    def cells(self) -> int:
        """At least as many cells as the largest sheet of this .xlsx spans, read from the cells' own names."""
        most = 0
        with zipfile.ZipFile(self.path) as archive:
            for entry in archive.infolist():
                if entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml"):
                    most = max(most, _span(archive.read(entry)))
        return most

    @cached_property
    def contents(self) -> Contents:
        """SHA-256 and the few facts that choose how the text is read, in one pass."""
        digest = hashlib.sha256()
        utf8, nul, last_quote, at = True, False, -1, 0
        held = b""  # bytes of a character that the last block cut in two
        with self.path.open("rb") as stream:
            while block := stream.read(1 << 22):
                digest.update(block)
                nul = nul or b"\0" in block
                found = block.rfind(b'"')
                last_quote = at + found if found >= 0 else last_quote
                at += len(block)
                if utf8 and not (block.isascii() and not held):
                    block = held + block
                    cut = _whole_characters(block)
                    held = block[cut:]
                    try:
                        block[:cut].decode("utf-8")
                    except UnicodeDecodeError:
                        utf8 = False
        return Contents(digest.hexdigest(), utf8 and not held, nul, last_quote)


def _whole_characters(block: bytes) -> int:
    """How many bytes at the front of the block do not cut its last UTF-8 character in two."""
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            needs = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(block) - back if needs > back else len(block)
    return len(block)


def _span(sheet: bytes) -> int:
    """Rows times columns that the cells of a sheet span, from above.

    Examples
    --------
    >>> _span(b'<c r="A1"/><c r="XFD1048576"/>') == 1048576 * 16384
    True
    >>> _span(b'<c r="A1"/><c r="B2"/>') <= MOST_CELLS
    True
    """
    columns = 16384 if _FAR_COLUMN.search(sheet) else 52
    rows = 1 << 20 if _FAR_ROW.search(sheet) else 99_999
    if rows * columns <= MOST_CELLS:
        return rows * columns
    columns = rows = 0
    for letters, number in _CELL.findall(sheet):
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        columns, rows = max(columns, column), max(rows, int(number))
    return rows * columns


def _looks_like_utf16(head: bytes) -> bool:
    half = max(1, len(head) // 2)
    return head[1::2].count(0) > 0.4 * half or head[0::2].count(0) > 0.4 * half


def _workbook_or_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "zip"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if any(name.startswith(("xl/workbook", "xl/worksheets")) for name in names):
        return "xlsx"
    return "zip"


class Copies:
    """A folder of our own for what was unpacked; gone with the last who holds it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="graphflow-"))
        self._end = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True)
class Source:
    """A folder, zip or file that somebody named, as the files in it.

    `files` are those that a loader is to read, `others` those that nobody claimed.
    """

    path: Path
    files: tuple[File, ...]
    others: tuple[File, ...] = ()
    # Keeps the copies of zipped files alive for as long as anybody holds the source; deleted with it.
    copies: Copies | None = field(default=None, repr=False, compare=False)

    def only(self, files: tuple[File, ...], others: tuple[File, ...]) -> Source:
        return replace(self, files=files, others=others)


def open_source(path: str | os.PathLike[str]) -> Source:
    """Open what a user named; raise one InputError with everything that is wrong with it.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp(), "statements")
    >>> folder.mkdir()
    >>> _ = (folder / "a.csv").write_text("x,y")
    >>> [(file.name, file.kind) for file in open_source(folder).files]
    [('statements/a.csv', 'text')]
    """
    root = Path(path)
    if not root.exists():
        raise InputError(Problem(str(root), N_("there is no such file or folder")))
    if not root.is_dir() and not root.is_file():
        raise InputError(Problem(str(root), N_("is neither a file nor a folder")))
    problems: list[Problem] = []
    opening = _Opening(problems)
    if root.is_dir():
        label = root.resolve().name
        if (root / "case.json").is_file():
            raise InputError(
                Problem(
                    str(root),
                    N_("is a case of ours, not a source to import"),
                    expected=N_("the folder or file that the case was made from"),
                )
            )
        for found in _walk(root, problems):
            opening.add(label + "/" + found.relative_to(root).as_posix(), found, 0)
    else:
        opening.add(root.name, root, 0)
    if problems:
        raise InputError(*problems)
    files = sorted(opening.files, key=lambda file: file.name)
    twice = sorted({one.name for one, next_ in pairwise(files) if one.name == next_.name})
    if twice:  # rows are told apart by the names of their files
        raise InputError(
            Problem(
                str(root),
                N_("{count} names stand for several files each"),
                {"count": len(twice)},
                first=twice[0],
                expected=N_("each file under a name of its own; unpack the zip, and import the folder"),
            )
        )
    if not files:
        raise InputError(Problem(str(root), N_("has no files in it")))
    return Source(root, tuple(files), copies=opening.copies)


def _is_litter(name: str) -> bool:
    return any(part.startswith(LITTER) for part in name.split("/"))


def _walk(root: Path, problems: list[Problem]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        problems.append(
            Problem(str(error.filename), N_("cannot be read: {reason}"), {"reason": error.strerror})
        )

    for folder, folders, names in os.walk(root, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not _is_litter(name))
        for name in sorted(names):
            file = Path(folder, name)
            if not _is_litter(name) and file.is_file():
                yield file


class _Opening:
    """Collects the files of a source; unpacks zips, within limits that hold for the whole of it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.files: list[File] = []
        self.copies: Copies | None = None
        self.problems = problems
        self.unpacked = 0
        self.count = 0

    def add(self, name: str, path: Path, depth: int) -> None:
        file = File(unicodedata.normalize("NFC", name), path)
        try:
            kind = file.kind
        except OSError as error:
            self.problems.append(Problem(name, N_("cannot be read: {reason}"), {"reason": error.strerror}))
            return
        if kind == "zip":
            self.unpack(file, depth + 1)
        else:
            if kind == "xlsx" and self._refused(file, file.path):
                return
            self.files.append(file)

    def _refused(self, file: File, path: Path) -> bool:
        """Whether a workbook, itself a zip, is one that must not be opened."""
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            problem = _too_large(file.name, file.size, entries, 0)
        if problem is not None:
            self.problems.append(problem)
        return problem is not None

    def unpack(self, file: File, depth: int) -> None:
        if depth > DEEPEST_ZIP:
            self.problems.append(
                Problem(
                    file.name,
                    N_("zips inside zips, more than {depth} deep"),
                    {"depth": DEEPEST_ZIP},
                    expected=N_("unpack it, and import the folder"),
                )
            )
            return
        try:
            with zipfile.ZipFile(file.path) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
                self.unpacked += sum(entry.file_size for entry in entries)
                problems = list(_zip_problems(file, entries, self.unpacked))
                if problems:
                    self.problems.extend(problems)
                    return
                for entry in entries:
                    name = _entry_name(entry)
                    if not _is_litter(name):
                        self._copy(file, archive, entry, name, depth)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError) as error:
            self.problems.append(
                Problem(
                    file.name,
                    N_("is not a whole zip (cut off, or damaged): {reason}"),
                    {"reason": str(error)},
                    expected=N_("a zip that can be unpacked without an error"),
                )
            )
        except NotImplementedError as error:
            self.problems.append(
                Problem(
                    file.name,
                    N_("is packed in a way that cannot be read here: {reason}"),
                    {"reason": str(error)},
                    expected=N_("unpack it, and import the folder"),
                )
            )

    def _copy(
        self, file: File, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, depth: int
    ) -> None:
        # The copy's name is a number: no name of a zip ever reaches the file system.
        if self.copies is None:
            self.copies = Copies()
        self.count += 1
        target = self.copies.path / str(self.count)
        # No more comes out than the directory says, which has been added up; less, or others, is an error.
        with archive.open(entry) as packed, target.open("wb") as copy:
            shutil.copyfileobj(packed, copy, 1 << 20)
        self.add(file.name + "/" + name, target, depth)


def _entry_name(entry: zipfile.ZipInfo) -> str:
    """Bit 11 says UTF-8; without it, Windows in China wrote GBK, and Python has read that as cp437."""
    name = entry.filename
    if not entry.flag_bits & 0x800:
        try:
            raw = name.encode("cp437")
        except UnicodeEncodeError:
            return name.replace("\\", "/")
        for encoding in ("ascii", "utf-8", "gb18030"):
            try:
                return raw.decode(encoding).replace("\\", "/")
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/")


def _zip_problems(file: File, entries: list[zipfile.ZipInfo], unpacked: int) -> Iterator[Problem]:
    if not entries:
        yield Problem(file.name, N_("has no files in it"))
        return
    climbing = [entry.filename for entry in entries if _climbs(_entry_name(entry)) or _climbs(entry.filename)]
    if climbing:
        yield Problem(
            file.name,
            N_("{count} names in this zip lead out of its folder"),
            {"count": len(climbing)},
            first=climbing[0],
            expected=N_("names below the zip's own folder"),
        )
    links = [entry.filename for entry in entries if stat.S_ISLNK(entry.external_attr >> 16)]
    if links:
        yield Problem(
            file.name,
            N_("{count} entries of this zip are links"),
            {"count": len(links)},
            first=links[0],
            expected=N_("files only"),
        )
    locked = [entry.filename for entry in entries if entry.flag_bits & 0x1]
    if locked:
        yield Problem(
            file.name,
            N_("{count} files in this zip are locked with a password"),
            {"count": len(locked)},
            first=_entry_name(entries[0]),
            expected=N_("unpack it, and import the folder"),
        )
    problem = _too_large(file.name, file.size, entries, unpacked)
    if problem is not None:
        yield problem


def _climbs(name: str) -> bool:
    name = name.replace("\\", "/")
    return name.startswith("/") or name[1:2] == ":" or ".." in name.split("/")


def _too_large(name: str, size: int, entries: list[zipfile.ZipInfo], unpacked: int) -> Problem | None:
    """Whether a zip, with what came out of those around it (`unpacked`), is more than is unpacked."""
    total = sum(entry.file_size for entry in entries)
    worst = max(entries, key=lambda entry: entry.file_size, default=None)
    first = f"{worst.filename}: {worst.compress_size} -> {worst.file_size}" if worst is not None else ""
    if len(entries) > MOST_FILES:
        return Problem(
            name,
            N_("this zip has {count} files in it, more than the {most} that are unpacked"),
            {"count": len(entries), "most": MOST_FILES},
            expected=N_("unpack it, and import the folder"),
        )
    honest = N_("if it is honest, unpack it, and import the folder")
    if max(total, unpacked) > MOST_BYTES:
        return Problem(
            name,
            N_(
                "this zip would unpack, with those around it, to {total} bytes, more than {most}: a zip bomb?"
            ),
            {"total": max(total, unpacked), "most": MOST_BYTES},
            first=first,
            expected=honest,
        )
    # The archive's own size is the measure: entries of a bomb may share their bytes.
    if total > NOT_WORTH_CHECKING and total > MOST_TIMES_LARGER * size:
        return Problem(
            name,
            N_("this zip would unpack from {size} bytes to {total}, over {times} times as many: a zip bomb?"),
            {"total": total, "size": size, "times": MOST_TIMES_LARGER},
            first=first,
            expected=honest,
        )
    return None
