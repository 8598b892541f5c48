"""The checks of a whole case: ids, aliases, references, stakes; whatever the order in which sources came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphflow import sets
from graphflow.errors import GraphflowError, Problem, UsageError
from graphflow.kernels import text as kernel
from graphflow.language import N_
from graphflow.tables import columns as read
from graphflow.tables import keys
from graphflow.tables.check import GENERATED, REVERSAL_ROW, STATEMENT, as_json
from graphflow.tables.currencies import major
from graphflow.tables.digest import PIECE
from graphflow.tables.raw import Note
from graphflow.tables.result import (
    QUARANTINE,
    Checked,
    JoinReport,
    Tables,
    Tally,
    closed,
    joined_quarantine,
    nothing,
    plus,
    typed,
    unsigned,
)
from graphflow.tables.schema import KINDS, PROVENANCE, SCHEMA, SHARE_DIGITS, ColumnSpec, TableSpec
from graphflow.tables.shelf import Shelf, nulls_of
from graphflow.threads import threads

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SAME_ID = N_("an id that another row has")
OWN_ID = N_("an id of its own, or the same row again")
TWO_STORIES = N_("described twice in one file, and differently")
ONE_STORY = N_("one row, or rows that agree")
NO_SUCH = N_("an id that no row has")
ID_OF = N_("an id of")
OWN_PARENT = N_("an account that is its own parent, directly or through others")
A_TREE = N_("parents without rings")

TEXT = pa.large_string()
DANGLING = pa.schema(
    [("table", TEXT), ("column", TEXT), ("refers", TEXT), ("value", TEXT), ("rows", pa.int64())]
)
CONFLICTS = pa.schema(
    [
        ("table", TEXT), ("key", TEXT), ("column", TEXT), ("kept", TEXT), ("other", TEXT),
        ("source_file", TEXT), ("source_sheet", TEXT), ("source_row", pa.int64()),
    ]
)  # fmt: skip
EXCESS = pa.schema([("company_id", TEXT), ("since", KINDS["time"]), ("share", pa.int64())])
ADDED = pa.schema([("key", TEXT), ("named_by", TEXT)])

#: What the id of an account that no table describes says of it: prefixes that loaders give to the other side.
_PREFIX_KINDS = {"cash:": "cash", "interest:": "internal", "fee:": "internal"}
_PARTY_KINDS = ("person", "company")
_PERIOD = ("covered_from", "covered_to", "opening_balance")


def join_parts(
    parts: Sequence[Checked], *, currency: str | None = None, timezone: str | None = None
) -> tuple[Tables, pa.Table, JoinReport]:
    """Join checked sources to one case and check it as a whole.

    Parameters
    ----------
    parts
        The sources, in any order: the result does not depend on it.
    currency, timezone
        The case's; None takes what the parts say (of zones that differ, that of the first by files' hashes).

    Returns
    -------
    tables, quarantine, report
        The checked tables; every refused row, of the parts and of the whole; what became of rows and money.

    Examples
    --------
    >>> from graphflow.tables import Raw, read_raw
    >>> rows = {"transfer_id": ["T1"], "time": ["2016-04-14"], "source": ["A"], "target": ["B"]}
    >>> rows["amount"] = ["1.5"]
    >>> tables, quarantine, report = join_parts([read_raw(Raw({"transfers": pa.table(rows)}))])
    >>> tables.accounts["account_id"].tolist(), report.added["accounts"].num_rows, quarantine.num_rows
    (['A', 'B'], 2, 0)
    """
    ordered = sorted(parts, key=lambda part: sorted(f.sha256 for f in part.files))
    worth = sorted({part.currency for part in parts} | ({currency} if currency else set()))
    if len(worth) > 1:
        raise UsageError(
            Problem(
                "currency",
                "sources of one case have different currencies of their own",
                {},
                ", ".join(worth),
                "one currency for amounts that state none; currencies stated in rows may differ",
            )
        )
    zone = timezone or (ordered[0].timezone if ordered else "Asia/Shanghai")
    joiner = _Joiner(ordered, worth[0] if worth else "CNY", zone)
    return joiner.join()


class _Joiner:
    """The work of :func:`join_parts`: tables on their way from parts to a case."""

    def __init__(self, parts: Sequence[Checked], currency: str, zone: str) -> None:
        self.parts = parts
        self.currency = currency
        self.zone = zone
        self.digits: dict[str, int] = {}
        for part in parts:
            for code, places in part.minor_units.items():
                self.digits[code] = max(self.digits.get(code, 0), places)
        self.tables: dict[str, Any] = {}
        self.tallies: dict[str, Tally] = {}
        self.quarantine: list[pa.Table] = [part.quarantine for part in parts]
        self.added: dict[str, list[pa.Table]] = {}
        self.dangling: list[pa.Table] = []
        self.conflicts: list[pa.Table] = []
        self.excess = EXCESS.empty_table()
        self.notes: list[Note] = [note for part in parts for note in part.notes]
        self.aliases: dict[str, str] = {}
        self._looked_up: tuple[pa.Array, Any, keys.Numbers] | None = None

    def join(self) -> tuple[Tables, pa.Table, JoinReport]:
        """All steps, in their order."""
        self._gather()
        self._find_aliases()
        self._apply_aliases()
        self._name_the_unknown()
        self._drop_repeated_transfers()
        for name, spec in SCHEMA.items():
            if name != "transfers" and name in self.tables:
                if spec.key:
                    self._merge(name)
                else:
                    self._drop_repeated(name)
        self._refuse_rings()
        self._settle_coverage()
        self._refuse_dangling("products", "loans", "media")
        self._add_missing()
        self._refuse_dangling("accounts")
        self._report_dangling()
        self._sum_stakes()
        return self._result()

    # ------------------------------------------------------------ gathering

    def _gather(self) -> None:
        for part in self.parts:
            for name, tally in part.tallies.items():
                more = tally.scaled(self._factors(part))
                self.tallies[name] = (
                    self.tallies[name] + more if name in self.tallies else tally.scaled(self._factors(part))
                )
        for name in SCHEMA:
            tables = [self._rescaled(name, part) for part in self.parts if name in part.tables]
            if not tables:
                continue
            table: Any = tables[0]
            if len(tables) > 1:
                held = [part.read() if isinstance(part, Shelf) else part for part in tables]
                table = pa.concat_tables(held, promote_options="default")
            for column in table.column_names:  # a mark that a part does not have is not set there
                is_mark = pa.types.is_boolean(table.schema.field(column).type)
                if is_mark and (column.endswith("_day") or column == GENERATED) and nulls_of(table, column):
                    table = _put(table, column, pc.fill_null(table[column], False))
            self.tables[name] = _in_order(name, table)

    def _factors(self, part: Checked) -> dict[str, int]:
        return {code: 10 ** (self.digits[code] - places) for code, places in part.minor_units.items()}

    def _rescaled(self, name: str, part: Checked) -> Any:
        """A part's table in the case's minor units; a row that these do not hold is refused."""
        table = part.tables[name]
        factors = {code: factor for code, factor in self._factors(part).items() if factor != 1}
        if not factors:
            return table
        money = [
            column
            for column in SCHEMA[name].columns.values()
            if column.kind == "money"
            and column.name in table.column_names
            and column.currency != "account_id"
        ]
        bad = np.zeros(table.num_rows, np.bool_)
        for column in money:
            by = self._factor(column, table, factors).to_numpy(zero_copy_only=False)
            for factor in factors.values():
                most = (2**63 - 1 if column.greatest is None else column.greatest) // factor
                large = (by == factor) & read.beyond(table[column.name], most) & ~bad
                bad |= large
                if large.any():
                    rows = table.filter(pa.array(large))
                    worth, unknown = self._worth(name, rows)
                    worth = {code: value * factors.get(code, 1) for code, value in worth.items()}
                    moved = self.tallies[name].moved("loaded", "quarantined", rows.num_rows, worth, unknown)
                    self.tallies[name] = moved
                    expected = read.IN_RANGE if column.greatest is None else read.DIVISIBLE
                    self._set_down(name, rows, column.name, read.TOO_LARGE, expected, part.minor_units)
        table = table.filter(pa.array(~bad)) if bad.any() else table
        for column in money:
            factor = self._factor(column, table, factors)
            table = _put(table, column.name, pc.multiply_checked(table[column.name], factor))
        return table

    def _factor(self, column: ColumnSpec, table: pa.Table, factors: Mapping[str, int]) -> pa.Array:
        """By what each row's money in a column is to be multiplied."""
        whose = pa.repeat(pa.scalar(self.currency, TEXT), table.num_rows)
        if column.currency and "currency" in table.column_names:
            whose = pc.coalesce(table["currency"], whose)
        if column.currency == "target_currency" and "target_currency" in table.column_names:
            whose = pc.coalesce(table["target_currency"], whose)
        factor = pa.repeat(pa.scalar(1, pa.int64()), table.num_rows)
        for code, by in factors.items():
            factor = pc.if_else(pc.equal(whose, code), by, factor)
        return read.one(factor)

    # ------------------------------------------------------------ aliases

    def _find_aliases(self) -> None:
        """Which number stands for which account; a number that two accounts claim stands for none."""
        accounts = self.tables.get("accounts")
        if accounts is None or "aliases" not in accounts.column_names:
            return
        rows = accounts.filter(accounts["aliases"].is_valid()).select(["account_id", "aliases", *PROVENANCE])
        if rows.num_rows == 0:
            return
        split = pc.split_pattern_regex(read.one(rows["aliases"]), "[;；]")
        alias = read.clean(pc.list_flatten(split))
        owner = read.one(rows["account_id"]).take(pc.list_parent_indices(split))
        codes = kernel.ids(*read.buffers(alias))
        damaged = codes > kernel.EMPTY
        if damaged.any():
            first = alias.filter(pa.array(damaged))[0].as_py()
            text = N_("numbers of accounts that lost digits are no aliases; the first: {first}")
            self.notes.append(Note("alias", text, {"first": first}, int(damaged.sum())))
        good = pa.array(codes == kernel.GOOD)
        claims: dict[str, set[str]] = {}
        for number, account in zip(
            alias.filter(good).to_pylist(), owner.filter(good).to_pylist(), strict=True
        ):
            if number != account:
                claims.setdefault(number, set()).add(account)
        self.aliases, doubtful = resolve(claims)
        if doubtful:
            numbers = sorted(doubtful)
            self.conflicts.append(
                _conflicts(
                    "accounts",
                    pa.array(numbers, TEXT),
                    "aliases",
                    pa.nulls(len(numbers), TEXT),
                    pa.array(["; ".join(sorted(doubtful[n])) for n in numbers], TEXT),
                    None,
                )
            )

    def _apply_aliases(self) -> None:
        if not self.aliases:
            return
        old = pa.array(list(self.aliases), TEXT)
        new = pa.array(list(self.aliases.values()), TEXT)

        def renamed(values: pa.Array) -> pa.Array:
            place = pc.index_in(values, value_set=old)
            return pc.if_else(place.is_valid(), new.take(place), values)

        def settled(values: pa.Array) -> pa.Array:
            cash = pc.starts_with(values, "cash:")
            if pc.any(cash).as_py():  # the cash of an account is the cash of whatever it is called
                whose = renamed(pc.utf8_slice_codeunits(values, 5))
                named = pc.binary_join_element_wise(pa.scalar("cash:", TEXT), whose, pa.scalar("", TEXT))
                return pc.if_else(cash, named, renamed(values))
            return renamed(values)

        for name, spec in SCHEMA.items():
            table = self.tables.get(name)
            if table is None:
                continue
            for column in spec.columns.values():
                own = (name, column.name) == ("accounts", "account_id")
                if (own or "accounts" in column.refers) and column.name in table.column_names:
                    texts, indices = _coded(table, column.name)
                    values = settled(texts)
                    if not values.equals(texts):
                        table = _put(table, column.name, values.take(indices))
            self.tables[name] = table

    def _name_the_unknown(self) -> None:
        """An unknown other side is an account of its own for each row."""
        table = self.tables.get("transfers")
        if table is None:
            return
        for side, other in (("source", "target"), ("target", "source")):
            if nulls_of(table, side):
                column = read.one(table[side])
                rows = column.is_null()
                few = table.filter(rows)
                parts = (pa.scalar("?", TEXT), few[other], few["transfer_id"], pa.scalar(":", TEXT))
                table = _put(
                    table,
                    side,
                    pc.replace_with_mask(column, rows, read.one(pc.binary_join_element_wise(*parts))),
                )
        self.tables["transfers"] = table

    # ------------------------------------------------------------ rows that are there twice

    def _drop_repeated_transfers(self) -> None:
        table = self.tables.get("transfers")
        if table is None or (isinstance(table, Shelf) and table.ascending("transfer_id")):
            return
        first = keys.first_of(table["transfer_id"])
        again = np.flatnonzero(first != np.arange(first.size))
        if again.size == 0:
            return
        mine, its = table.take(pa.array(again)), table.take(pa.array(first[again]))
        same = _agree(mine, its, [*SCHEMA["transfers"].columns, "statement_side"])
        if GENERATED in table.column_names:
            # An id that we made says by itself that all which identifies the row is equal.
            same |= _flags(pc.and_(mine[GENERATED], its[GENERATED]))
        self._refuse("transfers", again[~same], "transfer_id", SAME_ID, OWN_ID)
        self._drop("transfers", again, again[same])

    def _drop_repeated(self, name: str) -> None:
        """Identical rows of different files: the greatest number that one file has stays."""
        table = self.tables[name]
        if table.num_rows < 2 or len(pc.unique(table["source_file"])) < 2:
            return
        made = keys.row_keys(table, list(SCHEMA[name].columns))
        keys.stir(made, pa.array(keys.ordinals(made, table["source_file"])))
        first = keys.first_of(keys.hexadecimal(made))
        again = np.flatnonzero(first != np.arange(first.size))
        self._drop(name, again, again)

    def _merge(self, name: str) -> None:
        """One row a key: what several sources say of it put together, contradictions refused or listed."""
        table, spec = self.tables[name], SCHEMA[name]
        first = keys.first_of(table[spec.key])
        if (first == np.arange(first.size)).all():
            return
        firm = [
            c.name
            for c in spec.columns.values()
            if not c.hint and c.name != spec.key and c.name in table.column_names
        ]
        # Inside one file a second story is a fault of that file.
        made = keys.row_keys(table, [spec.key, "source_file"])
        inside = keys.first_of(keys.hexadecimal(made))
        bad = np.zeros(first.size, np.bool_)
        which = np.zeros(first.size, np.int64)
        for i, column in enumerate(firm):
            differ = _differs(table[column], inside)[0]
            which[differ & ~bad] = i
            bad |= differ
        for i, column in enumerate(firm):
            self._refuse(name, np.flatnonzero(bad & (which == i)), column, TWO_STORIES, ONE_STORY)
        if bad.any():
            table = table.filter(pa.array(~bad))
            first = keys.first_of(table[spec.key])
        if name == "accounts":
            table = self._periods_apart(table, first)
        heads, group = np.unique(first, return_inverse=True)
        out = table.take(pa.array(heads))
        for column in [c for c in table.column_names if c in spec.columns and c != spec.key]:
            values = read.one(table[column])
            if column == "aliases":
                filled = _united(values, group, heads.size)
            elif column == "covered":
                filled = _any(values, group, heads.size)
            else:
                differ, kept = _differs(values, first)
                filled = values.take(pa.array(kept[heads], mask=kept[heads] < 0))
                for beside in (f"{column}_day", f"{column}_stated"):
                    if beside in table.column_names:
                        more = read.one(table[beside]).take(pa.array(kept[heads], mask=kept[heads] < 0))
                        more = pc.fill_null(more, False) if pa.types.is_boolean(more.type) else more
                        out = _put(out, beside, more)
                rows = np.flatnonzero(differ)
                if rows.size:
                    self._conflict(name, table, column, rows, kept[rows])
            out = _put(out, column, filled)
        for column in _further(table, spec):
            out = _put(out, column, _all_said(read.one(table[column]), first, heads))
        repeated = table.num_rows - out.num_rows
        gone = np.flatnonzero(first != np.arange(first.size))
        money, unknown = self._worth(name, table.take(pa.array(gone)))
        if spec.money:  # the sums are of the rows that stay, as they stay
            money = {
                c: v for c, v in _minus(self._worth(name, table)[0], self._worth(name, out)[0]).items() if v
            }
            unknown = self._worth(name, table)[1] - self._worth(name, out)[1]
        self.tallies[name] = self.tallies[name].moved("loaded", "duplicates", repeated, money, unknown)
        self.tables[name] = out

    def _periods_apart(self, table: pa.Table, first: Ints) -> pa.Table:
        """Accounts whose sources cover different periods: each period becomes a row of ``coverage``."""
        have = [c for c in _PERIOD if c in table.column_names]
        if not have:
            return table
        if "currency" in table.column_names:
            # Money in another currency than the one kept stands in another sub-ledger: listed, not mixed.
            other = pa.array(_differs(table["currency"], first)[0])
            for column in ("opening_balance", "overdraft_limit"):
                if column in table.column_names and pc.any(other).as_py():
                    table = _put(table, column, pc.if_else(other, pa.scalar(None, pa.int64()), table[column]))
        differ = np.zeros(first.size, np.bool_)
        for column in have:
            differ |= _differs(table[column], first)[0]
        if not differ.any():
            return table
        groups = np.isin(first, first[differ])
        some = np.zeros(first.size, np.bool_)
        for column in have:
            some |= _flags(table[column].is_valid())
        rows = table.filter(pa.array(groups & some))
        cover: dict[str, Any] = {"account_id": rows["account_id"]}
        for column, name in (("covered_from", "from"), ("covered_to", "to")):
            if column in have:
                cover[name] = rows[column]
                if f"{column}_day" in rows.column_names:
                    cover[f"{name}_day"] = rows[f"{column}_day"]
        if "opening_balance" in have:
            whose = (
                read.one(rows["currency"]).to_pylist()
                if "currency" in rows.column_names
                else [None] * rows.num_rows
            )
            said = read.one(rows["opening_balance"]).to_pylist()
            texts = [
                None if value is None else major(value, self.digits[code or self.currency])
                for value, code in zip(said, whose, strict=True)
            ]
            cover["opening_balance"] = pa.array(texts, TEXT)
        cover.update({c: rows[c] for c in PROVENANCE})
        more = pa.table(cover)
        before = self.tables.get("coverage")
        self.tables["coverage"] = (
            more if before is None else pa.concat_tables([before, more], promote_options="default")
        )
        for column in self.tables["coverage"].column_names:
            if column.endswith("_day"):
                self.tables["coverage"] = _put(
                    self.tables["coverage"], column, pc.fill_null(self.tables["coverage"][column], False)
                )
        self._note_added("coverage", rows["account_id"], "accounts.covered_from")
        for column in have:
            empty = pa.scalar(None, table.schema.field(column).type)
            table = _put(table, column, pc.if_else(pa.array(groups), empty, table[column]))
        return table

    # ------------------------------------------------------------ references

    def _refuse_rings(self) -> None:
        accounts = self.tables.get("accounts")
        if (
            accounts is None
            or "parent_id" not in accounts.column_names
            or accounts["parent_id"].null_count == accounts.num_rows
        ):
            return
        n = accounts.num_rows
        place = pc.index_in(read.one(accounts["parent_id"]), value_set=read.one(accounts["account_id"]))
        up = np.append(pc.fill_null(place, n).to_numpy(zero_copy_only=False).astype(np.int64), n)
        for _ in range(max(n, 2).bit_length() + 1):
            up = up[up]
        ring = sets.unique(up[:n][up[:n] < n])  # whoever is still somewhere after so many steps goes round
        self._refuse("accounts", ring, "parent_id", OWN_PARENT, A_TREE)
        self._drop("accounts", ring, ring[:0])

    def _settle_coverage(self) -> None:
        """Opening balances of coverage, in the currency of the account."""
        table = self.tables.get("coverage")
        if table is None or "opening_balance" not in table.column_names:
            return
        currencies = pa.repeat(pa.scalar(self.currency, TEXT), table.num_rows)
        accounts = self.tables.get("accounts")
        if accounts is not None and "currency" in accounts.column_names:
            place = pc.index_in(read.one(table["account_id"]), value_set=read.one(accounts["account_id"]))
            currencies = pc.coalesce(read.one(accounts["currency"]).take(place), currencies)
        own, _ = read.read_currency(
            currencies, table.num_rows, ColumnSpec("currency", "currency"), self.digits, None
        )
        parsed = read.read_money(
            table["opening_balance"], SCHEMA["coverage"].columns["opening_balance"], own, False
        )
        written = table
        self.tables["coverage"] = _put(table, "opening_balance", parsed.values)
        bad = np.zeros(table.num_rows, np.bool_)
        for fault in parsed.faults:
            rows = fault.rows[~bad[fault.rows]]
            bad[rows] = True
            self._refuse("coverage", rows, fault.column, fault.reason, fault.expected, written)
        self._drop("coverage", np.flatnonzero(bad), np.zeros(0, np.int64))

    def _named(self, refers: Callable[[ColumnSpec], bool]) -> Iterable[tuple[str, ColumnSpec]]:
        for name, spec in SCHEMA.items():
            if name in self.tables:
                for column in spec.columns.values():
                    if column.refers and refers(column) and column.name in self.tables[name].column_names:
                        yield name, column

    def _keys(self, name: str) -> pa.Array:
        table = self.tables.get(name)
        return pa.array([], TEXT) if table is None else read.one(table[SCHEMA[name].key])

    def _unknown(self, name: str, column: ColumnSpec) -> Ints:
        """Rows whose value is no key of what the column refers to."""
        values = read.one(self.tables[name][column.name])
        rows: Ints = (
            np.flatnonzero(_flags(values.is_valid())) if values.null_count else np.arange(len(values))
        )
        for other in column.refers:
            some = values if rows.size == len(values) else values.take(pa.array(rows))
            keys_ = self._keys(other)
            if len(keys_) > 4 * len(some):  # look the few up among the many, not the many among the few
                among = keys.places(keys_, some)
                keys_ = keys_.filter(pa.array(among >= 0))
            rows = rows[keys.places(some, keys_) < 0]
        return rows

    def _unknown_values(self, name: str, column: ColumnSpec) -> pa.Array:
        """The values that are no key of what the column refers to, each once."""
        table = self.tables[name]
        if isinstance(table, Shelf):
            numbers, texts = table.numbered(column.name)
            missing = np.ones(len(texts), np.bool_)
            for other in column.refers:
                missing &= self._placed(texts, other) < 0
            if missing.any():  # of those that stand in this column
                missing &= np.bincount(numbers[numbers >= 0], minlength=len(texts)) > 0
            return texts.filter(pa.array(missing))
        values = read.one(table[column.name]).take(pa.array(self._unknown(name, column)))
        return keys.numbered(values)[1]

    def _refuse_dangling(self, *tables: str) -> None:
        for name, column in list(self._named(lambda c: c.missing == "refuse" and c.refers[0] in tables)):
            rows = self._unknown(name, column)
            if rows.size:
                self._refuse(name, rows, column.name, NO_SUCH, f"{ID_OF}: {', '.join(column.refers)}")
                self._drop(name, rows, rows[:0])

    def _add_missing(self) -> None:
        """Parties and accounts that no table describes are added, with what is known of them."""
        for target in ("accounts", "parties"):
            found: list[tuple[str, ColumnSpec]] = [
                which for which in self._named(lambda c: c.missing == "add") if which[1].refers[0] == target
            ]
            # those of a long table have the same texts, which are looked up once
            aside = [which for which in found if not isinstance(self.tables[which[0]], Shelf)]
            with threads(2, max((rows.num_rows for rows in self.tables.values()), default=0)) as pool:
                waiting = {which: pool.submit(self._unknown_values, *which) for which in aside}
                unknown = [
                    waiting[which].result() if which in waiting else self._unknown_values(*which)
                    for which in found
                ]
            values = pa.concat_arrays(unknown) if unknown else pa.array([], TEXT)
            if len(values):
                by = np.repeat(np.arange(len(unknown)), [len(u) for u in unknown])
                first = np.flatnonzero(keys.first_of(values) == np.arange(len(values)))
                first = first[pc.sort_indices(values.take(pa.array(first))).to_numpy()]
                names = values.take(pa.array(first))
                named_by = pa.array([f"{name}.{column.name}" for name, column in found], TEXT).take(
                    pa.array(by[first])
                )
                rows = self._account_rows(names) if target == "accounts" else self._party_rows(names)
                before = self.tables.get(target)
                after = (
                    rows if before is None else pa.concat_tables([before, rows], promote_options="default")
                )
                for column_name in after.column_names:
                    is_mark = pa.types.is_boolean(after.schema.field(column_name).type)
                    if column_name.endswith("_day") and is_mark:
                        after = _put(after, column_name, pc.fill_null(after[column_name], False))
                self.tables[target] = _in_order(target, after)
                self._note_added(target, names, named_by)

    def _account_rows(self, ids: pa.Array) -> pa.Table:
        hints = pa.nulls(len(ids), TEXT)
        transfers = self.tables.get("transfers")
        if transfers is not None:
            for side in ("source", "target"):
                hints = _hints(ids, hints, transfers, side, f"{side}_name")
        kinds = pc.if_else(pc.equal(ids, "tax"), pa.scalar("tax", TEXT), pa.scalar(None, TEXT))
        for prefix, kind in _PREFIX_KINDS.items():
            kinds = pc.if_else(pc.starts_with(ids, prefix), pa.scalar(kind, TEXT), kinds)
        unknown = pc.starts_with(ids, "?:")
        covered = pc.if_else(unknown, pa.scalar(False), pa.scalar(None, pa.bool_()))
        rows: dict[str, Any] = {"account_id": ids, **_nowhere(len(ids))}
        for column, values in (("name", hints), ("kind", kinds), ("covered", covered)):
            if values.null_count < len(ids):
                rows[column] = values
        return pa.table(rows)

    def _party_rows(self, ids: pa.Array) -> pa.Table:
        hints = pa.nulls(len(ids), TEXT)
        accounts = self.tables.get("accounts")
        if accounts is not None:
            hints = _hints(ids, hints, accounts, "party_id", "name")
        kinds = pa.nulls(len(ids), TEXT)
        for kind in _PARTY_KINDS:
            kinds = pc.if_else(pc.starts_with(ids, f"{kind}:"), pa.scalar(kind, TEXT), kinds)
        return pa.table({"party_id": ids, "name": hints, "kind": kinds, **_nowhere(len(ids))})

    def _report_dangling(self) -> None:
        """Links to rows that are not there: the row stays, the link is listed."""
        for name, column in self._named(lambda c: c.missing == "report"):
            if nulls_of(self.tables[name], column.name) == self.tables[name].num_rows:
                continue
            if name == "transfers" and column.refers[0] not in ("transfers", *self.tables):
                continue  # an earmark is an earmark, whether or not the case has the table that describes it
            rows = self._unknown(name, column)
            values = read.one(self.tables[name][column.name]).take(pa.array(rows))
            self._dangle(name, column.name, ", ".join(column.refers), values)
        holdings = self.tables.get("holdings")
        if holdings is not None:
            inside = holdings.filter(pc.equal(holdings["asset_kind"], "product"))
            values = read.one(inside["asset_id"]).drop_null()
            missing = pc.invert(pc.is_in(values, value_set=self._keys("products")))
            self._dangle("holdings", "asset_id", "products", values.filter(missing))

    def _dangle(self, name: str, column: str, refers: str, values: pa.Array) -> None:
        """List the values, one a row, that should be keys and are not."""
        if len(values) == 0:
            return
        numbers, values = keys.numbered(values)
        order = pc.sort_indices(values)
        rows = pa.array(np.bincount(numbers).astype(np.int64)).take(order)
        fixed = [pa.repeat(pa.scalar(text, TEXT), len(values)) for text in (name, column, refers)]
        self.dangling.append(pa.Table.from_arrays([*fixed, values.take(order), rows], schema=DANGLING))

    # ------------------------------------------------------------ stakes

    def _sum_stakes(self) -> None:
        """The greatest sum of the stakes in each company at any time; one is over at its end, not after."""
        table = self.tables.get("stakes")
        if table is None or table.num_rows == 0:
            return
        have = table.column_names
        said = [read.one(table[c]) for c in ("share", "share_min") if c in have]
        if not said:
            return
        share = pc.fill_null(pc.coalesce(*said), 0).to_numpy(zero_copy_only=False)
        # A rounded share may be half a part too great: that is no excess.
        doubt = np.zeros(share.size)
        if "share_stated" in have:
            doubt = np.where(_flags(table["share_stated"].is_valid()), 0.5, 0.0)
        company = read.one(table["company_id"]).dictionary_encode()
        whose = company.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        start, end = read.periods(table)
        # what is declared to be held through others is held once only
        rows = (end > start) & ~read.marked(table, "indirect")
        n = int(rows.sum())
        at = np.concatenate([start[rows], end[rows]])
        who = np.concatenate([whose[rows], whose[rows]])
        change = np.concatenate([share[rows], -share[rows]])
        unsure = np.concatenate([doubt[rows], -doubt[rows]])
        order = np.lexsort(
            (np.repeat([1, 0], n), at, who)
        )  # what ends at a time ends before what begins at it
        who, at = who[order], at[order]
        held = np.cumsum(change[order])
        spare = np.cumsum(unsure[order])
        over = held - spare > 10**SHARE_DIGITS + 1
        if not over.any():
            return
        found = np.flatnonzero(over)
        companies, first = np.unique(who[found], return_index=True)
        most = np.array([held[found[who[found] == c]].max() for c in companies], np.int64)
        since = at[found[first]]
        names = company.dictionary.take(pa.array(companies))
        times = pa.array(since, mask=since <= -read.EVER).cast(KINDS["time"])
        excess = pa.Table.from_arrays([names, times, pa.array(most)], schema=EXCESS)
        self.excess = excess.sort_by("company_id")

    # ------------------------------------------------------------ rows that go, and what is said of it

    def _refuse(
        self, name: str, rows: Ints, column: str, reason: str, expected: str, written: pa.Table | None = None
    ) -> None:
        """Quarantine rows; their place in the table is given up by `_drop`, or by the caller."""
        if rows.size == 0:
            return
        typed_rows = self.tables[name].take(pa.array(rows))
        table = (self.tables[name] if written is None else written).take(pa.array(rows))
        money, unknown = self._worth(name, typed_rows)
        self.tallies[name] = self.tallies[name].moved("loaded", "quarantined", rows.size, money, unknown)
        self._set_down(name, table, column, reason, expected, self.digits)

    def _set_down(
        self, name: str, table: pa.Table, column: str, reason: str, expected: str, digits: Mapping[str, int]
    ) -> None:
        """Put rows into the quarantine, as they were written."""
        spec = SCHEMA[name]
        text = self._as_written(name, table, digits)
        n = table.num_rows
        empty = pa.nulls(n, TEXT)

        def fixed(what: str) -> pa.Array:
            return pa.repeat(pa.scalar(what, TEXT), n)

        worth = empty
        if spec.money:
            worth = (
                text["currency"]
                if "currency" in text.column_names and spec.columns[spec.money].currency
                else fixed(self.currency)
            )
        self.quarantine.append(
            pa.table(
                {
                    "table": fixed(name),
                    **{c: read.one(table[c]) for c in PROVENANCE},
                    "column": fixed(column),
                    "value": text[column] if column in text.column_names else empty,
                    "reason": fixed(reason),
                    "expected": fixed(expected),
                    "also": empty,
                    "amount": text[spec.money] if spec.money in text.column_names else empty,
                    "currency": worth,
                    "raw": as_json(text),
                },
                schema=QUARANTINE,
            )
        )

    def _drop(self, name: str, rows: Ints, duplicates: Ints) -> None:
        """Take rows out of a table; those that are duplicates are counted as such, the others are already."""
        if rows.size == 0:
            return
        table = self.tables[name]
        if duplicates.size:
            money, unknown = self._worth(name, table.take(pa.array(duplicates)))
            self.tallies[name] = self.tallies[name].moved(
                "loaded", "duplicates", duplicates.size, money, unknown
            )
        stay = np.ones(table.num_rows, np.bool_)
        stay[rows] = False
        self.tables[name] = table.filter(pa.array(stay))

    def _worth(self, name: str, rows: Any) -> tuple[dict[str, int], int]:
        spec = SCHEMA[name]
        if not spec.money or spec.money not in rows.column_names:
            return {}, 0
        if isinstance(rows, Shelf):
            own = rows.words("currency").to_pylist() if spec.columns[spec.money].currency else []
            if len(own) == 1 and own[0] is not None:
                found = [
                    (unsigned(piece, own[0])[0], piece.null_count) for piece in rows.pieces_of(spec.money)
                ]
            else:
                pieces = rows.select([spec.money, "currency"][: 1 + bool(own)]).pieces()
                found = [self._worth(name, piece) for piece in pieces]
            return plus(*(money for money, _ in found)), sum(unknown for _, unknown in found)
        whose: Any = rows["currency"] if spec.columns[spec.money].currency else self.currency
        return unsigned(rows[spec.money], whose)[0], rows[spec.money].null_count

    def _as_written(self, name: str, table: pa.Table, digits: Mapping[str, int] | None = None) -> pa.Table:
        """Typed rows as text again: money in major units, shares as fractions."""
        spec = SCHEMA[name]
        digits = self.digits if digits is None else digits
        out: dict[str, Any] = {}
        whose = table["currency"].to_pylist() if "currency" in table.column_names else [None] * table.num_rows
        into = (
            table["target_currency"].to_pylist()
            if "target_currency" in table.column_names
            else [None] * table.num_rows
        )
        for column in table.column_names:
            kind = spec.columns[column].kind if column in spec.columns else "text"
            values = table[column]
            if kind == "money" and pa.types.is_integer(values.type):
                money = spec.columns[column].currency
                codes = [
                    (t if money == "target_currency" else None) or (c if money else None)
                    for c, t in zip(whose, into, strict=True)
                ]
                said = [
                    None if v is None else major(v, digits.get(code or self.currency, 0))
                    for v, code in zip(values.to_pylist(), codes, strict=True)
                ]
                out[column] = pa.array(said, TEXT)
            elif kind == "share":
                said = [None if v is None else major(v, SHARE_DIGITS) for v in values.to_pylist()]
                out[column] = pa.array(said, TEXT)
            elif column in PROVENANCE:
                out[column] = values
            else:
                out[column] = read.as_text(values)
        return pa.table(out)

    def _conflict(self, name: str, table: pa.Table, column: str, rows: Ints, kept: Ints) -> None:
        text = self._as_written(name, table.take(pa.array(rows)))
        other = self._as_written(name, table.take(pa.array(kept)))
        self.conflicts.append(
            _conflicts(name, text[SCHEMA[name].key], column, other[column], text[column], text)
        )

    def _note_added(self, name: str, ids: Any, named_by: Any) -> None:
        by = pa.repeat(pa.scalar(named_by, TEXT), len(ids)) if isinstance(named_by, str) else named_by
        self.added.setdefault(name, []).append(pa.Table.from_arrays([read.one(ids), by], schema=ADDED))

    def _result(self) -> tuple[Tables, pa.Table, JoinReport]:
        added = {name: pa.concat_tables(tables) for name, tables in self.added.items()}
        counted = dict(self.tallies)
        for name, table in self.tables.items():
            # The one count that is made afresh, of what is really there: so that it closes says something.
            spec = SCHEMA[name]
            tally = counted.get(name, nothing())
            rows = {**tally.rows, "loaded": table.num_rows - (added[name].num_rows if name in added else 0)}
            tally = replace(tally, rows=rows)
            if spec.money:
                money, unknown = self._worth(name, table)
                tally = replace(
                    tally,
                    money={**tally.money, "loaded": money},
                    unknown={**tally.unknown, "loaded": unknown},
                )
            counted[name] = tally
            if not typed(table, name):
                raise GraphflowError(
                    Problem(name, "a column has not the type that it should have", {}, str(table.schema))
                )
        closed(counted)
        rounded: dict[str, int] = {}
        for part in self.parts:
            for column, count in part.rounded.items():
                rounded[column] = rounded.get(column, 0) + count
        report = JoinReport(
            {name: counted[name] for name in SCHEMA if name in counted},
            added,
            pa.concat_tables([DANGLING.empty_table(), *self.dangling]),
            pa.concat_tables([CONFLICTS.empty_table(), *self.conflicts]),
            self.excess,
            rounded,
            self._further_columns(),
            tuple(self.notes),
        )
        tables = {name: self.tables[name] for name in SCHEMA if name in self.tables}
        return (
            Tables(tables, self.currency, self.zone, self.digits, accounts_by_row=self._numbers()),
            joined_quarantine(self.quarantine),
            report,
        )

    def _further_columns(self) -> dict[str, dict[str, str | None]]:
        """What the sources give that nothing uses; where one is a known name misspelt, what it was to be.

        The loader of a foreign format means what it calls its columns.
        """
        found: dict[str, dict[str, str | None]] = {}
        for name, spec in SCHEMA.items():
            for part in self.parts:
                given = part.tables[name].column_names if name in part.tables else []
                by_hand = all(file.loader in ("", "frames", "tables") for file in part.files)
                lacking = [column for column in spec.columns if by_hand and column not in given]
                for column in given:
                    if column not in _OURS and not _is_beside(column, spec):
                        its = found.setdefault(name, {})
                        its[column] = its.get(column) or read.nearly(column, lacking)
        return {name: {column: its[column] for column in sorted(its)} for name, its in found.items()}

    def _placed(self, texts: pa.Array, other: str) -> keys.Numbers:
        """Where texts stand among the keys of a table; the same is not looked up again."""
        last = self._looked_up
        if last is None or last[0] is not texts or last[1] is not self.tables.get(other):
            found = keys.places(texts, self._keys(other))
            last = self._looked_up = (texts, self.tables.get(other), found)
        return last[2]

    def _numbers(self) -> dict[str, keys.Numbers]:
        """Where the accounts of a long table of transfers stand in that of accounts."""
        table = self.tables.get("transfers")
        if not isinstance(table, Shelf):
            return {}
        found: dict[str, keys.Numbers] = {}
        for side in ("source", "target"):
            numbers, texts = table.numbered(side)
            at = np.append(self._placed(texts, "accounts"), np.int32(-1))
            found[side] = np.empty(numbers.size, np.int32)
            for first in range(0, numbers.size, PIECE):
                found[side][first : first + PIECE] = at[numbers[first : first + PIECE]]
            table.forget("numbered", side)
        return found


