"""RL-12, by hand: the vector, the issuer, who only holds for the investors, days to the edge."""

from __future__ import annotations

from fractions import Fraction

import pytest

from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.rl12_self_raising import LINE
from graphflow.synthesis.lines import rl12
from graphflow.synthesis.small import Frames, case_of, frame_of
from tests.redlines.edits import changed, rows, with_rows, without_column, without_tables


def found(frames: Frames, **settings: object) -> list[Finding]:
    return list(LINE.find(case_of(frames), **settings))


def values(f: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in f.measures}


def hits(f: Finding) -> set[str]:
    return {t.name for t in f.tests if t.hit}


def states(f: Finding) -> dict[str, str]:
    return {e.name: e.state for e in f.counter_evidence}


def test_the_vector() -> None:
    (f,) = found(rl12.toy_tables())
    assert (f.measure, f.value, f.threshold) == ("proceeds", Fraction(7, 10), Fraction(1, 2))
    assert f.by_rule == {"fifo": Fraction(7, 10), "prorata": Fraction(7, 10)} and f.robust
    assert hits(f) == {"proceeds"} and f.severity == "high" and f.amount == f.amount_least == 21_000
    assert f.kinds == {"flow": "shown", "ownership": "shown"}
    assert states(f) == dict.fromkeys(("fees", "returned", "holds", "market"), "clear")
    assert f.chains[0]["transfers"] == ["out0", "use0"]


@pytest.mark.parametrize(("amount", "hit"), [("150", True), ("149.99", False)])
def test_half_of_the_proceeds_is_enough(amount: str, hit: bool) -> None:
    assert bool(found(changed(rl12.toy_tables(), "transfers", {"transfer_id": "use0"}, amount=amount))) == hit


@pytest.mark.parametrize(("when", "hit"), [("2018-05-01T23:59:59", True), ("2018-05-02T00:00:00", False)])
def test_within_sixty_days(when: str, hit: bool) -> None:
    frames = changed(rl12.toy_tables(), "transfers", {"transfer_id": "use0"}, time=when)
    assert bool(found(frames)) == hit
    assert found(frames, within="61D")


def test_an_issuer_of_the_group_is_told_by_the_register_alone() -> None:
    (f,) = found(rl12.issuer_toy_tables())
    assert hits(f) == {"issuer"} and f.measure == "issuers" and f.value == 1
    assert f.kinds == {"ownership": "shown", "register": "shown"} and f.amount is None
    assert states(f)["fees"] == "unknown" and not f.by_rule
    assert not found(without_tables(rl12.issuer_toy_tables(), "stakes"))
    assert not found(rl12.issuer_toy_tables(), issuer=2)


def test_who_holds_for_investors_has_to_pay_all_of_it_on_in_time() -> None:
    base = rl12.holds_near_miss_tables()
    assert not found(base)
    (f,) = found(rl12.kept_toy_tables())
    assert hits(f) == {"proceeds", "issuer"} and f.value == 1
    assert found(changed(base, "transfers", {"transfer_id": "use0"}, amount="299.99"))
    assert not found(changed(base, "transfers", {"transfer_id": "use0"}, time="2018-03-05T10:00:00"))
    late = changed(base, "transfers", {"transfer_id": "use0"}, time="2018-03-05T10:00:01")
    assert found(late) and not found(late, forward="4D")
    inside = changed(base, "transfers", {"transfer_id": "use0"}, target="sub")
    inside = with_rows(inside, accounts=[{"account_id": "sub", "party_id": "SUB"}])
    assert found(inside)  # another of the group is no end


def test_what_is_passed_on_is_followed_further() -> None:
    base = changed(rl12.holds_near_miss_tables(), "transfers", {"transfer_id": "use1"}, target="sub")
    base = with_rows(base, accounts=[{"account_id": "sub", "party_id": "SUB"}])
    (f,) = found(base)
    assert hits(f) == {"proceeds"} and f.value == Fraction(5, 6) and states(f)["holds"] == "present"
    (note,) = (e.note for e in f.counter_evidence if e.name == "holds")
    assert note.startswith("1 accounts")


def test_the_platform_itself_holds_for_nobody() -> None:
    frames = changed(rl12.holds_near_miss_tables(), "products", {"product_id": "OFFER"}, issuer_id="CROWD")
    table = rows(frames["accounts"])
    for row in table:
        if row["account_id"] == "vehicle":
            row["party_id"] = "CROWD"
    (f,) = found({**frames, "accounts": frame_of(table)})
    assert hits(f) == {"proceeds", "issuer"}
    tagged = changed(frames, "transfers", {"transfer_id": "use0"}, product_id="OFFER")
    (f,) = found({**tagged, "accounts": frame_of(table)})
    assert f.value == 1 and f.amount == 30_000  # what it spends is not raised once more


