"""What the command line prints: tables that line up, JSON that streams, progress that shows it lives."""

from __future__ import annotations

import json
import math
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from graphflow.language import N_, translate
from graphflow.pictures.words import shorten, width_of


def plain(text: object) -> str:
    """Text from data on a terminal: one line, and no control character that could move the cursor.

    >>> plain("a\\nb\\x1b[2Jc")
    'a b�[2Jc'
    """
    words = " ".join(str(text).split())
    return words if words.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in words)


@dataclass(frozen=True)
class Column:
    """A column of a printed table: its title, whether numbers stand in it, and how wide it may get."""

    title: str
    right: bool = False
    widest: int = 46
    wraps: bool = False  # into further lines, at arrows, instead of being cut


def table_lines(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table as lines; Chinese characters count as two columns wide.

    >>> columns = [Column("name"), Column("amount", right=True)]
    >>> print("\\n".join(table_lines(columns, [["资金", "1.00"], ["b", "10.00"]])))
    name  amount
    ────  ──────
    资金    1.00
    b      10.00
    """
    cells = [
        [[plain(c)] if d.wraps else [shorten(plain(c), d.widest)] for c, d in zip(row, columns, strict=True)]
        for row in rows
    ]
    for row in cells:
        for i, column in enumerate(columns):
            if column.wraps:
                row[i] = wrapped(row[i][0], column.widest)
    wide = [
        max([width_of(c.title), *(width_of(part) for row in cells for part in row[i])])
        for i, c in enumerate(columns)
    ]

    def line(row: Sequence[str]) -> str:
        parts = []
        for cell, column, width in zip(row, columns, wide, strict=True):
            pad = " " * (width - width_of(cell))
            parts.append(pad + cell if column.right else cell + pad)
        return "  ".join(parts).rstrip()

    yield line([c.title for c in columns])
    yield "  ".join("─" * width for width in wide)
    for row in cells:
        for number in range(max(len(parts) for parts in row)):
            yield line([parts[number] if number < len(parts) else "" for parts in row])


def wrapped(way: str, width: int) -> list[str]:
    """A way in lines of at most so many columns, broken before arrows.

    >>> wrapped("A → B → C", 6)
    ['A → B', '→ C']
    """
    lines = [""]
    for part in re.split(r" (?=[→←] )", way):
        joined = f"{lines[-1]} {part}".strip()
        if width_of(joined) <= width or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(part)
    return lines


# A Chinese character is a word; what closes a sentence or a bracket stays with the word before it, what
# opens one with the word behind it.
_WORDS = re.compile(
    r"\s+|[（《“〔]*(?:[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+)[，。；：、？！）》”〕]*"
)


def folded(text: str, width: int) -> list[str]:
    """A text in lines of at most so many columns, broken between words, or after a Chinese character.

    >>> folded("the money of account:6222 资金去向，来源", 14)
    ['the money of', 'account:6222', '资金去向，来源']
    >>> folded("存入 10；支出 10。余（元）", 10)
    ['存入 10；', '支出 10。', '余（元）']
    """
    lines = [""]
    for word in _WORDS.findall(" ".join(text.split())):
        if width_of(lines[-1]) + width_of(word.rstrip()) > width and lines[-1].strip():
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += word if lines[-1] else word.lstrip()
    return [line.rstrip() for line in lines]


def money_text(minor: int, digits: int) -> str:
    """Exact decimal text, as files and JSON have it: no thousands.

    >>> money_text(123456, 2), money_text(-5, 2), money_text(7, 0)
    ('1234.56', '-0.05', '7')
    """
    whole, part = divmod(abs(int(minor)), 10**digits)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"


def in_zone(value: Any, zone: str) -> Any:
    """A moment in a zone; anything else as it is."""
    return value.tz_convert(zone) if getattr(value, "tzinfo", None) is not None else value


def jsonable(value: object) -> Any:
    """A value of a frame as JSON has it: unknown is null, times are ISO 8601.

    >>> jsonable(float("nan")), jsonable(("a", "b"))
    (None, ['a', 'b'])
    """
    if value is None or value is True or value is False or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(item) for item in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return jsonable(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value
    if type(value).__name__ in ("NAType", "NaTType"):  # pandas', which must not be imported for this
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def write_json(pairs: Iterable[tuple[str, object]], out: TextIO) -> None:
    """One JSON object, key by key; an iterator becomes an array that is never whole in memory.

    >>> write_json([("a", 1), ("b", iter([{"c": None}, {"c": 2}]))], sys.stdout)
    {
    "a": 1,
    "b": [
    {"c": null},
    {"c": 2}
    ]
    }
    """

    def text(value: object) -> str:
        return json.dumps(jsonable(value), ensure_ascii=False, allow_nan=False)

    out.write("{")
    for i, (key, value) in enumerate(pairs):
        out.write(f"{',' if i else ''}\n{json.dumps(key)}: ")
        if isinstance(value, Iterator):
            out.write("[")
            for j, item in enumerate(value):
                out.write(f"{',' if j else ''}\n{text(item)}")
            out.write("\n]")
        else:
            out.write(text(value))
    out.write("\n}\n")


@contextmanager
def while_compiling(tell: Callable[[int], None], ended: Callable[[], None]) -> Iterator[None]:
    """Call `tell` with 1, 2, 3, … as kernels begin to be compiled, and `ended` after each.

    Kernels are compiled when they are first used on a machine, and kept: what takes a second later takes a
    minute then, and a person should know why. Kernels that a kernel calls count with it.
    """
    from numba.core import event

    mine = threading.get_ident()
    count = depth = 0

    class Listener(event.Listener):
        def on_start(self, _: object) -> None:
            nonlocal count, depth
            if threading.get_ident() == mine:
                depth += 1
                if depth == 1:
                    count += 1
                    tell(count)

        def on_end(self, _: object) -> None:
            nonlocal depth
            if threading.get_ident() == mine:
                depth -= 1
                if depth == 0:
                    ended()

    with event.install_listener("numba:compile", Listener()):
        yield


class Progress:
    """Shows that long work goes on: a moving line on a terminal, else a JSON line every ten seconds.

    Called as ``progress(step, done, total)``. A thread of its own tells the time, so that a step that says
    nothing for long is still seen to run.

    Examples
    --------
    >>> import io
    >>> with Progress(stream=io.StringIO(), every=0.01) as progress:
    ...     progress("read", 1, 2)
    ...     time.sleep(0.05)
    >>> json.loads(progress.stream.getvalue().splitlines()[0])["progress"]
    'read'
    """

    def __init__(
        self, language: str = "en", *, stream: TextIO | None = None, every: float | None = None
    ) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.language = language
        self.bar = bool(getattr(self.stream, "isatty", bool)()) and os.environ.get("TERM") != "dumb"
        self.every = every if every is not None else (0.25 if self.bar else 10.0)
        self.start = time.monotonic()
        self._now: tuple[str, int | None, int | None] = ("", None, None)
        self._drawn = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def __call__(self, step: str, done: int | None = None, total: int | None = None) -> None:
        self._now = (step, done, total)

    @contextmanager
    def compiling(self) -> Iterator[None]:
        """Say so where time goes into compiling kernels, as it does once on a machine."""
        before = self._now

        def tell(count: int) -> None:
            nonlocal before
            before = self._now
            self(N_("compiling, once on this machine"), count)

        def ended() -> None:
            self._now = before

        with while_compiling(tell, ended):
            yield

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._clear()

    def _run(self) -> None:
        while not self._done.wait(self.every):
            if self._now[0]:
                self._tell()

    def _tell(self) -> None:
        step, done, total = self._now
        seconds = time.monotonic() - self.start
        if not self.bar:
            line = {"progress": step, "done": done, "total": total, "seconds": round(seconds, 1)}
            self.stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            self.stream.flush()
            return
        words = translate(step, self.language)
        if done is not None and total:
            share = min(done / total, 1.0)
            words += f"  {'█' * int(24 * share):░<24} {100 * share:3.0f} %"
        elif done is not None:
            words += f"  {done:,}"
        words += f"  {seconds:.0f} s"
        self._clear()
        words = plain(words)
        self.stream.write(words)
        self.stream.flush()
        self._drawn = width_of(words)

    def _clear(self) -> None:
        if self.bar and self._drawn:
            self.stream.write("\r" + " " * self._drawn + "\r")
            self.stream.flush()
            self._drawn = 0


FORMATS = ("table", "json", "csv")
# Words that argparse itself says; it looks them up in the catalogue of the program.
ARGPARSE_SAYS = (
    N_("usage: "),
    N_("options"),
    N_("positional arguments"),
    N_("show this help message and exit"),
    N_("show program's version number and exit"),
    N_("%(prog)s: error: %(message)s\n"),
    N_("the following arguments are required: %s"),
    N_("unrecognized arguments: %s"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("invalid %(type)s value: %(value)r"),
    N_("expected one argument"),
    N_("expected at least one argument"),
    N_("not allowed with argument %s"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
)