# ---------------------------------------------------------------- helpers


def _coded(table: Any, column: str) -> tuple[pa.Array, pa.Array]:
    """The texts of a column, each once, and which of them each row has."""
    if isinstance(table, Shelf):
        numbers, texts = table.numbered(column)
        return texts, pa.array(numbers, mask=numbers < 0)
    coded = read.one(table[column]).dictionary_encode()
    return coded.dictionary, coded.indices


def resolve(claims: Mapping[str, set[str]]) -> tuple[dict[str, str], dict[str, set[str]]]:
    """From claims that a number is an account's to one account a number; and the numbers that several claim.

    An alias of an alias is the last of them; of a ring the least is the account.

    Examples
    --------
    >>> resolve({"card": {"account"}, "old": {"card"}, "joint": {"x"}})[0]
    {'card': 'account', 'old': 'account', 'joint': 'x'}
    >>> resolve({"joint": {"x", "y"}})[1]["joint"] == {"x", "y"}
    True
    """
    single = {number: next(iter(owners)) for number, owners in claims.items() if len(owners) == 1}

    def root(number: str) -> str:
        path = [number]
        while path[-1] in single:
            after = single[path[-1]]
            if after in path:
                return min(path[path.index(after) :])
            path.append(after)
        return path[-1]

    doubtful: dict[str, set[str]] = {}
    for number in sorted(claims):
        if len(claims[number]) > 1:
            roots = {root(owner) for owner in claims[number]} - {number}
            if len(roots) == 1:
                single[number] = roots.pop()
            else:
                doubtful[number] = claims[number]
    resolved = {number: root(number) for number in single}
    return {number: account for number, account in resolved.items() if number != account}, doubtful


