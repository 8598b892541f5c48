"""Toys of owners: few companies, whose shares and controllers can be computed by hand.

Each toy is two functions: ``NAME_tables()`` gives the frames, ``NAME()`` the case made of them. Those named
``o1`` to ``o8`` are vectors with exact answers; persons are P, Q and R, companies the other letters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_Stake = tuple[str, str, str] | tuple[str, str, str, Mapping[str, str]]
_PERSONS = ("P", "Q", "R")


def _held(stakes: Sequence[_Stake], relations: Sequence[tuple[str, str, str]] = ()) -> Frames:
    """Stakes, the parties that they name, and relations (one, other, kind)."""
    rows = [
        {"owner_id": owner, "company_id": company, "share": share, **(more[0] if more else {})}
        for owner, company, share, *more in stakes
    ]
    names = dict.fromkeys(name for stake in stakes for name in stake[:2])
    names |= dict.fromkeys(name for one, other, _ in relations for name in (one, other))
    parties = [
        {"party_id": name, "name": name, "kind": "person" if name in _PERSONS else "company"}
        for name in names
    ]
    frames = {"parties": frame_of(parties), "stakes": frame_of(rows)}
    if relations:
        ties = [{"party_id": one, "other_id": other, "kind": kind} for one, other, kind in relations]
        frames["relations"] = frame_of(ties)
    return frames


def o1_tables() -> Frames:
    """The tables of `o1`."""
    return _held(
        [("P", "A", "0.6"), ("Q", "A", "0.4"), ("P", "B", "0.1"), ("A", "B", "0.5"), ("Q", "B", "0.4")]
    )


def o1() -> Case:
    """A pyramid (O1): P has 60 % of A and 10 % of B, A has 50 % of B; of B, P has 0.6 * 0.5 + 0.1 = 2/5.

    Examples
    --------
    >>> import graphflow as gf
    >>> gf.owners(o1(), "B")[["owner_id", "share"]].round(6).values.tolist()
    [['Q', 0.6], ['P', 0.4]]
    """
    return case_of(o1_tables())


def o2_tables() -> Frames:
    """The tables of `o2`."""
    return _held([("A", "B", "0.2"), ("B", "A", "0.3"), ("P", "A", "0.7"), ("Q", "B", "0.8")])


def o2() -> Case:
    """Two companies that own one another (O2): P has 35/47 of A and 7/47 of B, Q has 12/47 and 40/47."""
    return case_of(o2_tables())


def o3_tables() -> Frames:
    """The tables of `o3`."""
    ring = [("A", "B", "0.4"), ("B", "C", "0.4"), ("C", "A", "0.4")]
    return _held([*ring, ("P", "A", "0.6"), ("Q", "B", "0.6"), ("R", "C", "0.6")])


def o3() -> Case:
    """A ring of three (O3): P has 25/39 of A, 10/39 of B and 4/39 of C.

    The product of shares from P through A to B is 0.24, less than a quarter: the ring makes it more than one.
    """
    return case_of(o3_tables())


def o4_tables() -> Frames:
    """The tables of `o4`."""
    ordinary = {"class": "A", "votes": "0.285714286"}
    return _held([("Q", "C", "0.8", ordinary), ("P", "C", "0.2", {"class": "B", "votes": "0.714285714"})])


def o4() -> Case:
    """Two classes of shares (O4): Q's 80 have one vote, P's 20 have ten: P has 1/5, and 5/7 of the votes."""
    return case_of(o4_tables())


def o5_tables() -> Frames:
    """The tables of `o5`."""
    return _held([
        ("P", "A", "0.51"), ("P", "B", "0.2"), ("A", "B", "0.31"), ("A", "C", "0.25"), ("B", "C", "0.3"),
        ("P", "D", "0.2"), ("A", "E", "0.25"),
    ])  # fmt: skip


def o5() -> Case:
    """Control with less than a quarter of the money (O5): P controls A, B and C, and has 0.23493 of C.

    D, of which P has a fifth, and E, of which A has a quarter, are there for the vector of related parties.

    Examples
    --------
    >>> import graphflow as gf
    >>> gf.controls(o5(), "P")["party_id"].tolist()
    ['A', 'B', 'C']
    """
    return case_of(o5_tables())


def o6_tables() -> Frames:
    """The tables of `o6`."""
    return _held([
        ("P", "A", "0.3"), ("P", "B", "0.2"), ("A", "B", "0.4"), ("A", "C", "0.25"), ("B", "C", "0.6"),
    ])  # fmt: skip


def o6() -> Case:
    """Three ways from P to C (O6): their thinnest stakes are 0.25, 0.30 and 0.20.

    Examples
    --------
    >>> import graphflow as gf
    >>> gf.weakest_link(o6(), "P", "C")[["path", "thinnest"]].values.tolist()
    [[('P', 'A', 'B', 'C'), 0.3], [('P', 'A', 'C'), 0.25], [('P', 'B', 'C'), 0.2]]
    """
    return case_of(o6_tables())


def o7_tables() -> Frames:
    """The tables of `o7`."""
    return _held(
        [("P", "C", "0.18"), ("Q", "C", "0.17"), ("R", "C", "0.16"), ("H", "C", "0.30")],
        [("P", "Q", "concert"), ("Q", "R", "concert")],
    )


def o7() -> Case:
    """Three who act in concert (O7): 18, 17 and 16 % are 51 % together, against one holder of 30 %."""
    return case_of(o7_tables())


def o8_tables() -> Frames:
    """The tables of `o8`."""
    return _held([("P", "H", "0.51"), ("H", "T", "0.3")])


def o8() -> Case:
    """A majority over a minority (O8): 0.51 * 0.30 is 15.3 %, yet P decides over all of H's 30 % of T."""
    return case_of(o8_tables())


