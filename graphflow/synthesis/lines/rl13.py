"""Toys of RL-13: a share that pays and ends like a loan, and shares that only look like one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_QUARTERS = ("2017-06-30", "2017-09-30", "2017-12-31", "2018-03-31")


def _case(
    pays: tuple[str, ...],
    profits: tuple[str, ...],
    exit_price: str = "",
    *,
    kind: str = "trust",
    share: str = "0.3",
    votes: str = "0.3",
    stake: str = "",
) -> Frames:
    """1,000 paid for a share in a company, what it paid each quarter, its profits, and a buy-back."""
    rows = [{"transfer_id": "in", "time": "2017-03-31T10:00:00", "source": "investor", "target": "company",
             "amount": "1000"}]  # fmt: skip
    rows += [
        {"transfer_id": f"pay{number}", "time": f"{day}T15:00:00", "source": "company", "target": "investor",
         "amount": amount}
        for number, (day, amount) in enumerate(zip(_QUARTERS, pays, strict=True), 1)
    ]  # fmt: skip
    if exit_price:
        rows.append({"transfer_id": "exit", "time": "2018-04-02T10:00:00", "source": "controller",
                     "target": "investor", "amount": exit_price})  # fmt: skip
    return {
        "transfers": frame_of(rows),
        "accounts": frame_of([
            {"account_id": "investor", "party_id": "INVESTOR"},
            {"account_id": "company", "party_id": "COMPANY"},
            {"account_id": "controller", "party_id": "CONTROLLER"},
        ]),
        "parties": frame_of([
            {"party_id": "INVESTOR", "name": "永信投资", "kind": kind},
            {"party_id": "COMPANY", "name": "滨江项目公司", "kind": "company"},
            {"party_id": "CONTROLLER", "name": "滨江集团", "kind": "company"},
        ]),
        "stakes": frame_of([
            {"owner_id": "CONTROLLER", "company_id": "COMPANY", "share": "0.7", "votes": "0.7",
             "since": "2015-01-01", "class": "ordinary"},
            {"owner_id": "INVESTOR", "company_id": "COMPANY", "share": share, "votes": votes,
             "since": "2017-04-05", "until": "2018-04-10" if exit_price else "", "class": stake or "ordinary"},
        ]),
        "financials": frame_of([
            {"party_id": "COMPANY", "period_end": day, "net_profit": profit}
            for day, profit in zip(_QUARTERS, profits, strict=True)
        ]),
    }  # fmt: skip


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _case(("20", "20", "20", "20"), ("-5", "3", "-8", "1"), "1000")


def toy() -> Case:
    """Twenty a quarter on a thousand, twice at a loss, and bought back at what was paid: 8 % a year, four signs."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _case(("20", "20", "20", "20"), ("35", "31", "38", "30"), votes="0", stake="优先股")


def near_miss() -> Case:
    """A preference share without votes, paid on fixed days at a fixed rate out of profits, and not bought back."""
    return case_of(near_miss_tables())


def results_near_miss_tables() -> Frames:
    """The tables of `results_near_miss`."""
    return _case(("31", "4", "52", "17"), ("62", "8", "104", "34"), "1630")


def results_near_miss() -> Case:
    """Half of each quarter's profit, and a share sold to the controller for what it had become worth."""
    return case_of(results_near_miss_tables())


def state_near_miss_tables() -> Frames:
    """The tables of `state_near_miss`."""
    return _case(("3", "3", "3", "3"), ("-5", "3", "-8", "1"), "1000", kind="government")


def state_near_miss() -> Case:
    """Policy equity of the state: a fixed 1.2 % a year and a buy-back, by its own rules."""
    return case_of(state_near_miss_tables())


def utility_near_miss_tables() -> Frames:
    """The tables of `utility_near_miss`."""
    return _case(("20", "20", "20", "20"), ("35", "31", "38", "30"), "1320", votes="0", share="0.02")


def utility_near_miss() -> Case:
    """A company that smooths its dividends: fixed days and a fixed rate, but out of profits, and the share was sold
    for a third more.
    """
    return case_of(utility_near_miss_tables())
