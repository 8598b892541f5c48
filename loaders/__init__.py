"""Loaders: one file a source format. Each recognises its files by what is in them, maps columns, and stops.

Checking is the tables' business (`graphflow.tables`), pairing and joining the intake's, the one caller.

Examples
--------
>>> [loader.name for loader in LOADERS]
['tables', 'statement', 'amlsim', 'finbench', 'amlworld', 'bods', 'nport', 'assigned']
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from graphflow.errors import InputError, Problem, UsageError
from graphflow.language import N_
from graphflow.tables import Raw
from loaders import amlsim, amlworld, assigned, bods, canonical, finbench, nport, statement
from loaders.grid import first_line, open_workbook
from loaders.source import KIND_NAMES, File, Source, open_source

__all__ = ["LOADERS", "File", "Loader", "Source", "by_name", "open_source", "recognise"]


@dataclass(frozen=True)
class Loader:
    """A source format.

    Attributes
    ----------
    name : str
        What `--loader` calls it.
    title, looks_for : str
        What it reads, and by what it knows it: message ids.
    claims : callable
        The files of a source that are of this format.
    load : callable
        ``load(source, *, currency=None, timezone=None)`` reads them into a `Raw`.
    """

    name: str
    title: str
    looks_for: str
    claims: Callable[[Source], tuple[File, ...]]
    load: Callable[..., Raw]

    def recognises(self, source: Source) -> bool:
        return bool(self.claims(source))


LOADERS: tuple[Loader, ...] = (
    Loader(
        "tables",
        N_("our own tables, as CSV, Parquet or Excel"),
        N_("files or sheets named like our tables (transfers.csv), or one with time, source, target, amount"),
        canonical.claims,
        canonical.load,
    ),
    Loader(
        "statement",
        N_("bank statements as banks export them for the police (调单), 34 columns"),
        N_("a header with 交易金额, 交易时间, 收付标志, 交易卡号 or 交易账号; 账户信息 and the like"),
        statement.claims,
        statement.load,
    ),
    Loader(
        "amlsim",
        N_("IBM AMLSim"),
        N_("columns tran_id, orig_acct, bene_acct, base_amt and tran_timestamp"),
        amlsim.claims,
        amlsim.load,
    ),
    Loader(
        "finbench",
        N_("LDBC FinBench snapshot"),
        N_("files such as AccountTransferAccount.csv with fromId|toId|amount|createTime"),
        finbench.claims,
        finbench.load,
    ),
    Loader(
        "amlworld",
        N_("IBM AMLworld"),
        N_("columns Timestamp, From Bank, Account, To Bank, Account, …, or blocks BEGIN LAUNDERING ATTEMPT"),
        amlworld.claims,
        amlworld.load,
    ),
    Loader(
        "bods",
        N_("Beneficial Ownership Data Standard (BODS) 0.4"),
        N_("JSON statements with statementId, recordType and recordDetails"),
        bods.claims,
        bods.load,
    ),
    Loader(
        "nport",
        N_("SEC Form N-PORT: holdings of funds"),
        N_("XML of the namespace http://www.sec.gov/edgar/nport"),
        nport.claims,
        nport.load,
    ),
    Loader(
        "assigned",
        N_("any table, with its columns assigned by a person"),
        N_("graphflow-columns.json beside it, with its header and which column is what (the app writes one)"),
        assigned.claims,
        assigned.load,
    ),
)


def by_name(name: str) -> Loader:
    """The loader that `--loader` names.

    Examples
    --------
    >>> by_name("finbench").title
    'LDBC FinBench snapshot'
    """
    for loader in LOADERS:
        if loader.name == name:
            return loader
    raise UsageError(
        Problem(
            "--loader",
            N_("there is no loader {name}"),
            {"name": name, "names": ", ".join(loader.name for loader in LOADERS)},
            expected=N_("one of {names}"),
        )
    )


def recognise(path: str | os.PathLike[str], loader: str | None = None) -> list[tuple[Loader, Source]]:
    """Open a folder, zip or file and find the loader of each part of it.

    Parameters
    ----------
    path
        What the user named.
    loader
        The name of a loader that is to read it, whatever the others say.

    Returns
    -------
    list of (Loader, Source)
        Usually one; where a folder holds files of several formats, one for each. Files that no loader claims
        are in `Source.others` of the first, whose `load` puts them among its notes.

    Raises
    ------
    InputError
        Where nothing is recognised (it says what was looked for), or two loaders claim the same file.
    """
    chosen = (by_name(loader),) if loader is not None else LOADERS
    source = open_source(path)
    claims = [(one, one.claims(source)) for one in chosen]
    claims = [(one, files) for one, files in claims if files]
    if not claims:
        raise _unrecognised(source, chosen)
    claimants: dict[str, list[str]] = {}
    for one, files in claims:
        for file in files:
            claimants.setdefault(file.name, []).append(one.name)
    double = {name: names for name, names in claimants.items() if len(names) > 1}
    if double:
        first, names = next(iter(double.items()))
        raise InputError(
            Problem(
                str(source.path),
                N_("{count} files are claimed by more than one loader ({names})"),
                {
                    "count": len(double),
                    "names": ", ".join(sorted({n for names in double.values() for n in names})),
                },
                first=f"{first}: {', '.join(names)}",
                expected=N_("--loader NAME, to choose one"),
            )
        )
    others = tuple(file for file in source.files if file.name not in claimants)
    return [(one, source.only(files, others if not at else ())) for at, (one, files) in enumerate(claims)]


NOTHING_OF_ITS_OWN = N_("found nothing of its own")
"""What each loader says of a file that none recognises."""


def _unrecognised(source: Source, chosen: tuple[Loader, ...]) -> InputError:
    """One error: what the files are, and what each loader looked for."""
    shown = source.files[:5]
    problems = [problem for file in shown for problem in _unknown_file(file)]
    if len(source.files) > len(shown):
        problems.append(
            Problem(str(source.path), N_("and {count} more files"), {"count": len(source.files) - len(shown)})
        )
    if any(file.kind in ("text", "xlsx", "xls", "parquet") for file in source.files):
        problems += [Problem(loader.name, NOTHING_OF_ITS_OWN, expected=loader.looks_for) for loader in chosen]
    return InputError(*problems)


def _unknown_file(file: File) -> tuple[Problem, ...]:
    """What is the matter with a file that nobody claims; a workbook may be one that cannot be opened."""
    if file.kind in ("xlsx", "xls"):
        try:
            open_workbook(file)
        except InputError as error:
            return error.problems
    expected = N_("a row of column names, then rows") if file.kind == "empty" else ""
    return (Problem(file.name, *_unknown(file), first=_first_line(file), expected=expected),)


def _unknown(file: File) -> tuple[str, dict[str, object]]:
    if file.kind in KIND_NAMES:
        return N_("is not recognised: by its first bytes it is {kind}"), {"kind": KIND_NAMES[file.kind]}
    if file.kind == "empty":
        return N_("is empty"), {}
    if file.kind == "text":
        return N_("is not recognised by what stands in it"), {}
    return N_("is not recognised: its bytes are of no known kind"), {}


def _first_line(file: File) -> str:
    return first_line(file).strip()[:120] if file.kind == "text" else ""
