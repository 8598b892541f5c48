"""What a user names: references, taken apart and looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import Problem, UsageError
from graphflow.language import N_

if TYPE_CHECKING:
    from graphflow.case import Case

KINDS = ("transfer", "account", "balance", "party", "product", "loan")
"""Kinds of reference; any other word before a colon belongs to the id."""

_TABLES = {
    "party": ("parties", "party_id", "name"),
    "account": ("accounts", "account_id", "name"),
    "product": ("products", "product_id", "name"),
    "loan": ("loans", "loan_id", None),
}


@dataclass(frozen=True)
class Reference:
    """One reference: what kind, which id, from when, how much of it; ``text`` as it was written."""

    text: str
    kind: str
    id: str
    time: str | None = None
    amount: str | Decimal | int | None = None


def parse(references: str | Iterable[str]) -> list[tuple[str, str | None, str, str | None, str | None]]:
    """Take references apart: text, kind (None: not said), id, time, amount.

    References join by commas, ``@FILE`` has one a line; ``@TIME`` and ``=AMOUNT`` are split from the right,
    an id in double quotes is taken literally.

    Examples
    --------
    >>> parse("transfer:T1,T2=40.5")
    [('transfer:T1', 'transfer', 'T1', None, None), ('T2=40.5', None, 'T2', None, '40.5')]
    >>> parse("balance:A@2024-03-01=7")
    [('balance:A@2024-03-01=7', 'balance', 'A', '2024-03-01', '7')]
    >>> parse('account:"x,y=1"')
    [('account:"x,y=1"', 'account', 'x,y=1', None, None)]
    """
    given: Any = references
    texts: list[Any] = (
        [given] if isinstance(given, str) else list(given) if hasattr(given, "__iter__") else [None]
    )
    if not all(isinstance(text, str) for text in texts):
        raise UsageError(
            Problem("reference", N_("a reference is text"), {}, repr(references), '"account:A1"')
        )
    parsed = []
    for text in texts:
        for part in _split(text):
            parsed.append(_take_apart(part))
    return parsed


def _split(text: str) -> Iterator[str]:
    """Parts between commas that stand outside quotes; files are read."""
    part = ""
    quoted = False
    for sign in text + ",":
        if sign == '"':
            quoted = not quoted
        if sign == "," and not quoted:
            part = part.strip()
            if part.startswith("@"):
                yield from _read(part[1:])
            elif part:
                yield part
            part = ""
        else:
            part += sign
    if quoted:
        raise UsageError(
            Problem(
                "reference",
                N_("a double quote is not closed"),
                first=text,
                expected='account:"an id, with a comma"',
            )
        )


def _read(name: str) -> list[str]:
    try:
        lines = Path(name).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            Problem(
                "reference",
                N_("the file of references cannot be read: {reason}"),
                {"reason": str(error)},
                name,
            )
        ) from error
    return [line.strip() for line in lines if line.strip()]


def _take_apart(text: str) -> tuple[str, str | None, str, str | None, str | None]:
    head, colon, rest = text.partition(":")
    kind: str | None = None
    if colon and head in KINDS:
        kind = head
    else:
        rest = text
    if rest.startswith('"'):
        name, _, tail = rest[1:].partition('"')
        time, amount = _suffixes(text, tail)
        return text, kind, name, time, amount
    amount = None
    time = None
    before, sign, after = rest.rpartition("=")
    if sign and before and _is_number(after):
        rest, amount = before, after.strip()
    if kind == "balance":
        before, sign, after = rest.rpartition("@")
        if sign and before:
            rest, time = before, after.strip()
    return text, kind, rest.strip(), time, amount


def _suffixes(text: str, tail: str) -> tuple[str | None, str | None]:
    """What may stand behind an id in quotes: ``@TIME`` and ``=AMOUNT``."""
    at, sign, amount = tail.partition("=")
    if at.strip() and not at.startswith("@"):
        raise UsageError(
            Problem(
                "reference",
                N_("behind an id in quotes only @TIME and =AMOUNT may stand"),
                first=text,
                expected='balance:"ID"@2024-03-01=12.50',
            )
        )
    return at[1:].strip() if at.startswith("@") else None, amount.strip() if sign else None


def _is_number(text: str) -> bool:
    try:
        return Decimal(text.strip()).is_finite()
    except InvalidOperation:
        return False


def resolve(case: Case, references: str | Iterable[str]) -> list[Reference]:
    """Look references up in a case.

    After a kind, the id is looked up as written, then with ``KIND:`` before it. A part without a kind is
    looked up as an id of the kind before it, then as an id or name of any.

    Raises
    ------
    UsageError
        With all references that are unknown, ambiguous (with what they could be), or lack a time.
    """
    found: list[Reference] = []
    problems: list[Problem] = []
    previous: str | None = None
    for text, kind, name, time, amount in parse(references):
        if kind is None and previous == "balance" and time is None and _lookup(case, "balance", name) is None:
            head, sign, tail = name.rpartition("@")
            if sign and _lookup(case, "balance", head) is not None:
                name, time = head, tail.strip()
        if kind is None and previous is not None and _lookup(case, previous, name) is not None:
            kind = previous
        if time is not None and kind != "balance":
            problems.append(
                Problem(
                    "reference", N_("only a balance has a time"), {}, text, "balance:ID@2024-03-01T12:00:00"
                )
            )
            continue
        if kind is not None:
            previous = kind
            known = _lookup(case, kind, name)
            if known is None:
                problems.append(
                    Problem(
                        "reference",
                        N_("no {kind} has the id {id}"),
                        {"kind": "account" if kind == "balance" else kind, "id": name},
                        text,
                        _similar(case, kind, name),
                    )
                )
                continue
            if kind == "balance" and time is None:
                problems.append(
                    Problem(
                        "reference",
                        N_("a balance needs a time"),
                        {},
                        text,
                        f"balance:{name}@2024-03-01T12:00:00",
                    )
                )
                continue
            found.append(Reference(text, kind, known, time, amount))
            continue
        hits = _anything(case, name)
        if len(hits) == 1:
            previous = hits[0][0]
            found.append(Reference(text, hits[0][0], hits[0][1], None, amount))
        elif hits:
            listed = ", ".join(f"{k}:{i}" for k, i in hits[:12])
            problems.append(
                Problem(
                    "reference",
                    N_("{id} could be {count} things"),
                    {"id": name, "count": len(hits)},
                    text,
                    listed,
                )
            )
        else:
            problems.append(
                Problem(
                    "reference",
                    N_("nothing has the id or name {id}"),
                    {"id": name},
                    text,
                    "transfer:ID, account:ID, balance:ID@TIME, party:ID, product:ID, loan:ID",
                )
            )
    if problems:
        raise UsageError(*problems)
    if not found:
        raise UsageError(
            Problem("reference", N_("no reference is given"), expected="account:ID, transfer:ID, party:ID, …")
        )
    return found


def _lookup(case: Case, kind: str, name: str) -> str | None:
    """The id that a name of a kind stands for, or None."""
    for wanted in (name, f"{'account' if kind == 'balance' else kind}:{name}"):
        if _exists(case, kind, wanted):
            return wanted
    if kind in ("account", "balance"):
        return _by_alias(case, name)
    if kind == "transfer":
        return _by_mirror(case, name)
    return None


def _exists(case: Case, kind: str, name: str) -> bool:
    ledger = case.ledger
    if kind == "transfer":
        return ledger.row(name) >= 0
    if kind in ("account", "balance"):
        return ledger.account(name) >= 0
    if kind == "party" and ledger.party(name) >= 0:
        return True
    table, key, _ = _TABLES[kind]
    return _has_text(case.tables.arrow(table), key, name) or (
        kind in ("loan", "product") and _has_text(case.tables.arrow("transfers"), key, name)
    )


def _has_text(table: Any, column: str, value: str) -> bool:
    if table is None or column not in table.column_names:
        return False
    return bool(pc.index(table[column], pa.scalar(value, table[column].type)).as_py() >= 0)


def _by_alias(case: Case, name: str) -> str | None:
    """The account that has a number as one of its aliases."""
    accounts = case.tables.arrow("accounts")
    if accounts is None or "aliases" not in accounts.column_names:
        return None
    hits = accounts.filter(pc.match_substring(accounts["aliases"], name))
    for account, aliases in zip(hits["account_id"].to_pylist(), hits["aliases"].to_pylist(), strict=True):
        if name in (alias.strip() for alias in aliases.split(";")):
            return str(account)
    return None


def _by_mirror(case: Case, name: str) -> str | None:
    """The transfer whose payee's statement calls it so."""
    transfers = case.tables.arrow("transfers")
    if transfers is None or "mirror_id" not in transfers.column_names:
        return None
    place = pc.index(transfers["mirror_id"], pa.scalar(name, transfers["mirror_id"].type)).as_py()
    return None if place < 0 else str(transfers["transfer_id"][place].as_py())


