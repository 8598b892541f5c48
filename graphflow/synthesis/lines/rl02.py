"""Toys of RL-02: a platform whose loans' money comes to its own side, and what only looks like it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_Row = tuple[str, str, str, str]
"""A payment: day and hour of March 2018, from, to, amount."""

_COMPANIES = ("BUILDER", "SHELL", "AFFILIATE", "SUPPLIER", "MARKET", "LANDLORD")


def _case(
    out: Sequence[tuple[str, str]],
    later: Sequence[_Row],
    *,
    bids: Sequence[tuple[str, str]] = (),
    opening: str = "0",
    share_until: str = "",
    memo: str = "",
) -> Frames:
    """A loan of 1,000 from five lenders through custody, to whom it was paid out, and what they paid.

    ``bids``: further bids; ``opening``: of the shell; ``share_until``: until when the platform held its
    affiliate; ``memo``: what the later payments say.
    """
    paid_in = [*((f"lender{number}", "200") for number in range(1, 6)), *bids]
    rows = [
        {"transfer_id": f"in{number}", "time": f"2018-03-01T09:{number:02d}:00", "source": payer, "target": "custody",
         "amount": amount, "loan_id": "L"} for number, (payer, amount) in enumerate(paid_in)
    ]  # fmt: skip
    rows += [
        {"transfer_id": f"out{number}", "time": f"2018-03-02T10:{number:02d}:00", "source": "custody", "target": payee,
         "amount": amount, "loan_id": "L"} for number, (payee, amount) in enumerate(out)
    ]  # fmt: skip
    rows += [
        {"transfer_id": f"use{number}", "time": f"2018-03-{when}:00:00", "source": source, "target": target,
         "amount": amount, "memo": memo} for number, (when, source, target, amount) in enumerate(later)
    ]  # fmt: skip
    used = dict.fromkeys(row[side] for row in rows for side in ("source", "target"))
    kept = {"shell": opening}
    accounts = [
        {"account_id": each, "party_id": "BANK" if each == "custody" else each.upper(),
         "kind": "client_custody" if each == "custody" else "settlement", "opening_balance": kept.get(each, "0")}
        for each in used
    ]  # fmt: skip
    persons = dict.fromkeys(each.upper() for each in used if each.startswith(("lender", "buyer", "wife")))
    return {
        "transfers": frame_of(rows),
        "accounts": frame_of(accounts),
        "parties": frame_of([
            {"party_id": "PLATFORM", "name": "易贷", "kind": "company", "sector": "p2p_platform"},
            {"party_id": "BANK", "name": "存管银行", "kind": "bank", "sector": "bank"},
            {"party_id": "BOSS", "name": "实控人", "kind": "person"},
            *({"party_id": each, "name": each.title(), "kind": "company"} for each in _COMPANIES),
            *({"party_id": each, "name": each.title(), "kind": "person"} for each in persons),
        ]),
        "stakes": frame_of([
            {"owner_id": "BOSS", "company_id": "PLATFORM", "share": "0.8", "since": "2014-01-01"},
            {"owner_id": "PLATFORM", "company_id": "AFFILIATE", "share": "0.6", "since": "2014-01-01",
             "until": share_until},
        ]),
        "loans": frame_of([
            {"loan_id": "L", "platform_id": "PLATFORM", "borrower_id": "BUILDER", "principal": "1000",
             "start": "2018-03-02", "end": "2018-12-31"},
        ]),
    }  # fmt: skip


_BUILT = ("05T10", "builder", "supplier", "480")


def toy_tables() -> Frames:
    """The tables of `toy`."""
    out = (("affiliate", "200"), ("shell", "300"), ("builder", "500"))
    return _case(out, (("04T10", "shell", "affiliate", "150"), ("04T11", "shell", "supplier", "150"), _BUILT))


def toy() -> Case:
    """Of 1,000 raised, 200 go straight to an affiliate, and 300 to a shell of which half goes there: SF 0.35."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _case((("builder", "1000"),), (("05T10", "builder", "supplier", "900"),))


