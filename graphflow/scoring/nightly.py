"""The nightly run: what is new comes in, everything is asked, everybody is scored and compared.

What it writes for a night follows from the case, the decisions in its log, the day, the parameters, the code
and the night before, byte for byte. Times, logs and the ledger of runs stand elsewhere (`keeping`).
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from graphflow.case import open_case
from graphflow.errors import GraphflowError, InputError, Problem, UsageError
from graphflow.findings import Finding
from graphflow.intake import NOTHING_OF_ITS_OWN, import_sources
from graphflow.language import N_, describe, told
from graphflow.redlines import REDLINES, Check, check
from graphflow.redlines.asking import read_thresholds
from graphflow.redlines.classes import classify
from graphflow.redlines.facts import Facts, facts_of
from graphflow.scoring.changing import changes
from graphflow.scoring.deciding import decisions, verdicts
from graphflow.scoring.keeping import KEPT, Run, alone, code_digest, digest, full_disk, nights
from graphflow.scoring.rating import (
    TOP,
    Parameters,
    leads_of,
    pattern_leads,
    read_parameters,
    scores,
)
from graphflow.scoring.telling import metrics, notify, receivers
from graphflow.typologies import PATTERNS, patterns

if TYPE_CHECKING:
    from graphflow.case import Case

PatternRow = Mapping[str, Any]

Progress = Callable[[str, int | None, int | None], Any]

UNFINISHED = (".part", ".partial", ".filepart", ".crdownload", ".tmp", "~")
"""How names end that programs give to what they have not yet written whole."""

FRESH, PAUSE = 60.0, 1.0
"""Seconds: a file of the inbox that was changed so lately is looked at again after a pause."""


@dataclass(frozen=True)
class Night:
    """What a nightly run gave.

    Attributes
    ----------
    folder
        Where the results stand: ``scores``, ``findings``, ``classes``, ``patterns`` and ``changes`` as
        Parquet.
    as_of, before
        The day, and the night it was compared with (empty: there was none).
    counts
        Findings, subjects with a score, subjects that changed, new ones.
    changes
        Frame of who rose, who is new, who fell; see `changes`.
    refused
        What of the inbox could not be read: it stays there, and nothing of it came in.
    quarantined
        Whether rows of the case are in quarantine.
    steps
        Of each step its name, whether it was reused, and its seconds.
    told
        Of each receiver of news that there was something for: `to`, and `message`, which says why where it
        could not be reached (`level` is then ``error``).
    """

    folder: Path
    as_of: str
    before: str
    counts: Mapping[str, int]
    changes: pd.DataFrame = field(repr=False)
    refused: tuple[Problem, ...]
    quarantined: bool
    steps: tuple[tuple[str, bool, float], ...] = field(repr=False)
    told: tuple[Mapping[str, str], ...] = field(default=(), repr=False)


def night(
    path: str | Path,
    as_of: str,
    out: str | Path,
    *,
    inbox: str | Path | None = None,
    law: str | Path | None = None,
    parameters: str | Path | None = None,
    keep: int = KEPT,
    tell: Sequence[str] = (),
    progress: Progress | None = None,
) -> Night:
    """Import what is new, ask every red line and pattern, score and classify everybody, and compare.

    A step that was done before with the same case, day, parameters and code is taken from where it was kept;
    a run that was killed goes on from there. A file of the inbox that cannot be read, or that somebody is
    still writing, is said, stays where it is and hinders nothing else. Readers see the night before until
    this one is whole.

    Parameters
    ----------
    path
        The case's folder.
    as_of
        The day (``2026-11-28``): nothing later is seen, and the law is that of the day.
    out
        The folder of the nights: results stand in ``out/as_of/``.
    inbox
        Files, folders and zips in it are added to the case; what the case has already adds nothing. Names
        that begin with a dot, or end as unfinished files do (``.part``, ``.tmp``, …), are left.
    law
        Thresholds in the place of ours: CSV with `code`, `name`, `value`.
    parameters
        Parameters of scores in the place of ours: CSV with `kind`, `name`, `value`.
    keep
        So many nights are kept, and of those before the last of each month.
    tell
        Who is told of subjects that rose to a higher level: ``https://…`` and ``mailto:…``.
    progress
        Called with what is being done, how much of it is done, and how much there is.

    Returns
    -------
    Night

    Raises
    ------
    UsageError
        `as_of` is no day.
    InputError
        There is no case; a file of thresholds or parameters cannot be read; the disk is full.
    BusyError
        While another run writes there, or somebody writes to the case.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from graphflow.synthesis.lines import rl06
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> case = rl06.amount_toy().save(folder / "case")
    >>> night(folder / "case", "2020-01-01", folder / "nights").counts["findings"]
    1
    """
    day = _day(as_of)
    target = Path(out)
    say = progress or _silent
    p = read_parameters(parameters)
    overrides = read_thresholds(law)
    receivers(tell)
    open_case(path)  # an error of the case is said before anything is written
    with alone(target), full_disk(target, target / day):
        run = Run.begin(target, day)
        try:
            made = _night(run, Path(path), overrides, p, inbox, say)
            run.prune(keep)
        except GraphflowError as error:
            run.end("failed", describe(error), parameters=p.version)
            raise
        except (OSError, sqlite3.Error) as error:
            reason = str(error)
            _try(lambda: run.end("failed", reason, parameters=p.version))
            raise
        except KeyboardInterrupt:
            _try(lambda: run.end("killed", "interrupted", parameters=p.version))
            raise
        told = notify(made.changes, day, tell)
        made = replace(made, told=tuple(told))
        for line in told:
            run.say(line["message"], level=line["level"], to=line["to"])
        run.end(
            "done",
            case_hash=open_case(path).hash,
            parameters=p.version,
            findings=made.counts["findings"],
            subjects=made.counts["scored"],
        )
        untold = sum(line["level"] == "error" for line in told)
        seconds = sum(seconds for _, _, seconds in run.steps)
        metrics(target, made.counts, day, seconds, len(made.refused), untold)
    return made


def _night(
    run: Run,
    path: Path,
    overrides: Mapping[Any, Any],
    p: Parameters,
    inbox: str | Path | None,
    say: Progress,
) -> Night:
    refused = _take_in(run, path, Path(inbox), say) if inbox is not None else ()
    case = open_case(path)
    facts = facts_of(case, run.as_of)
    base = digest(code_digest(), case.hash, run.as_of)
    records, tests = _lines(run, case, facts, base, overrides, say)
    shapes = _patterns(run, case, base, say)
    say(N_("putting parties into classes"), None, None)
    law_of_all = sorted(f"{code} {name} {value}" for (code, name), value in overrides.items())
    stored: list[Any] = [_Stored(record) for record in records]
    checked = Check(tuple(stored), pd.DataFrame(tests), facts, run.as_of)
    key = digest("classes", base, *law_of_all)
    classes = pd.DataFrame(
        run.step("classes", key, lambda: _plain(classify(case, run.as_of, checked=checked)))
    )
    say(N_("scoring"), None, None)
    start = time.monotonic()
    leads = [*leads_of(stored, facts), *pattern_leads(shapes["rows"], facts)]
    frame = scores(facts, leads, _classes(classes), p, verdicts(case))
    before = [day for day in nights(run.out) if day < run.as_of][-1:]
    found = _findings(records, decisions(case))
    changed = changes(
        frame, found,
        *(_earlier(run.out / before[0]) if before else (None, None)),
    )  # fmt: skip
    results = {
        "scores.parquet": _parquet(_told(frame)),
        "findings.parquet": _parquet(found),
        "classes.parquet": _parquet(_told(classes)),
        "patterns.parquet": _parquet(_told(pd.DataFrame(shapes["rows"]))),
        "changes.parquet": _parquet(_told(changed)),
        "night.json": _about(run.as_of, before, case, p, tests, shapes, overrides),
    }
    key = digest(*(f"{name} {hashlib.sha256(data).hexdigest()}" for name, data in results.items()))
    folder = run.publish(key, results)
    run.done("scores", key, time.monotonic() - start, reused=False)
    counts = {
        "findings": len(found), "scored": int((frame["score"] > 0).sum()), "subjects": len(frame),
        "changed": len(changed), "new": int((changed["change"] == "new").sum()),
        **{f"level_{name}": int((frame["level"] == name).sum()) for name in p.level},
    }  # fmt: skip
    return Night(
        folder, run.as_of, before[0] if before else "", counts, changed, tuple(refused),
        bool(case.manifest.get("quarantined")), tuple(run.steps),
    )  # fmt: skip


# ---------------------------------------------------------------- steps


def _take_in(run: Run, path: Path, inbox: Path, say: Progress) -> tuple[Problem, ...]:
    """Add what is new in the inbox. Where something cannot be read, each of the rest comes in by itself."""
    if not inbox.is_dir():
        raise InputError(
            Problem(str(inbox), N_("there is no such folder"), expected=N_("the folder of the inbox"))
        )
    start = time.monotonic()
    named = sorted(entry for entry in inbox.iterdir() if not entry.name.startswith("."))
    entries = [entry for entry in named if not entry.name.endswith(UNFINISHED)]
    for entry in named:
        if entry not in entries:
            run.say("left", file=entry.name, detail="its name says that it is not whole yet")
    problems: list[Problem] = []
    for entry in _growing(entries):
        entries.remove(entry)
        growing = Problem(
            entry.name,
            N_("is still being written"),
            expected=N_("a file that is whole; the next run takes it in"),
        )
        problems.append(growing)
        run.say("refused", level="error", file=entry.name, problem=growing.text())
    added: list[str] = []
    if entries:
        try:
            added += import_sources(path, entries, progress=say).added
        except InputError:
            for entry in entries:
                try:
                    added += import_sources(path, entry, progress=say).added
                except InputError as error:
                    # of a file that nobody recognises every loader says why; the log has that
                    problems += [each for each in error.problems if each.what != NOTHING_OF_ITS_OWN]
                    for problem in error.problems:
                        run.say("refused", level="error", file=entry.name, problem=problem.text())
    if added:
        run.say("taken in", files=added)
    run.done("import", digest(*(entry.name for entry in entries)), time.monotonic() - start, reused=not added)
    return tuple(problems)


def _growing(entries: Iterable[Path]) -> list[Path]:
    """Those of some files and folders that somebody is writing to just now."""
    now = time.time()
    before = {entry: _sizes(entry) for entry in entries}
    fresh = [
        entry for entry, sizes in before.items()
        if any(now - changed < FRESH for _, _, changed in sizes)
    ]  # fmt: skip
    if fresh:
        time.sleep(PAUSE)
    return [entry for entry in fresh if _sizes(entry) != before[entry]]


def _sizes(entry: Path) -> list[tuple[str, int, float]]:
    """Of a file, or each file of a folder: its name, its size, and when it was changed."""
    found = []
    for file in sorted(entry.rglob("*")) if entry.is_dir() else [entry]:
        try:
            status = file.stat()
        except OSError:
            continue
        found.append((str(file), status.st_size, status.st_mtime))
    return found


def relied_on(code: str, overrides: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Which of some thresholds a red line rests on: its own, and those of red lines that it looks at.

    Examples
    --------
    >>> relied_on("RL-02", [("RL-07", "shell"), ("RL-25", "new")])
    [('RL-07', 'shell')]
    """
    (line,) = (each for each in REDLINES if each.code == code)
    return [key for key in overrides if key[0] in (code, *line.uses)]


