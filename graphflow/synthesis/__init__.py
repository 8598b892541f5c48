"""Generated cases with planted truth, at any size; and toys, small enough to check by hand."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from graphflow.errors import Problem, UsageError
from graphflow.folder import cannot_write, is_full
from graphflow.language import N_
from graphflow.synthesis.affairs import AFFAIRS

#: Called with what is being done (an English message), how much is done, and how much there is in all.
Progress = Callable[[str, int, int], None]

STYLES = ("tables", "statements")


@dataclass(frozen=True)
class Synthesis:
    """One generated case: its name, what it is, its least and its usual size, and who writes it."""

    name: str
    title: str
    least: int
    size: int
    has_statements: bool
    is_toy: bool = False

    @property
    def write(self) -> Callable[..., None]:
        """The function that writes it; imported only now, because importing should cost nothing."""
        if self.is_toy:
            from graphflow.synthesis.toys import write_toy

            return partial(write_toy, self.name)
        for affair in AFFAIRS:
            if affair.name == self.name:
                return affair.write
        if self.name == "p2p":
            from graphflow.synthesis.lending import p2p

            return p2p
        from graphflow.synthesis.powerlaw import ledger

        return ledger


SYNTHESES = (
    Synthesis(
        "p2p", N_("a lending platform that repays old lenders with new lenders' money"), 2_000, 20_000, True
    ),
    Synthesis("ledger", N_("a plain ledger of a power law of accounts, for measuring"), 10, 1_000_000, False),
    *(Synthesis(each.name, each.title, 1_000, each.size, False) for each in AFFAIRS),
)


def make(
    name: str,
    out: str | os.PathLike[str],
    *,
    size: int | None = None,
    seed: int = 0,
    style: str = "tables",
    form: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Generate a case into a new folder; it appears whole or not at all.

    Parameters
    ----------
    name : str
        One of `SYNTHESES`: ``"p2p"``, ``"ledger"`` or one of `graphflow.synthesis.affairs`; or a toy, such as
        ``"t1"``, which has no size.
    out : path
        A folder that does not exist, or is empty.
    size : int, optional
        About how many transfers; None is the usual size of that case.
    seed : int
        The same name, size, seed and style give the same bytes.
    style : str
        ``"tables"``, or ``"statements"`` as banks answer: a folder a bank, both sides of every transfer.
    form : str, optional
        Of tables: ``"csv"`` or ``"parquet"``; None is CSV up to 200,000 transfers.
    progress : callable, optional
        Called with what is being done, how much is done and how much there is.

    Returns
    -------
    dict
        What was made. `seed_reference` is a money to begin tracing with.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     facts = make("ledger", folder + "/case", size=100, seed=1)
    ...     sorted(file.name for file in Path(folder, "case").iterdir())
    ['accounts.csv', 'transfers.csv']
    >>> facts["transfers"]
    100
    """
    found = {synthesis.name: synthesis for synthesis in SYNTHESES}
    synthesis = found.get(name) or _toy(name)
    problems = []
    if synthesis is None:
        from graphflow.synthesis.toys import TOYS

        known = ", ".join([*found, *TOYS])
        problems.append(Problem("NAME", N_("there is no such case to generate"), first=name, expected=known))
    if synthesis is not None and synthesis.is_toy and size is not None:
        what = N_("{name} has the transfers that it has: it takes no size")
        problems.append(Problem("size", what, {"name": name}, str(size)))
    if style not in STYLES:
        problems.append(
            Problem("style", N_("there is no such style"), first=style, expected=", ".join(STYLES))
        )
    if form not in (None, "csv", "parquet"):
        problems.append(
            Problem("form", N_("there is no such form"), first=str(form), expected="csv, parquet")
        )
    if synthesis is not None and style == "statements" and not synthesis.has_statements:
        problems.append(
            Problem(
                "style",
                N_("{name} has no banks: it is written as tables only"),
                {"name": name},
                first=style,
                expected="tables",
            )
        )
    count = synthesis.size if synthesis is not None and size is None else size or 0
    if synthesis is not None and count < synthesis.least:
        problems.append(
            Problem(
                "size",
                N_("too small for {name}"),
                {"name": name, "least": synthesis.least},
                first=str(count),
                expected=N_("at least {least}"),
            )
        )
    if seed < 0:
        problems.append(Problem("seed", N_("is negative"), first=str(seed), expected=N_("0 or more")))
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        problems.append(
            Problem(
                str(folder), N_("is there already and is not empty"), expected=N_("a new or an empty folder")
            )
        )
    if problems or synthesis is None:
        raise UsageError(*problems)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
            made = Path(aside) / "made"
            made.mkdir()
            facts = _write(synthesis, made, Path(aside), count, seed, style, form, progress)
            if folder.exists():
                folder.rmdir()
            made.rename(folder)
    except OSError as error:
        if is_full(error):
            raise cannot_write(folder, error) from None
        raise
    said = {N_("name"): name, N_("folder"): str(folder), N_("style"): style, N_("seed number"): seed}
    return {**said, **facts}


def _toy(name: str) -> Synthesis | None:
    """The toy of that name as a case to write, or None."""
    from graphflow.synthesis.toys import TOYS

    return Synthesis(name, name, 0, 0, False, is_toy=True) if name in TOYS else None


def _write(
    synthesis: Synthesis,
    made: Path,
    aside: Path,
    size: int,
    seed: int,
    style: str,
    form: str | None,
    progress: Progress | None,
) -> dict[str, Any]:
    """Write the case to `made`; what is in it."""
    if style == "tables":
        synthesis.write(made, size=size, seed=seed, form=form, progress=progress)
        return _facts(made, toy=synthesis.is_toy)
    from graphflow.synthesis.statements import write_statements

    tables = aside / "tables"
    tables.mkdir()
    synthesis.write(tables, size=size, seed=seed, form="parquet", progress=progress)
    facts = _facts(tables)
    shutil.move(tables / "truth", made / "truth")
    return facts | write_statements(tables, made, progress=progress)


def _facts(folder: Path, *, toy: bool = False) -> dict[str, Any]:
    """What the case has, as its own files say."""
    import pyarrow.parquet as pq

    def rows(name: str) -> int:
        path = folder / f"{name}.parquet"
        if path.exists():
            return int(pq.ParquetFile(path).metadata.num_rows)
        with (folder / f"{name}.csv").open("rb") as file:  # no cell of ours has a line break in it
            return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b"")) - 1

    kinds = (N_("transfers"), N_("accounts"), N_("parties"), N_("stakes"), N_("products"), N_("holdings"))
    has_money = any(folder.glob("transfers.*"))
    facts: dict[str, Any] = {
        name: rows(name) for name in (kinds[:2] if has_money else kinds[2:]) if any(folder.glob(f"{name}.*"))
    }
    summary = folder / "truth" / "summary.json"
    if summary.exists():
        told = json.loads(summary.read_text(encoding="utf-8"))
        names = (
            N_("raised"),
            N_("returned"),
            N_("lost"),
            N_("seed_reference"),
            N_("currency"),
            N_("timezone"),
        )
        facts |= {name: told[name] for name in names if name in told}
    elif not toy:
        facts[N_("seed_reference")] = "account:A00000001"
    return facts
