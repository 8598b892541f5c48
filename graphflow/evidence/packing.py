"""The evidence pack: findings with all that it takes to compute them again, in one file.

::

    manifest.json           every member with its SHA-256, and of which case; its own SHA-256 is the pack's id
    README.txt              what this is, and how to check it
    findings/ID.json        each finding whole, with its rows
    tables/NAME.csv         the rows of the case on which they rest, as text, each with where it was from
    asked.json              the day, thresholds given, currency, time zone, the SHA-256 of each source file
    law.json                articles and thresholds used, with dates, wording and how far they were checked
    actions.jsonl           the case's action log as it was, by hash of its last line
    report.en.html  report.zh.html  report.en.pdf  report.zh.pdf  findings.xlsx
    signature.json          optional: Ed25519 over manifest.json

The same findings of the same case with the same log give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.actions import NOTHING
from graphflow.errors import Problem, UsageError
from graphflow.evidence.reporting import html_report, pdf_report, workbook
from graphflow.evidence.signing import SIGNATURE, sign
from graphflow.evidence.tabling import Ints, as_csv, place_of, read_rows, together
from graphflow.findings import Finding
from graphflow.folder import cannot_write, must_be_a_file, whole_file
from graphflow.language import LANGUAGES, N_
from graphflow.law import law
from graphflow.redlines import REDLINES, check
from graphflow.redlines.asking import files_of
from graphflow.redlines.facts import MOMENTS, facts_of
from graphflow.rows import Moment
from graphflow.tables.columns import names
from graphflow.version import VERSION

if TYPE_CHECKING:
    from graphflow.case import Case

FORMAT = "graphflow evidence pack 1"
MANIFEST = "manifest.json"
_WHEN = (1980, 1, 1, 0, 0, 0)
"""The time of every member: a pack's bytes say nothing of when it was made."""

README = """graphflow evidence pack · 证据包

Findings are leads (线索), no determinations.
Every figure in the reports can be computed again from the tables here:
报告中的每一个数字都可由本包中的表重新计算：

    pip install graphflow-lookthrough
    graphflow verify PACK.zip

tables/*.csv are the rows of the case on which the findings rest, as text, with the file, sheet and row
that each is from; asked.json has the SHA-256 of each of these files. Open findings.xlsx rather than the CSV
in a spreadsheet: there, names that look like formulas stay text.
"""


def pack(
    case: Case,
    findings: str | Finding | Iterable[str | Finding],
    path: str | Path,
    *,
    as_of: Moment | None = None,
    key: str | Path | None = None,
    by: str | None = None,
) -> str:
    """Write findings, with all that it takes to compute them again, to one file.

    Parameters
    ----------
    case
        The case.
    findings
        Findings or their ids; of an id its red line is asked again.
    path
        The zip to write; one that is there is replaced.
    as_of
        The day of which ids were asked.
    key
        A file with an Ed25519 private key (PEM) to sign with.
    by
        Who packs, for the case's action log; None means the user that this runs as.

    Returns
    -------
    str
        The pack's id: the SHA-256 of its manifest. It is kept in the case's action log.

    Raises
    ------
    UsageError
        For no finding, an id that there is not, a place that cannot be written.
    MissingExtraError
        Where what writes PDF and Excel is not installed.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from graphflow.synthesis.lines import rl06
    >>> case = rl06.amount_toy()
    >>> file = pathlib.Path(tempfile.mkdtemp(), "pack.zip")
    >>> id = pack(case, check(case, only="RL-06").findings, file)
    >>> from graphflow.evidence.verifying import verify
    >>> verify(file).agrees, verify(file).id == id
    (True, True)
    """
    target = Path(path)
    must_be_a_file("out", target)
    chosen = _chosen(case, findings, as_of)
    members = _members(case, chosen)
    manifest = _manifest(case, members)
    members[MANIFEST] = manifest
    if key is not None:
        members[SIGNATURE] = sign(manifest, Path(key))
    data = container(members)
    ident = hashlib.sha256(manifest).hexdigest()
    content = {"pack": ident, "file": target.name, "findings": [f.id for f in chosen]}
    try:
        with whole_file(target, binary=True) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            case.actions.append("pack", content, by)  # first: no pack goes out of which the log is silent
    except OSError as error:
        raise cannot_write(target, error) from None
    return ident


