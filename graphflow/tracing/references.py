"""What a user names: references, taken apart and looked up."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
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
_NO_SUCH = {
    "transfer": N_("no transfer has the id {id}"),
    "account": N_("no account has the id {id}"),
    "balance": N_("no account has the id {id}"),
    "party": N_("no party has the id {id}"),
    "product": N_("no product has the id {id}"),
    "loan": N_("no loan has the id {id}"),
}
MOST_LISTED, MOST_NEAR = 12, 3
FEW = 8
"""From so many transfers on their ids are looked up in one pass."""

_LOOKED_AT = 5_000  # ids compared sign by sign, for the hint in a message


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
                {"reason": getattr(error, "strerror", None) or str(error)},
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
    parsed = parse(references)
    transfers = _transfers_among(case, parsed)
    for text, kind, name, time, amount in parsed:
        if kind == "transfer" and time is None and name in transfers:
            found.append(Reference(text, kind, name, None, amount))
            previous = kind
            continue
        if kind is None and previous == "balance" and time is None and not _lookup(case, "balance", name):
            head, sign, tail = name.rpartition("@")
            if sign and _lookup(case, "balance", head):
                name, time = head, tail.strip()
        if kind is None and previous is not None and _lookup(case, previous, name):
            kind = previous
        if time is not None and kind != "balance":
            problems.append(
                Problem(
                    "reference", N_("only a balance has a time"), {}, text, "balance:ID@2024-03-01T12:00:00"
                )
            )
            continue
        hits = (
            _anything(case, name) if kind is None else [(kind, known) for known in _lookup(case, kind, name)]
        )
        if len(hits) != 1:
            previous = kind or previous
            problems.append(_several(case, hits, name, text) if hits else _unknown(case, kind, name, text))
            continue
        previous, known = hits[0]
        if previous == "balance" and time is None:
            problems.append(
                Problem(
                    "reference", N_("a balance needs a time"), {}, text, f"balance:{name}@2024-03-01T12:00:00"
                )
            )
            continue
        found.append(Reference(text, previous, known, time, amount))
    if problems:
        raise UsageError(*problems)
    if not found:
        raise UsageError(
            Problem("reference", N_("no reference is given"), expected="account:ID, transfer:ID, party:ID, …")
        )
    return found


def _transfers_among(case: Case, parsed: Iterable[tuple[Any, ...]]) -> set[str]:
    """Which references to transfers have an id as it stands there: very many are looked up in one pass."""
    names = [name for _, kind, name, _, _ in parsed if kind == "transfer"]
    if len(names) < FEW:
        return set()
    there = case.ledger.rows_named(names) >= 0
    return set(itertools.compress(names, there.tolist()))


def _several(case: Case, hits: list[tuple[str, str]], name: str, text: str) -> Problem:
    listed = ", ".join(reference_to(case, *hit) for hit in hits[:MOST_LISTED])
    more = f", … (+{len(hits) - MOST_LISTED})" if len(hits) > MOST_LISTED else ""
    what = N_("{id} could be {count} things")
    return Problem("reference", what, {"id": name, "count": len(hits)}, text, listed + more)


def _unknown(case: Case, kind: str | None, name: str, text: str) -> Problem:
    """That there is no such thing, with what was probably meant: what has this name, or nearly this id."""
    if kind is None:
        meant = [hit for each in _TABLES for hit in _similar(case, each, name)]
        meant += _similar(case, "transfer", name)
        every = N_("transfer:ID, account:ID, balance:ID@TIME, party:ID, product:ID, loan:ID")
        what = N_("nothing has the id or name {id}")
    else:
        meant = _anything(case, name)
        meant.sort(key=lambda hit: hit[0] != kind)
        meant += _similar(case, kind, name)
        every = ""
        what = _NO_SUCH[kind]
    some = list(dict.fromkeys(reference_to(case, *hit) for hit in meant))[:MOST_NEAR]
    return Problem("reference", what, {"id": name}, text, ", ".join(some) or every)


def written(kind: str, ident: str) -> str:
    """A reference that means exactly this id, whatever is in it.

    Examples
    --------
    >>> written("account", "A1"), written("account", "A,1=2@3")
    ('account:A1', 'account:"A,1=2@3"')
    """
    plain = not any(sign in ident for sign in ',=@"') and ident == ident.strip()
    return f"{kind}:{ident}" if plain else f'{kind}:"{ident}"'


def reference_to(case: Case, kind: str, ident: str) -> str:
    """A reference as a person would write it: of an id that begins with its kind, once is enough.

    Examples
    --------
    >>> from graphflow.synthesis import toys
    >>> reference_to(toys.t1(), "account", "A")
    'account:A'
    """
    rest = ident.removeprefix(f"{kind}:")
    short = written(kind, rest)
    return short if rest == ident or _lookup(case, kind, rest) == [ident] else written(kind, ident)


def _lookup(case: Case, kind: str, name: str) -> list[str]:
    """The ids that a name of a kind can stand for: one, where it is an id."""
    for wanted in (name, f"{'account' if kind == 'balance' else kind}:{name}"):
        if _exists(case, kind, wanted):
            return [wanted]
    if kind in ("account", "balance"):
        return _by_alias(case, name)
    if kind == "transfer":
        return _by_mirror(case, name)
    return []


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


def _by_alias(case: Case, name: str) -> list[str]:
    """The accounts that have a number as one of their aliases."""
    accounts = case.tables.arrow("accounts")
    if accounts is None or "aliases" not in accounts.column_names:
        return []
    hits = accounts.filter(pc.match_substring(accounts["aliases"], name))
    return [
        str(account)
        for account, aliases in zip(hits["account_id"].to_pylist(), hits["aliases"].to_pylist(), strict=True)
        if name in (alias.strip() for alias in re.split("[;；]", aliases))
    ]


def _by_mirror(case: Case, name: str) -> list[str]:
    """The transfers whose payee's statement calls them so."""
    transfers = case.tables.arrow("transfers")
    if transfers is None or "mirror_id" not in transfers.column_names:
        return []
    same = pc.equal(transfers["mirror_id"], pa.scalar(name, transfers["mirror_id"].type))
    return [str(each) for each in transfers.filter(same)["transfer_id"].to_pylist()]