def _lines(
    run: Run, case: Case, facts: Facts, base: str, overrides: Mapping[Any, Any], say: Progress
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Every red line, a step each: its findings and which of its tests could run."""
    records: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    for number, line in enumerate(REDLINES):
        say(line.name, number, len(REDLINES))
        mine = {key: overrides[key] for key in relied_on(line.code, overrides)}
        said = sorted(f"{code} {name} {value}" for (code, name), value in mine.items())
        key = digest("line", base, line.code, *said)

        def ask(code: str = line.code, law: Mapping[Any, Any] = mine) -> dict[str, Any]:
            c = check(case, only=code, as_of=run.as_of, law=law)
            return {"findings": [_record(f) for f in c.findings], "tests": c.tests.to_dict("records")}

        kept = run.step(line.code, key, ask)
        records += kept["findings"]
        tests += kept["tests"]
    records.sort(key=lambda r: (r["code"], r["subject"]["kind"], r["subject"]["id"], r["measure"], r["id"]))
    return records, tests


def _record(f: Finding) -> dict[str, Any]:
    return {
        **f.as_dict(evidence=False), "summary_zh": told(f.summary, "zh"), "text": f.text("en"),
        "text_zh": f.text("zh"),
    }  # fmt: skip


def _patterns(run: Run, case: Case, base: str, say: Progress) -> dict[str, Any]:
    """Every pattern, a step each: how many there are, and the most unusual ones."""
    rows: list[PatternRow] = []
    counts: dict[str, int] = {}
    left: list[Mapping[str, Any]] = []
    for number, pattern in enumerate(PATTERNS):
        say(pattern.name_en, number, len(PATTERNS))

        def look(name: str = pattern.name) -> dict[str, Any]:
            found = patterns(case, name, as_of=run.as_of)
            rows_ = [
                {**row, "accounts": list(row["accounts"]), "transfers": list(row["transfers"])}
                for row in found.rows(name, TOP)
            ]
            said = [{k: _jsonable(v) for k, v in row.items()} for row in found.left_out.to_dict("records")]
            return {"count": found.counts()[name], "rows": rows_, "left_out": said}

        kept = run.step(pattern.name, digest("pattern", base, pattern.name), look)
        counts[pattern.name] = kept["count"]
        rows += kept["rows"]
        left += kept["left_out"]
    return {"rows": rows, "counts": counts, "left_out": left}


# ---------------------------------------------------------------- results


class _Stored:
    """A finding as it was kept: what classes and scores ask of one."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.id, self.code, self.severity = record["id"], record["code"], record["severity"]
        self.confidence, self.kinds = record["confidence"], record["kinds"]
        self.subject_kind, self.subject_id = record["subject"]["kind"], record["subject"]["id"]
        self.tests, self.elements, self.counter_evidence = (
            tuple(SimpleNamespace(**each) for each in record[name])
            for name in ("tests", "elements", "counter_evidence")
        )


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): _jsonable(v) for k, v in row.items()} for row in frame.to_dict("records")]


