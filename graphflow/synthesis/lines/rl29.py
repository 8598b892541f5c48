"""Toys of RL-29: cash and transfers just below what is reported, and each of what looks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_PARTIES = (
    ("P", "张三", "person"), ("Q", "李四", "person"), ("R", "王五", "person"), ("C", "恒达实业", "company"),
    ("D", "宏远商贸", "company"),
)  # fmt: skip


def _tables(payments: list[tuple[str, str, str, str]], **more: str) -> Frames:
    """Payments (time, from, to, amount) of a few parties, each with an account of its small letter."""
    return {
        "transfers": frame_of([
            {"transfer_id": f"t{number}", "time": time, "source": source, "target": target, "amount": amount, **more}
            for number, (time, source, target, amount) in enumerate(payments)
        ]),
        "accounts": frame_of([
            {"account_id": "till", "party_id": "", "kind": "cash"},
            *({"account_id": ident.lower(), "party_id": ident, "kind": "settlement"} for ident, _, _ in _PARTIES),
        ]),
        "parties": frame_of([
            {"party_id": ident, "name": name, "kind": kind} for ident, name, kind in _PARTIES
        ]),
    }  # fmt: skip


def _cash(last: str) -> Frames:
    """Four days on which cash is put in: 49 000, 48 000, 45 000 and the last amount."""
    days = ("03", "04", "06", "10")
    amounts = ("49000", "48000", "45000", last)
    return _tables([
        (f"2024-06-{day}T10:00:00", "till", "p", amount) for day, amount in zip(days, amounts, strict=True)
    ])  # fmt: skip


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _cash("40000")


def toy() -> Case:
    """Four times within seven days cash from 40 000 to 49 000 is put in: each below 50 000, 182 000 in all.

    The last is exactly 0.8 of the limit, and exactly seven days behind the first.
    """
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _cash("50000")


def near_miss() -> Case:
    """A merchant's takings: the fourth reaches the limit, and is reported: nothing is avoided."""
    return case_of(near_miss_tables())


def company_toy_tables() -> Frames:
    """The tables of `company_toy`."""
    return _tables([
        ("2024-06-03T10:00:00", "c", "d", "1999999.99"), ("2024-06-05T10:00:00", "c", "p", "1600000"),
        ("2024-06-07T10:00:00", "c", "d", "1900000"),
    ])  # fmt: skip


def company_toy() -> Case:
    """A company makes three transfers from 1 600 000 to a fen below 2 000 000 within five days."""
    return case_of(company_toy_tables())


def company_near_miss_tables() -> Frames:
    """The tables of `company_near_miss`."""
    return _tables([
        ("2024-06-03T10:00:00", "p", "c", "480000"), ("2024-06-04T10:00:00", "q", "c", "470000"),
        ("2024-06-05T10:00:00", "r", "c", "490000"), ("2024-06-06T10:00:00", "d", "c", "1900000"),
    ])  # fmt: skip


def company_near_miss() -> Case:
    """Four customers pay one merchant: each amount is below its limit, but nobody splits."""
    return case_of(company_near_miss_tables())


def person_toy_tables() -> Frames:
    """The tables of `person_toy`."""
    return _tables([
        (f"2024-06-0{day}T10:00:00", "p", "q", amount)
        for day, amount in ((3, "490000"), (4, "480000"), (5, "470000"), (6, "300000"))
    ])  # fmt: skip


def person_toy() -> Case:
    """A person sends three times a little less than 500 000 at home; 300 000 is not just below it."""
    return case_of(person_toy_tables())


def abroad_toy_tables() -> Frames:
    """The tables of `abroad_toy`."""
    return _tables(
        [(f"2024-06-0{day}T10:00:00", "p", "d", "190000") for day in (3, 4, 5)], channel="跨境汇款"
    )


def abroad_toy() -> Case:
    """A person sends three times 190 000 across the border, of which 200 000 are reported."""
    return case_of(abroad_toy_tables())


def person_near_miss_tables() -> Frames:
    """The tables of `person_near_miss`."""
    return _tables([
        (f"2024-{month}-03T10:00:00", "p", "q", "450000") for month in ("03", "04", "05", "06")
    ])  # fmt: skip


def person_near_miss() -> Case:
    """An instalment of 450 000 each month: each is just below the limit, but they lie months apart."""
    return case_of(person_near_miss_tables())
