"""Beneficial Ownership Data Standard 0.4: statements about entities, persons and relationships, as JSON.

A record has a statement for each of its versions. A later version holds from the start that it states, or
where it states none later than the one before, from the day of its statement.

An arrangement of nomination between one nominator and one nominee is no party: what it has, the nominee holds
for the nominator. The same said once more of the nominator, through that arrangement, is not counted again.
The local name of an interest or an entity is ours where it is a word of ours, and the class of a stake.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pyarrow as pa

from graphflow.errors import InputError, Problem
from graphflow.language import N_
from graphflow.tables import Note, Raw
from loaders.mapping import provenance, source_files, texts, unread_notes
from loaders.source import File, Source

ENTITIES = {
    "registeredEntity": "company",
    "legalEntity": "company",
    "unknownEntity": "company",
    "anonymousEntity": "company",
    "state": "government",
    "stateBody": "government",
    "arrangement": "partnership",  # whose members' votes are unknown
}
RELATIONS = {
    "boardMember": "director",
    "boardChair": "director",
    "seniorManagingOfficial": "manager",
    "trustee": "trustee",
    "appointmentOfBoard": "controller",
    "otherInfluenceOrControl": "controller",
    "controlViaCompanyRulesOrArticles": "controller",
    "controlByLegalFramework": "controller",
}
# The local names by which `graphflow.stores.bods` says what the standard has no word for.
KINDS = frozenset({"company", "partnership", "contract_fund", "trust", "government", "branch", "bank"})
TIES = frozenset({*RELATIONS.values(), "legal_representative", "supervisor"})

STAKES = {"shareholding": "share", "votingRights": "votes", "": "share", "unknownInterest": "share",
          "unpublishedInterest": "share", "beneficiaryOfLegalArrangement": "share"}  # fmt: skip

_COLUMNS = {
    "parties": ("party_id", "name", "kind", "founded", "region_registered", "address", "source_id"),
    "stakes": ("owner_id", "company_id", "share", "share_min", "share_max", "votes", "class", "since",
               "until", "nominee_for", "indirect"),
    "relations": ("party_id", "other_id", "kind", "since", "until", "source"),
}  # fmt: skip


def claims(source: Source) -> tuple[File, ...]:
    return tuple(file for file in source.files if _is_ours(file))


def _is_ours(file: File) -> bool:
    if file.kind != "text":
        return False
    head = file.head().lstrip(b"\xef\xbb\xbf \t\r\n")
    return head[:1] in (b"[", b"{") and b'"recordType"' in head and b'"statementId"' in head


@dataclass
class _Nomination:
    """An arrangement by which one party holds for another: its records, and in what it has stakes."""

    nominators: set[str] = field(default_factory=set)
    nominees: set[str] = field(default_factory=set)
    records: set[str] = field(default_factory=set)
    companies: set[str] = field(default_factory=set)
    others: bool = False  # somebody has something else in it, so that it is a party

    @property
    def is_plain(self) -> bool:
        return len(self.nominators) == 1 and len(self.nominees) == 1 and not self.others

    @property
    def nominator(self) -> str:
        return next(iter(self.nominators))

    @property
    def nominee(self) -> str:
        return next(iter(self.nominees))


@dataclass
class _Rows:
    """Rows gathered of one file, by table, each with the number of its statement."""

    rows: dict[str, list[tuple[int, Mapping[str, str | None]]]] = field(default_factory=dict)
    unused: Counter[str] = field(default_factory=Counter)
    nominations: dict[str, _Nomination] = field(default_factory=dict)

    def add(self, table: str, row: int, **values: str | None) -> None:
        self.rows.setdefault(table, []).append((row, values))


def load(source: Source, *, currency: str | None = None, timezone: str | None = None) -> Raw:
    """Read files of statements.

    Parameters
    ----------
    source
        Files that `claims` has named.
    currency
        Not used: there is no money in statements.
    timezone
        Of dates, which have no offset; UTC without it.
    """
    raw = Raw({}, timezone=timezone or "UTC", files=source_files(source, "bods"))
    notes = unread_notes(source)
    parts: dict[str, list[pa.Table]] = {}
    for file in source.files:
        if not _is_ours(file):
            continue
        found = _read(file)
        for table, rows in found.rows.items():
            columns = {name: texts([values.get(name) for _, values in rows]) for name in _COLUMNS[table]}
            numbers = np.asarray([row for row, _ in rows], np.int64)
            parts.setdefault(table, []).append(provenance(columns, file, None, numbers))
        notes += [
            Note("bods_unused", N_("{count} statements of {what} in {file} have no place in our tables"),
                 {"count": count, "what": what, "file": file.name})
            for what, count in sorted(found.unused.items())
        ]  # fmt: skip
    raw.tables = {table: pa.concat_tables(made) for table, made in parts.items()}
    raw.notes = tuple(notes)
    return raw


def _statements(file: File) -> list[Mapping[str, Any]]:
    try:
        read = json.loads(file.path.read_text(encoding="utf-8-sig"), parse_float=Decimal, parse_int=Decimal)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            Problem(file.name, N_("is not JSON that can be read: {reason}"), {"reason": str(error)})
        ) from None
    listed = read if isinstance(read, list) else [read]
    wrong = [number for number, each in enumerate(listed, 1) if not isinstance(each, dict)]
    if wrong:
        raise InputError(
            Problem(file.name, N_("{count} statements are no objects"), {"count": len(wrong)}, str(wrong[0]))
        )
    return listed


def _read(file: File) -> _Rows:
    found = _Rows()
    versions: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for row, statement in enumerate(_statements(file), 1):
        record = str(statement.get("recordId") or f"{file.name}:{row}")
        kind = str(statement.get("recordType") or "")
        if kind not in ("entity", "person", "relationship"):
            found.unused[kind or "?"] += 1
            continue
        versions.setdefault(f"{kind}\0{record}", []).append((row, statement))
    for listed in versions.values():
        listed.sort(key=lambda item: (str(item[1].get("statementDate") or ""), item[0]))
    found.nominations = _nominations(versions)
    for key, listed in versions.items():
        kind, _, record = key.partition("\0")
        if kind == "relationship":
            _relationship(found, listed)
        elif kind == "person" or record not in found.nominations:
            row, last = listed[-1]
            _party(found, row, record, kind, _mapping(last.get("recordDetails")))
    return found


def _nominations(versions: Mapping[str, list[tuple[int, Mapping[str, Any]]]]) -> dict[str, _Nomination]:
    """The arrangements of nomination between one nominator and one nominee, in all their versions."""
    found: dict[str, _Nomination] = {}
    for key, listed in versions.items():
        kind, _, record = key.partition("\0")
        entity = _mapping(_mapping(listed[-1][1].get("recordDetails")).get("entityType"))
        if kind == "entity" and entity.get("type") == "arrangement" and entity.get("subtype") == "nomination":
            found[record] = _Nomination(records={record})
    if not found:
        return found
    for key, listed in versions.items():
        kind, _, record = key.partition("\0")
        for _, statement in listed if kind == "relationship" else ():
            given = _mapping(statement.get("recordDetails"))
            owner, company = given.get("interestedParty"), given.get("subject")
            kinds = {str(each.get("type") or "") for each in _list(given.get("interests"))}
            if not isinstance(owner, str) or not isinstance(company, str):
                continue
            if company in found:
                of = found[company]
                of.records.add(record)
                of.nominators |= {owner} if "nominator" in kinds else set()
                of.nominees |= {owner} if "nominee" in kinds else set()
                of.others |= not kinds <= {"nominator", "nominee"}
            if owner in found:
                found[owner].records.add(record)
                found[owner].companies |= {company} if kinds & STAKES.keys() else set()
    return {record: each for record, each in found.items() if each.is_plain}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _party(found: _Rows, row: int, record: str, kind: str, given: Mapping[str, Any]) -> None:
    if kind == "person":
        names = _list(given.get("names"))
        legal = [each for each in names if each.get("type") == "legal"] or names
        name = str(legal[0].get("fullName") or "") if legal else ""
        ours = "person"
    else:
        name, entity = str(given.get("name") or ""), _mapping(given.get("entityType"))
        ours = ENTITIES.get(str(entity.get("type")), "company")
        if entity.get("subtype") == "trust":
            ours = "trust"
        if entity.get("details") in KINDS:
            ours = str(entity["details"])
    place = _mapping(given.get("jurisdiction"))
    address = next((each.get("address") for each in _list(given.get("addresses"))), None)
    identifiers = [str(each.get("id")) for each in _list(given.get("identifiers")) if each.get("id")]
    found.add(
        "parties", row, party_id=record, name=name or record, kind=ours,
        founded=_day(given.get("foundingDate")),
        region_registered=_text(place.get("code") or place.get("name")), address=_text(address),
        source_id=";".join(identifiers) or None,
    )  # fmt: skip


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _day(value: Any) -> str | None:
    """A date in full; a year or a month alone is none."""
    text = str(value or "")
    return text if len(text) >= 10 else None


@dataclass(frozen=True)
class _Held:
    """One interest of one version: what it says, and its own dates."""

    says: tuple[tuple[str, str | None], ...]
    start: str | None
    end: str | None


def _relationship(found: _Rows, listed: list[tuple[int, Mapping[str, Any]]]) -> None:
    """The interests of all versions of a record, each with the time for which it holds."""
    open_: dict[tuple[str, ...], tuple[int, _Held, str | None]] = {}
    for place, (row, statement) in enumerate(listed):
        given = _mapping(statement.get("recordDetails"))
        owner, company = given.get("interestedParty"), given.get("subject")
        if not isinstance(owner, str) or not isinstance(company, str):
            found.unused["relationship without a known party"] += 1
            continue
        if company in found.nominations:
            continue  # who holds for whom: read before
        said = str(statement.get("statementDate") or "")[:10] or None
        closed = statement.get("recordStatus") == "closed"
        now = dict(_interests(found, given, owner, company))
        for key in [*open_]:
            number, before, since = open_[key]
            held = now.get(key)
            if held is not None and held.says == before.says and not closed:
                continue
            moved = held is not None and not closed
            end = held.start if moved and held and held.start and held.start > (since or "") else said
            if closed:
                end = (held.end if held else None) or before.end or said
            _put(found, number, key, before, since, end)
            del open_[key]
            if moved and held:
                open_[key] = (row, held, end)
        if closed:
            if place == 0:  # all that there is of it
                for key, held in now.items():
                    _put(found, row, key, held, held.start, held.end or said)
            continue
        for key, held in now.items():
            if key not in open_:
                open_[key] = (row, held, held.start or (said if place else None))
    for key, (number, held, since) in open_.items():
        _put(found, number, key, held, since, held.end)


def _put(
    found: _Rows, row: int, key: tuple[str, ...], held: _Held, since: str | None, until: str | None
) -> None:
    table, owner, company, kind = key
    says = dict(held.says)
    if table == "stakes":
        found.add("stakes", row, owner_id=owner, company_id=company, since=since, until=until,
                  indirect="true" if kind == "indirect" else None, **says)  # fmt: skip
    else:
        found.add("relations", row, party_id=owner, other_id=company, kind=kind, since=since, until=until,
                  source="BODS")  # fmt: skip


def _interests(
    found: _Rows, given: Mapping[str, Any], owner: str, company: str
) -> Iterator[tuple[tuple[str, ...], _Held]]:
    """What one version says: stakes, with shares and votes together, and relations."""
    stakes: dict[str, dict[str, Any]] = {}
    group = found.nominations.get(owner)
    holder = owner if group is None else group.nominee
    for interest in _list(given.get("interests")):
        kind = str(interest.get("type") or "")
        start, end = _day(interest.get("startDate")), _day(interest.get("endDate"))
        if kind in RELATIONS:
            local = str(interest.get("details"))
            yield (
                ("relations", holder, company, local if local in TIES else RELATIONS[kind]),
                _Held((), start, end),
            )
        elif kind in STAKES:
            way = "indirect" if interest.get("directOrIndirect") == "indirect" else "direct"
            if way == "indirect" and _is_nominees(found, given, owner, company):
                continue
            stake = stakes.setdefault(way, {"start": start, "end": end, "says": {}})
            stake["says"] |= _share(_mapping(interest.get("share")), STAKES[kind])
            if interest.get("details"):
                stake["says"]["class"] = str(interest["details"])
            if group is not None:
                stake["says"]["nominee_for"] = group.nominator
            if (
                kind in ("", "unknownInterest", "unpublishedInterest")
                and interest.get("beneficialOwnershipOrControl") is True
            ):
                yield ("relations", holder, company, "controller"), _Held((), start, end)
        else:
            found.unused[f"interest {kind}"] += 1
    for way, stake in stakes.items():
        yield (
            ("stakes", holder, company, way),
            _Held(tuple(sorted(stake["says"].items())), stake["start"], stake["end"]),
        )


def _is_nominees(found: _Rows, given: Mapping[str, Any], owner: str, company: str) -> bool:
    """Whether a share is what a nominee holds for its owner, as their arrangement says already."""
    parts = given.get("componentRecords")
    if not isinstance(parts, list):
        return False
    group = next((found.nominations[each] for each in parts if each in found.nominations), None)
    if group is None or owner != group.nominator or company not in group.companies:
        return False
    return set(map(str, parts)) <= group.records


def _share(share: Mapping[str, Any], axis: str) -> dict[str, str | None]:
    """A share of a hundred as a fraction, or its bounds; an open bound is kept as the bound."""
    if "exact" in share:
        return {axis: _part(share["exact"])}
    if axis == "votes":
        return {}  # votes known as a range are unknown to us
    low = share.get("minimum", share.get("exclusiveMinimum"))
    high = share.get("maximum", share.get("exclusiveMaximum"))
    return {"share_min": _part(low), "share_max": _part(high)}


def _part(value: Any) -> str | None:
    """A number of a hundred as a fraction in text; what is no number stays as it is, for the checks."""
    if value is None:
        return None
    try:
        return format((Decimal(value) / 100).normalize(), "f")
    except (InvalidOperation, TypeError, ValueError):
        return str(value)
