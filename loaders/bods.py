"""Beneficial Ownership Data Standard 0.4: statements about entities, persons and relationships, as JSON.

A record has a statement for each of its versions. A later version holds from the start that it states, or
where it states none later than the one before, from the day of its statement.

An arrangement of nomination between one nominator and one nominee is no party: what it has, the nominee holds
for the nominator. The same said once more of the nominator, through that arrangement, is not counted again.
The local name of an interest or an entity is ours where it is a word of ours, and the class of a stake.

What a statement says and our tables have no place for is counted by field, in the notes of the import; its
own id and publication, and that it is a component of another, are not: its row leads back to it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
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
    "parties": ("party_id", "name", "kind", "id_type", "id_number", "founded", "region_registered", "address",
                "source_id"),
    "stakes": ("owner_id", "company_id", "share", "share_min", "share_max", "votes", "class", "since",
               "until", "nominee_for", "indirect"),
    "relations": ("party_id", "other_id", "kind", "since", "until", "source"),
}  # fmt: skip

# Fields of `recordDetails` that are read; one that is read in part only is counted where it is read.
_READ: Mapping[str, frozenset[str]] = {
    "person": frozenset({"personType", "names.type", "names.fullName"}),
    "entity": frozenset({"name", "entityType.type", "entityType.subtype", "entityType.details",
                         "foundingDate", "jurisdiction.code", "jurisdiction.name"}),
    "relationship": frozenset({"subject", "interestedParty", "componentRecords", "interests"}),
}  # fmt: skip
_OF_PARTIES = frozenset(
    {"addresses.address", "identifiers.id", "identifiers.scheme", "identifiers.schemeName"}
)
_OF_INTERESTS = frozenset({"type", "directOrIndirect", "beneficialOwnershipOrControl", "details", "share",
                           "startDate", "endDate"})  # fmt: skip
_FRAME = frozenset({
    "statementId", "statementDate", "declarationSubject", "publicationDetails", "recordId", "recordStatus",
    "recordType", "recordDetails", "source", "isComponent",
})  # fmt: skip


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
    lost: Counter[str] = field(default_factory=Counter)
    """Values that have no place, by the field in which they stand."""
    nobody: int = 0
    """Relationships that do not say between whom."""
    empty: int = 0
    """Relationships without an interest."""
    earlier: int = 0
    """Statements of parties of which a later version counts."""
    nominations: dict[str, _Nomination] = field(default_factory=dict)

    def add(self, table: str, row: int, **values: str | None) -> None:
        self.rows.setdefault(table, []).append((row, values))

    def lose(self, field_: str, count: int = 1) -> None:
        """Count values that have no place."""
        if count:
            self.lost[field_] += count

    def day(self, field_: str, value: Any) -> str | None:
        """A date in full; a year or a month alone is none, and counted."""
        text = str(value or "")
        self.lose(field_, 0 < len(text) < 10)
        return text if len(text) >= 10 else None

    def unread(self, given: Mapping[str, Any], read: frozenset[str], path: str, below: str = "") -> None:
        """Count the values of fields that are not read: also in fields, and in lists of them."""
        for name, value in given.items():
            where = f"{below}{name}"
            if where in read or where in _FRAME or value in (None, "", [], {}):
                continue
            if any(each.startswith(f"{where}.") for each in read):
                for inner in value if isinstance(value, list) else [value]:
                    if isinstance(inner, dict):
                        self.unread(inner, read, path, f"{where}.")
                    else:
                        self.lose(f"{path}.{where}")
            else:
                self.lose(f"{path}.{where}")


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
        notes += _notes(file.name, found)
    raw.tables = {table: pa.concat_tables(made) for table, made in parts.items()}
    raw.notes = tuple(notes)
    return raw


def _notes(name: str, found: _Rows) -> Iterator[Note]:
    """What of a file is not in our tables, one note for each sort of it."""
    said = {"file": name}
    if found.nobody:
        text = N_("{count} relationships in {file} do not say between which two parties: they are not loaded")
        yield Note("bods_nobody", text, {"count": found.nobody, **said}, found.nobody)
    if found.empty:
        text = N_("{count} relationships in {file} name no interest: they are not loaded")
        yield Note("bods_empty", text, {"count": found.empty, **said}, found.empty)
    if found.earlier:
        text = N_(
            "{count} statements in {file} are earlier versions of persons or entities: the last one counts"
        )
        yield Note("bods_earlier", text, {"count": found.earlier, **said}, found.earlier)
    if found.lost:
        count = found.lost.total()
        fields = ", ".join(f"{field_} ({times})" for field_, times in sorted(found.lost.items()))
        text = N_("{count} values in {file} have no place in our tables, by field: {fields}")
        yield Note("bods_fields", text, {"count": count, "fields": fields, **said}, count)


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
            continue
        row, last = listed[-1]
        found.earlier += len(listed) - 1
        if kind == "person" or record not in found.nominations:
            _party(found, row, record, kind, last)
        else:  # an arrangement that is no party: nothing of it has a place but who holds for whom
            found.unread(_mapping(last.get("recordDetails")), frozenset({"entityType"}), kind)
            found.unread(last, frozenset(), kind)
            found.lose(f"{kind}.source", _source(last) is not None)
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


def _party(found: _Rows, row: int, record: str, kind: str, statement: Mapping[str, Any]) -> None:
    given = _mapping(statement.get("recordDetails"))
    found.unread(statement, frozenset(), kind)
    found.unread(given, _READ[kind] | _OF_PARTIES, kind)
    found.lose(f"{kind}.source", _source(statement) is not None)
    if kind == "person":
        found.lose("person.personType", given.get("personType") not in (None, "knownPerson"))
        names = _list(given.get("names"))
        legal = [each for each in names if each.get("type") == "legal"] or names
        name = str(legal[0].get("fullName") or "") if legal else ""
        found.lose("person.names", max(len(names) - 1, 0))
        ours = "person"
    else:
        name, entity = str(given.get("name") or ""), _mapping(given.get("entityType"))
        ours = ENTITIES.get(str(entity.get("type")), "company")
        unknown = entity.get("type") not in ENTITIES or entity["type"] in ("unknownEntity", "anonymousEntity")
        found.lose("entity.entityType.type", unknown)  # a party must be something: a company
        if entity.get("subtype") == "trust":
            ours = "trust"
        elif entity.get("subtype"):
            found.lose("entity.entityType.subtype")
        if entity.get("details") in KINDS:
            ours = str(entity["details"])
        elif entity.get("details"):
            found.lose("entity.entityType.details")
    place = _mapping(given.get("jurisdiction"))
    if place.get("code") and place.get("name") not in (None, "", place["code"]):
        found.lose(f"{kind}.jurisdiction.name")
    addresses = [each["address"] for each in _list(given.get("addresses")) if each.get("address")]
    found.lose(f"{kind}.addresses", len(addresses[1:]))
    found.add(
        "parties", row, party_id=record, name=name or record, kind=ours,
        founded=found.day(f"{kind}.foundingDate", given.get("foundingDate")),
        region_registered=_text(place.get("code") or place.get("name")),
        address=_text(addresses[0] if addresses else None), **_identifiers(found, kind, given),
    )  # fmt: skip


def _identifiers(found: _Rows, kind: str, given: Mapping[str, Any]) -> dict[str, str | None]:
    """The first number that names its scheme, with it; the others' schemes have no place, nor one alone.

    `graphflow.stores.bods` writes our own two columns under their names where they name no scheme.
    """
    number, scheme, others = None, None, []
    for each in _list(given.get("identifiers")):
        said = [str(each[name]) for name in ("scheme", "schemeName") if each.get(name)]
        if not each.get("id"):
            found.lose(f"{kind}.identifiers.scheme", len(said))
            continue
        if number is None and said and said[0] != "source_id":
            number, scheme = str(each["id"]), said[0] if said[0] != "id_number" else None
            said = said[1:]
        else:
            others.append(str(each["id"]))
            said = [name for name in said if name != "source_id"]
        found.lose(f"{kind}.identifiers.scheme", len(said))
    return {"id_type": scheme, "id_number": number, "source_id": ";".join(others) or None}


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _source(statement: Mapping[str, Any]) -> str | None:
    """All that a statement says of where it comes from, as one text."""

    def said(value: Any) -> Iterator[str]:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for each in inner:
            yield from said(each)
        if value and not isinstance(value, (dict, list)):
            yield str(value)

    return "; ".join(dict.fromkeys(said(statement.get("source")))) or None


@dataclass(frozen=True)
class _Held:
    """One interest of one version: what it says, its own dates, and where statements have it from."""

    says: tuple[tuple[str, str | None], ...]
    start: str | None
    end: str | None
    sources: tuple[str, ...] = ()

    def told(self, source: str | None) -> _Held:
        """The same with the source of a statement that says it, too."""
        more = () if source is None or source in self.sources else (source,)
        return replace(self, sources=(*self.sources, *more))


def _relationship(found: _Rows, listed: list[tuple[int, Mapping[str, Any]]]) -> None:
    """The interests of all versions of a record, each with the time for which it holds."""
    open_: dict[tuple[str, ...], tuple[int, _Held, str | None]] = {}
    for place, (row, statement) in enumerate(listed):
        given = _mapping(statement.get("recordDetails"))
        owner, company = given.get("interestedParty"), given.get("subject")
        if not isinstance(owner, str) or not isinstance(company, str):
            found.nobody += 1
            continue
        found.unread(statement, frozenset(), "relationship")
        found.unread(given, _READ["relationship"], "relationship")
        source = _source(statement)
        if company in found.nominations:
            found.lose("relationship.source", source is not None)
            continue  # who holds for whom: read before
        said = str(statement.get("statementDate") or "")[:10] or None
        closed = statement.get("recordStatus") == "closed"
        now = {key: held.told(source) for key, held in _interests(found, given, owner, company, ends=closed)}
        if not any(table == "relations" for table, *_ in (*now, *open_)):
            found.lose("relationship.source", source is not None)
        for key in [*open_]:
            number, before, since = open_[key]
            before = before.told(source)
            held = now.get(key)
            if held is not None and held.says == before.says and not closed:
                open_[key] = (number, before, since)
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
                  source="; ".join(held.sources) or "BODS")  # fmt: skip


def _interests(
    found: _Rows, given: Mapping[str, Any], owner: str, company: str, *, ends: bool
) -> Iterator[tuple[tuple[str, ...], _Held]]:
    """What one version says: stakes, with shares and votes together, and relations.

    What it says besides is counted.
    """
    here = "relationship.interests"
    stakes: dict[str, dict[str, Any]] = {}
    group = found.nominations.get(owner)
    holder = owner if group is None else group.nominee
    nominees = _is_nominees(found, given, owner, company)
    if not nominees:
        found.lose("relationship.componentRecords", bool(given.get("componentRecords")))
    listed = _list(given.get("interests"))
    found.empty += not listed and not ends
    for interest in listed:
        kind = str(interest.get("type") or "")
        if kind not in RELATIONS and kind not in STAKES:
            found.unused[f"interest {kind}"] += 1
            continue
        way, details = interest.get("directOrIndirect"), interest.get("details")
        if kind in STAKES and way == "indirect" and nominees:
            continue
        found.unread(interest, _OF_INTERESTS, here)
        start = found.day(f"{here}.startDate", interest.get("startDate"))
        end = found.day(f"{here}.endDate", interest.get("endDate"))
        share, beneficial = _mapping(interest.get("share")), interest.get("beneficialOwnershipOrControl")
        unnamed = kind in ("", "unknownInterest", "unpublishedInterest")
        found.lose(f"{here}.beneficialOwnershipOrControl", beneficial is not None and not unnamed)
        if kind in RELATIONS:
            found.lose(f"{here}.share", bool(share))
            found.lose(f"{here}.directOrIndirect", way == "indirect")
            found.lose(f"{here}.details", bool(details) and details not in TIES)
            local = str(details) if details in TIES else RELATIONS[kind]
            yield ("relations", holder, company, local), _Held((), start, end)
            continue
        found.lose(f"{here}.directOrIndirect", way == "unknown")  # as one held directly
        way = "indirect" if way == "indirect" else "direct"
        stake = stakes.setdefault(way, {"start": start, "end": end, "says": {}})
        for name, each in (("startDate", start), ("endDate", end)):
            found.lose(f"{here}.{name}", each is not None and each != stake[name.removesuffix("Date")])
        says = _share(found, share, STAKES[kind])
        says |= {"class": str(details)} if details else {}
        for name, text in says.items():
            found.lose(
                f"{here}.{'details' if name == 'class' else 'share'}", stake["says"].get(name, text) != text
            )
        stake["says"] |= says
        if group is not None:
            stake["says"]["nominee_for"] = group.nominator
        if unnamed and beneficial is True:
            yield ("relations", holder, company, "controller"), _Held((), start, end)
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


def _share(found: _Rows, share: Mapping[str, Any], axis: str) -> dict[str, str]:
    """A share of a hundred as a fraction, or its bounds; an open bound is kept as the bound."""
    bounds = {
        "share_min": share.get("minimum", share.get("exclusiveMinimum")),
        "share_max": share.get("maximum", share.get("exclusiveMaximum")),
    }
    if "exact" in share:
        bounds = {axis: share["exact"]}
    elif axis == "votes":
        found.lose("relationship.interests.share", bool(share))  # votes known as a range are unknown to us
        return {}
    parts = {name: _part(value) for name, value in bounds.items()}
    return {name: part for name, part in parts.items() if part is not None}


def _part(value: Any) -> str | None:
    """A number of a hundred as a fraction in text; what is no number stays as it is, for the checks."""
    if value is None:
        return None
    try:
        return format((Decimal(value) / 100).normalize(), "f")
    except (InvalidOperation, TypeError, ValueError):
        return str(value)