def _flags(mask: Any) -> Flags:
    array = mask.combine_chunks() if isinstance(mask, pa.ChunkedArray) else mask
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), np.bool_)


def _put(table: pa.Table, column: str, values: Any) -> pa.Table:
    if column in table.column_names:
        return table.set_column(table.column_names.index(column), column, values)
    return table.append_column(column, values)


def _in_order(name: str, table: pa.Table) -> pa.Table:
    """Columns as the schema has them, then what goes with them, further ones, and the place of the row."""
    known = [c for c in SCHEMA[name].columns if c in table.column_names]
    rest = [c for c in table.column_names if c not in known and c not in PROVENANCE]
    return table.select([*known, *rest, *PROVENANCE])


def _nowhere(n: int) -> dict[str, Any]:
    """The provenance of rows that stand in no file."""
    return {
        "source_file": pa.nulls(n, TEXT),
        "source_sheet": pa.nulls(n, TEXT),
        "source_row": pa.nulls(n, pa.int64()),
    }


def _hints(ids: pa.Array, hints: pa.Array, table: pa.Table, key: str, name: str) -> pa.Array:
    """The first name that a table has beside each of some ids, where `hints` has none yet."""
    if key not in table.column_names or name not in table.column_names:
        return hints
    rows = np.flatnonzero(_flags(table[name].is_valid()))
    if rows.size == 0:
        return hints
    some = table.select([key, name]).take(pa.array(rows)) if rows.size < table.num_rows else table
    place = pc.fill_null(pc.index_in(read.one(some[key]), value_set=ids), -1).to_numpy(zero_copy_only=False)
    which, at = np.unique(place, return_index=True)
    which, at = which[which >= 0], at[which >= 0]
    first = np.full(len(ids), -1, np.int64)
    first[which] = at
    said = read.one(some[name]).take(pa.array(first, mask=first < 0))
    return pc.coalesce(hints, said)