def near_miss() -> Case:
    """The borrower gets all of it, and buys."""
    return case_of(near_miss_tables())


def listing_toy_tables() -> Frames:
    """The tables of `listing_toy`."""
    frames = _case(
        (("shell", "60"), ("builder", "40")),
        (("04T10", "shell", "affiliate", "60"),),
    )  # fmt: skip
    first = frames["transfers"]["transfer_id"].str.startswith("in")
    frames["transfers"].loc[first, "amount"] = "20"
    large = [
        {"transfer_id": "lend", "time": "2018-03-03T09:00:00", "source": "lender1", "target": "custody",
         "amount": "9900", "loan_id": "LARGE"},
        {"transfer_id": "large", "time": "2018-03-03T10:00:00", "source": "custody", "target": "builder",
         "amount": "9900", "loan_id": "LARGE"},
    ]  # fmt: skip
    frames["transfers"] = frame_of([*_rows(frames, "transfers"), *large])
    frames["loans"] = frame_of([
        *_rows(frames, "loans"),
        {"loan_id": "LARGE", "platform_id": "PLATFORM", "borrower_id": "BUILDER", "principal": "9900",
         "start": "2018-03-03", "end": "2018-12-31"},
    ])  # fmt: skip
    return frames


def listing_toy() -> Case:
    """60 of a loan of 100 come to the affiliate over a shell, beside another loan of 9,900: 0.6 of one loan, 0.006
    of all.
    """
    return case_of(listing_toy_tables())


def rules_toy_tables() -> Frames:
    """The tables of `rules_toy`."""
    return _case(
        (("shell", "300"), ("builder", "700")),
        (("04T10", "shell", "affiliate", "300"), _BUILT), opening="300",
    )  # fmt: skip


def rules_toy() -> Case:
    """A shell that had 300 of its own gets 300 and pays 300 to the affiliate: nothing of it first in, first out,
    150 pro rata, up to 300 under some attribution.
    """
    return case_of(rules_toy_tables())


def related_toy_tables() -> Frames:
    """The tables of `related_toy`."""
    frames = _case((("builder", "1000"),), (("04T10", "builder", "wife", "350"),))
    frames["relations"] = frame_of(
        [{"party_id": "WIFE", "other_id": "BOSS", "kind": "spouse", "since": "2010-01-01"}]
    )
    return frames


def related_toy() -> Case:
    """350 come to the wife of the platform's owner: she is of no group, but related."""
    return case_of(related_toy_tables())


def kept_toy_tables() -> Frames:
    """The tables of `kept_toy`."""
    frames = near_miss_tables()
    rows = _rows(frames, "transfers")
    for row in rows:
        if row["transfer_id"] in ("in0", "in1"):
            row["target"] = "platform"
        if row["transfer_id"] == "out0":
            row["amount"] = "600"
    rows[-1] |= {"amount": "500"}
    late = {"transfer_id": "late", "time": "2018-06-01T10:00:00", "source": "supplier", "target": "landlord",
            "amount": "1"}  # fmt: skip
    return {
        **frames,
        "transfers": frame_of([*rows, late]),
        "accounts": frame_of([
            *_rows(frames, "accounts"), {"account_id": "platform", "party_id": "PLATFORM", "kind": "settlement",
                                         "opening_balance": "0"},
            {"account_id": "landlord", "party_id": "LANDLORD", "kind": "settlement", "opening_balance": "0"},
        ]),
    }  # fmt: skip


def kept_toy() -> Case:
    """Two of the five lenders pay into the platform's own account, which pays nothing out: 400 of 1,000."""
    return case_of(kept_toy_tables())


