"""Why a transfer carries that much: the account before it, the rule, the arithmetic, the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphflow.errors import Problem, UsageError
from graphflow.language import LANGUAGES, N_, translate
from graphflow.ledger.form import ARRIVAL, BASES, CONVERTS, CUSTODY, GAP, OUTSIDE, TRANSIT
from graphflow.tables.currencies import major
from graphflow.tracing.chains import Limits
from graphflow.tracing.seeds import arriving

if TYPE_CHECKING:
    from graphflow.ledger.form import Ledger
    from graphflow.tracing.result import Trace

Ints = NDArray[np.int64]

UNIT = 2**32
"""Pro rata keeps what an account would hold exactly to this part of a minor unit."""

_BASIS = {
    "stated": N_("the opening balance, as stated"),
    "first balance": N_("the opening balance, as it follows from the first stated balance"),
    "unknown": N_("the opening balance, which is unknown: the least that never overdraws is taken"),
    "none": N_("the opening balance"),
}


@dataclass(frozen=True)
class _Lot:
    """Some money of one payment: where it had come from (``step`` -1: the opening), or where it went to."""

    step: int
    amount: int


class Explanation:
    """The text of :meth:`Trace.explain`, put together from what ledger and rule say of one transfer.

    ``taken`` is what the arithmetic comes to, to be compared with what the transfer carries: under
    a rule of lots in the seed's currency, else in the account's.
    """

    def __init__(self, trace: Trace, transfer_id: str, language: str, ledger: Ledger | None = None) -> None:
        self.trace, self.ledger, self.back = trace, ledger or trace._ledger, trace.backward
        self.language = language
        self.row = self.ledger.row(transfer_id)
        self.zone = ZoneInfo(self.ledger.timezone)
        self.lines: list[str] = []
        self.taken = 0
        self.traced: dict[int, int] = {}
        self.seed_coin = self.ledger.currencies.index(trace.currency)

    def say(self, text: str, **values: Any) -> None:
        """One more line, in the reader's language."""
        self.lines.append(translate(text, self.language, **values))

    # ---------------------------------------------------------------- words for things

    def money(self, amount: int, coin: int, places: int = 0) -> str:
        code = self.ledger.currencies[coin]
        digits = self.ledger.minor_units[code] + places
        return f"{Decimal(major(amount, digits)):,} {code}"

    def account(self, number: int) -> str:
        return str(self.ledger.account_ids[number].as_py())

    def transfer(self, row: int) -> str:
        return str(self.ledger.transfer_ids[row].as_py())

    def when(self, microseconds: int) -> str:
        at = pd.Timestamp(microseconds, unit="us", tz="UTC").tz_convert(self.zone)
        return str(at.strftime("%Y-%m-%d %H:%M:%S"))

    def place(self, pot: int) -> str:
        """What a pot is called: its account, and the earmark of its compartment."""
        of = self.ledger.pots[pot]
        if int(of["kind"]) == TRANSIT:
            return translate(N_("the transfer's own transit"), self.language)
        if int(of["kind"]) == GAP:
            return translate(N_("the cash between withdrawal and deposit"), self.language)
        name = self.account(int(of["account"]))
        if int(of["earmark"]) >= 0 and len(self.ledger.earmarks):
            mark = self.ledger.earmarks[int(of["earmark"])].as_py()
            return translate(N_("{account}, earmark {earmark}"), self.language, account=name, earmark=mark)
        if int(of["kind"]) == CUSTODY:
            return translate(N_("{account}, without earmark"), self.language, account=name)
        return name

    # ---------------------------------------------------------------------- the text

    def unreached(self) -> str:
        """Of a transfer that this answer knows nothing of: traced money is in neither of its accounts."""
        self.lines = []
        self.head()
        supposed = self.trace.parameters.get("supposed", {})
        if self.transfer(self.row) in supposed.get("leave_out", ()):
            self.say(N_("It is supposed not to be there."))
        else:
            coin = int(self.ledger.rows["currency"][self.row])
            self.say(N_("It carries {carried} of the traced money."), carried=self.money(0, coin))
            self.say(N_("Traced money comes to neither of its accounts."))
        return self.finished()

    def text(self) -> str:
        self.lines, self.taken = [], 0
        coin = self.head()
        rule = self.trace._question.rule
        says = translate(rule.says, self.language)
        self.say(N_("Rule: {title}. {says}"), title=translate(rule.title, self.language), says=says)
        self.source_of_row()
        steps = self.ledger.steps_of(self.row)
        if not steps:
            return self.finished()
        moving = [s for s in steps if int(self.ledger.steps["flags"][s]) & ARRIVAL]
        leaving = [s for s in steps if s not in moving]
        seed = np.flatnonzero(self.trace._seeds.rows == self.row)
        if seed.size:
            part = int(self.trace._seeds.amounts[seed[0]])
            self.say(
                N_("It is a seed: {part} of it are traced from here on, whatever it was paid of."),
                part=self.money(part, coin),
            )
        else:
            carried = self.trace._carried_amounts.get(self.transfer(self.row), 0)
            self.say(N_("It carries {carried} of the traced money."), carried=self.money(carried, coin))
            limits = self.trace.parameters
            if limits["max_hops"] is not None or limits["min_amount"]:
                self.say(N_("The question limits chains; the arithmetic below is that before any limit."))
            self.order(coin)
        parts = self.parts(leaving, moving)
        span = self.trace._seeds
        if parts[0] < span.first or parts[-1] > span.last:
            self.say(N_("It lies outside the period that is asked about: nothing is traced there."))
            return self.finished()
        self.find_traced_lots(parts[0] if self.back else parts[-1])
        for step in parts:
            self.step(step, parts)
        if self.trace._question.overdraft == "coordinated" and not seed.size and coin == self.seed_coin:
            lent = carried - self.taken
            if lent:
                self.say(
                    N_("Overdrafts are coordinated: {lent} are of money that repaid the overdraft later.")
                    if not self.back
                    else N_("Overdrafts are coordinated: {lent} repaid an overdraft that had paid it on."),
                    lent=self.money(lent, coin),
                )
        self.onward(moving[-1] if moving else leaving[-1])
        return self.finished()

    def head(self) -> int:
        """The transfer itself; returns its currency."""
        of = self.ledger.rows[self.row]
        coin = int(of["currency"])
        self.say(
            N_("Transfer {id}: {amount} from {source} to {target}, {time}."),
            id=self.transfer(self.row), amount=self.money(int(of["amount"]), coin),
            source=self.account(int(of["source"])), target=self.account(int(of["target"])),
            time=self.when(int(of["time"])),
        )  # fmt: skip
        self.say(N_("Times are those of {zone}."), zone=self.ledger.timezone)
        if of["net"] != of["amount"]:
            self.say(
                N_("Of it {undone} were reversed: what was undone never moved, and {left} are traced."),
                undone=self.money(int(of["amount"] - of["net"]), coin),
                left=self.money(int(of["net"]), coin),
            )
        return coin

    def order(self, coin: int) -> None:
        """What it carries where the rows stand otherwise, if nothing decides how they stand."""
        trace = self.trace
        if not trace._open_accounts:
            return
        which = trace.transfers["transfer_id"] == self.transfer(self.row)
        low, high = (
            trace.transfers.loc[which, name].iloc[0] if which.any() else 0
            for name in ("traced_min", "traced_max")
        )
        says = {
            "exact": N_("Over every order it carries from {low} to {high}."),
            "outer": N_("In none it carries less than {low} or more than {high}."),
            "none": N_("What it carries in another is not known."),
        }
        names = [str(trace._whole.account_ids[number].as_py()) for number in trace._open_accounts]
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        self.say(
            N_(
                "Nothing decides the order of some rows of {accounts}: "
                "this is the arithmetic of the one shown."
            ),
            accounts=shown,
        )
        bounds = trace.order_bounds
        ends = {} if bounds == "none" else {"low": int(low), "high": int(high)}
        self.say(says[bounds], **{name: self.money(amount, coin) for name, amount in ends.items()})

    def parts(self, leaving: list[int], moving: list[int]) -> list[int]:
        """The steps whose account paid (backward: received): where a rule has to choose."""
        return (moving or leaving) if self.back else leaving

    def finished(self) -> str:
        return "\n".join(self.lines) + "\n"

    def source_of_row(self) -> None:
        """The row of the file that shows it."""
        number = int(self.ledger.rows["origin"][self.row])
        columns = ("source_file", "source_sheet", "source_row")
        table = self.trace._case.tables.arrow("transfers", columns)
        if table is None or "source_file" not in table.column_names:
            return
        found = table.slice(number, 1).to_pylist()[0]
        if found.get("source_file"):
            sheet = f" [{found['source_sheet']}]" if found.get("source_sheet") else ""
            self.say(
                N_("Shown by: {file}, row {row}."),
                file=f"{found['source_file']}{sheet}", row=found.get("source_row"),
            )  # fmt: skip

    def step(self, s: int, parts: list[int]) -> None:
        """What the paying account held before a step (backward: the receiving one behind it), and what of it
        goes.
        """
        ledger, step = self.ledger, self.ledger.steps[s]
        pot = int(step["dst" if self.back else "src"])
        of = ledger.pots[pot]
        coin = int(of["currency"])
        if int(of["kind"]) in (TRANSIT, GAP):
            pass
        elif int(of["kind"]) == OUTSIDE:
            self.say(
                N_("No statement of {account} is held for that time: nothing is known of what it had."),
                account=self.place(pot),
            )
            return
        if self.trace.rule == "poison":
            self.say(
                N_("{account} had been touched by traced money before: all that it pays counts, as a whole.")
                if not self.back
                else N_(
                    "{account} paid traced money later: all that had come to it before counts, as a whole."
                ),
                account=self.place(pot),
            )
            return
        balance = int(step["after"] if self.back else step["avail"])
        amount = arriving(ledger, s) if self.back else int(step["amount"])
        pays = amount - int(step["repaid"]) if self.back else min(amount, balance)
        # a row of several compartments is one: none of its parts has changed what it finds
        held, exact = self.standing(pot, parts[-1] if self.back else parts[0])
        self.say(
            N_("Before it {account} held {balance}, of which {traced} were traced.")
            if not self.back
            else N_("Behind it {account} held {balance}, of which {traced} became traced money later."),
            account=self.place(pot), balance=self.money(balance, coin), traced=self.money(held, coin),
        )  # fmt: skip
        if pays < amount:
            self.say(
                N_("Only {own} of {amount} were its own; {lent} were lent to it.")
                if not self.back
                else N_("Only {own} of {amount} stayed there; {lent} repaid its overdraft."),
                own=self.money(pays, coin), amount=self.money(amount, coin),
                lent=self.money(amount - pays, coin),
            )  # fmt: skip
        if pays == 0:
            return
        if self.trace.rule in ("fifo", "lifo"):
            self.lots(s, pot)
        elif self.trace.rule == "libr":
            own = balance - held
            taken = max(0, pays - own)
            self.taken += taken
            self.say(
                N_("Of its own it had {balance} − {traced} = {own}, and that goes first: "
                   "{pays} − {own}, but not less than nothing, = {taken} of the traced money go."),
                balance=self.money(balance, coin), traced=self.money(held, coin), own=self.money(own, coin),
                pays=self.money(pays, coin), taken=self.money(taken, coin),
            )  # fmt: skip
        else:
            self.proportion(held, exact, pays, balance, coin)

    def proportion(self, held: int, exact: int, pays: int, balance: int, coin: int) -> None:
        """Pro rata in integers: what would be there exactly, the nearest whole number stays."""
        stays = exact - exact * pays // balance
        whole = (stays + UNIT // 2 - 1) // UNIT
        self.taken += held - whole
        self.say(
            N_(
                "It pays {pays} of {balance}. Exactly {exact} of what it holds would be traced, to 2^-32 of "
                "the smallest unit; the same part of that goes, {exact} × {pays} / {balance}, and {rest} are "
                "left."
            ),
            pays=self.money(pays, coin), balance=self.money(balance, coin),
            exact=self.fine(exact, coin), rest=self.fine(stays, coin),
        )  # fmt: skip
        self.say(
            N_("The nearest whole amount to that stays (a half goes): {whole}. "
               "It goes {held} − {whole} = {taken}."),
            whole=self.money(whole, coin), held=self.money(held, coin), taken=self.money(held - whole, coin),
        )  # fmt: skip

    def fine(self, units: int, coin: int) -> str:
        """An amount in units of 2^-32 of a minor unit, to four places more."""
        return self.money((units * 10_000 + UNIT // 2) // UNIT, coin, 4)

    def lots(self, s: int, pot: int) -> None:
        """The lots of the account that this payment is made of, in the order in which they are taken."""
        found = list(paid_of(self.trace, s, pot))
        coin = int(self.ledger.pots["currency"][pot])
        for number, lot in enumerate(found, 1):
            size = self.money(lot.amount, coin)
            if lot.step < 0 and not self.back:
                basis = translate(_BASIS[BASES[int(self.ledger.pots["basis"][pot])]], self.language)
                self.say(N_("  {number}. {size} of {opening}"), number=number, size=size, opening=basis)
                continue
            if lot.step < 0:
                self.say(N_("  {number}. {size} are still there at the close"), number=number, size=size)
                continue
            row = int(self.ledger.steps["row"][lot.step])
            of = self.ledger.rows[row]
            seed = self.traced.pop(row, 0)
            self.taken += seed
            values = {
                "number": number, "size": size, "id": self.transfer(row), "time": self.when(int(of["time"])),
                "other": self.account(int(of["target" if self.back else "source"])),
                "traced": self.money(seed, self.seed_coin),
            }  # fmt: skip
            if self.back:
                self.say(
                    N_("  {number}. {size} went on with {id} to {other}, {time}; traced: {traced}"), **values
                )
            else:
                self.say(N_("  {number}. {size} of {id} from {other}, {time}; traced: {traced}"), **values)

    # ------------------------------------------------------------------- what is needed

    def until(self, s: int, with_it: bool) -> tuple[Any, int]:
        """The seeds that come before a step (backward: behind it), and the last place of that time."""
        seeds, size = self.trace._seeds, len(self.ledger.steps)
        if self.back:
            first = max(s if with_it else s + 1, seeds.first)
            begins = np.array([max(self.ledger.steps_of(int(r))) for r in seeds.rows], np.int64)
            kept = begins >= first
            standing = tuple(x for x in seeds.standing if x.after + 1 >= first)
            cut = replace(
                seeds, rows=seeds.rows[kept], amounts=seeds.amounts[kept], standing=standing, first=first
            )
            return cut, size - 1 - first
        last = min(s if with_it else s - 1, seeds.last)
        begins = np.array([min(self.ledger.steps_of(int(r))) for r in seeds.rows], np.int64)
        kept = begins <= last
        standing = tuple(x for x in seeds.standing if x.after <= last)
        return replace(
            seeds, rows=seeds.rows[kept], amounts=seeds.amounts[kept], standing=standing, last=last
        ), last

    def standing(self, pot: int, s: int) -> tuple[int, int]:
        """What of the traced money stands in a pot before a step (backward: behind it); under pro rata also
        what would stand there exactly, in units of 2^-32.
        """
        from graphflow.tracing import walk

        seeds, last = self.until(s, with_it=False)
        if len(seeds.rows) == 0 and not seeds.standing:
            return 0, 0
        if self.trace.rule == "prorata":
            roots = walk._roots(self.ledger, seeds, self.back)
            left = walk._shares(self.ledger, roots, last, self.back).left
            mine = left[left[:, 0] == pot]
            return int(mine[:, 1].sum()), sum(whole * UNIT + rest for whole, rest in mine[:, 3:5].tolist())
        flow, _ = walk.follow(self.ledger, seeds, self.trace.rule, walk.View(self.back), Limits())
        stays = flow.ends[(flow.ends[:, 0] == walk.STAYS) & (flow.ends[:, 1] == pot)]
        return int(stays[:, 2].sum()), 0

    def find_traced_lots(self, s: int) -> None:
        """How much traced money each transfer hands on to this one, by its row, in the seed's currency.

        What comes out of a balance that is a seed was handed on by nobody: it is said at once.
        """
        from graphflow.tracing import walk

        self.traced = {}
        if self.trace.rule not in ("fifo", "lifo"):
            return
        seeds, _ = self.until(s, with_it=True)
        if len(seeds.rows) == 0 and not seeds.standing:
            return
        _, chains = walk.follow(self.ledger, seeds, self.trace.rule, walk.View(self.back), Limits())
        for batch in chains().batches():
            ends, length = batch.bounds[1:], np.diff(batch.bounds)
            some = np.flatnonzero(length)
            for i in some[batch.rows[ends[some] - 1] == self.row].tolist():
                before = int(batch.rows[ends[i] - 2]) if length[i] > 1 else -1
                self.traced[before] = self.traced.get(before, 0) + int(batch.ends[i, 3])
        standing = self.traced.pop(-1, 0)
        if standing and self.row not in self.trace._seeds.rows:
            self.taken += standing
            self.say(
                N_("{traced} of what it pays come out of the balance that is asked about."),
                traced=self.money(standing, self.seed_coin),
            )

    def onward(self, s: int) -> None:
        """What becomes of it where it arrives."""
        ledger, step = self.ledger, self.ledger.steps[s]
        if int(step["flags"]) & CONVERTS:
            coins = (int(ledger.rows["currency"][self.row]), int(ledger.pots["currency"][step["dst"]]))
            self.say(
                N_("{paid} arrive as {came}: what is traced arrives in the same proportion."),
                paid=self.money(int(step["amount"]), coins[0]),
                came=self.money(arriving(ledger, s), coins[1]),
            )
        if not self.back and int(step["repaid"]) > 0 and self.trace.rule != "poison":
            which = {
                "fifo": N_("the first of what arrives"),
                "lifo": N_("the last of what arrives"),
                "prorata": N_("everything that arrives in proportion"),
                "libr": N_("what is not traced first"),
            }[self.trace.rule]
            self.say(
                N_("{account} was overdrawn: {repaid} of what arrives go to its lender, {which}."),
                account=self.place(int(step["dst"])), which=translate(which, self.language),
                repaid=self.money(int(step["repaid"]), int(ledger.pots["currency"][step["dst"]])),
            )  # fmt: skip


def paid_of(trace: Trace, s: int, pot: int) -> list[_Lot]:
    """What a payment is made of under first in, first out and last in, first out, in the order of taking.

    Backward: on which later payments what came in went, ``step`` -1 being what is still there.
    """
    ledger, back = trace._ledger, trace.backward
    step = ledger.steps[s]
    index = ledger.debits if back else ledger.credits
    begin, end = int(index.pointer[pot]), int(index.pointer[pot + 1])
    others = index.steps[begin:end].astype(np.int64)
    if trace.rule == "fifo":
        low = int(step["cplace"] if back else step["dplace"])
        size = (
            arriving(ledger, s) - int(step["repaid"])
            if back
            else min(int(step["amount"]), int(step["avail"]))
        )
        starts = index.starts[begin:end]
        stops = starts + np.array([_net(ledger, int(o), back) for o in others], np.int64)
        opening = 0 if back else max(int(ledger.pots["opening"][pot]), 0)
        found = [_Lot(-1, max(0, min(opening, low + size) - low))] if not back else []
        for o, a, b in zip(others.tolist(), starts.tolist(), stops.tolist(), strict=True):
            found.append(_Lot(o, max(0, min(b, low + size) - max(a, low))))
        if back:
            found.append(_Lot(-1, size - sum(lot.amount for lot in found)))
        return [lot for lot in found if lot.amount > 0]
    return _stacked(trace, s, pot, others)


def _net(ledger: Any, s: int, debit: bool) -> int:
    """What a step takes out of its pot's own money, or adds to it."""
    step = ledger.steps[s]
    if debit:
        return min(int(step["amount"]), int(step["avail"]))
    return arriving(ledger, s) - int(step["repaid"])


def _stacked(trace: Trace, s: int, pot: int, others: Ints) -> list[_Lot]:
    """The same where the latest money leaves first: which lots lie at the heights that it takes.

    A unit at a height came with the last credit before that reached so high (backward: goes with the first
    debit behind that goes so low).
    """
    ledger, back = trace._ledger, trace.backward
    step = ledger.steps[s]
    size = _net(ledger, s, not back)
    top = int(step["after"] if back else step["avail"])
    wanted = [(top - size, top)] if size > 0 else []
    found: list[tuple[int, _Lot]] = []
    near = others[others > s] if back else others[others < s][::-1]
    for o in near.tolist():
        if not wanted:
            break
        other = ledger.steps[o]
        high = int(other["avail"] if back else other["after"])
        low = high - _net(ledger, o, back)
        left: list[tuple[int, int]] = []
        for a, b in wanted:
            x, y = max(a, low), min(b, high)
            if x >= y:
                left.append((a, b))
                continue
            found.append((y, _Lot(o, y - x)))
            left += [part for part in ((a, x), (y, b)) if part[0] < part[1]]
        wanted = left
    found += [(b, _Lot(-1, b - a)) for a, b in wanted]
    return [lot for _, lot in sorted(found, key=lambda item: -item[0])]


def explain(trace: Trace, transfer_id: str, language: str) -> str:
    """The text of :meth:`Trace.explain`."""
    problems = []
    if language not in LANGUAGES:
        problems.append(
            Problem("language", N_("there is no such language"), {}, language, ", ".join(LANGUAGES))
        )
    if trace._whole.row(transfer_id) < 0:
        problems.append(
            Problem("transfer", N_("no transfer has the id {id}"), {"id": transfer_id}, transfer_id)
        )
    if problems:
        raise UsageError(*problems)
    if trace._ledger.row(transfer_id) < 0:  # of the case, but of no account that the money reaches
        return Explanation(trace, transfer_id, language, trace._whole).unreached()
    return Explanation(trace, transfer_id, language).text()
