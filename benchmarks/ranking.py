"""The learned ranking beside the rules alone: AMLSim, split by time.

At the end of each month somebody looks at every account that has moved anything by then. *Guilty* are the
accounts of the alerts whose last transfer was in that month; whoever was in an alert of an earlier month is
known already and is not ranked any more. The ranking learns from the months up to `SPLIT`: every guilty
account as of its month, and `BESIDE` times as many others, drawn among those not known by then (some are
guilty later: nobody knew). It is asked of the months after. Nothing that it is given is later than the
month that it is asked about.

Rankings: *rules* the score as in a nightly run, patterns included; *rules, risen* by how much it rose since
the month before, as a night tells it; *learned* on flows alone; *learned with rules* on flows and on what
rules and patterns say; *rules, then learned* the score, and where it is equal the learned ranking; *newest
first* by the first transfer alone, as a plain rival. Subjects of one score count as if their order were
drawn.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import data, others
from benchmarks.measure import machine
from benchmarks.results import Row, seconds_said, table, today

DATA = "amlsim_12k"
SPLIT = "2017-12-31"
BESIDE = 5
SEED = 7
FIRST = 100
"""Among so many of the first precision is measured."""

COMPARED = (
    "rules", "rules, risen", "learned", "learned with rules", "rules, then learned", "newest first",
)  # fmt: skip
"""Those that are told month by month."""

RULES = ("rules", "rules, risen")
"""Those that learn nothing from labels."""

RANKINGS = (*COMPARED, "by chance")


def in_dollars() -> Any:
    """The set as a case whose currency is that of its rows: in another one no amount would be a feature."""
    from graphflow.case import open_case
    from graphflow.folder import SCHEMA_VERSION
    from graphflow.intake import import_sources
    from graphflow.ledger.form import FORM

    def make(aside: Path) -> None:
        import_sources(aside, others.folder(DATA), currency="USD")

    return open_case(data._made(f"case-{DATA}-USD-layout-{SCHEMA_VERSION}-form-{FORM}", make))


def alerts_of(case: Any) -> pd.DataFrame:
    """One row an account of an alert: `account_id`, `month` (of the alert's last transfer, its last day)."""
    accounts, transfers = case.tables.accounts, case.tables.transfers
    mine = accounts[accounts["alert_id"].notna()]
    told = pd.DataFrame(
        [
            (account, alert)
            for account, alerts in zip(mine["account_id"], mine["alert_id"], strict=True)
            for alert in str(alerts).split(";")
        ],
        columns=["account_id", "alert_id"],
    )
    last = transfers[transfers["alert_id"].notna()].groupby("alert_id")["time"].max()
    told["last"] = told["alert_id"].map(last)
    told = told[told["last"].notna()]  # cut off by the end of the simulation before any transfer
    # a year and a month are the same in UTC, which AMLSim's days are in
    told["month"] = (told["last"].dt.tz_localize(None) + pd.offsets.MonthEnd(0)).dt.strftime("%Y-%m-%d")
    return told[["account_id", "month"]].drop_duplicates("account_id").reset_index(drop=True)


def labels(case: Any, alerts: pd.DataFrame, split: str = SPLIT, beside: int = BESIDE) -> pd.DataFrame:
    """What somebody would have decided up to the split, month by month."""
    rng = np.random.default_rng(SEED)
    everybody = case.tables.accounts["account_id"].to_numpy(object)
    rows: list[tuple[str, int, str]] = []
    for month in sorted(set(alerts.loc[alerts["month"] <= split, "month"])):
        guilty = alerts.loc[alerts["month"] == month, "account_id"].tolist()
        known = set(alerts.loc[alerts["month"] <= month, "account_id"])
        free = np.array([each for each in everybody if each not in known], object)
        drawn = rng.choice(free, min(beside * len(guilty), free.size), replace=False)
        rows += [(each, 1, month) for each in guilty] + [(each, 0, month) for each in sorted(drawn.tolist())]
    return pd.DataFrame(rows, columns=["account_id", "label", "time"])


def measure(split: str = SPLIT, months: int | None = None) -> dict[str, Any]:
    """Learn up to the split, rank each month behind it, and compare."""
    import graphflow as gf

    case = in_dollars()
    alerts = alerts_of(case)
    told = labels(case, alerts, split)
    models, seconds = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "labels.csv"
        told.to_csv(file, index=False)
        for name, with_rules in (("learned", False), ("learned with rules", True)):
            begun = time.perf_counter()
            models[name] = gf.learn(case, Path(folder) / "model", file, with_rules=with_rules)
            seconds[name] = time.perf_counter() - begun
    later = sorted({month for month in alerts["month"] if month > split})[:months]
    rows = [row for month in later for row in ranked(case, alerts, models, month)]
    facts = {
        name: {"labels": dict(m.labels), "window": m.window, "held": m.held, **m.quality(FIRST)}
        for name, m in models.items()
    }
    return {
        "date": today(), "machine": machine(), "split": split, "beside": BESIDE, "first": FIRST,
        "rows": rows, "models": facts, "seconds": seconds,
    }  # fmt: skip


def ranked(case: Any, alerts: pd.DataFrame, models: Mapping[str, Any], month: str) -> Iterator[Row]:
    """Everybody not known before a month, by each ranking, beside who was guilty in it."""
    from graphflow.scoring.learning import inputs, raw_scores
    from graphflow.scoring.measuring import average_precision, base_rate_of, precision_at
    from graphflow.scoring.signals import signals

    frame = inputs(case, month, "account", True)
    known = set(alerts.loc[alerts["month"] < month, "account_id"])
    frame = frame[~frame.index.isin(known) & (frame["days_active"] > 0).to_numpy()]
    truth = frame.index.isin(alerts.loc[alerts["month"] == month, "account_id"])
    score = {
        name: raw_scores(m.text, frame[list(m.features)].to_numpy(np.float64)) for name, m in models.items()
    }
    rules = frame["rules_score"].to_numpy()
    # places by the score, and within one score by the learned ranking
    order = np.lexsort((score["learned"], rules))
    both = np.empty(order.size)
    both[order] = np.arange(order.size)
    score |= {"rules": rules, "rules, then learned": both, "by chance": np.zeros(len(frame))}
    earlier = (pd.Timestamp(month) - pd.offsets.MonthEnd(1)).strftime("%Y-%m-%d")
    then = signals(case, earlier, by="account")["rules_score"]
    score["rules, risen"] = rules - then.reindex(frame.index).to_numpy()
    score["newest first"] = -frame["days_since_first"].to_numpy(np.float64)
    share = float(truth.mean())
    for name in RANKINGS:
        row = {
            "month": month, "ranking": name, "guilty": int(truth.sum()), "of": len(frame),
            "precision": precision_at(truth, score[name], FIRST),
            "average_precision": average_precision(truth, score[name]),
        }  # fmt: skip
        if name in models:  # what its labels held out promise of the first, at the month's own base rate
            cut = np.sort(score[name])[::-1][min(FIRST, len(frame)) - 1 : min(FIRST, len(frame))]
            told, least = models[name].ppv(cut, base_rate_of(share))
            row |= {"ppv": _number(told[0]), "ppv_least": _number(least[0])}
        yield row


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


# ---------------------------------------------------------------- the report


def means(rows: Sequence[Row]) -> list[Row]:
    """Of each ranking the mean over the months."""
    frame = pd.DataFrame(rows)
    rules = frame.loc[frame["ranking"] == rival(frame), "precision"].to_numpy()
    return [
        {"ranking": name, "precision": float(mine["precision"].mean()),
         "average_precision": float(mine["average_precision"].mean()),
         "best": int((mine["precision"].to_numpy() > rules).sum()),
         "worse": int((mine["precision"].to_numpy() < rules).sum()), "months": len(mine)}
        for name, mine in ((n, frame[frame["ranking"] == n]) for n in RANKINGS)
    ]  # fmt: skip


def rival(frame: pd.DataFrame) -> str:
    """The better of the rankings by rules alone, by PR-AUC: what the others are held to."""
    mean = frame[frame["ranking"].isin(RULES)].groupby("ranking")["average_precision"].mean()
    return str(mean.idxmax())


def said(found: Mapping[str, Any]) -> str:
    """The report, as Markdown; who loses against the rules alone is said."""
    rows = found["rows"]
    averages = means(rows)
    rules = next(row for row in averages if row["ranking"] == rival(pd.DataFrame(rows)))
    lines = [
        [
            row["ranking"], f"{row['precision']:.3f}", f"{row['average_precision']:.3f}",
            "" if row is rules else f"{row['best']} better, {row['worse']} worse, of {row['months']}",
            "" if row is rules else _verdict(row, rules),
        ]
        for row in averages
    ]  # fmt: skip
    parts = [
        f"# The learned ranking beside the rules, {found['date']}",
        f"`python -m benchmarks --only ranking`, on {DATA}; {found['machine']['cores']} cores, Python "
        f"{found['machine']['python']}, graphflow {found['machine']['graphflow']}. Learned from labels up to "
        f"{found['split']}, {found['beside']} others for each guilty one; asked of each month after.",
        __doc__.split("\n\n", 1)[1].strip(),
        "## Over all months after the split",
        table(
            (
                "ranking",
                f"precision at {found['first']}",
                "PR-AUC",
                f"months beside *{rules['ranking']}*",
                f"beside *{rules['ranking']}*",
            ),
            lines,
        ),
        "Means over months; each is held to the better of the two by rules alone. The score by rules "
        "remembers the patterns of every month and is not made to name what is new in one; hardly a red line "
        "can be asked of AMLSim, and none finds anything, so the rules are patterns here. AMLSim is a "
        "simulation, its alerts are planted by shape, and many of their accounts hardly move before: that "
        "alone (*newest first*) ranks well. That something is learned here says that the code learns and "
        "looks at nothing later, not that it would find real crime.",
        "## What was learned from",
        table(
            ("ranking", "to learn from", "held out", "PR-AUC on those", "chance there", "took"),
            [_model(name, told, found["seconds"][name]) for name, told in found["models"].items()],
        ),
        "## Month by month",
        _months(rows, found["first"]),
        "*Promised*: the PPV that the labels held out promise for whoever ranks as high as the last of the "
        "first, at the month's own base rate (which the report knows; in life somebody states it), and the "
        "least that so few labels let one believe in. " + _kept(rows),
    ]
    return "\n\n".join(parts) + "\n"


def _verdict(row: Row, rules: Row) -> str:
    won = [
        f"{name} {row[key] / rules[key]:.2f} times"
        + (": a loss" if row[key] < rules[key] else "")
        for key, name in (("precision", "precision"), ("average_precision", "PR-AUC"))
        if rules[key]
    ]  # fmt: skip
    return ", ".join(won)


def _model(name: str, told: Mapping[str, Any], seconds: float) -> list[str]:
    n = told["labels"]
    return [
        name, f"{n['train_true']} of {n['train_true'] + n['train_false']}, {' to '.join(told['window'])}",
        f"{n['held_true']} of {n['held_true'] + n['held_false']}, {' to '.join(told['held'])}",
        f"{told['average_precision']:.3f}", f"{told['part']:.3f}", seconds_said(seconds),
    ]  # fmt: skip


def _kept(rows: Sequence[Row]) -> str:
    """In how many months no more was promised than came true."""
    told = [
        (row["precision"], row["ppv"], row["ppv_least"]) for row in rows
        if row["ranking"] == "learned with rules" and row["ppv"] is not None
    ]  # fmt: skip
    more, less = sum(p < ppv for p, ppv, _ in told), sum(p < least for p, _, least in told)
    return f"Less came true than promised in {more} of {len(told)} months, less than the least in {less}."


def _months(rows: Sequence[Row], first: int) -> str:
    lines = []
    for month in dict.fromkeys(row["month"] for row in rows):
        mine = {row["ranking"]: row for row in rows if row["month"] == month}
        one = mine["rules"]
        promised = mine["learned with rules"]
        lines.append([
            month, f"{one['guilty']} of {one['of']:,}",
            *(_figures(mine[name]) for name in COMPARED),
            "nothing known" if promised["ppv"] is None
            else f"{promised['ppv']:.2f}, at least {promised['ppv_least']:.2f}",
        ])  # fmt: skip
    head = (
        "month", "guilty", *(f"{name}: P@{first} / PR-AUC" for name in COMPARED),
        "promised, learned with rules",
    )  # fmt: skip
    return table(head, lines)


def _figures(row: Row) -> str:
    return f"{row['precision']:.2f} / {row['average_precision']:.3f}"


def keep(found: Mapping[str, Any], folder: Path) -> tuple[Path, Path]:
    """Write the report and the figures behind it; where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    text, figures = folder / f"{found['date']}-ranking.md", folder / f"{found['date']}-ranking.json"
    text.write_text(said(found), encoding="utf-8")
    figures.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return text, figures
