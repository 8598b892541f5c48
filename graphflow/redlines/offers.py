"""Offers: what a platform raised money for, and what was paid out of it, row by row.

An offer is a loan (with all its listings), or a product. Transfers belong to it by the loan, listing or
product that they name, else by amount and day (`graphflow.redlines.borrowing`). Money is collected in custody
and in the platform's own accounts, and in those of its group that several outsiders pay for offers; what
leaves these, or goes straight to who is financed, is what was raised and used. What goes back to who had paid
in, up to what that was, is a return, and once who is financed was paid, up to twice that, a repayment; so is
what others are paid behind the first payment that repays. What stays with the platform itself is told apart.
Of funds (`graphflow.redlines.funds`) money is collected in custody and in accounts held for products too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.findings import Cited, cited
from graphflow.redlines.borrowing import (
    REPAYING,
    Borrowing,
    borrowing_of,
    kind_is,
    says,
    tags_of,
    whose,
    words_of,
)
from graphflow.redlines.clients import SEVERAL
from graphflow.redlines.facts import Facts, Flags, Ints, among, known, micros
from graphflow.redlines.raising import holders

FEES = (
    "服务费", "手续费", "信息费", "居间费", "咨询费", "管理费", "平台费", "佣金",
    "service fee", "platform fee", "handling fee", "commission",
)  # fmt: skip
"""What the memo of a fee says; its kind is ``fee``, or it names the transfer that it is a fee of."""

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Offers:
    """What one platform raised money for.

    Attributes
    ----------
    platform
        The party's id.
    claims
        One row an offer: ``table``, ``place``, ``name``, ``borrower`` (who is financed, id), ``amount``,
        ``begins``; the index numbers them.
    paid
        What was paid out of what was raised: ``offer``, ``row`` (place of the transfer), ``time``,
        ``source``, ``target`` (accounts), ``amount``, ``currency``, ``tagged`` (false: told by its amount and
        day).
    kept
        What came for an offer to the platform's own accounts, and to others of its group that collect, less
        what left them for it: ``offer``, ``currency``, ``amount``, ``last`` (when the last of it came).
    fees
        What was paid to the platform's own accounts as fees of an offer out of custody: ``offer``, ``row``,
        ``amount``, ``currency``.
    collected : int64
        The transfers by which what was kept came, and those fees; by place.
    rows : int64
        Every transfer that belongs to an offer, by place.
    returned : int64
        Those that gave back what had been paid in.
    payers : int64
        Who paid in, as `graphflow.redlines.raising.holders` numbers them.
    held : int64
        Accounts held for products, of whoever they are: for investors, and for nobody's own side.
    funds
        Ids of funds, as parties and as products: they are nobody's own side, nor is what only they own.
    """

    platform: str
    claims: pd.DataFrame
    paid: pd.DataFrame = field(repr=False)
    kept: pd.DataFrame = field(repr=False)
    fees: pd.DataFrame = field(repr=False)
    collected: Ints = field(repr=False)
    rows: Ints = field(repr=False)
    returned: Ints = field(repr=False)
    payers: Ints = field(repr=False)
    held: Ints = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)
    funds: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def currencies(self) -> list[int]:
        """The currencies in which something was paid out, or kept."""
        found = sets.union(self.paid["currency"].to_numpy(), self.kept["currency"].to_numpy())
        return [int(each) for each in found]

    @property
    def borrowers(self) -> list[str]:
        """Who is financed."""
        return [str(each) for each in self.claims["borrower"].unique() if each]

    def without(self, offers: Ints) -> Offers:
        """The same without some offers."""
        out = [
            frame[~np.isin(frame["offer"].to_numpy(), offers)] for frame in (self.paid, self.kept, self.fees)
        ]
        left = self.claims[~np.isin(self.claims.index.to_numpy(), offers)]
        return replace(self, claims=left, paid=out[0], kept=out[1], fees=out[2])

    def cite(self, facts: Facts, shown: Ints) -> list[Cited]:
        """The rows of the offers: those of some show it, the others are context; and all their transfers."""
        found = [Cited("transfers", sets.unique(self.rows), False)] if self.rows.size else []
        for table, mine in self.claims.groupby("table"):
            shows = np.isin(mine.index.to_numpy(), shown)
            places = mine["place"].to_numpy()
            found += [cited(str(table), places[shows]), cited(str(table), places, False)]
            if table == "loans" and facts.has("listings"):
                listings = facts.rows("listings")
                found.append(
                    facts.cite("listings", listings[among(listings["loan_id"], mine["name"])], False)
                )
        return found


def is_fee(facts: Facts, rows: Ints) -> Flags:
    """Which transfers, by place, say that they are fees."""
    kinds, words = facts.codes("kind", rows)
    found = np.isin(kinds, [number for number, word in enumerate(words) if word.lower() == "fee"])
    found |= facts.codes("fee_of", rows)[0] >= 0
    return np.asarray(found | says(facts, rows, FEES), np.bool_)


def loans_of(facts: Facts, platform: str, *, only: bool) -> Offers:
    """The loans of a platform; ``only``: it is the only one, so a loan that names none is its."""
    all_: Borrowing = borrowing_of(facts)
    claims = all_.claims[all_.claims["table"] == "loans"]
    names = claims["platform"].to_numpy()
    claims = claims[(names == platform) | ((names == "") & only)]
    on = _tags(facts, all_.claims)
    on = np.where(np.isin(on, claims.index.to_numpy()), on, -1)
    told = all_.out[~all_.out["tagged"].to_numpy(np.bool_)]
    told = told[np.isin(told["claim"].to_numpy(), claims.index.to_numpy())]
    told = told.rename(columns={"claim": "offer", "account": "target"})
    at = np.flatnonzero(on >= 0)
    return told_apart(facts, platform, claims, (at, on[at]), told)


def _tags(facts: Facts, claims: pd.DataFrame) -> Ints:
    """Of each row of `Facts.flows` the claim that it names, kept with the facts."""
    kept = facts.__dict__.get("_claim_of_flow")
    if kept is None:
        kept = facts.__dict__["_claim_of_flow"] = tags_of(facts, claims, whose(facts))
    return np.asarray(kept, np.int64)


def products_of(facts: Facts, platform: str) -> Offers:
    """The products through which a crowdfunding platform raises money: those that it runs, and those whose
    issuer is of its group.
    """
    rows = facts.rows("products")
    group = facts.group(platform)
    mine = rows["manager_id"].isin([platform]) | rows["issuer_id"].isin(group)
    rows = rows[mine.to_numpy(np.bool_)]
    # of one whose beginning is not known, who issues it now
    begins = np.where(known(rows["start"]), micros(rows["start"]), facts.at)
    claims = pd.DataFrame(
        {
            "table": "products", "place": rows.index.to_numpy(), "name": words_of(rows["product_id"]),
            "borrower": words_of(rows["issuer_id"]), "platform": platform, "begins": begins,
            "amount": 0,
        }
    )  # fmt: skip
    on = np.full(len(facts.flows), -1, np.int64)
    numbers, words = facts.codes("product_id", facts.flows["row"].to_numpy())
    if words and len(claims):
        place = dict(zip(claims["name"], claims.index, strict=True))
        on = np.array([place.get(word, -1) for word in words] + [-1], np.int64)[numbers]
    at = np.flatnonzero(on >= 0)
    return told_apart(facts, platform, claims, (at, on[at]), None)


def told_apart(
    facts: Facts, platform: str, claims: pd.DataFrame, on: tuple[Ints, Ints], told: pd.DataFrame | None,
    held: Ints | None = None,
) -> Offers:  # fmt: skip
    """The transfers of offers, told apart by where they come from and go to.

    ``on``: rows of `Facts.flows`, ascending, and the offer of each. ``told``: further payments out. ``held``:
    of funds, the accounts that hold products' money. Of a fund whatever custody or such an account pays is
    used, to the manager's own account as well, unless it goes back to investors, who paid in before they were
    paid; and nothing repays it once and for all, as a fund may go on investing.
    """
    at, offer = on
    rows = facts.flows.iloc[at]
    source, target = rows["source"].to_numpy(), rows["target"].to_numpy()
    who, holder = whose(facts), holders(facts)
    number = {each: facts.party_number.get(each, -2) for each in claims["borrower"].unique()}
    issuer = claims["borrower"].map(number).reindex(offer).to_numpy(np.int64)
    runs = facts.party_number.get(platform, -2)
    of_fund = held is not None
    own = (who == runs) & ~facts.guarded & (not of_fund)
    shared = _collecting(facts, platform, -2 if of_fund else runs, (who, holder), rows, issuer)
    collects = facts.guarded.copy()
    if held is None:
        own[shared] = True
        collects |= own
    else:
        collects[shared] = True
        collects[held] = True
    from_issuer, to_issuer = who[source] == issuer, who[target] == issuer
    takes, gives = collects[target] & ~to_issuer, collects[source] & ~from_issuer
    inner = source == target if of_fund else rows["own"].to_numpy()
    repays = kind_is(facts, rows["row"].to_numpy(), REPAYING)
    times, amounts = rows["time"].to_numpy(), rows["amount"].to_numpy()
    if of_fund:
        repays &= ~gives  # what a fund pays is no repayment, whatever is written on it
    into = ~repays & ~inner & takes & ~gives & ~from_issuer
    out = ~repays & ~inner & ((gives & ~takes) | (~gives & to_issuer & ~from_issuer))
    if of_fund:
        into &= _paid_in_first(offer, holder, (source, target), times, (into, out))
    financed = _first(offer, times, out & (to_issuer | of_fund))
    begun = times > financed
    back = np.full(offer.size, _NEVER)
    if not of_fund:  # what who is financed pays in before it is financed is its own bid
        back = _first(offer, times, repays | (from_issuer & takes & (begun | (financed == _NEVER))))
    returned = out & _given_back(offer, holder, (source, target), times, amounts, (into, out, begun))
    used = out & ~returned & (to_issuer | (times < back))
    frame = pd.DataFrame(
        {
            "offer": offer, "row": rows["row"].to_numpy(), "time": times, "source": source, "target": target,
            "amount": amounts, "currency": rows["currency"].to_numpy(), "tagged": True,
        }
    )  # fmt: skip
    # a repayment is behind the first of them, so none is among these
    fee = own[target] & takes & gives & ~own[source] & (times < back)
    fee &= is_fee(facts, frame["row"].to_numpy())
    to_own = takes & own[target] & ~own[source] & ~from_issuer & ~fee & (times < back)
    of_own = gives & own[source] & ~own[target] & (times < back)
    paid = frame[used]
    if told is not None and len(told):
        paid = pd.concat([paid, told[paid.columns]], ignore_index=True)
    kept = _kept(frame, to_own, of_own)
    return Offers(
        platform,
        claims,
        paid.reset_index(drop=True),
        kept,
        frame.loc[fee, ["offer", "row", "amount", "currency"]].reset_index(drop=True),
        _behind(frame, to_own, kept, fee),
        sets.union(frame["row"].to_numpy(), paid["row"].to_numpy()).astype(np.int64),
        frame["row"].to_numpy()[returned],
        sets.unique(holder[source[into]]),
    )


def _collecting(
    facts: Facts, platform: str, runs: int, sides: tuple[Ints, Ints], rows: pd.DataFrame, issuer: Ints
) -> Ints:
    """Accounts of others of the platform's group into which outsiders pay for offers, several of them, to
    whomever these finance: its money is collected there as well as in its own.
    """
    who, holder = sides
    group = [facts.party_number[each] for each in facts.group(platform) if each in facts.party_number]
    target, source = rows["target"].to_numpy(), rows["source"].to_numpy()
    theirs = np.isin(who[target], sets.minus(group, [runs])) & ~facts.guarded[target]
    theirs &= (who[target] != issuer) & (who[source] != issuer)
    theirs &= ~np.isin(who[source], group) & ~facts.guarded[source]
    frame = pd.DataFrame({"account": target[theirs], "payer": holder[source[theirs]]}).drop_duplicates()
    counts = frame["account"].value_counts()
    return np.asarray(counts.index[counts.to_numpy() >= SEVERAL], np.int64)


def _first(offer: Ints, times: Ints, which: Flags) -> Ints:
    """Of each row the first time of its offer's rows of a kind."""
    first = pd.Series(times[which]).groupby(offer[which]).min()
    found = first.reindex(offer).to_numpy(np.float64, na_value=np.inf)
    whole = np.full(offer.size, _NEVER)
    known = np.isfinite(found)
    whole[known] = first.reindex(offer[known]).to_numpy(np.int64)
    return whole