def _four_loans(sector: str) -> Frames:
    """Three loans to outsiders at 8, 10 and 12 %, and one at 10 % to the affiliate, who is disclosed."""
    frames = near_miss_tables()
    names = ("L2", "L3", "OWN")
    payees = ("shell", "supplier", "affiliate")
    rows = [
        {"transfer_id": f"{kind}{name}", "time": f"2018-03-03T{hour}:00:00", "source": source, "target": target,
         "amount": "1000", "loan_id": name}
        for name, payee in zip(names, payees, strict=True)
        for kind, hour, source, target in (
            ("lend", "09", "lender1", "custody"), ("pay", "10", "custody", payee)
        )
    ]  # fmt: skip
    loans = [
        {"loan_id": name, "platform_id": "PLATFORM", "borrower_id": payee.upper(), "principal": "1000",
         "start": "2018-03-03", "end": "2018-12-31", "rate": rate}
        for name, payee, rate in zip(names, payees, ("0.10", "0.12", "0.10"), strict=True)
    ]  # fmt: skip
    parties = [
        row | ({"sector": sector} if row["party_id"] == "PLATFORM" else {})
        for row in _rows(frames, "parties")
    ]
    more = [
        {"account_id": each, "party_id": each.upper(), "kind": "settlement", "opening_balance": "0"}
        for each in payees
        if each not in set(frames["accounts"]["account_id"])
    ]
    return {
        **frames,
        "transfers": frame_of([*_rows(frames, "transfers"), *rows]),
        "accounts": frame_of([*_rows(frames, "accounts"), *more]),
        "parties": frame_of(parties),
        "loans": frame_of([_rows(frames, "loans")[0] | {"rate": "0.08"}, *loans]),
    }


def disclosed_toy_tables() -> Frames:
    """The tables of `disclosed_toy`."""
    return _four_loans("p2p_platform")


def disclosed_toy() -> Case:
    """The affiliate borrows openly, at the rate of others: on a lending platform a red line all the same."""
    return case_of(disclosed_toy_tables())


def record_toy_tables() -> Frames:
    """The tables of `record_toy`."""
    frames = near_miss_tables()
    own = {"loan_id": "OWN", "platform_id": "PLATFORM", "borrower_id": "AFFILIATE", "principal": "700",
           "start": "2018-03-03", "end": "2018-12-31"}  # fmt: skip
    return {**frames, "loans": frame_of([*_rows(frames, "loans"), own])}


def record_toy() -> Case:
    """The register has a loan of 700 to the affiliate; no payment on it is known."""
    return case_of(record_toy_tables())


def disclosed_near_miss_tables() -> Frames:
    """The tables of `disclosed_near_miss`."""
    return _four_loans("lender")


def disclosed_near_miss() -> Case:
    """The same loans through a licensed lender: there it is disclosed, and no self-financing."""
    return case_of(disclosed_near_miss_tables())


def fees_near_miss_tables() -> Frames:
    """The tables of `fees_near_miss`."""
    later = (("02T11", "builder", "platform", "50"), ("02T12", "builder", "affiliate", "70"))
    frames = _case((("builder", "1000"),), later)
    rows = _rows(frames, "transfers")
    next(row for row in rows if row["transfer_id"] == "use0")["memo"] = "信息服务费"
    return {**frames, "transfers": frame_of(rows)}


def fees_near_miss() -> Case:
    """The platform is paid 5 % as its fee, within the schedule; 7 % come to an affiliate, less than a tenth."""
    return case_of(fees_near_miss_tables())


def returned_near_miss_tables() -> Frames:
    """The tables of `returned_near_miss`."""
    return _case(
        (("affiliate", "300"), ("builder", "1000")),
        (("05T10", "builder", "supplier", "900"),), bids=(("affiliate", "300"),),
    )  # fmt: skip


def returned_near_miss() -> Case:
    """The affiliate had bid 300 itself, and gets that back: the loan was filled without it."""
    return case_of(returned_near_miss_tables())