def _chosen(
    case: Case, findings: str | Finding | Iterable[str | Finding], as_of: Moment | None
) -> Sequence[Finding]:
    given = [findings] if isinstance(findings, (str, Finding)) else list(findings)
    if not given:
        raise UsageError(Problem("findings", N_("there is nothing to pack"), expected=N_("ids of findings")))
    ids = [each for each in given if isinstance(each, str)]
    codes = {each.rpartition("-")[0] for each in ids} & {line.code for line in REDLINES}
    have = {f.id: f for f in check(case, only=sorted(codes), as_of=as_of).findings} if codes else {}
    unknown = [each for each in ids if each not in have]
    if unknown:
        raise UsageError(
            Problem("findings", N_("the case has no such finding"), first=unknown[0],
                    expected=names([unknown[0]], list(have)))
        )  # fmt: skip
    found = {f.id: f for f in (have[e] if isinstance(e, str) else e for e in given)}
    return [found[each] for each in sorted(found)]


def container(members: Mapping[str, bytes]) -> bytes:
    """The zip of some members: the same members give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            file.writestr(entry, members[name])
    return out.getvalue()


def _members(case: Case, findings: Sequence[Finding]) -> dict[str, bytes]:
    told = [plain(f) for f in findings]
    last = _last(case, findings)
    cited = ((c.table, c.rows) for f in findings for c in f.cited)
    places = together([*((table, rows) for table, rows in cited if rows.size), *last])
    members = {f"findings/{t['id']}.json": _json(t) for t in told}
    members |= {f"tables/{name}.csv": as_csv(case.tables, name, rows) for name, rows in places.items()}
    used = {str(row["source_file"]) for t in told for row in t["evidence"]}
    files = {name: sha for name, sha in files_of(case).items() if name in used}
    asked = {
        "currency": case.tables.currency, "timezone": case.tables.timezone,
        "minor_units": dict(sorted(case.tables.minor_units.items())), "files": dict(sorted(files.items())),
        "last": [_where(case, name, rows) for name, rows in last],
    }  # fmt: skip
    members["asked.json"] = _json(asked)
    codes = {f.code for f in findings}
    said = {
        table: [dict(row) for row in law(table) if row["code"] in codes]
        for table in ("articles", "thresholds")
    }
    members["law.json"] = _json(said)
    members["actions.jsonl"] = b"".join(line + b"\n" for line in _log(case))
    members["README.txt"] = README.encode()
    for language in LANGUAGES:
        members[f"report.{language}.html"] = html_report(told, language).encode()
        members[f"report.{language}.pdf"] = pdf_report(told, language)
    members["findings.xlsx"] = workbook(told)
    return members


def _log(case: Case) -> Sequence[bytes]:
    """The action log up to the last thing that was not packing: packing twice gives the same bytes."""
    lines, actions = case.actions.lines(), case.actions.read()
    while actions and actions[-1].action == "pack":
        actions = actions[:-1]
    return lines[: len(actions)]


def plain(f: Finding) -> dict[str, Any]:
    """A finding as JSON has it, with what it says in both languages: all that the reports are made of."""
    told = f.as_dict() | {
        "text": {language: f.text(language) for language in LANGUAGES},
        "paragraphs": {language: f.paragraphs(language) for language in LANGUAGES},
    }
    made: dict[str, Any] = json.loads(json.dumps(told, ensure_ascii=False, default=str, sort_keys=True))
    return made


def _last(case: Case, findings: Sequence[Finding]) -> list[tuple[str, Ints]]:
    """The row that says until when the case goes on, for findings that were asked of no day."""
    if all(f.parameters.get("as_of") for f in findings):
        return []
    at = facts_of(case, None).at
    for table, columns in MOMENTS.items():
        held = case.tables.arrow(table, columns)
        for column in columns if held is not None else ():
            if held is None or column not in held.column_names:
                continue
            which = np.flatnonzero(
                pc.equal(held[column].cast(pa.int64()), at).fill_null(False).to_numpy(zero_copy_only=False)
            )
            if which.size:
                return [(table, which[:1].astype(np.int64))]
    return []


def _where(case: Case, table: str, rows: Ints) -> list[str]:
    """Where a row stands, as `place_of` says it."""
    (row,) = read_rows(as_csv(case.tables, table, rows))
    return list(place_of(table, row))


def _manifest(case: Case, members: Mapping[str, bytes]) -> bytes:
    import numba
    import numpy
    import pandas
    import pyarrow

    said = {
        "format": FORMAT, "version": VERSION, "case_hash": case.hash, "log": _head(case),
        "software": {
            "numba": numba.__version__, "numpy": numpy.__version__, "pandas": pandas.__version__,
            "pyarrow": pyarrow.__version__,
        },
        "members": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in sorted(members.items())
        },
    }  # fmt: skip
    return _json(said)


def _head(case: Case) -> str:
    lines = _log(case)
    return hashlib.sha256(lines[-1]).hexdigest() if lines else NOTHING


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
