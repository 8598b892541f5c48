"""Ownership as statements of the Beneficial Ownership Data Standard 0.4: `loaders.bods` reads them back."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import InputError, Problem, UsageError
from graphflow.folder import whole_file
from graphflow.language import N_
from graphflow.mirrors import local_days, midnights
from graphflow.ownership.beneficial import beneficial_owners, rules_of
from graphflow.ownership.stakes import WHOLE, bounds_of, in_force, is_indirect, stakes_of
from graphflow.rows import Moment, local_time
from graphflow.stores.writing import Exported, Losses, must_be_writable
from graphflow.tables.columns import one
from graphflow.tables.schema import SCHEMA

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.tables import Tables

VERSION, PUBLISHER = "0.4", "graphflow"

# Each kind of ours as the standard has it; its own word for the form of the entity is ours where it has none.
ENTITIES: Mapping[str, Mapping[str, str]] = {
    "company": {"type": "registeredEntity"},
    "partnership": {"type": "registeredEntity", "details": "partnership"},
    "branch": {"type": "registeredEntity", "details": "branch"},
    "bank": {"type": "registeredEntity", "details": "bank"},
    "contract_fund": {"type": "arrangement", "subtype": "other", "details": "contract_fund"},
    "trust": {"type": "arrangement", "subtype": "trust"},
    "government": {"type": "stateBody"},
    "": {"type": "unknownEntity"},
}
NOMINATION = {"type": "arrangement", "subtype": "nomination"}

# Relations that mean control, or a place among those who manage; ours stands beside as the local name.
INTERESTS: Mapping[str, str] = {
    "controller": "otherInfluenceOrControl",
    "trustee": "trustee",
    "manager": "seniorManagingOfficial",
    "legal_representative": "seniorManagingOfficial",
    "director": "boardMember",
    "supervisor": "boardMember",
}

_PARTY = ("party_id", "name", "kind", "id_type", "id_number", "source_id", "address")
_ENTITY = ("founded", "region_registered")
_STAKE = ("owner_id", "company_id", "share", "share_min", "share_max", "votes", "class", "since", "until",
          "nominee_for", "indirect")  # fmt: skip
_RELATION = ("party_id", "other_id", "kind", "since", "until", "source")
# Where a row comes from: said as its source.
_BESIDE = frozenset({"source_file", "source_sheet", "source_row"})
_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")

Row = Mapping[str, Any]


def to_bods(
    case: Case, path: str | os.PathLike[str], as_of: Moment | None = None, *, regime: str | None = None
) -> Exported:
    """Write the ownership of a case as statements of the Beneficial Ownership Data Standard 0.4, in JSON.

    The stakes in force at a date, what was declared to be held through others, the relations that mean
    control or management (``controller``, ``trustee``, ``manager``, ``legal_representative``, ``director``,
    ``supervisor``), and the parties of both: one statement a row, persons and entities first. Shares and
    votes are exact percents: parts per billion are kept. A stake that a nominee holds is an arrangement of
    nomination with its nominator and its nominee, the arrangement's share, and the same share as the
    principal's, indirect, with these as its components. What no stake names of a company is a relationship
    whose party is not specified.

    A record has the same id at every date, a statement the same id for the same content, and the same case
    the same bytes. Each statement says from which row it comes. The file takes its name when it is whole.

    What has no place there is counted in the answer: other relations (acting in concert among them), other
    columns of parties, times of day, digits beyond parts per billion; parties who are neither owner, owned
    nor tied; rows not in force. The day of publication is the day of the state that is published: a file must
    not depend on when it was written.

    Parameters
    ----------
    path
        The file; one that is there is replaced.
    as_of
        The date; None means the last moment of which the case knows anything.
    regime
        Whose beneficial owners are marked, such as ``CN``: a holder whom `beneficial_owners` surely names for
        the company is one, and one whom it may name is left open. None marks no person: only that what is no
        person is none.

    Returns
    -------
    Exported
        The file, the day, how many statements of which kind, and what was left out.

    Raises
    ------
    InputError
        For a case without stakes and relations.
    UsageError
        For a file that cannot stand there; for a regime that there is not, or was not yet in force; for a
        case that knows of no date, where none is given: every statement has one.

    References
    ----------
    Open Ownership, Beneficial Ownership Data Standard 0.4 (2024).

    Examples
    --------
    >>> import tempfile
    >>> from graphflow.synthesis import holders
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = to_bods(holders.o2(), Path(folder, "o2.bods.json"), "2024-01-01")
    ...     statements = json.loads(made.path.read_text(encoding="utf-8"))
    >>> dict(made.counts)
    {'entity': 2, 'person': 2, 'relationship': 4, 'unspecified': 0}
    >>> statements[4]["recordDetails"]["interests"][0]["share"]
    {'exact': 30}
    """
    file = Path(path)
    must_be_writable(file)
    if not case.tables.has("stakes") and not case.tables.has("relations"):
        raise InputError(
            Problem("stakes, relations", N_("the case has neither table: it says nothing of owners"))
        )
    stakes = stakes_of(case, as_of)
    if regime is not None:
        rules_of(regime, stakes, as_of)
    if stakes.at == 0 and as_of is None:
        raise UsageError(
            Problem(
                "as_of",
                N_("every statement has a date, and the case knows of none"),
                expected=N_("the date whose state it is"),
            )
        )
    statements = _Statements(case, stakes.at, as_of, regime)
    with whole_file(file) as out:
        out.write("[")
        for number, each in enumerate(statements.made()):
            out.write((",\n" if number else "\n") + each)
        out.write("\n]\n")
    return Exported(file, statements.day, statements.counts, statements.losses.frame())


@dataclass
class _Statements:
    """The statements of a case at one moment."""

    case: Case
    at: int
    as_of: Moment | None
    regime: str | None
    losses: Losses = field(default_factory=Losses)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.counts.update(dict.fromkeys(("entity", "person", "relationship", "unspecified"), 0))
        self.day = local_time(self.at, self.case.tables.timezone).date().isoformat()
        self.stakes = self._rows("stakes", _STAKE, ("owner_id", "company_id"))
        self.relations = self._rows("relations", _RELATION, ("party_id", "other_id"))
        self.parties = self._parties()
        self._beneficial: dict[str, Mapping[str, bool]] = {}

    @property
    def tables(self) -> Tables:
        return self.case.tables

    def made(self) -> Iterator[str]:
        """All of them, each as JSON: persons and entities, before what refers to them."""
        for name in sorted(self.parties):
            yield self._party(self.parties[name])
        stakes = [row for row in self.stakes if self._may_be_owned("stakes", row, row["company_id"])]
        relations = [row for row in self.relations if self._may_be_owned("relations", row, row["other_id"])]
        for record, row in _numbered(stakes, ("company_id", "owner_id", "nominee_for", "class", "indirect")):
            yield from self._stake(record, row)
        for record, row in _numbered(relations, ("other_id", "party_id", "kind")):
            yield self._relation(record, row)
        yield from self._unspecified(stakes)

    # ---------------------------------------------------------------- rows

    def _rows(self, table: str, carried: Sequence[str], ids: tuple[str, str]) -> list[dict[str, Any]]:
        """The rows of a table that are in force and have a place, dates as days; the others are counted."""
        rows = self.tables.arrow(table)
        if rows is None or rows.num_rows == 0:
            return []
        held = in_force(rows, self.at)
        self._count(table, "not_in_force", rows.filter(pa.array(~held)), ids[0])
        rows = rows.filter(pa.array(held))
        if table == "relations":
            placed = pc.is_in(one(rows["kind"]), value_set=pa.array(list(INTERESTS), pa.large_string()))
            others = rows.filter(pc.invert(placed))
            for kind in sorted(set(one(others["kind"]).to_pylist())):
                self._count(
                    f"relations: {kind}", "no_place", others.filter(pc.equal(others["kind"], kind)), ids[0]
                )
            rows = rows.filter(placed)
        self._count_columns(table, rows, carried, ids[0])
        columns: dict[str, list[Any]] = {
            name: one(rows[name]).to_pylist()
            for name in (*carried, *sorted(_BESIDE))
            if name in rows.column_names and name not in ("since", "until")
        }  # fmt: skip
        if table == "stakes":
            columns["indirect"] = is_indirect(rows).tolist()
            least, most = bounds_of(rows)
            columns |= {"least": least.tolist(), "most": most.tolist()}
        for name in ("since", "until"):
            if name in rows.column_names:
                columns[name] = self._days(table, name, rows, ids[0])
        names = [*dict.fromkeys((*carried, *columns))]
        empty = [None] * rows.num_rows
        return [
            dict(zip(names, values, strict=True))
            for values in zip(*(columns.get(name, empty) for name in names), strict=True)
        ]

    def _count(self, where: str, reason: str, rows: pa.Table, key: str) -> None:
        if rows.num_rows:
            self.losses.add(where, reason, str(rows[key][0].as_py()), rows.num_rows)

    def _count_columns(self, table: str, rows: pa.Table, carried: Sequence[str], key: str) -> None:
        """Count what columns hold that have no place."""
        beside = {f"{name}_day" for name in SCHEMA[table].columns}  # whether a time is a bare day
        for name in rows.column_names:
            if name in carried or name in _BESIDE or name in beside:
                continue
            reason = "rounded" if name.endswith("_stated") else "no_place"
            self._count(f"{table}.{name}", reason, rows.filter(pc.is_valid(rows[name])), key)
        for name in ("share_min", "share_max"):
            if name in rows.column_names and "share" in rows.column_names:
                both = pc.and_(pc.is_valid(rows["share"]), pc.is_valid(rows[name]))
                self._count(f"{table}.{name}", "no_place", rows.filter(both), key)

    def _days(self, table: str, name: str, rows: pa.Table, key: str) -> list[str | None]:
        """A column of times as local days."""
        times = one(rows[name]).cast(pa.int64())
        known = np.asarray(times.is_valid().to_numpy(zero_copy_only=False), np.bool_)
        moments = np.asarray(pc.fill_null(times, 0).to_numpy(zero_copy_only=False), np.int64)
        zone = self.tables.timezone
        days = local_days(moments, zone)
        self._count(
            f"{table}.{name}",
            "day_only",
            rows.filter(pa.array(known & (midnights(days, zone) != moments))),
            key,
        )
        said = days.astype("datetime64[D]").astype(str).tolist()
        return [day if is_known else None for day, is_known in zip(said, known.tolist(), strict=True)]

    def _parties(self) -> dict[str, Row]:
        """The parties of these rows."""
        named = {str(row[name]) for row in self.stakes for name in ("owner_id", "company_id")}
        named |= {str(row["nominee_for"]) for row in self.stakes if row["nominee_for"] is not None}
        named |= {str(row[name]) for row in self.relations for name in ("party_id", "other_id")}
        rows = self.tables.arrow("parties")
        if rows is None:
            return {}
        part = pc.is_in(one(rows["party_id"]), value_set=pa.array(sorted(named), pa.large_string()))
        self._count("parties", "no_part", rows.filter(pc.invert(part)), "party_id")
        rows = rows.filter(part)
        person = pc.fill_null(pc.equal(one(rows["kind"]), "person"), False)
        self._count_columns("parties", rows.filter(person), _PARTY, "party_id")
        self._count_columns("parties", rows.filter(pc.invert(person)), (*_PARTY, *_ENTITY), "party_id")
        self._count("parties.kind", "unknown_kind", rows.filter(pc.is_null(rows["kind"])), "party_id")
        columns = {
            name: one(rows[name]).to_pylist()
            for name in (*_PARTY, *sorted(_BESIDE), "region_registered") if name in rows.column_names
        }  # fmt: skip
        if "founded" in rows.column_names:
            columns["founded"] = self._days("parties", "founded", rows, "party_id")
        return {
            str(values[0]): dict(zip(columns, values, strict=True))
            for values in zip(*columns.values(), strict=True)
        }

    def _kind(self, party: str) -> str:
        return str(self.parties[party].get("kind") or "")

    def _may_be_owned(self, table: str, row: Row, company: str) -> bool:
        if self._kind(company) != "person":
            return True
        self.losses.add(table, "no_subject", company)
        return False

    # ---------------------------------------------------------------- statements

    def _statement(self, kind: str, record: str, subject: str, source: str | None, details: Row) -> str:
        self.counts[kind] += 1
        said = _json({
            "declarationSubject": subject,
            "statementDate": self.day,
            "publicationDetails": {
                "publicationDate": self.day, "bodsVersion": VERSION, "publisher": {"name": PUBLISHER},
            },
            **({"source": {"description": source}} if source else {}),
            "recordId": record,
            "recordStatus": "new",
            "recordType": kind,
            "recordDetails": details,
        })  # fmt: skip
        return f'{{"statementId": "{_hash(said)}", {said[1:]}'

    def _party(self, row: Row) -> str:
        name, kind, record = row.get("name"), str(row.get("kind") or ""), str(row["party_id"])
        details: dict[str, Any] = {"isComponent": False}
        if kind == "person":
            details["personType"] = "knownPerson"
            if name:
                details["names"] = [{"type": "legal", "fullName": name}]
        else:
            details["entityType"] = dict(ENTITIES[kind])
            if not kind:
                details["unspecifiedEntityDetails"] = {"reason": "informationUnknownToPublisher"}
            if name:
                details["name"] = name
            place = row.get("region_registered")
            if place:
                details["jurisdiction"] = {
                    "name": place,
                    **({"code": place} if _CODE.fullmatch(place) else {}),
                }
            if row.get("founded"):
                details["foundingDate"] = row["founded"]
        identifiers = []
        if row.get("id_number"):
            identifiers.append({"id": row["id_number"], "schemeName": row.get("id_type") or "id_number"})
        elif row.get("id_type"):  # a scheme stands beside a number only
            self.losses.add("parties.id_type", "no_place", record)
        for each in str(row.get("source_id") or "").split(";"):
            if each and each != row.get("id_number"):
                identifiers.append({"id": each, "schemeName": "source_id"})
        if identifiers:
            details["identifiers"] = identifiers
        if row.get("address"):
            details["addresses"] = [{"address": row["address"]}]
        return self._statement(
            "person" if kind == "person" else "entity", record, record, _source(row), details
        )

    def _relationship(
        self, record: str, row: Row, party: Any, subject: str, interests: Sequence[Row], **more: Any
    ) -> str:
        details = {"isComponent": False, "subject": subject, "interestedParty": party, "interests": interests}
        about = row.get("company_id", subject)  # a nomination is no subject that anybody asks about
        return self._statement("relationship", record, about, _source(row), details | more)

    def _stake(self, record: str, row: Row) -> Iterator[str]:
        owner, company, principal = row["owner_id"], row["company_id"], row["nominee_for"]
        if row["indirect"] and principal is not None:
            self.losses.add("stakes.nominee_for", "no_place", owner)
        if principal is None or principal == owner or row["indirect"]:
            yield self._relationship(f"stake:{record}", row, owner, company, self._shares(row, owner))
            return
        # held for another: an arrangement of the two, which holds it, and by which the other has it
        group, dates = f"nomination:{record}", _dates(row)
        yield self._statement(
            "entity", group, company, _source(row), {"isComponent": True, "entityType": dict(NOMINATION)}
        )
        components = [group]
        for word, party in (("nominator", principal), ("nominee", owner)):
            interest = {"type": word, "directOrIndirect": "direct", "beneficialOwnershipOrControl": False}
            components.append(f"{word}:{record}")
            yield self._relationship(components[-1], row, party, group, [interest | dates], isComponent=True)
        components.append(f"held:{record}")
        yield self._relationship(
            components[-1], row, group, company, self._shares(row, None), isComponent=True
        )
        yield self._relationship(
            f"stake:{record}", row, principal, company, self._shares(row, principal, "indirect"),
            componentRecords=components,
        )  # fmt: skip

    def _shares(self, row: Row, owner: str | None, way: str | None = None) -> Sequence[Row]:
        """The interests of a stake: its share, and its votes where they are stated."""
        kind = self._kind(row["company_id"])
        first: dict[str, Any] = {
            "type": "beneficiaryOfLegalArrangement" if kind in ("trust", "contract_fund") else "shareholding",
            "directOrIndirect": way or ("indirect" if row["indirect"] else "direct"),
            **self._is_beneficial(row["company_id"], owner),
        }
        share = _share(row)
        beside = {**_dates(row), **({"details": row["class"]} if row["class"] else {})}
        found = [{**first, **({"share": share} if share else {}), **beside}]
        if row["votes"] is not None:
            found.append(
                {**first, "type": "votingRights", "share": {"exact": _percent(row["votes"])}, **beside}
            )
        return found

    def _relation(self, record: str, row: Row) -> str:
        kind, party, over = row["kind"], row["party_id"], row["other_id"]
        no_trust = (
            kind == "trustee" and self._kind(over) != "trust"
        )  # the standard has trustees of trusts only
        interest = {
            "type": INTERESTS["controller" if no_trust else kind],
            "directOrIndirect": "unknown" if kind == "controller" else "direct",
            **self._is_beneficial(over, party),
            "details": kind,
            **_dates(row),
        }
        return self._relationship(f"relation:{record}", row, party, over, [interest])

    def _is_beneficial(self, company: str, owner: str | None) -> dict[str, bool]:
        """Whether somebody is a beneficial owner of a company, as far as that is known."""
        if owner is None or self._kind(owner) not in ("person", ""):
            return {"beneficialOwnershipOrControl": False}
        if self.regime is None or self._kind(owner) == "":
            return {}
        if company not in self._beneficial:
            frame = beneficial_owners(self.case, company, self.regime, self.as_of)
            known: dict[str, bool] = {}
            for party, met in zip(frame["party_id"], frame["met"], strict=True):
                if isinstance(party, str):
                    known[party] = known.get(party, False) or met == "yes"
            self._beneficial[company] = known
        found = self._beneficial[company]
        if owner not in found:
            return {"beneficialOwnershipOrControl": False}
        return {"beneficialOwnershipOrControl": True} if found[owner] else {}

    def _unspecified(self, stakes: Sequence[Row]) -> Iterator[str]:
        """Of each company what no stake names: a relationship whose party is not known."""
        least, most = Counter[str](), Counter[str]()
        for row in stakes:
            if not row["indirect"]:
                least[row["company_id"]] += row["least"]
                most[row["company_id"]] += row["most"]
        for name in sorted(self.parties):
            if name not in least and self._kind(name) in ("person", "government", ""):
                continue
            low, high = max(WHOLE - most[name], 0), WHOLE - least[name]
            if high <= 0:
                continue
            share = _share({"share": high if low == high else None, "share_min": low, "share_max": high})
            interest = {"type": "shareholding", "directOrIndirect": "unknown", "share": share}
            self.counts["unspecified"] += 1
            nobody = {"reason": "informationUnknownToPublisher"}
            yield self._relationship(f"unknown:{_hash(name)[:32]}", {}, nobody, name, [interest])


_json = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8")).hexdigest()


def _numbered(rows: Sequence[Row], key: tuple[str, ...]) -> Iterator[tuple[str, Row]]:
    """Rows with an id each, which neither their order decides nor what they say of amounts and dates.

    Several rows of one key are told apart by a number, in the order of what they say.
    """
    alike: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        alike.setdefault(tuple(str(row[name] or "") for name in key), []).append(row)
    for names, group in sorted(alike.items()):
        for number, row in enumerate(sorted(group, key=_content) if len(group) > 1 else group, 1):
            yield _hash(_json([*names, number]))[:32], row


def _content(row: Row) -> tuple[str, str]:
    """What a row says, and where it stands, as texts to sort by."""
    names = sorted(row)
    said = [row[name] for name in names if name not in _BESIDE]
    return _json(said), _json([row[name] for name in names if name in _BESIDE])


def _source(row: Row) -> str | None:
    """Where a row comes from: what it says itself, then its file, sheet and row."""
    place = [str(row[name]) for name in ("source_file", "source_sheet") if row.get(name)]
    if row.get("source_row") is not None and place:
        place.append(f"row {row['source_row']}")
    return "; ".join(each for each in (row.get("source"), ", ".join(place)) if each) or None


def _dates(row: Row) -> dict[str, str]:
    found = {"startDate": row["since"], "endDate": row["until"]}
    return {name: day for name, day in found.items() if day is not None}


def _percent(parts: int) -> int | float:
    """Parts per billion as a percent, which reads back to the same parts: the shortest decimal of it.

    >>> _percent(375_000_000), _percent(333_333_333), _percent(1), _percent(10**9)
    (37.5, 33.3333333, 1e-07, 100)
    """
    return parts // 10**7 if parts % 10**7 == 0 else parts / 10**7


def _share(row: Row) -> dict[str, int | float]:
    """A share as the standard has it: exact, or its bounds; nothing where it is not known."""
    low, high = row["share_min"], row["share_max"]
    exact = row["share"] if row["share"] is not None else low if low == high else None
    if exact is not None:
        return {"exact": _percent(exact)}
    bounds = {"minimum": low, "maximum": high}
    return {name: _percent(parts) for name, parts in bounds.items() if parts is not None}