#: Every toy of owners by name.
TOYS: dict[str, Callable[[], Frames]] = {
    "o1": o1_tables,
    "o2": o2_tables,
    "o3": o3_tables,
    "o4": o4_tables,
    "o5": o5_tables,
    "o6": o6_tables,
    "o7": o7_tables,
    "o8": o8_tables,
}


# ---------------------------------------------------------------------- products


def _products(rows: Sequence[Mapping[str, str]], **tables: Sequence[Mapping[str, str]]) -> Frames:
    return {"products": frame_of(rows), **{name: frame_of(each) for name, each in tables.items()}}


def p1_tables() -> Frames:
    """The tables of `p1`."""
    products = [{"product_id": name} for name in ("W", "T", "S", "W2", "T2", "Y", "Z")]
    products += [{"product_id": "F", "kind": "public_fund"}, {"product_id": "X", "exempt": "私募条例第25条"}]
    inside = [("W", "T"), ("T", "S"), ("W2", "T2"), ("T2", "F"), ("X", "Y"), ("Y", "Z")]
    holdings = [{"product_id": p, "asset_id": k, "asset_kind": "product", "amount": "100"} for p, k in inside]
    holdings += [
        {"product_id": p, "asset_id": f"bond {p}", "asset_kind": "standard_debt", "amount": "100"}
        for p in ("S", "Z")
    ]
    return _products(products, holdings=holdings)


def p1() -> Case:
    """Layers (P1): W, T, S below one another: two; W2, T2, a public fund: one; X, exempt, Y, Z: one.

    Examples
    --------
    >>> import graphflow as gf
    >>> [gf.look_through(p1(), name).depth for name in ("W", "W2", "X", "T", "T2", "S")]
    [2, 1, 1, 1, 0, 0]
    """
    return case_of(p1_tables())


