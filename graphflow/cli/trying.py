"""What the verb `dry-run` prints: what changed thresholds would have done, and what was decided of that."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from graphflow.cli.learning import part_text
from graphflow.cli.showing import called, out, print_table, write_csv
from graphflow.findings import SEVERITY_NAMES
from graphflow.language import N_, translate
from graphflow.pictures import Table
from graphflow.scoring.deciding import VERDICTS
from graphflow.scoring.trying import CHANGES
from graphflow.terminal import jsonable, write_json
from graphflow.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from graphflow.case import Case
    from graphflow.scoring import DryRun

SHOWN = 50
"""Findings that a person is shown; the rest is counted."""

UNKNOWN = N_(
    "{count} findings that would come, or rest on other rows, were decided by nobody: what part of them is "
    "true is not known."
)
UNASKED = N_(
    "{code} cannot be asked of this case for want of {missing}: of its thresholds this says nothing."
)
OTHERWISE = N_(
    "Asked again, the nights {days} find otherwise than they kept: rows of the case or the program have "
    "changed since."
)


def show_dry_run(case: Case, tried: DryRun, base_rate: Fraction | None, form: str, language: str) -> None:
    """Print what would come and go, night by night, and the PPV at a stated base rate."""
    if form == "json":
        write_json(_pairs(case, tried, base_rate), sys.stdout)
        return
    if form == "csv":
        write_csv(_records(tried.findings), [str(name) for name in tried.findings.columns])
        return

    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    if tried.thresholds.empty:
        out(say(N_("The thresholds are those that were used already: nothing would change.")))
        return
    ours = say(N_("ours"))
    heads = [say(each) for each in (N_("red line"), N_("threshold"), N_("before"), N_("after"))]
    rows = [
        [t["code"], t["name"], t["before"] or ours, t["after"] or ours]
        for t in tried.thresholds.to_dict("records")
    ]
    print_table(Table(say(N_("Changed thresholds")), heads, rows, [2, 3]))
    _nights(tried, say)
    _findings(tried, say)
    for code, missing in tried.not_assessable.items():
        out(say(UNASKED, code=code, missing=missing))
    n = tried.counts()
    if n["undecided_new"]:
        out(say(UNKNOWN, count=n["undecided_new"]))
    if base_rate is not None:
        _ppv(tried, base_rate, say)


def _nights(tried: DryRun, say: Any) -> None:
    heads = [
        N_("night"), N_("before"), N_("after"), *(CHANGES[name] for name in ("comes", "goes")),
        N_("on other rows"), N_("of those that go: confirmed"), N_("of those that go: dismissed"),
    ]  # fmt: skip
    rows = [
        [t["as_of"] or say(N_("everything known")),
         *(f"{t[name]:,}" for name in ("before", "after", "comes", "goes", "other", "confirmed_gone",
                                       "dismissed_gone"))]
        for t in tried.nights.to_dict("records")
    ]  # fmt: skip
    print_table(Table(say(N_("Findings of these red lines")), [say(h) for h in heads], rows, range(1, 8)))
    others = tried.nights.loc[tried.nights["as_kept"] == "no", "as_of"].tolist()
    if others:
        out(say(OTHERWISE, days=", ".join(others)))


def _findings(tried: DryRun, say: Any) -> None:
    mine = tried.findings[tried.findings["change"] != "stays"]
    if mine.empty:
        out(say(N_("No finding would come or go.")))
        return
    heads = [
        N_("night"), N_("change"), N_("finding"), N_("subject"), N_("severity before"), N_("severity"),
        N_("decided"),
    ]  # fmt: skip
    rows = [
        [
            t["as_of"], say(CHANGES[t["change"]]), t["finding"] or t["finding_before"],
            called(t["subject_id"], {t["subject_id"]: t["subject_name"]}),
            *(say(SEVERITY_NAMES[t[name]]) if t[name] else "" for name in ("severity_before", "severity")),
            say(VERDICTS[t["verdict"]]) if t["verdict"] else "",
        ]
        for t in mine.head(SHOWN).to_dict("records")
    ]  # fmt: skip
    print_table(Table(say(N_("What would change")), [say(each) for each in heads], rows))
    if len(mine) > SHOWN:
        out(say(N_("and {count} more"), count=len(mine) - SHOWN))


def _ppv(tried: DryRun, base_rate: Fraction, say: Any) -> None:
    names = {"before": say(N_("before")), "after": say(N_("after"))}
    rows = [
        [
            names[t["side"]], f"{t['confirmed']:,} / {t['of_confirmed']:,}",
            f"{t['dismissed']:,} / {t['of_dismissed']:,}",
            *(say(N_("not known")) if t[name] != t[name] else part_text(t[name], least=name == "ppv_least")
              for name in ("ppv", "ppv_least")),
        ]
        for t in tried.ppv(base_rate).to_dict("records")
    ]  # fmt: skip
    heads = [
        N_("thresholds"), N_("confirmed ones named"), N_("dismissed ones named"), N_("PPV"), N_("at least"),
    ]  # fmt: skip
    title = say(N_("What part of the findings would be true, at the base rate {rate}"), rate=base_rate)
    print_table(Table(title, [say(each) for each in heads], rows, [1, 2, 3, 4]))


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): jsonable(v) for k, v in row.items()} for row in frame.to_dict("records")]


def _pairs(case: Case, tried: DryRun, base_rate: Fraction | None) -> Iterator[tuple[str, object]]:
    yield "version", VERSION
    yield "case_hash", case.hash
    yield "codes", list(tried.codes)
    yield "not_assessable", dict(tried.not_assessable)
    yield "thresholds", _records(tried.thresholds)
    yield "nights", _records(tried.nights)
    yield "findings", _records(tried.findings)
    yield "decisions", tried.counts()
    yield "base_rate", None if base_rate is None else str(base_rate)
    yield "ppv", None if base_rate is None else _records(tried.ppv(base_rate))