def _paid_in_first(
    offer: Ints, holder: Ints, sides: tuple[Ints, Ints], times: Ints, which: tuple[Flags, Flags]
) -> Flags:
    """Which payments in come from who had paid in before anything was paid to him: from an investor, and not
    from who gives back what was invested in him.
    """
    (source, target), (into, out) = sides, which
    size = np.int64(holder.max(initial=0) + 1)
    came, went = offer * size + holder[source], offer * size + holder[target]
    first = pd.Series(times[into]).groupby(came[into]).min()
    paid = pd.Series(times[out]).groupby(went[out]).min().reindex(first.index, fill_value=_NEVER)
    investors = first.index.to_numpy()[first.to_numpy() <= paid.to_numpy()]
    return np.asarray(np.isin(came, investors), np.bool_)


def _given_back(
    offer: Ints, holder: Ints, sides: tuple[Ints, Ints], times: Ints, amounts: Ints,
    which: tuple[Flags, Flags, Flags],
) -> Flags:  # fmt: skip
    """Which payments out give somebody back no more, in all, than he had paid in for the same offer before;
    once who is financed was paid, no more than twice that: then they repay, with interest.
    """
    into, out, begun = which
    found = np.zeros(offer.size, np.bool_)
    if not into.any() or not out.any():
        return found
    moves = np.flatnonzero(into | out)
    frame = pd.DataFrame(
        {
            "offer": offer[moves], "who": holder[np.where(into, *sides)][moves], "time": times[moves],
            "in": np.where(into, amounts, 0)[moves], "out": np.where(into, 0, amounts)[moves], "at": moves,
            "most": np.where(begun, 2, 1)[moves],
        }
    )  # fmt: skip
    frame = frame.sort_values(["time", "out"], kind="stable")
    sums = frame.groupby(["offer", "who"])[["in", "out"]].cumsum()
    good = (frame["out"] > 0) & (sums["out"] <= frame["most"] * sums["in"])
    found[frame.loc[good, "at"].to_numpy(np.int64)] = True
    return found


def _kept(frame: pd.DataFrame, to_own: Flags, of_own: Flags) -> pd.DataFrame:
    """What came to the platform's own accounts less what left them, of each offer and currency."""
    keys = ["offer", "currency"]
    came = frame[to_own].groupby(keys).agg(amount=("amount", "sum"), last=("time", "max"))
    went = frame[of_own].groupby(keys)["amount"].sum()
    came["amount"] -= went.reindex(came.index, fill_value=0)
    return came[came["amount"] > 0].reset_index().astype("int64")


def _behind(frame: pd.DataFrame, to_own: Flags, kept: pd.DataFrame, fee: Flags) -> Ints:
    """The transfers by which what was kept came, and fees."""
    keys = pd.MultiIndex.from_frame(frame[["offer", "currency"]])
    some = keys.isin(pd.MultiIndex.from_frame(kept[["offer", "currency"]]))
    return np.asarray(frame["row"].to_numpy()[(to_own & some) | fee], np.int64)