def p2_tables() -> Frames:
    """The tables of `p2`."""
    direct = [f"person {n:03d}" for n in range(30)]
    first = [f"person {n:03d}" for n in range(100, 200)]
    second = [*direct[:15], *(f"person {n:03d}" for n in range(200, 275))]
    kinds = dict.fromkeys([*direct, *first, *second], "person") | {"LP1": "partnership", "LP2": "partnership"}
    parties = [{"party_id": name, "name": name, "kind": kind} for name, kind in kinds.items()]
    parties += [{"party_id": "S", "name": "社保", "kind": "government"}]
    products = [
        {"product_id": "V"},
        {"product_id": "R", "kind": "fund_of_funds", "exempt": "依法备案的投资计划"},
    ]
    stakes = [
        {"owner_id": name, "company_id": vehicle, "share": f"{1 / len(names):.9f}"}
        for vehicle, names in (("LP1", first), ("LP2", second)) for name in names
    ]  # fmt: skip
    bought = [("V", name) for name in (*direct, "LP1", "LP2", "R", "S")]
    bought += [("R", f"holder {n:03d}") for n in range(150)]
    parties += [
        {"party_id": f"holder {n:03d}", "name": f"holder {n:03d}", "kind": "person"} for n in range(150)
    ]
    subscriptions = [
        {"product_id": product, "investor_id": who, "amount": "100", "time": "2024-03-01"}
        for product, who in bought
    ]
    return {"parties": frame_of(parties), "stakes": frame_of(stakes)} | _products(
        products, subscriptions=subscriptions
    )


def p2() -> Case:
    """Counting investors (P2): 34 by name, 207 in the end: partnerships looked through, 15 counted once."""
    return case_of(p2_tables())


def p4_tables() -> Frames:
    """The tables of `p4`."""
    products = [
        {"product_id": "W", "net_assets": "100", "total_assets": "120"},
        {"product_id": "T", "net_assets": "80", "total_assets": "160"},
    ]
    holdings = [
        {"product_id": "W", "asset_id": "bonds", "asset_kind": "standard_debt", "amount": "80"},
        {"product_id": "W", "asset_id": "T", "asset_kind": "product", "amount": "40"},
        {"product_id": "T", "asset_id": "loans", "asset_kind": "nonstandard_debt", "amount": "160"},
    ]
    return _products(products, holdings=holdings)


def p4() -> Case:
    """Leverage (P4): of W 120 % by its own figures, 160 % in proportion, 240 % with T whole."""
    return case_of(p4_tables())


def p5_tables() -> Frames:
    """The tables of `p5`."""
    holdings = [
        {"product_id": "W", "asset_id": name, "asset_kind": kind, "amount": amount, "end": end,
         "as_of": "2024-03-01"}
        for name, kind, amount, end in (
            ("cash", "cash", "20", ""), ("bill", "standard_debt", "30", "2024-08-28"),
            ("loan", "nonstandard_debt", "50", "2026-02-19"),
        )
    ]  # fmt: skip
    subscriptions = [
        {"product_id": "W", "investor_id": who, "amount": amount, "time": "2024-03-01", "due": due}
        for who, amount, due in (("P", "40", "2024-03-31"), ("Q", "60", "2024-05-30"))
    ]
    return _products([{"product_id": "W"}], holdings=holdings, subscriptions=subscriptions)


def p5() -> Case:
    """Maturities (P5): owed after 66 days in the mean, held for 414; by day 90, 80 of 100 rolled over."""
    return case_of(p5_tables())


# ---------------------------------------------------------------------- money, products and owners