def _agree(mine: pa.Table, its: pa.Table, columns: Iterable[str]) -> Flags:
    """Whether two rows say nothing different: what only one of them says is no difference."""
    same = np.ones(mine.num_rows, np.bool_)
    for column in columns:
        if column in mine.column_names:
            differ = pc.not_equal(mine[column], its[column])
            same &= ~_flags(differ)
    return same


def _differs(column: Any, first: Ints) -> tuple[Flags, Ints]:
    """Rows that say something else than the first row of their group that says anything; and that row."""
    values = read.one(column)
    n = first.size
    kept = np.full(n, -1, np.int64)
    known = np.flatnonzero(_flags(values.is_valid()))
    if known.size == 0:
        return np.zeros(n, np.bool_), kept
    heads, at = np.unique(first[known], return_index=True)
    of_head = np.full(n, -1, np.int64)
    of_head[heads] = known[at]
    kept = of_head[first]
    differ = np.zeros(n, np.bool_)
    other = known[kept[known] != known]
    if other.size:
        unequal = pc.not_equal(values.take(pa.array(other)), values.take(pa.array(kept[other])))
        differ[other[_flags(unequal)]] = True
    return differ, kept


_OURS = frozenset({*PROVENANCE, *STATEMENT, REVERSAL_ROW, GENERATED, "source_id", "mirror_id"})
"""Columns that loaders or the checks make, of any table."""