def test_a_fee_counts_from_beyond_its_schedule() -> None:
    base = rl12.near_miss_tables()
    assert not found(base, proceeds="0.0001")
    more = changed(base, "transfers", {"transfer_id": "use0"}, amount="15.03")
    (f,) = found(more, proceeds="0.0001")
    assert f.value == Fraction(1, 10_000) and states(f)["fees"] == "present"


def test_a_seller_of_whom_many_buy_is_no_way() -> None:
    base = rl12.market_near_miss_tables()
    assert not found(base)
    (f,) = found(base, market=11)
    assert f.by_rule["fifo"] == Fraction(2, 3)


def test_a_loan_on_the_platform_is_an_offer_too() -> None:
    base = rl12.toy_tables()
    table = rows(base["transfers"])
    for row in table:
        if row.pop("product_id", None):
            row["loan_id"] = "LOAN"
    loan = {"loan_id": "LOAN", "platform_id": "CROWD", "borrower_id": "ISSUER", "principal": "300",
            "start": "2018-03-01"}  # fmt: skip
    frames = without_tables(with_rows({**base, "transfers": frame_of(table)}, loans=[loan]), "products")
    (f,) = found(frames)
    assert f.value == Fraction(7, 10)
    assert not check(case_of(frames), only="RL-02").findings  # that is another red line's


def test_without_what_names_the_offer_nothing_is_told() -> None:
    frames = without_column(rl12.toy_tables(), "transfers", "product_id")
    assert not found(frames)


def test_several_offers_are_counted() -> None:
    base = rl12.toy_tables()
    table = rows(base["transfers"])
    more = [{**row, "transfer_id": f"{row['transfer_id']}b", "product_id": "SECOND",
             "source": row["source"].replace("issuer", "second"),
             "target": row["target"].replace("issuer", "second")} for row in table if "product_id" in row
            ] + [{"transfer_id": "usedb", "time": "2018-03-20T10:00:00", "source": "second", "target": "sub",
                  "amount": "180"}]  # fmt: skip
    frames = with_rows(
        base, transfers=more, accounts=[{"account_id": "second", "party_id": "SECOND", "opening_balance": "0"}],
        products=[{**rows(base["products"])[0], "product_id": "SECOND", "issuer_id": "SECOND"}],
        parties=[{"party_id": "SECOND", "name": "乙公司", "kind": "company"}],
    )  # fmt: skip
    (f,) = found(frames)
    assert f.value == Fraction(7, 10) and values(f)["offers"] == 2 and f.amount == 39_000
    assert values(f)["least"] == values(f)["most"] == Fraction(7, 10)  # of the greatest one


# ---------------------------------------------------------------- to the unit, and what does not count


def test_what_hangs_on_the_rule_is_told_as_a_range() -> None:
    (f,) = found(changed(rl12.toy_tables(), "accounts", {"account_id": "issuer"}, opening_balance="100"))
    # first in, first out 100 of the 210 are its own; pro rata a fourth is
    assert f.by_rule == {"fifo": Fraction(11, 30), "prorata": Fraction(21, 40)}
    assert (f.amount_least, f.amount) == (11_000, 15_750)
    assert "110.00 CNY to 157.50 CNY raised on" in str(f.summary) and " % to 52.5 % of one" in str(f.summary)
    assert f.severity == "medium" and "one rule of tracing" in f.severity_note
    (f,) = found(
        changed(rl12.toy_tables(), "accounts", {"account_id": "issuer"}, opening_balance="100"),
        proceeds=Fraction(11, 30),
    )
    assert f.severity == "high"  # exactly so under the one, more under the other


def test_an_offer_is_only_held_where_all_of_it_went_to_who_held_it() -> None:
    frames = changed(rl12.holds_near_miss_tables(), "transfers", {"transfer_id": "out0"}, amount="200")
    frames = changed(frames, "transfers", {"transfer_id": "use0"}, amount="200")
    frames = changed(frames, "transfers", {"transfer_id": "use1"}, amount="150")
    straight = {"transfer_id": "out1", "time": "2018-03-02T10:01:00", "source": "escrow", "target": "real",
                "amount": "100", "product_id": "OFFER"}  # fmt: skip
    (f,) = found(with_rows(frames, transfers=[straight]))
    assert hits(f) == {"issuer"} and (f.measure, f.value) == ("issuers", 1)
    assert values(f)["proceeds"] == 0 and states(f)["holds"] == "present"


