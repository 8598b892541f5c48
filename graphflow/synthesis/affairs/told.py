"""What an affair is: its tables, and the truth of it, which nothing of graphflow reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from graphflow.case import Case


@dataclass(frozen=True)
class Must:
    """Somebody who has to be found by a red line.

    Attributes
    ----------
    code
        The red line, ``RL-01``.
    subject
        The id of the party, account, product or loan.
    why
        What of the case the rule's definition is about.
    also
        Other ids under which the same may be found: the accounts of a party, who controls it, its product.
    """

    code: str
    subject: str
    why: str
    also: frozenset[str] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """Every id under which it counts as found."""
        return self.also | {self.subject}


@dataclass(frozen=True)
class May:
    """Guilty ones whom a red line may name and need not: the rule's words leave it open."""

    code: str
    ids: frozenset[str]
    why: str


@dataclass(frozen=True)
class Figure:
    """A published figure, and what it is in the case: `value` of `of`, in minor units or a count.

    Examples
    --------
    >>> Figure("returned", 691, 1030, "67.1 %").ratio
    Fraction(691, 1030)
    """

    name: str
    value: int
    of: int
    published: str

    @property
    def ratio(self) -> Fraction:
        """The part that it is."""
        return Fraction(self.value, self.of)


@dataclass(frozen=True)
class Affair:
    """A real affair as a generated case.

    Attributes
    ----------
    name, source
        Its name in the list, and where its figures are from.
    tables
        By name, each column as text, as a file has it.
    musts, mays
        For every red line who has to be found and why, and who may be; all others must not be.
    guilty, honest
        The parties and products whose conduct the case is about; everybody else is a counterparty.
    figures
        Published figures by name.
    """

    name: str
    source: str
    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    currency: str
    timezone: str
    musts: tuple[Must, ...] = field(repr=False)
    mays: tuple[May, ...] = field(repr=False)
    guilty: frozenset[str] = field(repr=False)
    honest: frozenset[str] = field(repr=False)
    figures: Mapping[str, Figure]

    def case(self) -> Case:
        """The case that the tables are."""
        from graphflow.case import Case

        tables: dict[str, Any] = dict(self.tables)
        return Case.from_tables(currency=self.currency, timezone=self.timezone, **tables)

    def write(self, out: Path, form: str) -> None:
        """Write the tables, and ``truth/``: ``redlines`` and ``summary.json``."""
        truth = out / "truth"
        truth.mkdir()
        for name, frame in self.tables.items():
            _write(frame, out / f"{name}.{form}")
        told = [
            {
                "code": m.code,
                "subject_id": m.subject,
                "also": ";".join(sorted(m.also)),
                "must": "true",
                "why": m.why,
            }
            for m in self.musts
        ]
        told += [
            {"code": m.code, "subject_id": each, "also": "", "must": "false", "why": m.why}
            for m in self.mays
            for each in sorted(m.ids)
        ]
        _write(
            pd.DataFrame(told, columns=["code", "subject_id", "also", "must", "why"]),
            truth / f"redlines.{form}",
        )
        summary = {
            "case": self.name,
            "source": self.source,
            "currency": self.currency,
            "timezone": self.timezone,
            "guilty": sorted(self.guilty),
            "honest": sorted(self.honest),
            "figures": {
                name: {"value": f.value, "of": f.of, "published": f.published}
                for name, f in self.figures.items()
            },
        }
        text = json.dumps(summary, ensure_ascii=False, indent=1) + "\n"
        (truth / "summary.json").write_text(text, encoding="utf-8")


def _write(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False, lineterminator="\n")
    else:
        frame.to_parquet(path, index=False)