def _is_beside(column: str, spec: TableSpec) -> bool:
    """Whether a column is one that we know, or goes with one: the mark of a bare day, a share as stated."""
    return column.removesuffix("_day").removesuffix("_stated") in spec.columns


def _further(table: pa.Table, spec: TableSpec) -> list[str]:
    """Columns of a table that are none of ours: kept and shown, and used by nothing."""
    ours = {*PROVENANCE, GENERATED}
    return [
        c for c in table.column_names
        if c not in ours and not _is_beside(c, spec) and read.is_text(table.schema.field(c).type)
    ]  # fmt: skip


def _all_said(values: pa.Array, first: Ints, heads: Ints) -> pa.Array:
    """What the rows of each group say, each text once, in their order."""
    differ, kept = _differs(values, first)
    filled = values.take(pa.array(kept[heads], mask=kept[heads] < 0))
    rows = np.flatnonzero(differ)
    if rows.size == 0:
        return filled
    place = {int(head): at for at, head in enumerate(heads)}
    more: dict[int, dict[str, None]] = {}
    for row, text in zip(rows.tolist(), values.take(pa.array(rows)).to_pylist(), strict=True):
        more.setdefault(place[int(first[row])], {})[text] = None
    groups = sorted(more)
    mask = np.zeros(heads.size, np.bool_)
    mask[groups] = True
    joined = ["; ".join([filled[at].as_py(), *more[at]]) for at in groups]
    return pc.replace_with_mask(filled, pa.array(mask), pa.array(joined, filled.type))


