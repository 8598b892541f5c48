"""The import report: what became of every row that was handed in, and of its money."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pyarrow as pa

from graphflow.errors import shown
from graphflow.language import N_, translate
from graphflow.mirrors import WHY
from graphflow.tables import PROVENANCE, ROWS, SCHEMA, SHARE_DIGITS, Note, Tally, place
from graphflow.terminal import Column, money_text, table_lines

_TITLES = {
    "read": N_("read"),
    "loaded": N_("loaded"),
    "quarantined": N_("quarantined"),
    "duplicates": N_("duplicates"),
    "set_aside": N_("set aside"),
}
_LISTED = {
    "possible_mirrors": N_("possible mirrors: pairs of rows that nearly fit and were not merged"),
    "conflicts": N_("values in which sources contradict one another"),
    "dangling": N_("values that should name a row of another table and do not"),
    "excess": N_("companies whose stakes sum to more than the whole"),
    "added_accounts": N_("accounts added that no table describes"),
    "added_parties": N_("parties added that no table describes"),
    "unknown_sides": N_(
        "rows that do not name the other side: it is an account of its own for each, ?:ACCOUNT:TRANSFER"
    ),
    "added": N_("rows added to {table} that no table describes"),
    "set_aside": N_("rows of {table} set aside: of zero amount, or failed"),
}
SHOWN = 5
FILES_SHOWN = 40
VALUE_SHOWN = 120  # characters of a refused value


@dataclass(frozen=True)
class SourceLine:
    """One source file of an import: what it is and what it gave.

    `status` is ``new``; ``known`` where the case already had the very same bytes: nothing was added then; or
    ``replaced`` where these were read anew, in place of what they had given.
    """

    name: str
    sha256: str
    bytes: int
    loader: str
    status: str
    tallies: Mapping[str, Tally] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows read from it, of all tables."""
        return sum(tally.rows.get("read", 0) for tally in self.tallies.values())

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**vars(self), "tallies": {name: tally.as_dict() for name, tally in self.tallies.items()}}

    @classmethod
    def of_dict(cls, data: Mapping[str, Any]) -> SourceLine:
        """The line that `as_dict` wrote."""
        return cls(
            **{**data, "tallies": {name: Tally.of_dict(tally) for name, tally in data["tallies"].items()}}
        )


