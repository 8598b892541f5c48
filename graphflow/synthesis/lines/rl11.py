"""Toys of RL-11: a down payment that was borrowed, a house bought by a crowd, and what only looks like them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case


def _loan(
    payee: str = "developer", *, savings: str = "0", employed: bool = False, mortgage: bool = True
) -> Frames:
    """A loan of 400,000 of which 360,000 go on; 540,000 more of the borrower's savings go to the developer."""
    rows = [
        {"transfer_id": "out", "time": "2018-05-02T09:00:00", "source": "lender", "target": "borrower",
         "amount": "400000", "loan_id": "LOAN"},
        {"transfer_id": "own", "time": "2018-05-20T10:00:00", "source": "saved", "target": "developer",
         "amount": "540000"},
        {"transfer_id": "on", "time": "2018-05-20T11:00:00", "source": "borrower", "target": payee,
         "amount": "360000"},
    ]  # fmt: skip
    loans = [
        {"loan_id": "LOAN", "lender_id": "LENDER", "borrower_id": "BORROWER", "principal": "400000",
         "start": "2018-05-02", "end": "2021-05-02", "purpose": "装修"},
    ]  # fmt: skip
    if mortgage:
        rows.append({"transfer_id": "mortgage", "time": "2018-06-05T09:00:00", "source": "bank",
                     "target": "developer", "amount": "2100000", "loan_id": "HOME"})  # fmt: skip
        loans.append({"loan_id": "HOME", "lender_id": "BANK", "borrower_id": "BORROWER", "principal": "2100000",
                      "start": "2018-06-05", "end": "2048-06-05", "purpose": "住房按揭"})  # fmt: skip
    frames = {
        "transfers": frame_of(rows),
        "accounts": frame_of([
            {"account_id": "borrower", "party_id": "BORROWER", "opening_balance": savings},
            {"account_id": "saved", "party_id": "BORROWER", "opening_balance": "540000"},
            {"account_id": "lender", "party_id": "LENDER", "opening_balance": "400000"},
            {"account_id": "bank", "party_id": "BANK", "kind": "internal"},
            {"account_id": "developer", "party_id": "DEVELOPER"},
            {"account_id": "contractor", "party_id": "CONTRACTOR"},
        ]),
        "parties": frame_of([
            {"party_id": "BORROWER", "name": "购房人", "kind": "person", "sector": "ordinary"},
            {"party_id": "LENDER", "name": "易贷小额贷款公司", "kind": "company", "sector": "lender"},
            {"party_id": "BANK", "name": "信安银行", "kind": "bank", "sector": "bank"},
            {"party_id": "DEVELOPER", "name": "安居置业", "kind": "company", "sector": "developer"},
            {"party_id": "CONTRACTOR", "name": "美家装饰", "kind": "company", "sector": "ordinary"},
        ]),
        "loans": frame_of(loans),
    }  # fmt: skip
    if employed:
        frames["relations"] = frame_of([{"party_id": "BORROWER", "other_id": "LENDER", "kind": "employee"}])
    return frames


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _loan()


def toy() -> Case:
    """Nine tenths of a loan for decoration went to the developer: 40 % of a down payment of 900,000."""
    return case_of(toy_tables())


def house_toy_tables() -> Frames:
    """The tables of `house_toy`."""
    return _loan(mortgage=False)


def house_toy() -> Case:
    """The same, where no mortgage is known: a loan that went into a house, and no more."""
    return case_of(house_toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _loan("contractor")


def near_miss() -> Case:
    """The loan pays a contractor, as agreed; the down payment is of savings."""
    return case_of(near_miss_tables())


def savings_near_miss_tables() -> Frames:
    """The tables of `savings_near_miss`."""
    return _loan(savings="2000000")


def savings_near_miss() -> Case:
    """As much went to the developer, of an account with savings of two millions."""
    return case_of(savings_near_miss_tables())


def employer_near_miss_tables() -> Frames:
    """The tables of `employer_near_miss`."""
    return _loan(employed=True)


def employer_near_miss() -> Case:
    """The employer lends for the house."""
    return case_of(employer_near_miss_tables())


def _crowd(single: bool = False, agency: bool = False, back: bool = True) -> Frames:
    """Twelve persons pay 50,000 to 105,000 to one, who buys of it; what it is sold for goes back in proportion.

    ``single``: a house of his own for each of them.
    """
    paid = [50_000 + 5_000 * number for number in range(12)]
    rows = [
        {"transfer_id": f"in{number:02d}", "time": f"2018-03-{number + 1:02d}T10:00:00",
         "source": f"person{number:02d}", "target": "buyer", "amount": str(amount)}
        for number, amount in enumerate(paid)
    ]  # fmt: skip
    if single:
        rows += [
            {"transfer_id": f"buy{number:02d}", "time": f"2018-03-20T{number + 9:02d}:00:00", "source": "buyer",
             "target": "developer", "amount": str(amount)} for number, amount in enumerate(paid)
        ]  # fmt: skip
    else:
        rows.append({"transfer_id": "buy", "time": "2018-03-20T10:00:00", "source": "buyer",
                     "target": "developer", "amount": str(sum(paid))})  # fmt: skip
    if back:
        rows.append({"transfer_id": "sale", "time": "2018-11-01T10:00:00", "source": "next", "target": "buyer",
                     "amount": str(sum(paid) * 6 // 5)})  # fmt: skip
        rows += [
            {"transfer_id": f"back{number:02d}", "time": f"2018-11-05T10:{number:02d}:00", "source": "buyer",
             "target": f"person{number:02d}", "amount": str(amount * 6 // 5)}
            for number, amount in enumerate(paid)
        ]  # fmt: skip
    names = [f"person{number:02d}" for number in range(12)]
    return {
        "transfers": frame_of(rows),
        "accounts": frame_of([
            {"account_id": "buyer", "party_id": "BUYER", "opening_balance": "0"},
            {"account_id": "developer", "party_id": "DEVELOPER"},
            {"account_id": "next", "party_id": "NEXT"},
            *({"account_id": each, "party_id": each.upper()} for each in names),
        ]),
        "parties": frame_of([
            {"party_id": "BUYER", "name": "众享置业咨询", "kind": "company",
             "sector": "property_agency" if agency else "ordinary"},
            {"party_id": "DEVELOPER", "name": "安居置业", "kind": "company", "sector": "developer"},
            {"party_id": "NEXT", "name": "下家", "kind": "company", "sector": "ordinary"},
            *({"party_id": each.upper(), "name": f"出资人{number}", "kind": "person", "sector": "ordinary"}
              for number, each in enumerate(names)),
        ]),
    }  # fmt: skip


def crowd_toy_tables() -> Frames:
    """The tables of `crowd_toy`."""
    return _crowd()


def crowd_toy() -> Case:
    """Twelve persons buy a house through one company, and get 1.2 times back what they paid."""
    return case_of(crowd_toy_tables())


def crowd_near_miss_tables() -> Frames:
    """The tables of `crowd_near_miss`."""
    return _crowd(single=True)


def crowd_near_miss() -> Case:
    """The same twelve, but what each paid goes to the developer by itself: a house of his own for each."""
    return case_of(crowd_near_miss_tables())


def shop_near_miss_tables() -> Frames:
    """The tables of `shop_near_miss`."""
    return _crowd(back=False)


def shop_near_miss() -> Case:
    """A company buys premises of what twelve customers paid it: nothing goes back, nothing says what it was for."""
    return case_of(shop_near_miss_tables())