def _anything(case: Case, name: str) -> list[tuple[str, str]]:
    """Everything that has this id; else another number of it; else this name."""
    kinds = ("transfer", "account", "party", "product", "loan")
    hits = [(kind, name) for kind in kinds if _exists(case, kind, name)]
    hits = hits or [(kind, known) for kind in kinds for known in _lookup(case, kind, name)]
    return hits or _named(case, name)


def _named(case: Case, name: str) -> list[tuple[str, str]]:
    """Everything that has this name."""
    hits: list[tuple[str, str]] = []
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


def _similar(case: Case, kind: str, name: str) -> list[tuple[str, str]]:
    """What a mistyped id may have meant: ids with one or two other signs, or that begin or end with it."""
    ids: Any
    table = "account" if kind == "balance" else kind
    if table == "account":
        ids = case.ledger.account_ids
    elif table == "transfer":
        ids = case.ledger.transfer_ids
    else:
        rows = case.tables.arrow(_TABLES[table][0])
        ids = pa.array([], pa.large_string()) if rows is None else rows[_TABLES[table][1]]
    near: list[str] = []
    for wanted in (name, f"{table}:{name}"):
        middle = len(wanted) // 2
        if middle == 0:
            continue
        # one wrong sign leaves one half as it is
        ends = ids.filter(pc.ends_with(ids, wanted[middle:], ignore_case=True))
        begins = ids.filter(pc.starts_with(ids, wanted[:middle], ignore_case=True))
        pool = [*ends.slice(0, _LOOKED_AT).to_pylist(), *begins.slice(0, _LOOKED_AT).to_pylist()]
        folded = {each.casefold(): each for each in reversed(pool)}
        wrong = 1 if len(wanted) < 8 else 2
        close = get_close_matches(wanted.casefold(), folded, MOST_NEAR, 1 - (wrong + 0.01) / len(wanted))
        near += [folded[each] for each in close]
        if len(wanted) >= 4:
            part = wanted.casefold()
            near += [folded[each] for each in folded if each.startswith(part) or each.endswith(part)]
    return [(kind, each) for each in dict.fromkeys(near)][:MOST_NEAR]
