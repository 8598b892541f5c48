"""Toys of RL-22: an unlicensed firm that settles for merchants; one that makes firms' money private."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphflow.synthesis.lines.rl18 import _Firm, settling
from graphflow.synthesis.small import Frames, case_of

if TYPE_CHECKING:
    from graphflow.case import Case


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return settling(400, 55, 5_000, 12).tables()


def toy() -> Case:
    """2,000,000 come in, 1,976,000 go on to 55 merchants: forwarded 0.988, fee 0.012, no licence."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return settling(400, 55, 5_000, 12).tables(("X", "payment"))


def near_miss() -> Case:
    """The same with a licence for payment."""
    return case_of(near_miss_tables())


def acquirer_toy_tables() -> Frames:
    """The tables of `acquirer_toy`."""
    firm = settling(400, 55, 15_000, 12)
    firm.parties[1]["kind"] = "company"
    return firm.tables(("PAYER000", "payment"))


def acquirer_toy() -> Case:
    """One of the payers is a licensed acquirer, and 6,000,000 come in: 二清, and a serious amount."""
    return case_of(acquirer_toy_tables())


def _private(persons: int, memo: str) -> _Firm:
    firm = _Firm()
    payer = firm.other("payer", "company")
    firm.pay(0, 0, payer, "x", "1000000")
    for number in range(persons):
        firm.pay(
            0,
            1 + number,
            "x",
            firm.other(f"person{number:02d}", "person"),
            str(700_000 // persons // 100 * 100),
        )
        firm.transfers[-1]["memo"] = memo
    return firm


def private_toy_tables() -> Frames:
    """The tables of `private_toy`."""
    return _private(20, "劳务").tables()


def private_toy() -> Case:
    """A firm's 1,000,000, of which 700,000 go on to twenty persons on the same day: 公转私."""
    return case_of(private_toy_tables())


def payroll_near_miss_tables() -> Frames:
    """The tables of `payroll_near_miss`."""
    return _private(20, "工资").tables()


def payroll_near_miss() -> Case:
    """The same payments, but they are wages."""
    return case_of(payroll_near_miss_tables())


def keeps_near_miss_tables() -> Frames:
    """The tables of `keeps_near_miss`."""
    return settling(400, 55, 5_000, 100).tables()


def keeps_near_miss() -> Case:
    """A tenth is kept: that is a margin, no fee."""
    return case_of(keeps_near_miss_tables())