def market_near_miss_tables() -> Frames:
    """The tables of `market_near_miss`."""
    buyers = [(f"03T{9 + number // 2:02d}", f"buyer{number}", "market", "100") for number in range(10)]
    return _case(
        (("builder", "1000"),),
        (*buyers, ("03T20", "builder", "market", "900"), ("06T10", "market", "affiliate", "1500")),
    )


def market_near_miss() -> Case:
    """The borrower buys of a seller of whom ten others buy, and who pays rent to the affiliate."""
    return case_of(market_near_miss_tables())


def former_near_miss_tables() -> Frames:
    """The tables of `former_near_miss`."""
    out = (("affiliate", "200"), ("shell", "300"), ("builder", "500"))
    return _case(
        out,
        (("04T10", "shell", "affiliate", "150"), ("04T11", "shell", "supplier", "150"), _BUILT),
        share_until="2017-03-01",
    )


def former_near_miss() -> Case:
    """As the toy, but the platform had sold the affiliate more than a year before."""
    return case_of(former_near_miss_tables())


def _rows(frames: Frames, table: str) -> list[dict[str, str]]:
    return [{str(k): str(v) for k, v in row.items()} for row in frames[table].to_dict("records")]


# ---------------------------------------------------------------- funds

_FIRMS = ("PROJECT", "AFFILIATE", "SHELL", "TARGET", "SUPPLIER", "BUILDER")
_HELD = {"custody": "F", "second": "G"}


def _fund_case(
    out: Sequence[tuple[str, str]],
    later: Sequence[_Row] = (),
    *,
    bids: Sequence[tuple[str, str]] = (("investor1", "600"), ("investor2", "400")),
    named: str = "",
    year: int = 2021,
    **product: str,
) -> Frames:
    """A fund of 1,000 from two investors in custody, to whom it is paid out, and what they paid.

    ``named``: whom its register names; ``product``: what else the product says. The manager and two companies
    of its owner are one group.
    """
    rows = [
        {"transfer_id": f"in{number}", "time": f"{year}-03-01T09:{number:02d}:00", "source": payer, "target": "custody",
         "amount": amount, "product_id": "F"} for number, (payer, amount) in enumerate(bids)
    ]  # fmt: skip
    rows += [
        {"transfer_id": f"out{number}", "time": f"{year}-03-02T10:{number:02d}:00", "source": "custody", "target": payee,
         "amount": amount, "memo": "管理费" if payee == "manager" else "投资款"} for number, (payee, amount) in enumerate(out)
    ]  # fmt: skip
    rows += [
        {"transfer_id": f"use{number}", "time": f"{year}-03-{when}:00:00", "source": source, "target": target,
         "amount": amount} for number, (when, source, target, amount) in enumerate(later)
    ]  # fmt: skip
    used = dict.fromkeys(row[side] for row in rows for side in ("source", "target"))
    persons = dict.fromkeys(each.upper() for each in used if each.startswith("investor"))
    register = [
        {"product_id": "F", "asset_id": "CLAIM", "asset_kind": "nonstandard_debt", "amount": "1000",
         "borrower_id": named or "TARGET", "start": f"{year}-03-02"}
    ]  # fmt: skip
    return {
        "transfers": frame_of(rows),
        "accounts": frame_of([
            {"account_id": each, "party_id": "BANK" if each == "custody" else each.upper(), "opening_balance": "0",
             "kind": "client_custody" if each == "custody" else "settlement", "product_id": _HELD.get(each, "")}
            for each in used
        ]),
        "parties": frame_of([
            {"party_id": "MANAGER", "name": "易投基金", "kind": "company", "sector": "asset_manager"},
            {"party_id": "BANK", "name": "托管银行", "kind": "bank", "sector": "bank"},
            {"party_id": "BOSS", "name": "实控人", "kind": "person"},
            *({"party_id": each, "name": each.title(), "kind": "company"} for each in _FIRMS),
            *({"party_id": each, "name": each.title(), "kind": "person"} for each in persons),
        ]),
        "stakes": frame_of([
            {"owner_id": "BOSS", "company_id": each, "share": "0.8", "since": "2010-01-01"}
            for each in ("MANAGER", "PROJECT", "AFFILIATE")
        ]),
        "products": frame_of([
            {"product_id": "F", "name": "一号", "issuer_id": "MANAGER", "manager_id": "MANAGER", "offering": "private",
             "kind": "fixed_income", "start": f"{year}-03-01", **product},
        ]),
        "holdings": frame_of(register),
    }  # fmt: skip