def _anything(case: Case, name: str) -> list[tuple[str, str]]:
    """Everything that has this id or name."""
    hits = [
        (kind, name)
        for kind in ("transfer", "account", "party", "product", "loan")
        if _exists(case, kind, name)
    ]
    if hits:
        return hits
    for kind, (table, key, title) in _TABLES.items():
        rows = case.tables.arrow(table)
        if rows is None or title is None or title not in rows.column_names:
            continue
        same = rows.filter(pc.equal(rows[title], name))
        hits.extend((kind, value) for value in same[key].to_pylist())
    owned = {value for kind, value in hits if kind == "party"}
    if owned:  # an account usually has its holder's name: the holder is meant
        accounts = case.tables.arrow("accounts")
        held = (
            set(
                accounts.filter(
                    pc.is_in(accounts["party_id"], pa.array(sorted(owned), accounts["party_id"].type))
                )["account_id"].to_pylist()
            )
            if accounts is not None and "party_id" in accounts.column_names
            else set()
        )
        hits = [(kind, value) for kind, value in hits if kind != "account" or value not in held]
    return hits


def _similar(case: Case, kind: str, name: str) -> str:
    """Ids that begin like the one that is not there, for the message."""
    ids: Any
    if kind in ("account", "balance"):
        ids = case.ledger.account_ids
    elif kind == "transfer":
        ids = case.ledger.transfer_ids
    else:
        rows = case.tables.arrow(_TABLES[kind][0])
        if rows is None:
            return ""
        ids = rows[_TABLES[kind][1]].combine_chunks()
    begin = name[: max(2, len(name) // 2)]
    some = ids.slice(0, 200_000)
    close = some.filter(pc.starts_with(some, begin)).slice(0, 5).to_pylist()
    return ", ".join(close or some.slice(0, 3).to_pylist())