def j1_tables() -> Frames:
    """The tables of `j1`."""
    people = {"I1": "person", "I2": "person", "X": "person", "Y": "person", "Z": "person"}
    companies = dict.fromkeys(("A", "B", "M"), "company")
    accounts = [
        {"account_id": "i1", "party_id": "I1", "covered": "true"},
        {"account_id": "i2", "party_id": "I2", "covered": "true"},
        {"account_id": "w", "party_id": "M", "product_id": "W", "covered": "true"},
        {"account_id": "a", "party_id": "A", "covered": "false"},
        {"account_id": "t", "party_id": "M", "product_id": "T", "covered": "false"},
    ]
    paid = [
        ("1", "2024-03-01T09:00:00", "i1", "w", "700000"), ("2", "2024-03-01T10:00:00", "i2", "w", "300000"),
        ("3", "2024-03-04T09:00:00", "w", "a", "200000"), ("4", "2024-03-05T09:00:00", "w", "t", "500000"),
    ]  # fmt: skip
    return {
        "transfers": frame_of([
            {"transfer_id": name, "time": time, "source": source, "target": target, "amount": amount}
            for name, time, source, target, amount in paid
        ]),
        "accounts": frame_of(accounts),
        "parties": frame_of([
            {"party_id": name, "name": name, "kind": kind} for name, kind in (people | companies).items()
        ]),
        "stakes": frame_of([
            {"owner_id": owner, "company_id": company, "share": share, "since": "2023-01-01"}
            for owner, company, share in (
                ("X", "A", "0.6"), ("Y", "A", "0.4"), ("A", "B", "0.3"), ("Z", "B", "0.7"),
            )
        ]),
        "products": frame_of([{"product_id": name, "manager_id": "M"} for name in ("W", "T")]),
        "holdings": frame_of([
            {"product_id": "T", "asset_id": "loan B", "asset_kind": "loan", "amount": "250000",
             "borrower_id": "B", "as_of": "2024-03-29"},
            {"product_id": "T", "asset_id": "bonds", "asset_kind": "standard_debt", "amount": "250000",
             "as_of": "2024-03-29"},
        ]),
    }  # fmt: skip


def j1() -> Case:
    """Money, products and owners at once (J1): of 1,000,000 from I1 and I2, 275,000 stand with X's group.

    Product W pays 200,000 to A, which X controls, and 500,000 to product T, whose statement is not there; T
    has lent half of what it holds to B, of which A has 30 %: 75,000. The other 725,000: 300,000 are still
    with W, 250,000 are bonds, and 175,000 stand with Z, who has the rest of B.
    """
    return case_of(j1_tables())


TOYS |= {"j1": j1_tables}


def _paid(rows: Sequence[tuple[str, str, str, str, Mapping[str, str]]]) -> Frames:
    """Transfers a minute apart: id, source, target, amount, and more."""
    return {"transfers": frame_of([
        {"transfer_id": name, "time": f"2024-03-01T09:{minute:02d}:00", "source": source, "target": target,
         "amount": amount, **more}
        for minute, (name, source, target, amount, more) in enumerate(rows)
    ])}  # fmt: skip


def p6_tables() -> Frames:
    """The tables of `p6`."""
    products = [{"product_id": name, "issuer_id": "I"} for name in ("F", "G")]
    subscriptions = [
        {"product_id": "F", "investor_id": "A", "amount": "100", "time": "2024-03-01T09:00:00",
         "transfer_id": "s1", "redeemed": "2024-03-01T09:05:00", "redeemed_amount": "80",
         "redemption_transfer_id": "r1"},
        {"product_id": "F", "investor_id": "B", "amount": "60", "time": "2024-03-01T09:02:00",
         "transfer_id": "s2"},
        {"product_id": "G", "investor_id": "C", "amount": "15", "time": "2024-03-01T09:03:00",
         "transfer_id": "s3"},
    ]  # fmt: skip
    accounts = [{"account_id": "M", "covered": "true", "opening_balance": "0", "party_id": "I"}]
    accounts += [{"account_id": name, "covered": "false"} for name in ("a", "b", "c", "project")]
    transfers = _paid([
        ("s1", "a", "M", "100", {"kind": "subscription"}),
        ("invested", "M", "project", "100", {}),
        ("s2", "b", "M", "60", {"kind": "subscription"}),
        ("s3", "c", "M", "15", {"kind": "subscription"}),
        ("income", "project", "M", "5", {}),
        ("r1", "M", "a", "80", {"kind": "redemption"}),
    ])  # fmt: skip
    parties = [{"party_id": name, "name": name, "kind": "person"} for name in ("A", "B", "C")]
    parties += [{"party_id": "I", "name": "I", "kind": "company"}]
    return (
        transfers
        | {"accounts": frame_of(accounts), "parties": frame_of(parties)}
        | _products(products, subscriptions=subscriptions)
    )