_PAID = (("manager", "20"), ("project", "300"), ("shell", "400"), ("target", "280"))
_SPENT = (
    ("04T10", "shell", "affiliate", "200"), ("04T11", "shell", "supplier", "200"),
    ("05T10", "target", "supplier", "250"),
)  # fmt: skip


def fund_toy_tables() -> Frames:
    """The tables of `fund_toy`."""
    return _fund_case(_PAID, _SPENT)


def fund_toy() -> Case:
    """Of 1,000 that a fund pays out, 300 go to a company of the manager's owner, and 400 to a shell, of which
    200 go to another: a half. The register names neither. 20 are a fee.
    """
    return case_of(fund_toy_tables())


def fund_early_toy_tables() -> Frames:
    """The tables of `fund_early_toy`."""
    return _fund_case(_PAID, _SPENT, year=2019)


def fund_early_toy() -> Case:
    """The same two years earlier, when no rule named it of funds."""
    return case_of(fund_early_toy_tables())


def fund_named_toy_tables() -> Frames:
    """The tables of `fund_named_toy`."""
    return _fund_case(
        (("manager", "20"), ("project", "980")), (("09T10", "project", "builder", "900"),), named="PROJECT"
    )


def fund_named_toy() -> Case:
    """The register names the project company of the manager's owner, which builds: 98 of a hundred come to it."""
    return case_of(fund_named_toy_tables())


def fund_passed_toy_tables() -> Frames:
    """The tables of `fund_passed_toy`."""
    return _fund_case(
        (("manager", "20"), ("project", "980")), (("03T10", "project", "affiliate", "900"),), named="PROJECT"
    )


def fund_passed_toy() -> Case:
    """The same company passes 900 on to another of the owner's, whom no register names."""
    return case_of(fund_passed_toy_tables())


def fund_one_toy_tables() -> Frames:
    """The tables of `fund_one_toy`."""
    frames = _fund_case((("project", "600"), ("target", "400")), (("05T10", "target", "supplier", "350"),))
    large = [
        {"transfer_id": "large0", "time": "2021-03-03T09:00:00", "source": "investor1", "target": "second",
         "amount": "9000", "product_id": "G"},
        {"transfer_id": "large1", "time": "2021-03-03T10:00:00", "source": "second", "target": "target",
         "amount": "9000", "product_id": "G"},
    ]  # fmt: skip
    second = {"account_id": "second", "party_id": "BANK", "kind": "client_custody", "product_id": "G"}
    return {
        **frames,
        "transfers": frame_of([*_rows(frames, "transfers"), *large]),
        "accounts": frame_of([*_rows(frames, "accounts"), second]),
        "products": frame_of([
            *_rows(frames, "products"), _rows(frames, "products")[0] | {"product_id": "G", "name": "二号"}
        ]),
    }  # fmt: skip


def fund_one_toy() -> Case:
    """600 of the 1,000 of one fund go there, beside 9,000 of another that do not: 0.6 of one, 0.06 of all."""
    return case_of(fund_one_toy_tables())


def fund_near_miss_tables() -> Frames:
    """The tables of `fund_near_miss`."""
    later = (
        ("05T10", "target", "supplier", "900"), ("20T10", "supplier", "target", "1100"),
        ("21T10", "target", "custody", "1060"), ("22T10", "custody", "investor1", "636"),
        ("22T11", "custody", "investor2", "424"),
    )  # fmt: skip
    return _fund_case((("manager", "20"), ("target", "980")), later)


