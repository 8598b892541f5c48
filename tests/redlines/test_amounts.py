"""The amounts of raised money, recomputed from the rows by hand; and the numbers of the law beside them."""

from __future__ import annotations

from decimal import Decimal

import pytest

import graphflow as gf
from graphflow.law import law
from graphflow.redlines.amounts import OF_MEASURE, raised
from graphflow.synthesis.lines import amounts as toys
from graphflow.synthesis.small import case_of


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