@dataclass(frozen=True)
class Listing:
    """Matters of one kind for a person to look at: how many, their money, and the first of them.

    All of them are in the case (`Case.listed`).
    """

    rows: int
    money: Mapping[str, int] = field(default_factory=dict)
    first: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class ImportReport:
    """What an import did, and how the whole case now adds up.

    Attributes
    ----------
    case, hash
        The case's folder (empty for a case in memory) and the hash of its contents.
    sources
        The files of this import.
    tallies
        By table, over all sources of the case: rows and money read, and what became of them.
    mirrors
        Rows merged with the other side's record of the same transfer (among the duplicates), and their money.
    listed
        What a person should look at, by kind.
    refusals
        The quarantine by table, column and reason: `count`, and `place` and `value` of the first row.
    further
        By table: the columns that nothing uses, each with the known one that it may have been meant to be, or
        None.
    """

    case: str
    hash: str
    minor_units: Mapping[str, int]
    sources: tuple[SourceLine, ...]
    tallies: Mapping[str, Tally]
    mirrors: tuple[int, Mapping[str, int]]
    listed: Mapping[str, Listing]
    refusals: tuple[Mapping[str, Any], ...]
    rounded: Mapping[str, int]
    notes: tuple[Note, ...]
    further: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)

    @property
    def quarantined(self) -> int:
        """Rows in quarantine, of all sources of the case."""
        return sum(tally.rows.get("quarantined", 0) for tally in self.tallies.values())

    @property
    def added(self) -> tuple[str, ...]:
        """Names of the files that this import added."""
        return tuple(line.name for line in self.sources if line.status == "new")

    @property
    def replaced(self) -> tuple[str, ...]:
        """Names of the files that this import read anew, in place of what they had given."""
        return tuple(line.name for line in self.sources if line.status == "replaced")

    def as_dict(self) -> dict[str, Any]:
        """Plain data with money in minor units, as the case keeps it."""
        return {
            "case": self.case,
            "hash": self.hash,
            "minor_units": dict(self.minor_units),
            "sources": [line.as_dict() for line in self.sources],
            "tallies": {name: tally.as_dict() for name, tally in self.tallies.items()},
            "mirrors": {"rows": self.mirrors[0], "money": dict(self.mirrors[1])},
            "listed": {
                name: {**vars(found), "first": list(found.first)} for name, found in self.listed.items()
            },
            "refusals": [dict(refusal) for refusal in self.refusals],
            "rounded": dict(self.rounded),
            "further": {name: dict(its) for name, its in self.further.items()},
            "notes": [{**vars(note), "values": dict(note.values)} for note in self.notes],
        }

    @classmethod
    def of_dict(cls, data: Mapping[str, Any]) -> ImportReport:
        """The report that `as_dict` wrote."""
        return cls(
            data["case"],
            data["hash"],
            data["minor_units"],
            tuple(SourceLine.of_dict(line) for line in data["sources"]),
            {name: Tally.of_dict(tally) for name, tally in data["tallies"].items()},
            (data["mirrors"]["rows"], data["mirrors"]["money"]),
            {
                name: Listing(found["rows"], found["money"], tuple(found["first"]))
                for name, found in data["listed"].items()
            },
            tuple(data["refusals"]),
            data["rounded"],
            tuple(Note(**note) for note in data["notes"]),
            data.get("further", {}),  # older reports do not say
        )

    def json(self, language: str = "en") -> str:
        """The report as JSON text, money as exact decimal text."""
        plain = self.as_dict()
        plain["tallies"] = {name: self._decimal_tally(tally) for name, tally in plain["tallies"].items()}
        for line in plain["sources"]:
            line["tallies"] = {name: self._decimal_tally(tally) for name, tally in line["tallies"].items()}
        plain["mirrors"]["money"] = self._decimal(plain["mirrors"]["money"])
        for found in plain["listed"].values():
            found["money"] = self._decimal(found["money"])
            found["first"] = [self._decimal_row(row) for row in found["first"]]
        for note, said in zip(plain["notes"], self.notes, strict=True):
            note["text"] = translate(said.text, language, **said.values)
        return json.dumps(plain, ensure_ascii=False, indent=1, default=str)

    def text(self, language: str = "en") -> str:
        """The report for a person, in a language."""
        return "\n".join(self._lines(language))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        rows = sum(tally.rows.get("read", 0) for tally in self.tallies.values())
        return (
            f"<ImportReport: {len(self.added)} files added, {rows} rows read in all, "
            f"{self.quarantined} in quarantine; print it for the whole>"
        )

    def _lines(self, language: str) -> Iterator[str]:
        def say(text: str, **values: object) -> str:
            return translate(text, language, **values)

        def title(table: str) -> str:
            return translate(SCHEMA[table].title, language)

        new = [line for line in self.sources if line.status == "new"]
        anew = [line for line in self.sources if line.status == "replaced"]
        known = [line for line in self.sources if line.status == "known"]
        yield say(
            N_("{new} files added with {rows} rows, {known} files already in the case"),
            new=len(new),
            rows=sum(line.rows for line in new),
            known=len(known),
        )
        if anew:
            text = N_("{count} files read anew with {rows} rows, in place of what they had given: {files}")
            rows = sum(line.rows for line in anew)
            yield say(text, count=len(anew), rows=rows, files=", ".join(line.name for line in anew))
        if new:
            yield ""
            columns = [
                Column(say(N_("file"))),
                Column(say(N_("loader"))),
                Column(say(N_("rows")), right=True),
                Column("SHA-256"),
            ]
            shown = [[line.name, line.loader, str(line.rows), line.sha256[:16]] for line in new[:FILES_SHOWN]]
            yield from table_lines(columns, shown)
            if len(new) > FILES_SHOWN:
                rest = new[FILES_SHOWN:]
                text = N_("… and {count} more files with {rows} rows")
                yield say(text, count=len(rest), rows=sum(line.rows for line in rest))
        yield ""
        yield say(N_("The whole case: rows read = loaded + quarantined + duplicates + set aside"))
        kinds = ("read", *ROWS)
        tallies = [(name, self.tallies[name]) for name in SCHEMA if name in self.tallies]
        columns = [Column(say(N_("table"))), *(Column(say(_TITLES[kind]), right=True) for kind in kinds)]
        yield from table_lines(
            columns,
            [[title(name), *(str(tally.rows.get(kind, 0)) for kind in kinds)] for name, tally in tallies],
        )
        money = [
            [
                title(name),
                currency,
                *(
                    money_text(tally.money.get(kind, {}).get(currency, 0), self._digits(currency))
                    for kind in kinds
                ),
            ]
            for name, tally in tallies
            for currency in sorted({c for sums in tally.money.values() for c in sums})
        ]
        if money:
            yield ""
            yield say(N_("Money: the sum of the amounts, each without its sign, so that none hides another"))
            columns = [
                Column(say(N_("table"))),
                Column(say(N_("money"))),
                *(Column(say(_TITLES[kind]), right=True) for kind in kinds),
            ]
            yield from table_lines(columns, money)
        for name, tally in tallies:
            if tally.negative:
                yield say(
                    N_("{table}: of the money read, {money} stands there with a minus"),
                    table=title(name),
                    money=self._sums(tally.negative),
                )
            if tally.unknown.get("read", 0):
                yield say(
                    N_("{table}: {count} rows have no readable amount; they count as rows, not as money"),
                    table=title(name),
                    count=tally.unknown["read"],
                )
        yield from self._matters(language)

    def _matters(self, language: str) -> Iterator[str]:
        """Everything beyond the sums that a reader should know, one line each."""
        found: list[str] = []
        if self.mirrors[0]:
            text = N_("{count} rows merged with the other side's record of the same transfer, {money}")
            found.append(translate(text, language, count=self.mirrors[0], money=self._sums(self.mirrors[1])))
        for refusal in self.refusals:
            text = N_("{count} rows of {table} in quarantine: {reason}; the first: {place}: {value}")
            said = {
                **refusal,
                **({"place": place(refusal)} if "source_row" in refusal else {}),  # else an older report
                "reason": translate(str(refusal["reason"]), language),
                "table": translate(SCHEMA[refusal["table"]].title, language),
                "value": shown(refusal["value"], VALUE_SHOWN),
            }
            found.append(translate(text, language, **said))
        for name, listing in self.listed.items():
            base, table = name, ""
            if name not in _LISTED:
                base, table = next(
                    (b, name.removeprefix(f"{b}_")) for b in ("set_aside", "added") if name.startswith(b)
                )
            what = translate(
                _LISTED[base], language, table=translate(SCHEMA[table].title, language) if table else ""
            )
            money = f", {self._sums(listing.money)}" if listing.money else ""
            found.append(
                translate(N_("{where}: {what}"), language, where=what, what=f"{listing.rows}{money}")
            )
            found += [f"    {self._said(base, row, language)}" for row in listing.first]
            if listing.rows > len(listing.first) > 0:
                more = translate(N_("and {count} more"), language, count=listing.rows - len(listing.first))
                found.append(f"    … {more}")
        for column, count in self.rounded.items():
            text = N_(
                "{column}: {count} shares of more than nine decimals, rounded half to even; the text is kept"
            )
            found.append(translate(text, language, column=column, count=count))
        for table, its in self.further.items():
            hint = N_("{column} (did you mean {near}?)")
            columns = ", ".join(
                column if near is None else translate(hint, language, column=column, near=near)
                for column, near in its.items()
            )
            text = N_("{table}: further columns, kept and shown, and used by no question: {columns}")
            title = translate(SCHEMA[table].title, language)
            found.append(translate(text, language, table=title, columns=columns))
        for note in self.notes:
            found.append(translate(note.text, language, **note.values))
        if found:
            yield ""
            yield from found

    def _said(self, kind: str, row: Mapping[str, Any], language: str) -> str:
        """A listed row on one line: where it is and what is the matter, not all that stands in it."""
        full = self._decimal_row(row)
        for name in ("reason", "why"):
            if name in full:
                full[name] = translate(WHY.get(full[name], full[name]), language)
        if kind == "excess":
            full["share"] = money_text(full["share"], SHARE_DIGITS)
        if kind == "possible_mirrors":
            apart = timedelta(microseconds=full["apart"])
            return "{payer_id} / {payee_id}: {amount} {currency}, {apart}: {why}".format(
                **{**full, "apart": apart}
            )
        if kind == "set_aside":
            worth = " ".join(str(full[name]) for name in ("amount", "currency") if name in full)
            what = f"{full.get('reason', '')}" + (f" ({worth})" if worth else "")
            return translate(N_("{where}: {what}"), language, where=place(full), what=what)
        if "named_by" in full:
            return translate(
                N_("{key}, named by {column}"), language, key=full["key"], column=full["named_by"]
            )
        if kind == "conflicts":
            text = N_("{table} {key}, {column}: {kept} is kept, another source says {other} ({where})")
            where = place(full) if full.get("source_file") else ""
            said = {"kept": "–", "other": "–", "where": where}
            return self._of_table(text, language, {**said, **full})
        if kind == "dangling":
            return self._of_table(
                N_("{table}, {column}: {value}, in {rows} rows; it should be a key of {refers}"),
                language,
                full,
            )
        if kind == "excess":
            text = N_("{company_id} from {since}: {share} of 1")
            return translate(text, language, **{"since": "–", **full})
        if "source_file" in full:
            where = place(full).text(functools.partial(translate, language=language))
            full = {name: value for name, value in full.items() if name not in PROVENANCE} | {"": where}
        return ", ".join(f"{name} {value}".strip() for name, value in full.items() if value not in (None, ""))

    def _of_table(self, text: str, language: str, row: Mapping[str, Any]) -> str:
        """A text about a row of a table, which is called by its title."""
        table = translate(SCHEMA[row["table"]].title, language)
        return translate(text, language, **{**row, "table": table})

    def _digits(self, currency: object) -> int:
        return self.minor_units.get(str(currency), 2)

    def _decimal(self, money: Mapping[str, int]) -> dict[str, str]:
        return {currency: money_text(value, self._digits(currency)) for currency, value in money.items()}

    def _decimal_tally(self, tally: Mapping[str, Any]) -> dict[str, Any]:
        money = {kind: self._decimal(money) for kind, money in tally["money"].items()}
        return {**tally, "money": money, "negative": self._decimal(tally["negative"])}

    def _decimal_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A listed row with its money, where it has any, as decimal text."""
        if isinstance(row.get("amount"), int):
            return {**row, "amount": money_text(row["amount"], self._digits(row.get("currency")))}
        return dict(row)

    def _sums(self, money: Mapping[str, int]) -> str:
        return ", ".join(f"{text} {currency}" for currency, text in self._decimal(money).items())


def refusals_of(quarantine: pa.Table) -> tuple[dict[str, Any], ...]:
    """The quarantine by table, column and reason, the most frequent first."""
    if quarantine.num_rows == 0:
        return ()
    keys = ["table", "column", "reason"]
    numbered = quarantine.append_column("number", pa.array(range(quarantine.num_rows)))
    groups = numbered.group_by(keys).aggregate([("number", "min"), ("number", "count")])
    found = []
    for group in groups.to_pylist():
        first = quarantine.slice(group["number_min"], 1).to_pylist()[0]
        count = group["number_count"]
        found.append(
            {
                **{key: group[key] for key in keys},
                "count": count,
                "place": str(place(first)),
                **{key: first[key] for key in PROVENANCE},
                "value": first["value"] or "",
            }
        )
    return tuple(sorted(found, key=lambda refusal: (-refusal["count"], *(str(refusal[key]) for key in keys))))
