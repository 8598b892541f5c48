"""Laundering patterns: on data that nobody here wrote, and how fast they are beside others.

Three parts. *Found*: recall and precision on AMLSim and AMLworld, by `benchmarks/schemes.py`, which says what
a hit is. *A real bank*: what the red lines say of a Czech bank's clients. *Speed*: every pattern at one and
ten million transfers, and beside it whoever can be asked the same: snapml for cycles, DuckDB for fans and for
what goes through others, a plain search in Python. Their figures are equal to ours before any time is shown.
"""

from __future__ import annotations

import hashlib
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from benchmarks import data, others, schemes
from benchmarks.common import DifferentAnswers
from benchmarks.measure import JobError, job, median, peak_memory, timed

Row = dict[str, Any]

DAY = 86_400_000_000
LONGEST = 10
"""The most transfers of a cycle that is counted."""

BESIDE: Mapping[str, Mapping[str, Any]] = {
    "cycle": {"least": 2, "most": LONGEST, "window": "24h"},
    "fan_in": {"least": 5, "window": "7D"},
    "fan_out": {"least": 5, "window": "7D"},
    "scatter_gather": {"least": 3, "window": "24h", "permille": 100, "budget": 10**8},
    "gather_scatter": {"least": 3, "window": "24h"},
}
"""What is asked of us and of others alike."""

TIMES = 50
"""The target: cycles so many times as fast as snapml that is given the transfers as they come."""


# ---------------------------------------------------------------------- ours
TOO_LARGE = 1_000_000
SLOW = "at 1 million it takes long enough already"
"""Beyond it snapml and a plain search are not asked."""


