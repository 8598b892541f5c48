"""What the verbs `learn` and `rank` print: what was learned from, and who ranks how high."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from graphflow.cli.scoring import KINDS
from graphflow.cli.showing import called, out, print_facts, print_table, write_csv
from graphflow.language import N_, translate
from graphflow.pictures import Facts, Table, amount_text
from graphflow.scoring.featuring import FEATURES, MONEY
from graphflow.scoring.rating import LEVELS
from graphflow.scoring.signals import SCORE
from graphflow.terminal import jsonable, money_text, write_json
from graphflow.typologies import PATTERNS
from graphflow.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from graphflow.case import Case
    from graphflow.scoring import Learned

SHOWN = 20
"""Subjects that a person is shown; the rest is counted."""

REASONS = 3
"""Reasons that a person is shown of each; all of them stand in JSON."""

NO_FINDING = N_(
    "A place in a ranking is no finding: it says who resembles those who were confirmed. The score by rules "
    "stands beside it."
)


AS_IF = N_(
    "Probabilities are as if {part} of all were guilty, as among the labels that they are calibrated by; "
    "--base-rate says what part of all is."
)


def part_text(value: float | None, *, least: bool = False) -> str:
    """A part of one as a percentage of three digits: labels are too few for more.

    What is at least so much is cut and not rounded, and nothing becomes all by being rounded.

    >>> part_text(0.2016129), part_text(0.0573999), part_text(0.0573999, least=True)
    ('20.2 %', '5.74 %', '5.73 %')
    >>> part_text(1.0), part_text(0.99999), part_text(0.0)
    ('100 %', '99.9 %', '0 %')
    """
    if value is None or not value:
        return "0 %"
    exact = Decimal(value) * 100
    step = Decimal(1).scaleb(exact.adjusted() - 2)
    cut = exact.quantize(step, ROUND_FLOOR if least else ROUND_HALF_EVEN)
    if cut >= 100 > exact:
        cut = exact.quantize(step, ROUND_FLOOR)
    return f"{cut.normalize():f} %"


def show_learned(made: Learned, file: str, base_rate: Fraction | None, form: str, language: str) -> None:
    """Print what a ranking was learned from, and how it ranked the later labels that it had not seen."""
    quality, pairs = made.quality(), _learned_pairs(made, file)
    pairs |= {f"held_{name}": value for name, value in quality.items()}
    first = _first(made, base_rate)
    if base_rate is not None:
        pairs |= {"base_rate": str(base_rate), "ppv": first[0], "ppv_least": first[1]}
    if form != "table":
        rows = {name: jsonable(value) for name, value in pairs.items()}
        if form == "json":
            write_json(iter(rows.items()), sys.stdout)
        else:
            write_csv([rows], list(rows))
        return

    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    n = made.labels
    lines = [
        (say(N_("Ranks")), say(N_("accounts")) if made.by == "account" else say(N_("parties"))),
        (say(N_("Learned from")), say(N_("{true} confirmed and {false} dismissed, {first} to {last}"),
            true=n["train_true"], false=n["train_false"], first=made.window[0], last=made.window[1])),
        (say(N_("Calibrated by")), say(N_("{true} confirmed and {false} dismissed, {first} to {last}"),
            true=n["held_true"], false=n["held_false"], first=made.held[0], last=made.held[1])),
        (say(N_("Left out")), say(N_("{unmoved} without transfers by then, {again} known already"),
            unmoved=n["unmoved"], again=n["again"])),
        (say(N_("Days")), say(N_("{days} with labels, {looked} on which everybody was looked at"),
            days=n["days"], looked=n["looked"])),
        (say(N_("Area under precision and recall")), say(N_("{value}; without knowledge {part}"),
            value=f"{quality['average_precision']:.3f}", part=f"{quality['part']:.3f}")),
        (say(N_("File")), file),
    ]  # fmt: skip
    if base_rate is not None:
        told = say(N_("not known: no label ranks so high")) if first[0] is None else _share(first, say)
        lines.insert(-1, (say(N_("PPV of the first half, at the base rate {rate}"), rate=base_rate), told))
    print_facts(Facts(lines))
    out(say(NO_FINDING))


def _learned_pairs(made: Learned, file: str) -> dict[str, Any]:
    return {
        "version": VERSION, "file": file, "by": made.by, "with_rules": made.with_rules,
        "features": list(made.features), "features_version": made.features_version, **made.labels,
        "window": list(made.window), "held": list(made.held), "case_hash": made.case_hash,
        "engine": made.engine,
    }  # fmt: skip


def _first(made: Learned, base_rate: Fraction | None) -> tuple[float | None, float | None]:
    """The PPV of whoever ranks as high as half of those held out that were confirmed."""
    import numpy as np

    if base_rate is None:
        return None, None
    middle = np.array([sorted(made.held_true)[len(made.held_true) // 2]])
    exact, least = made.ppv(middle, base_rate)
    return (None, None) if math.isnan(exact[0]) else (float(exact[0]), float(least[0]))


def _share(pair: tuple[float | None, float | None], say: Any) -> str:
    exact, least = pair
    return str(
        say(N_("{share}, at least {least}"), share=part_text(exact), least=part_text(least, least=True))
    )


def show_ranked(
    case: Case, frame: pd.DataFrame, made: Learned, as_of: str | None, base_rate: str | None, form: str,
    language: str,
) -> None:  # fmt: skip
    """Print who ranks how high and why, beside the score by rules."""
    digits = case.tables.minor_units.get(case.tables.currency, 2)
    of, unmoved = int(frame.attrs["of"]), int(frame.attrs["unmoved"])
    if form == "json":
        pairs = {
            "version": VERSION, "as_of": as_of, "base_rate": base_rate, "by": made.by,
            "learned_on": made.case_hash, "case_hash": case.hash, "window": list(made.window),
            "held": list(made.held), "labels": dict(made.labels), "left_out": of - len(frame),
        }  # fmt: skip
        write_json(iter({**pairs, "rows": _records(frame, digits)}.items()), sys.stdout)
        return
    if form == "csv":
        told = [
            {**row, "reasons": [f"{r['feature']}={r['contribution']:+.6f}" for r in row["reasons"]]}
            for row in _records(frame, digits)
        ]
        write_csv(told, [str(name) for name in frame.columns])
        return

    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    shown = frame[frame["probability"].notna()]
    heads = [
        N_("kind"), N_("subject"), N_("probability"), N_("PPV, at least"), N_("score by rules"), N_("level"),
        N_("why"),
    ]  # fmt: skip
    rows = [
        [
            say(KINDS[row["subject_kind"]]),
            called(row["subject_id"], {row["subject_id"]: row["name"]}) + (" *" if row["seen"] else ""),
            part_text(row["probability"]),
            _ppv(row),
            f"{row['score']:.3f}", say(LEVELS[row["level"]]) if row["level"] else "",
            "; ".join(_why(reason, digits, say) for reason in row["reasons"][:REASONS]),
        ]
        for row in shown.to_dict("records")
    ]  # fmt: skip
    print_table(
        Table(say(N_("Who resembles those who were confirmed")), [say(h) for h in heads], rows, [2, 3, 4])
    )
    if of - unmoved > len(shown):
        out(say(N_("and {count} more"), count=of - unmoved - len(shown)))
    if unmoved:
        out(say(N_("{count} moved nothing up to then and have no place"), count=unmoved))
    if shown["seen"].any():
        out(say(N_("* it was learned from a label of this one")))
    if base_rate is None:
        out(say(AS_IF, part=part_text(float(made.held_rate))))
    out(say(NO_FINDING))


def _ppv(row: Mapping[Any, Any]) -> str:
    if math.isnan(row["ppv"]):
        return ""
    return f"{part_text(row['ppv'])}, {part_text(row['ppv_least'], least=True)}"


def _records(frame: pd.DataFrame, digits: int) -> list[dict[str, Any]]:
    rows = []
    for row in frame.to_dict("records"):
        told = {str(name): jsonable(value) for name, value in row.items()}
        told["reasons"] = [{**r, "value": _value(r, digits)} for r in row["reasons"]]
        rows.append(told)
    return rows


def _value(reason: Mapping[str, Any], digits: int) -> Any:
    """A feature's value; money as exact decimal text."""
    name, value = reason["feature"], reason["value"]
    return money_text(int(value), digits) if name in MONEY else value


def _why(reason: Mapping[str, Any], digits: int, say: Any) -> str:
    """``+0.31 different accounts that paid it within the last 30 days: 12``."""
    name, value = str(reason["feature"]), reason["value"]
    text = amount_text(int(value), digits) if name in MONEY else f"{value:,.4g}"
    return f"{reason['contribution']:+.2f} {feature_name(name, say)}: {text}"


def feature_name(name: str, say: Any) -> str:
    """What a feature is called."""
    if name in FEATURES:
        return str(say(FEATURES[name][1]))
    if name == SCORE:
        return str(say(N_("score by rules, without decisions")))
    known: Iterator[str] = (p.name_en for p in PATTERNS if p.name == name)
    return str(say(next(known, name)))