def _united(values: pa.Array, group: Ints, groups: int) -> pa.Array:
    """Aliases of the same account, put together in their order."""
    out: list[dict[str, None] | None] = [None] * groups
    for i in np.flatnonzero(_flags(values.is_valid())).tolist():
        mine = out[group[i]]
        if mine is None:
            mine = out[group[i]] = {}
        mine.update(
            dict.fromkeys(
                part.strip() for part in values[i].as_py().replace("；", ";").split(";") if part.strip()
            )
        )
    return pa.array([None if names is None else ";".join(sorted(names)) for names in out], TEXT)


def _any(values: pa.Array, group: Ints, groups: int) -> pa.Array:
    """Yes if any says yes, no if any says no and none yes."""
    said = np.full(groups, -1, np.int8)
    known = _flags(values.is_valid())
    np.maximum.at(said, group[known], _flags(values)[known].astype(np.int8))
    return pa.array(said == 1, mask=said < 0)


def _minus(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    return {c: first.get(c, 0) - second.get(c, 0) for c in {**first, **second}}


def _conflicts(name: str, key: Any, column: str, kept: Any, other: Any, rows: pa.Table | None) -> pa.Table:
    n = len(key)
    where = _nowhere(n) if rows is None else {c: rows[c] for c in PROVENANCE}
    fixed = {"table": name, "column": column}
    return pa.table(
        {
            **{c: pa.repeat(pa.scalar(text, TEXT), n) for c, text in fixed.items()},
            "key": key, "kept": kept, "other": other, **where,
        }
    ).select(CONFLICTS.names).cast(CONFLICTS)  # fmt: skip