def ours(size: int, kind: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """In a process of its own: one pattern, through the front door, with what is compared."""
    import graphflow as gf
    from graphflow.typologies.payments import payments_of

    case = gf.open_case(data.case_folder(size))
    few = size > TOO_LARGE  # one run of what takes long
    prepared = timed(lambda: payments_of(case), 1, warm=few)
    box: list[Any] = []

    def ask() -> None:
        box[:] = [gf.patterns(case, kind, **asked)]

    seconds = timed(ask, 1 if few else 3, warm=few)
    patterns = box[0]
    found, p = patterns.found[kind], patterns.payments
    left = patterns.left_out
    answer: dict[str, Any] = {
        "seconds": seconds, "prepared": median(prepared), "count": found.size, "peak": peak_memory(),
        "left": len(left), "left_transfers": int(left["transfers"].sum()) if len(left) else 0,
    }  # fmt: skip
    if kind == "cycle":
        lengths = np.diff(found.pointer)
        answer["lengths"] = np.bincount(lengths, minlength=LONGEST + 1).tolist()
        answer |= in_cycles(found.transfers, lengths, p.size)
    else:
        answer["digest"] = transfers_digest(found.transfers)
    return answer


def in_cycles(transfers: Any, lengths: Any, size: int) -> dict[str, Any]:
    """Of each transfer whether it is in a cycle of each length, as a digest; and how many are in any.

    How many it is in is not compared: snapml counts payments of one to another in a row as one.
    """
    found = np.zeros((size, LONGEST + 1), np.bool_)
    found[transfers, np.repeat(lengths, lengths)] = True
    return _told(found[:, 2:])


def _told(found: Any) -> dict[str, Any]:
    digest = hashlib.sha256(np.ascontiguousarray(found).tobytes()).hexdigest()
    return {"digest": digest, "members": int(found.any(axis=1).sum())}


def transfers_digest(transfers: Any) -> str:
    """Which transfers are in any pattern."""
    return hashlib.sha256(np.unique(np.asarray(transfers, np.int64)).tobytes()).hexdigest()


def _numbers(size: int, most: int | None = None) -> tuple[Any, Any, Any]:
    """Ends, times and amounts as patterns look at them: what each other engine is given."""
    import graphflow as gf
    from graphflow.typologies.payments import payments_of

    p = payments_of(gf.open_case(data.case_folder(size)))
    some = slice(None, most)
    return p.ends[some].astype(np.int64), p.time[some].copy(), p.money[some, 0].copy()


# ---------------------------------------------------------------------- snapml
UNIT = 20_000
"""snapml is given fiftieths of a second from the first transfer, so that a year's are below 2**31."""


def snapml(size: int, batch: int) -> dict[str, Any]:
    """Cycles by snapml's `GraphFeaturePreprocessor`: a batch at a time (0: all at once)."""
    from snapml import GraphFeaturePreprocessor

    ends, at, _ = _numbers(size)
    rows = np.column_stack([np.arange(size), ends, (at - at[0]) // UNIT]).astype(np.float64)
    box: list[Any] = []

    def ask() -> None:
        engine = GraphFeaturePreprocessor()
        engine.set_params({
            "num_threads": 2, "time_window": DAY // UNIT if batch else 2**31 - 1,
            "vertex_stats": False, "fan": False, "degree": False, "scatter-gather": False, "lc-cycle": False,
            "temp-cycle": True,
            "temp-cycle_tw": DAY // UNIT, "temp-cycle_bins": list(range(2, LONGEST + 2)),
        })  # fmt: skip
        step = batch or size
        parts = [engine.transform(rows[i : i + step])[:, 4:] for i in range(0, size, step)]
        box[:] = [np.concatenate(parts)]

    seconds = timed(ask, 1, warm=True)
    return {"seconds": seconds, "peak": peak_memory(), **_told(box[0][:, : LONGEST - 1] > 0)}


# ---------------------------------------------------------------------- plain Python
def plain_cycles(size: int) -> dict[str, Any]:
    """The search as one writes it: from each transfer on along later ones, within the day, until home."""
    ends, at, _ = _numbers(size)
    payer, payee, when = ends[:, 0].tolist(), ends[:, 1].tolist(), at.tolist()
    box: list[Any] = []

    def ask() -> None:
        paid: dict[int, list[int]] = {}
        for k, one in enumerate(payer):
            paid.setdefault(one, []).append(k)
        ways: list[tuple[int, ...]] = []
        for root in range(size):
            home, limit = payer[root], when[root] + DAY
            stack = [(root,)]
            while stack:
                way = stack.pop()
                rows = paid.get(payee[way[-1]], ())
                for i in range(bisect_left(rows, way[-1] + 1), len(rows)):
                    k = rows[i]
                    if when[k] > limit:
                        break
                    if payee[k] == home:
                        ways.append((*way, k))
                    elif len(way) + 1 < LONGEST and all(payee[k] != payee[e] for e in way):
                        stack.append((*way, k))
        box[:] = [ways]

    seconds = timed(ask, 1, warm=True)
    lengths = np.array([len(way) for way in box[0]], np.int64)
    flat = np.array([k for way in box[0] for k in way], np.int64)
    return {"seconds": seconds, "peak": peak_memory(), **in_cycles(flat, lengths, size)}


# ---------------------------------------------------------------------- DuckDB
# Windows with enough others; a transfer is in a pattern if one of them that begins no later reaches it.
_FAN = """
    with counted as (
        select place, {hub} as hub, time, count(distinct {other}) over (
            partition by {hub} order by time range between current row and {window} following) as others
        from transfers
    )
    select place from (
        select place, time, max(case when others >= {least} then time + {window} end) over (
            partition by hub order by time) as reach
        from counted
    ) where reach >= time
"""
# Pairs of a transfer in and one out of one account; between two accounts windows with enough between them.
_SCATTER_GATHER = """
    with pairs as (
        select a.place as came, b.place as went, a.source as payer, b.target as payee, a.target as middle,
            a.time
        from transfers a join transfers b
            on a.target = b.source and b.time between a.time and a.time + {window}
        where a.source <> b.target and abs(a.amount - b.amount) <= (a.amount * {permille}) // 1000
    ), counted as (
        select *, count(distinct middle) over (
            partition by payer, payee order by time range between current row and {window} following
        ) as others from pairs
    ), inside as (
        select came, went from (
            select *, max(case when others >= {least} then time + {window} end) over (
                partition by payer, payee order by time) as reach
            from counted
        ) where reach >= time
    )
    select came as place from inside union select went from inside
"""
# Moments at which a holder receives with enough payers before and payees after; what lies around any of them.
_GATHER_SCATTER = """
    with both_sides as (
        select place, target as hub, time, source as payer, null as payee, true as came from transfers
        union all
        select place, source, time, null, target, false from transfers
    ), counted as (
        select *,
            count(distinct payer) over (
                partition by hub order by time range between {window} preceding and current row) as payers,
            count(distinct payee) over (
                partition by hub order by time range between current row and {window} following) as payees
        from both_sides
    ), marked as (
        select *, case when came and payers >= {least} and payees >= {least} then time end as moment
        from counted
    ), near as (
        select *,
            min(moment) over (partition by hub order by time
                range between current row and {window} following) as next,
            max(moment) over (partition by hub order by time
                range between {window} preceding and current row) as last
        from marked
    )
    select distinct place from near where (came and next is not null) or (not came and last is not null)
"""


def duckdb(size: int, kind: str) -> dict[str, Any]:
    """A pattern as one SQL statement: the places of the transfers that are in any."""
    import duckdb as engine

    ends, at, amount = _numbers(size)
    base = engine.connect()
    base.register("given", {
        "place": np.arange(size), "source": ends[:, 0].copy(), "target": ends[:, 1].copy(), "time": at,
        "amount": amount,
    })  # fmt: skip
    base.execute("create table transfers as select * from given order by place")
    asked = BESIDE[kind]
    hours = int(asked["window"][:-1]) * (24 if asked["window"][-1] == "D" else 1)
    values = {"window": hours * DAY // 24, "least": asked["least"], "permille": asked.get("permille", 0)}
    if kind in ("fan_in", "fan_out"):
        sides = ("target", "source") if kind == "fan_in" else ("source", "target")
        text = _FAN.format(hub=sides[0], other=sides[1], **values)
    else:
        text = (_SCATTER_GATHER if kind == "scatter_gather" else _GATHER_SCATTER).format(**values)
    box: list[Any] = []

    def ask() -> None:
        box[:] = [base.execute(text).fetchnumpy()["place"]]

    seconds = timed(ask, 2)
    return {"seconds": seconds, "peak": peak_memory(), "digest": transfers_digest(box[0])}


# ---------------------------------------------------------------------- the real bank
def bank(as_yuan: bool) -> list[Row]:
    """What the red lines say of the Czech bank, and which of their tests could be asked."""
    import graphflow as gf

    case = others.berka("CNY", YEARS) if as_yuan else others.berka()
    begun = time.perf_counter()
    check = gf.check(case)
    seconds = time.perf_counter() - begun
    ran = check.tests[check.tests["ran"]]
    return [
        {
            "seconds": seconds, "ran": len(ran), "tests": len(check.tests),
            "lines": list(dict.fromkeys(ran["code"])), "of": int(check.tests["code"].nunique()),
            "unasked": check.not_assessable["code"].tolist(),
            "findings": [
                {
                    "code": f.code, "test": ", ".join(t.name for t in f.tests if t.hit),
                    "subject": f.subject_id, "severity": f.severity, "summary": str(f.summary),
                }
                for f in check.findings
            ],
        }
    ]  # fmt: skip


YEARS = 28
"""So much later, for the trial as yuan: the calendar is the same again, leap years too."""


# ---------------------------------------------------------------------- the table
PARTS = ("found", "bank", "speed")


def measure(
    sizes: list[int], only: str | None, limit: float, quick: bool = False
) -> Iterator[dict[str, list[Row]]]:
    """All rows so far, by part; `only` is part of a pattern's name or of a peer's, or one of `PARTS`.

    Raises
    ------
    DifferentAnswers
        Where an engine gives other patterns than ours.
    """
    rows: dict[str, list[Row]] = {part: [] for part in PARTS}
    asked = (only or "").lower()
    if asked == "found" or not (asked or quick):
        for name, ask in (("amlsim_12k", schemes.amlsim), ("amlworld_hi_small", schemes.amlworld)):
            if others.folder(name).is_dir():
                rows["found"] += [{"data": name, **asdict(each)} for each in ask(others.case(name))]
            else:
                rows["found"].append({"data": name, "why": "the data are not here"})
        yield rows
    if asked == "bank" or not (asked or quick):
        for as_yuan in (False, True) if others.folder("berka").is_dir() else ():
            rows["bank"] += [{"as_yuan": as_yuan, **each} for each in bank(as_yuan)]
        yield rows
    if asked not in ("found", "bank"):
        for size in sizes:
            for part in _speed(size, "" if asked == "speed" else asked, limit, quick):
                rows["speed"] += part
                yield rows


def _speed(size: int, asked: str, limit: float, quick: bool) -> Iterator[list[Row]]:
    from graphflow.typologies import PATTERNS

    for kind, how in list(BESIDE.items())[: 2 if quick else None]:
        peers = [peer for peer in PEERS if kind in peer[2] and not (quick and "plain" in peer[0])]
        mine = [peer for peer in peers if not asked or asked in peer[0].lower() or asked in kind]
        if asked and not mine and asked not in kind:
            continue
        us = _row(size, kind, "graphflow", "benchmarks.patterns:ours", 4 * limit, kind, dict(how))
        yield [us]
        for name, package, _, ask, arguments in mine:
            if kind == "cycle" and size > TOO_LARGE:
                yield [{"size": size, "pattern": kind, "engine": name, "why": SLOW}]
                continue
            row = _row(size, kind, name, f"benchmarks.patterns:{ask}", limit, *arguments, *_named(ask, kind))
            if package and "why" in row and not _installed(package):
                row["why"] = "not installed"
            yield [_compared(us, row)]
    for pattern in PATTERNS[: 2 if quick else None]:
        if not asked or asked in pattern.name:
            yield [_row(size, pattern.name, "as asked by itself", "benchmarks.patterns:ours", 4 * limit,
                        pattern.name, {})]  # fmt: skip


def _named(ask: str, kind: str) -> tuple[str, ...]:
    return (kind,) if ask == "duckdb" else ()


CYCLES, PASSING = ("cycle",), ("fan_in", "fan_out", "scatter_gather", "gather_scatter")
PEERS: tuple[tuple[str, str, tuple[str, ...], str, tuple[Any, ...]], ...] = (
    ("snapml, all at once", "snapml", CYCLES, "snapml", (0,)),
    ("snapml, streamed by 128", "snapml", CYCLES, "snapml", (128,)),
    ("plain Python", "", CYCLES, "plain_cycles", ()),
    ("DuckDB, one statement", "duckdb", PASSING, "duckdb", ()),
)
"""Name, package, patterns, function here and its arguments after the size."""


def _installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def _row(size: int, kind: str, engine: str, function: str, limit: float, *arguments: Any) -> Row:
    row: Row = {"size": size, "pattern": kind, "engine": engine}
    try:
        return row | job(function, size, *arguments, limit=limit)
    except JobError as error:
        return row | {"why": str(error)}


STREAMED = "streamed"


def _compared(us: Row, row: Row) -> Row:
    """The row with how it stands to ours: equal, or, of what is streamed, how many it misses.

    Raises
    ------
    DifferentAnswers
        Where it is not equal, but for what is streamed.
    """
    if "why" in row or "why" in us:
        return row
    if us["left"]:
        return row | {"facts": "ours leaves some out, so figures are not compared"}
    if STREAMED in row["engine"]:
        return row | {"facts": f"marks {row['members']:,} of the {us['members']:,} transfers in cycles"}
    if row["digest"] != us["digest"]:
        raise DifferentAnswers(f"{row['engine']} at {row['size']}: {us['pattern']}")
    return row | {"facts": "equal, transfer by transfer"}


# ---------------------------------------------------------------------- in words
def said(rows: Mapping[str, list[Row]]) -> list[str]:
    """The parts of the report."""
    parts = []
    for name, say in (("found", _found_said), ("bank", _bank_said), ("speed", _speed_said)):
        if rows.get(name):
            parts += say(rows[name])
    return parts


def _part(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "0"


def _found_said(rows: list[Row]) -> list[str]:
    from benchmarks.results import table

    sim = [row for row in rows if "planted" in row]
    world = [row for row in rows if "attempts" in row]
    parts = ["## Patterns on data that nobody here wrote", schemes.__doc__.split("\n\n", 1)[1].strip()]
    parts += [f"{row['data']}: {row['why']}." for row in rows if "why" in row]
    if sim:
        head = (
            "AMLSim alerts", "days", "recall", "precision", "complete", "among the first",
            "half of it laundering",
            "planted transfers in any",
        )  # fmt: skip
        lines = [
            [
                row["kind"],
                "{} to {}, median {}".format(row["days"][0], row["days"][2], row["days"][1]),
                _part(row["hits"], row["planted"]),
                _part(row["hits"], row["found"]),
                str(row["complete"]), f"{row['first']} of the first {row['planted']}",
                _part(row["laundering"], row["found"]), _part(row["covered"], row["transfers"]),
            ]
            for row in sim
        ]  # fmt: skip
        parts.append(table(head, lines))
        parts.append(
            "AMLSim pays its fan-outs over months (*days* is from a scheme's first transfer to the last), a "
            "payment among the payer's ordinary ones each time: within no short time are they a fan."
        )
    if world:
        head = ("AMLworld attempts", "attempts", "rows", "of its shape in time order", "found whole", "alone")
        lines = [
            [row["kind"], *(str(row[name]) for name in ("attempts", "rows", "can", "whole", "complete"))]
            for row in world
        ]
        parts += [
            "AMLworld plants attempts of one transfer too, and links that pay before they are paid. "
            "*Of its shape in time order* is what plain words over the attempt say (`schemes.MUST`); *found "
            "whole* are those of which one pattern has every transfer; *alone*: and no other one.",
            table(head, lines),
        ]
    return parts


def _bank_said(rows: list[Row]) -> list[str]:
    from benchmarks.results import table

    parts = ["## A real bank's clients"]
    for row in rows:
        how = f"as if yuan, {YEARS} years later" if row["as_yuan"] else "as it is"
        parts.append(
            f"The Czech bank {how}: {len(row['lines'])} of {row['of']} red lines could be asked, with "
            f"{row['ran']} of {row['tests']} tests ({', '.join(row['lines'])}; not for want of tables: "
            f"{', '.join(row['unasked'])}). **{len(row['findings'])} findings**, in {row['seconds']:.1f} s."
        )
        if row["findings"]:
            head = ("line", "test", "subject", "severity", "what it says")
            lines = [
                [f[name] for name in ("code", "test", "subject", "severity", "summary")]
                for f in row["findings"]
            ]
            parts.append(table(head, lines))
    return parts


def _speed_said(rows: list[Row]) -> list[str]:
    from benchmarks.results import ratio_said, rows_said, seconds_said, table

    lines = []
    for row in rows:
        asked = [f"{row['pattern']}, {rows_said(row['size'])}", row["engine"]]
        if "why" in row:
            lines.append([*asked, f"not measured: {row['why']}", "", "", "", ""])
            continue
        key = (row["size"], row["pattern"], "graphflow")
        us = next((r for r in rows if (r["size"], r["pattern"], r["engine"]) == key and "why" not in r), None)
        middle = median(row["seconds"])
        ratio = ratio_said(middle / median(us["seconds"])) if us and row["engine"] in _PEER_NAMES else ""
        lines.append([
            *asked, seconds_said(middle), str(len(row["seconds"])), ratio, f"{row['peak'] / 2**30:.1f} GiB",
            row.get("facts") or _own_facts(row),
        ])  # fmt: skip
    head = ("pattern", "engine", "median", "runs", "times ours", "peak memory", "more")
    return [
        "## How fast patterns are found",
        "Transfers of a power law of accounts over a year. Beside others a cycle is of two to ten transfers "
        "within a day, a fan of five others within seven days, what goes through others of three within a "
        f"day; the target is {TIMES} times snapml that is given transfers as they come. *As asked by itself* "
        "is each pattern's own window and least. Ours is the whole call, others without what they are given "
        "beforehand.",
        table(head, lines),
    ]


_PEER_NAMES = frozenset(peer[0] for peer in PEERS)


def _own_facts(row: Row) -> str:
    left = f"; {row['left']:,} lines left out, {row['left_transfers']:,} transfers" if row["left"] else ""
    return f"{row['count']:,} found{left}; preparing took {row['prepared']:.2f} s of each"