def fund_near_miss() -> Case:
    """A fund pays its manager 2 % and lends the rest to an outsider, who pays it back; investors get it."""
    return case_of(fund_near_miss_tables())


def fund_redeemed_near_miss_tables() -> Frames:
    """The tables of `fund_redeemed_near_miss`."""
    frames = fund_near_miss_tables()
    rows = _rows(frames, "transfers")
    for row in rows:
        row |= {side: "project" for side in ("source", "target") if row[side] == "investor1"}
    accounts = _rows(frames, "accounts")
    for row in accounts:
        row |= {"account_id": "project", "party_id": "PROJECT"} if row["account_id"] == "investor1" else {}
    return {**frames, "transfers": frame_of(rows), "accounts": frame_of(accounts)}


def fund_redeemed_near_miss() -> Case:
    """A company of the manager's owner is itself an investor, and gets its part back with what it gained."""
    return case_of(fund_redeemed_near_miss_tables())


def fund_above_near_miss_tables() -> Frames:
    """The tables of `fund_above_near_miss`."""
    frames = _fund_case((("second", "1000"),), (("03T10", "second", "target", "1000"),), kind="fund_of_funds")
    accounts = _rows(frames, "accounts")
    for row in accounts:
        row |= {"party_id": "MANAGER"} if row["account_id"] == "second" else {}
    second = _rows(frames, "products")[0] | {"product_id": "G", "name": "二号", "kind": "equity"}
    return {
        **frames,
        "accounts": frame_of(accounts),
        "products": frame_of([*_rows(frames, "products"), second]),
    }


def fund_above_near_miss() -> Case:
    """A fund of funds puts all of it into another, whose account is in the manager's name and held for that."""
    return case_of(fund_above_near_miss_tables())


def fund_holds_near_miss_tables() -> Frames:
    """The tables of `fund_holds_near_miss`."""
    later = (("04T10", "project", "target", "980"), ("09T10", "target", "supplier", "900"))
    return _fund_case((("manager", "20"), ("project", "980")), later)


def fund_holds_near_miss() -> Case:
    """A company of the group only holds it: within three days all of it goes on to an outsider."""
    return case_of(fund_holds_near_miss_tables())


def fund_bought_near_miss_tables() -> Frames:
    """The tables of `fund_bought_near_miss`."""
    frames = _fund_case(
        (("manager", "20"), ("target", "980")), (("09T10", "target", "supplier", "900"),), issuer_id="LP"
    )
    accounts = [
        row | ({"party_id": "LP", "kind": "settlement", "product_id": ""} if row["account_id"] == "custody" else {})
        for row in _rows(frames, "accounts")
    ]  # fmt: skip
    fund = {"party_id": "LP", "name": "一号合伙企业", "kind": "partnership"}
    return {
        **frames,
        "accounts": frame_of(accounts),
        "parties": frame_of([*_rows(frames, "parties"), fund]),
        "stakes": frame_of([
            *_rows(frames, "stakes"),
            {"owner_id": "LP", "company_id": "TARGET", "share": "0.7", "since": "2021-03-02"},
        ]),
        "relations": frame_of(
            [{"party_id": "MANAGER", "other_id": "LP", "kind": "controller", "since": "2021-02-01"}]
        ),
    }  # fmt: skip


def fund_bought_near_miss() -> Case:
    """A fund is a partnership that the manager runs; it buys most of a company, which buys machines."""
    return case_of(fund_bought_near_miss_tables())


def fund_public_near_miss_tables() -> Frames:
    """The tables of `fund_public_near_miss`."""
    return _fund_case(_PAID, _SPENT, offering="public", kind="public_fund")


def fund_public_near_miss() -> Case:
    """As the toy, but of a public fund, whose dealings with its own side have rules of their own."""
    return case_of(fund_public_near_miss_tables())
