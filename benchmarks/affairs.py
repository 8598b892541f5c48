"""Every red line on every generated affair: whom it finds of those who must be, and whom it should not.

A subject counts as found where a finding of that red line names it, or one of the ids under which the truth
says that it may be named. Whoever is found and is in no truth of that line is wrongly accused, whether honest
or guilty of something else. Recall is over those who must be found; precision over those who were.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.results import Row, seconds_said, table, today

SEEDS = (1, 2, 3)
SCALE = 0.05
TOGETHER = 2
"""So many cases are asked at a time."""

LEAST = 0.9
"""Below this a figure needs a paragraph on why."""

WHYS = Path(__file__).parent / "affairs_why.json"
"""By red line and affair, ``RL-25 ezubao``: why a figure is below `LEAST`."""


def measure(
    scale: float = SCALE, seeds: Sequence[int] = SEEDS, match: str | None = None, only: str | None = None
) -> Iterator[list[Row]]:
    """Rows so far, after each case: one an affair, seed and red line. Two cases are asked side by side, each
    in a process of its own: what is measured is whom they find, and how long only beside it.

    Parameters
    ----------
    scale
        Of every affair.
    seeds
        One case each.
    match
        Only affairs with this in their name.
    only
        Codes of red lines with commas; None: all of the list.
    """
    from graphflow.synthesis.affairs import AFFAIRS

    names = [known.name for known in AFFAIRS if not match or match in known.name]
    found: dict[tuple[int, int], list[Row]] = {}
    with ProcessPoolExecutor(TOGETHER, get_context("spawn"), max_tasks_per_child=1) as pool:
        asked = {
            pool.submit(ask, name, scale, seed, only): (place, seed)
            for place, name in enumerate(names)
            for seed in seeds
        }
        for done in as_completed(asked):
            found[asked[done]] = done.result()
            yield [row for case in sorted(found) for row in found[case]]


def ask(name: str, scale: float, seed: int, only: str | None = None) -> list[Row]:
    """Every red line of the list on one case."""
    from graphflow.redlines import REDLINES, check

    affair = import_module(f"graphflow.synthesis.affairs.{name}").affair(scale=scale, seed=seed)
    case = affair.case()
    wanted = only.split(",") if only else None
    rows = []
    for line in REDLINES:
        if wanted is not None and line.code not in wanted:
            continue
        begun = time.perf_counter()
        found = check(case, only=line.code)
        rows.append(
            {
                "affair": name,
                "seed": seed,
                "code": line.code,
                "seconds": time.perf_counter() - begun,
                "transfers": len(affair.tables["transfers"]),
                "ran": bool(found.tests["ran"].any()),
                **judged(affair, line.code, {f.subject_id for f in found.findings}),
            }
        )
    return rows


def judged(affair: Any, code: str, found: Iterable[str]) -> Row:
    """Whom a red line found beside the truth: counts, and names of the missed and the wrongly accused.

    Examples
    --------
    >>> from graphflow.synthesis.affairs.told import Must
    >>> class Told:
    ...     musts = Must("RL-01", "A", "", frozenset({"a"})), Must("RL-01", "B", "")
    ...     mays, honest = (), {"C"}
    >>> judged(Told, "RL-01", ["a", "C"])
    {'must': 2, 'met': 1, 'found': 2, 'right': 1, 'missed': ['B'], 'accused': ['C'], 'honest': ['C']}
    """
    subjects = set(found)
    musts = [must for must in affair.musts if must.code == code]
    right = set().union(*(must.ids for must in musts), *(may.ids for may in affair.mays if may.code == code))
    missed = [must.subject for must in musts if not must.ids & subjects]
    accused = sorted(subjects - right)
    return {
        "must": len(musts),
        "met": len(musts) - len(missed),
        "found": len(subjects),
        "right": len(subjects & right),
        "missed": missed,
        "accused": accused,
        "honest": sorted(set(accused) & set(affair.honest)),
    }


def summed(rows: Sequence[Row], *by: str) -> list[Row]:
    """Counts of several cases together, by affair, red line or both."""
    keys = list(dict.fromkeys(tuple(row[name] for name in by) for row in rows))
    found = []
    for key in keys:
        mine = [row for row in rows if tuple(row[name] for name in by) == key]
        whole: dict[str, Any] = dict(zip(by, key, strict=True))
        for name in ("must", "met", "found", "right"):
            whole[name] = sum(row[name] for row in mine)
        whole["honest"] = sum(len(row["honest"]) for row in mine)
        whole["seconds"] = max(row["seconds"] for row in mine)
        whole["ran"] = any(row["ran"] for row in mine)
        found.append(whole)
    return found


def part(count: int, of: int) -> float | None:
    """A part of a count; None of nothing.

    >>> part(1, 2), part(0, 0)
    (0.5, None)
    """
    return count / of if of else None


def said(rows: Sequence[Row], whys: Mapping[str, str], date: str, scale: float) -> str:
    """The report, as Markdown; a figure below `LEAST` without a reason says that it has none."""
    names = list(dict.fromkeys(row["affair"] for row in rows))
    seeds = {name: sorted({row["seed"] for row in rows if row["affair"] == name}) for name in names}
    cases = ", ".join(f"{name} {'+'.join(map(str, seeds[name]))}" for name in names)
    parts = [
        f"# Red lines on generated affairs, {date}",
        f"{len(names)} affairs at scale {scale:g}, with their seeds: {cases}; "
        "`python -m benchmarks --only affairs`, two cases at a time. Their proportions are those of the real "
        "cases (`graphflow/synthesis/affairs/`), with at least ten honest subjects of a kind for each guilty "
        "one. Recall: of those who must be found, how many were. Precision: of those who were found, how "
        "many are in the truth of that red line. `-`: nobody must be found, or nobody was. Cases are "
        "generated: what holds here is a floor under what is known of a line, no promise for other data.",
        "## By red line",
        _table(summed(rows, "code"), ("code",)),
        "## By affair and red line",
        _table(
            [row for row in summed(rows, "affair", "code") if row["must"] or row["found"]], ("affair", "code")
        ),
        "## Why",
        *_reasons(rows, whys),
    ]
    return "\n\n".join(parts) + "\n"


def _table(rows: Sequence[Row], by: Sequence[str]) -> str:
    lines = []
    for row in rows:
        figures = [part(row["met"], row["must"]), part(row["right"], row["found"])]
        told = ["-" if each is None else f"{each:.2f}" for each in figures]
        lines.append(
            [
                *(row[name] for name in by),
                str(row["must"]),
                str(row["found"]),
                told[0],
                told[1],
                str(row["honest"]),
                seconds_said(row["seconds"]) if row["ran"] else "not assessable",
            ]
        )
    return table((*by, "must be found", "found", "recall", "precision", "honest accused", "longest"), lines)


def _reasons(rows: Sequence[Row], whys: Mapping[str, str]) -> Iterator[str]:
    for row in summed(rows, "affair", "code"):
        low = [
            f"{name} {figure:.2f}"
            for name, figure in (
                ("recall", part(row["met"], row["must"])),
                ("precision", part(row["right"], row["found"])),
            )
            if figure is not None and figure < LEAST
        ]
        if low:
            key = f"{row['code']} {row['affair']}"
            names = [r for r in rows if r["affair"] == row["affair"] and r["code"] == row["code"]]
            some = sorted({each for r in names for each in (*r["missed"], *r["accused"])})[:6]
            why = whys.get(key, "no reason is given yet")
            yield f"**{key}**: {', '.join(low)} ({', '.join(some)}). {why}"


def keep(rows: Sequence[Row], folder: Path, scale: float) -> tuple[Path, Path]:
    """Write the report and the figures behind it; where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    whys = json.loads(WHYS.read_text(encoding="utf-8")) if WHYS.exists() else {}
    text, figures = folder / f"{today()}-affairs.md", folder / f"{today()}-affairs.json"
    text.write_text(said(rows, whys, today(), scale), encoding="utf-8")
    figures.write_text(json.dumps(list(rows), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return text, figures
