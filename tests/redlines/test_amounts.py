"""The amounts of raised money, recomputed from the rows by hand; and the numbers of the law beside them."""

from __future__ import annotations

from decimal import Decimal

import pytest

import graphflow as gf
from graphflow.law import law
from graphflow.redlines.amounts import OF_MEASURE, Raised, raised
from graphflow.synthesis.lines import amounts as toys
from graphflow.synthesis.small import case_of
from tests.redlines.edits import changed, with_rows, without_tables


def by_hand(frames: dict) -> dict[str, int]:
    """Straight from the text of the tables, in plain Python."""
    cents = lambda text: int(Decimal(text) * 100)  # noqa: E731
    subscriptions = frames["subscriptions"].to_dict("records")
    transfers = frames["transfers"].to_dict("records")
    people = {row["investor_id"] for row in subscriptions}
    paid = {p: sum(cents(t["amount"]) for t in transfers if t["source"] == p.lower()) for p in people}
    back = {p: sum(cents(t["amount"]) for t in transfers if t["target"] == p.lower()) for p in people}
    return {
        "gross": sum(cents(s["amount"]) for s in subscriptions),
        "fresh": sum(cents(s["amount"]) for s in subscriptions if s["transfer_id"]),
        "returned": sum(back.values()),
        "net_loss": sum(max(paid[p] - back[p], 0) for p in people),
        "outstanding": sum(cents(s["amount"]) for s in subscriptions if not s["redeemed"]),
        "participants": len(people),
    }


def test_the_amounts_are_those_of_the_rows() -> None:
    found = raised(toys.raising(), "FUND")
    assert found.totals == by_hand(toys.raising_tables())
    assert not found.inferred
    assert found.investors.set_index("investor")["net_loss"].to_dict() == {
        "A": 10000000,
        "B": 0,
        "C": 15000000,
    }


def test_without_subscriptions_the_investors_are_inferred_from_flows() -> None:
    frames = {
        name: frame
        for name, frame in toys.raising_tables().items()
        if name not in ("subscriptions", "products")
    }
    frames["accounts"].loc[0, "party_id"] = "FUND"
    frames["accounts"] = frames["accounts"].drop(columns="product_id")
    found = raised(case_of(frames), "汇鑫资产")
    assert found.inferred
    assert found.totals == {
        "gross": 30000000, "fresh": 30000000, "returned": 6000000, "net_loss": 25000000, "outstanding": None,
        "participants": 3,
    }  # fmt: skip


def _more(*transfers: tuple[str, str, str, str], **tables: list[dict[str, str]]) -> dict:
    rows = [
        {
            "transfer_id": each,
            "time": "2024-07-01T10:00:00",
            "source": source,
            "target": target,
            "amount": amount,
        }
        for each, source, target, amount in transfers
    ]
    return with_rows(toys.raising_tables(), transfers=rows, **tables)


def _of(found: Raised, investor: str) -> dict[str, int]:
    return {str(k): v for k, v in found.investors.set_index("investor").loc[investor].to_dict().items()}


def test_a_register_does_not_hide_who_pays_beside_it() -> None:
    who = {"accounts": [{"account_id": "d", "party_id": "D"}],
           "parties": [{"party_id": "D", "name": "投资者D", "kind": "person"}]}  # fmt: skip
    found = raised(case_of(_more(("t5", "d", "fund", "70000"), **who)), "FUND")
    assert found.inferred and found.totals == {
        "gross": 42000000, "fresh": 37000000, "returned": 6000000, "net_loss": 32000000, "outstanding": None,
        "participants": 4,
    }  # fmt: skip
    assert _of(found, "C")["gross"] == 20000000


def test_what_the_registered_pay_beyond_the_register_counts_once() -> None:
    found = raised(case_of(_more(("t5", "a", "fund", "10000"))), "FUND")
    assert not found.inferred and _of(found, "A")["gross"] == _of(found, "A")["net_loss"] == 11000000
    # C put in 50,000 without a transfer that is named: what it pays may have been that
    for amount, gross in (("10000", 20000000), ("60000", 21000000)):
        assert _of(raised(case_of(_more(("t5", "c", "fund", amount))), "FUND"), "C")["gross"] == gross