def p6() -> Case:
    """Roll-over (P6): of 80 paid back 60 were just put into the same product, 15 into another, 5 earned."""
    return case_of(p6_tables())


def p7_tables() -> Frames:
    """The tables of `p7`."""
    products = [
        {"product_id": "W", "issuer_id": "I", "registered": "SX0001", "project": "the tower"},
        {"product_id": "T", "issuer_id": "J", "project": "the tower"},
        {"product_id": "V", "issuer_id": "I", "registered": "SX0002"},
    ]
    holdings = [
        {"product_id": product, "asset_id": asset, "asset_kind": kind, "amount": amount, "borrower_id": who}
        for product, asset, kind, amount, who in (
            ("W", "T", "product", "60", ""), ("W", "L1", "loan", "40", "C"),
            ("T", "L2", "loan", "90", "D"), ("T", "deposit", "cash", "30", ""),
        )
    ]  # fmt: skip
    subscriptions = [
        {"product_id": "W", "investor_id": "Q", "amount": "75", "time": "2024-03-01T09:00:00",
         "transfer_id": "s1"},
        {"product_id": "W", "investor_id": "R", "amount": "25", "time": "2024-03-01T09:01:00"},
    ]  # fmt: skip
    accounts = [
        {"account_id": f"account {name}", "product_id": name, "covered": "true", "opening_balance": "0"}
        for name in ("W", "T")
    ]
    accounts += [{"account_id": name, "covered": "false"} for name in ("q", "r", "j", "i", "y")]
    transfers = _paid([
        ("s1", "q", "account W", "75", {"product_id": "W", "kind": "subscription"}),
        ("s2", "r", "account W", "25", {"product_id": "W", "kind": "subscription"}),
        ("t1", "account W", "account T", "60", {"product_id": "T"}),
        ("t2", "j", "account T", "60", {"product_id": "T"}),
        ("f1", "account W", "i", "1", {"kind": "management_fee"}),
        ("f2", "account T", "j", "4", {"kind": "channel_fee"}),
        ("y1", "q", "y", "30", {"product_id": "Y"}),
    ])  # fmt: skip
    parties = [{"party_id": name, "name": name, "kind": "person"} for name in _PERSONS]
    parties += [
        {"party_id": name, "name": name, "kind": "company", "sector": sector, "region_registered": region}
        for name, sector, region in (
            ("I", "asset_manager", "上海"), ("J", "trust_company", "北京"), ("C", "ordinary", ""),
            ("D", "developer", ""),
        )
    ]  # fmt: skip
    stakes = [
        {"owner_id": owner, "company_id": company, "share": share}
        for owner, company, share in (("I", "C", "0.6"), ("P", "I", "0.2"), ("P", "D", "0.2"))
    ]
    return (
        transfers
        | {"accounts": frame_of(accounts), "parties": frame_of(parties), "stakes": frame_of(stakes)}
        | _products(products, holdings=holdings, subscriptions=subscriptions)
    )


def p7() -> Case:
    """A product to its leaves (P7): W lends 40 to C, which its issuer controls, and has half of T.

    T has lent 90 to the developer D and has 30 in cash. Fees: 1 of W, and half of T's 4.
    """
    return case_of(p7_tables())


TOYS |= {
    "p1": p1_tables, "p2": p2_tables, "p4": p4_tables, "p5": p5_tables, "p6": p6_tables, "p7": p7_tables,
}  # fmt: skip