def _second(frames: Frames, amount: str) -> Frames:
    """A second offer of 300, issued by the subsidiary, paid out to a stranger who pays it so much."""
    table = rows(frames["transfers"])
    more = [
        {**row, "transfer_id": f"{row['transfer_id']}b", "product_id": "SECOND",
         "target": row["target"].replace("issuer", "second")} for row in table if "product_id" in row
    ]  # fmt: skip
    more.append({"transfer_id": "usedb", "time": "2018-03-20T10:00:00", "source": "second", "target": "sub",
                 "amount": amount})  # fmt: skip
    return with_rows(
        frames, transfers=more, accounts=[{"account_id": "second", "party_id": "SECOND", "opening_balance": "0"}],
        products=[{**rows(frames["products"])[0], "product_id": "SECOND", "issuer_id": "SUB"}],
        parties=[{"party_id": "SECOND", "name": "乙公司", "kind": "company"}],
    )  # fmt: skip


def test_issuers_who_are_too_few_add_nothing_to_the_amount_of_the_proceeds() -> None:
    frames = _second(rl12.toy_tables(), "100")
    (f,) = found(frames)
    assert hits(f) == {"proceeds", "issuer"} and f.amount == f.amount_least == 31_000
    (f,) = found(frames, issuer=2)
    assert hits(f) == {"proceeds"} and f.amount == f.amount_least == 21_000
    assert values(f)["least"] == values(f)["most"] == Fraction(7, 10)  # of the one offer


def test_offers_of_other_money_are_told_apart() -> None:
    frames = _second(rl12.toy_tables(), "300")
    table = rows(frames["transfers"])
    for row in table:
        if row["transfer_id"].endswith("b"):
            row["currency"] = "USD"
    told = {f.currency: f for f in found({**frames, "transfers": frame_of(table)})}
    assert sorted(told) == ["CNY", "USD"]
    assert hits(told["CNY"]) == {"proceeds"} and told["CNY"].value == Fraction(7, 10)
    assert hits(told["USD"]) == {"proceeds", "issuer"} and told["USD"].value == 1
    assert (told["CNY"].amount, told["USD"].amount) == (21_000, 30_000)


def test_what_the_group_issues_counts_whoever_runs_the_offer() -> None:
    base = rl12.issuer_toy_tables()
    (f,) = found(changed(base, "products", {"product_id": "OFFER"}, manager_id="REAL"))
    assert hits(f) == {"issuer"} and f.subject_id == "CROWD"
    assert not found(changed(base, "products", {"product_id": "OFFER"}, manager_id="REAL", issuer_id="REAL"))


def test_who_holds_for_investors_is_seen_by_its_own_statement_and_in_the_same_money() -> None:
    base = rl12.holds_near_miss_tables()
    table = [row | {"covered": str(row["account_id"] != "vehicle").lower()} for row in rows(base["accounts"])]
    assert found({**base, "accounts": frame_of(table)})
    assert found(changed(base, "transfers", {"transfer_id": "use0"}, currency="USD"))
    early = changed(base, "transfers", {"transfer_id": "use0"}, time="2018-02-01T10:00:00")
    assert found(early)  # what it had paid before is nothing of it
    twice = changed(base, "transfers", {"transfer_id": "out0"}, amount="150")
    twice = changed(twice, "transfers", {"transfer_id": "use0"}, amount="150")
    more = {"transfer_id": "out1", "time": "2018-03-02T10:01:00", "source": "escrow", "target": "vehicle",
            "amount": "150", "product_id": "OFFER"}  # fmt: skip
    assert found(with_rows(twice, transfers=[more]))  # half of it stays


def test_an_offer_on_which_no_payment_is_known_is_told_by_itself() -> None:
    base = rl12.toy_tables()
    bare = rows(base["products"])[0] | {"product_id": "BARE", "issuer_id": "SUB"}
    one, other = found(with_rows(base, products=[bare]))
    assert hits(one) == {"proceeds"} and "offers" not in values(one) and "issuers" not in values(one)
    assert hits(other) == {"issuer"} and other.value == 1 and other.amount is None


def test_an_issuer_of_the_group_makes_it_sure() -> None:
    frames = changed(
        _second(rl12.toy_tables(), "100"), "accounts", {"account_id": "issuer"}, opening_balance="100"
    )
    (f,) = found(frames)
    assert hits(f) == {"proceeds", "issuer"} and f.severity == "high" and not f.robust
    (f,) = found(frames, issuer=2)
    assert hits(f) == {"proceeds"} and f.severity == "medium"


def test_a_loan_that_names_no_platform_is_no_offer_of_it() -> None:
    base = rl12.toy_tables()
    table = rows(base["transfers"])
    for row in table:
        row |= {"loan_id": "LOAN"} if row.pop("product_id", None) else {}
    loan = {"loan_id": "LOAN", "borrower_id": "ISSUER", "principal": "300", "start": "2018-03-01"}
    frames = without_tables(with_rows({**base, "transfers": frame_of(table)}, loans=[loan]), "products")
    assert not found(frames)