def test_a_company_that_subscribed_has_its_loss_and_no_more_than_it_put_in() -> None:
    frames = _more(
        ("t5", "co", "fund", "500000"), ("t6", "co", "fund", "90000"),
        accounts=[{"account_id": "co", "party_id": "CO"}],
        parties=[{"party_id": "CO", "name": "某公司", "kind": "company"}],
        subscriptions=[{"investor_id": "CO", "amount": "500000", "time": "2024-07-01", "transfer_id": "t5", "product_id": "P"}],
    )  # fmt: skip
    mine = _of(raised(case_of(frames), "FUND"), "CO")
    assert (mine["gross"], mine["fresh"], mine["net_loss"]) == (50000000, 50000000, 50000000)


def test_a_transfer_of_several_investors_is_each_one_s_part() -> None:
    frames = _more(
        ("t5", "agent", "fund", "90000"),
        accounts=[{"account_id": "agent", "party_id": "AGENT"}],
        parties=[{"party_id": "AGENT", "name": "代办", "kind": "person"}],
        subscriptions=[
            {"investor_id": each, "amount": amount, "time": "2024-07-01", "transfer_id": "t5", "product_id": "P"}
            for each, amount in (("A", "30000"), ("C", "60000"))
        ],
    )  # fmt: skip
    found = raised(case_of(frames), "FUND")
    assert found.totals["gross"] == 44000000 and found.totals["participants"] == 3
    assert (_of(found, "A")["net_loss"], _of(found, "C")["net_loss"]) == (13000000, 21000000)


def test_an_account_that_is_signed_for_is_seen_and_none_at_all_is_told() -> None:
    frames = without_tables(toys.raising_tables(), "subscriptions", "products")
    frames["accounts"] = frames["accounts"].drop(columns="product_id")
    nobody = raised(case_of(frames), "FUND")
    assert not nobody.seen and nobody.totals["participants"] == 0
    signed = changed(frames, "accounts", {"account_id": "fund"}, signer_id="FUND")
    found = raised(case_of(signed), "FUND")
    assert found.seen and found.totals["gross"] == 30000000 and found.totals["participants"] == 3


def test_nothing_after_the_day_is_seen() -> None:
    found = raised(toys.raising(), "FUND", as_of="2024-08-01").totals
    assert (found["gross"], found["returned"], found["outstanding"]) == (30000000, 0, 30000000)


def test_the_numbers_of_the_law_stand_beside_them() -> None:
    tiers = raised(toys.raising(), "FUND").tiers
    rows = {(r["crime"], r["tier"], r["measure"]): r for r in tiers.to_dict("records")}
    assert not rows["illegal_deposits", "filing", "amount"]["reached"]  # 350,000 < 1,000,000
    assert (
        rows["fraud", "large", "unreturned"]["reached"]
        and not rows["fraud", "very_large", "unreturned"]["reached"]
    )
    assert rows["illegal_deposits", "filing", "participants"]["value"] == 3
    assert len(tiers) == len(law("crimes")) and set(OF_MEASURE) == {row["measure"] for row in law("crimes")}
    assert raised(toys.raising(), "FUND", as_of="2020-01-01").tiers.empty, "the law of 2022 was not yet there"


def test_more_than_200_is_not_200() -> None:
    (row,) = [row for row in law("crimes") if row["crime"] == "unauthorised_issue"]
    assert row["inclusive"] == "false" and row["value"] == "200"


def test_an_unknown_party_or_currency_is_said() -> None:
    with pytest.raises(gf.UsageError, match="XYZ"):
        raised(toys.raising(), "XYZ")
    with pytest.raises(gf.UsageError, match="currency"):
        raised(toys.raising(), "FUND", currency="ABC")