def _jsonable(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_jsonable(each) for each in value]
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return (
        value.item() if hasattr(value, "item") else value if isinstance(value, (int, float)) else str(value)
    )


def _classes(frame: pd.DataFrame) -> pd.DataFrame:
    return (
        frame if len(frame) else pd.DataFrame({"party_id": pd.Series(dtype=str), "six": pd.Series(dtype=str)})
    )


_NESTED = (
    "measures", "by_rule", "kinds", "tests", "elements", "counter_evidence", "law", "regulator", "chains",
    "parameters",
)  # fmt: skip


def _findings(records: Sequence[Mapping[str, Any]], decided: pd.DataFrame) -> pd.DataFrame:
    """The findings of a night, one row each; what has several parts is JSON."""
    last = {row["finding"]: row for row in decided[decided["counts"]].to_dict("records")}
    rows = []
    for r in records:
        row = {k: v for k, v in r.items() if k not in (*_NESTED, "subject", "period")}
        row |= {f"subject_{k}": v for k, v in r["subject"].items()}
        row |= {"since": r["period"][0], "until": r["period"][1]}
        row |= {name: json.dumps(r[name], ensure_ascii=False, sort_keys=True) for name in _NESTED}
        decision = last.get(r["id"], {})
        row |= {name: decision.get(name, "") for name in ("verdict", "reason", "by")}
        rows.append(row)
    columns = [
        "id", "code", "title", "title_zh", "subject_kind", "subject_id", "subject_name", "summary",
        "summary_zh", "since", "until", "measure", "value", "exact", "threshold", "unit", "amount",
        "amount_least", "currency", "robust", "severity", "severity_note", "confidence", "verdict",
        "reason", "by", "rows_shown", "rows", "text", "text_zh", *_NESTED,
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    numbers = {"value": "float64", "threshold": "float64", "confidence": "float64", "rows": "int64",
               "rows_shown": "int64", "robust": "bool"}  # fmt: skip
    return frame.astype({name: numbers.get(name, "str") for name in columns})


def _told(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose cells of several parts are JSON."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    made = frame.copy(deep=False)
    for name in made.columns:
        if made[name].dtype == object:
            made[name] = [encode(v) if isinstance(v, (tuple, list, dict)) else v for v in made[name]]
    return made


def _parquet(frame: pd.DataFrame) -> bytes:
    """A frame as Parquet: the same bytes for the same frame."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _earlier(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    return pd.read_parquet(folder / "scores.parquet"), pd.read_parquet(folder / "findings.parquet")


def _about(
    as_of: str, before: Sequence[str], case: Case, p: Parameters, tests: Sequence[Mapping[str, Any]],
    shapes: Mapping[str, Any], overrides: Mapping[Any, Any],
) -> bytes:  # fmt: skip
    """What the night was asked with, and what could not be asked."""
    said = {
        "as_of": as_of, "before": "".join(before), "case_hash": case.hash, "parameters": p.version,
        "law": {f"{code} {name}": str(value) for (code, name), value in sorted(overrides.items())},
        "tests": list(tests), "patterns": shapes["counts"], "patterns_left_out": shapes["left_out"],
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _day(text: str) -> str:
    import datetime

    try:
        return datetime.date.fromisoformat(str(text)).isoformat()
    except ValueError:
        raise UsageError(
            Problem("as_of", N_("this is not a day"), first=str(text), expected="2026-11-28")
        ) from None


def _silent(step: str, done: int | None = None, total: int | None = None) -> None:
    pass


def _try(do: Callable[[], object]) -> None:
    try:
        do()
    except Exception:  # the disk is full: what is said of it must not hide why
        return
