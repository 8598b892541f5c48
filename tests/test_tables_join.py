"""The checks of a whole case, each with what it must catch; and that the order of sources does not matter."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pyarrow as pa
import pytest

from graphflow.errors import UsageError
from graphflow.tables import SCHEMA, Checked, JoinReport, Raw, SourceFile, Tables, join_parts, read_raw
from graphflow.tables.join import resolve


def rows_of(file: str, rows: list[dict[str, str | None]]) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: pa.array([row.get(name) for row in rows], pa.large_string()) for name in names}
    where = {
        "source_file": pa.array([file] * len(rows)),
        "source_row": pa.array(range(2, len(rows) + 2), pa.int64()),
    }
    return pa.table({**columns, **where})


def part(
    file: str = "a.csv", *, one_sided: bool = False, digits: dict[str, int] | None = None, **tables
) -> Checked:
    raw = Raw(
        {name: rows_of(file, rows) for name, rows in tables.items()},
        files=(SourceFile(file, f"{hash_of(file)}", 1),),
        one_sided=one_sided,
        minor_units=digits or {},
    )
    return read_raw(raw)


def hash_of(file: str) -> str:
    import hashlib

    return hashlib.sha256(file.encode()).hexdigest()


def transfer(
    key: str, source: str = "A", target: str = "B", amount: str = "10", **more: str
) -> dict[str, str]:
    time = more.pop("time", "2016-04-14T09:30:00")
    return {"transfer_id": key, "time": time, "source": source, "target": target, "amount": amount, **more}


def join(*parts: Checked) -> tuple[Tables, list[dict], JoinReport]:
    """Join, and check that neither the order of the sources nor anything else unsays a word of it."""
    results = [join_parts(order) for order in itertools.permutations(parts)]
    tables, quarantine, report = results[0]
    for other, bad, said in results[1:]:
        assert other.names == tables.names
        assert all(other.arrow(name).equals(tables.arrow(name)) for name in tables.names)
        assert bad.num_rows == quarantine.num_rows
        assert said.tallies == report.tallies
        assert all(getattr(said, n).equals(getattr(report, n)) for n in ("dangling", "conflicts", "excess"))
    assert all(tally.closes for tally in report.tallies.values())
    return tables, quarantine.to_pylist(), report


def ids(tables: Tables, name: str) -> list[str]:
    return sorted(tables.arrow(name)[SCHEMA[name].key].to_pylist())


def row(tables: Tables, name: str, key: str) -> dict:
    [found] = [r for r in tables.arrow(name).to_pylist() if r[SCHEMA[name].key] == key]
    return found


# ---------------------------------------------------------------- ids


def test_the_same_row_again_is_a_duplicate_and_another_row_with_its_id_is_refused():
    tables, bad, report = join(
        part("a.csv", transfers=[transfer("T1"), transfer("T2", amount="3"), transfer("T2", amount="3")]),
        part(
            "b.csv",
            transfers=[transfer("T2", amount="3", memo="known here only"), transfer("T1", amount="11")],
        ),
    )
    assert ids(tables, "transfers") == ["T1", "T2"]
    assert [(b["column"], b["reason"], b["value"]) for b in bad] == [
        ("transfer_id", "an id that another row has", "T1")
    ]
    tally = report.tallies["transfers"]
    assert tally.rows == {"read": 5, "loaded": 2, "quarantined": 1, "duplicates": 2, "set_aside": 0}
    kept = row(tables, "transfers", "T1")["amount"]
    assert tally.money["quarantined"] == {"CNY": {1000: 1100, 1100: 1000}[kept]}
    assert bad[0]["amount"] == {1000: "11.00", 1100: "10.00"}[kept]


def statement(balance: str, **more: str) -> dict[str, str]:
    own = {
        "time": "2016-04-14T09:30:00",
        "source": "A",
        "target": "B",
        "amount": "10",
        "source_balance": balance,
    }
    return {**own, "statement_side": "source", **more}


def test_of_overlapping_files_the_greatest_multiplicity_counts():
    tables, bad, report = join(
        part(
            "a.csv", one_sided=True, transfers=[statement("90", memo="y"), statement("90"), statement("70")]
        ),
        part(
            "b.csv", one_sided=True, transfers=[statement("90", memo="x"), statement("90"), statement("90")]
        ),
        part("c.csv", one_sided=True, transfers=[statement("90")]),
    )
    assert sorted(tables.arrow("transfers")["source_balance"].to_pylist()) == [7000, 9000, 9000, 9000]
    assert not bad and report.tallies["transfers"].rows["duplicates"] == 3
    assert report.tallies["transfers"].money["duplicates"] == {"CNY": 3000}


def test_rows_without_a_key_are_kept_as_often_as_the_file_with_most_of_them_has_them():
    stake = {"owner_id": "P", "company_id": "C", "share": "0.1"}
    tables, _, report = join(
        part("a.csv", stakes=[stake, stake, {**stake, "share": "0.2"}]),
        part("b.csv", stakes=[stake, stake, stake]),
    )
    assert sorted(tables.arrow("stakes")["share"].to_pylist()) == [10**8] * 3 + [2 * 10**8]
    assert report.tallies["stakes"].rows["duplicates"] == 2
    assert join(part("a.csv", stakes=[stake, stake]))[0].arrow("stakes").num_rows == 2


# ---------------------------------------------------------------- descriptions of the same thing


def test_what_several_sources_say_of_an_account_is_put_together():
    tables, bad, report = join(
        part("a.csv", accounts=[{"account_id": "A", "party_id": "P", "covered": "true", "aliases": "c1;c2"}]),
        part(
            "b.csv",
            accounts=[{"account_id": "A", "kind": "settlement", "covered": "false", "aliases": "c3；c1"}],
        ),
    )
    account = row(tables, "accounts", "A")
    assert (account["party_id"], account["kind"], account["covered"]) == ("P", "settlement", True)
    assert account["aliases"] == "c1;c2;c3"
    assert not bad and report.conflicts.num_rows == 0
    assert report.tallies["accounts"].rows == {
        "read": 2,
        "loaded": 1,
        "quarantined": 0,
        "duplicates": 1,
        "set_aside": 0,
    }


def test_sources_that_contradict_one_another_are_listed():
    tables, bad, report = join(
        part("a.csv", accounts=[{"account_id": "A", "bank": "ICBC"}]),
        part("b.csv", accounts=[{"account_id": "A", "bank": "CCB"}]),
    )
    [said] = report.conflicts.to_pylist()
    assert (said["table"], said["key"], said["column"]) == ("accounts", "A", "bank")
    assert {said["kept"], said["other"]} == {"ICBC", "CCB"} and said["kept"] == row(tables, "accounts", "A")[
        "bank"
    ]
    assert said["source_file"] in ("a.csv", "b.csv") and said["source_row"] == 2
    assert not bad


@pytest.mark.parametrize("name", [n for n, spec in SCHEMA.items() if spec.key and n != "transfers"])
def test_a_file_that_tells_two_stories_of_one_id_has_the_second_refused(name):
    from tests.test_tables import GOOD

    column = {"media": "kind", "accounts": "bank"}.get(name, "name")
    column = {"loans": "purpose", "listings": "term_days"}.get(name, column)
    first, second = {**GOOD[name], column: "1"}, {**GOOD[name], column: "2"}
    needs = {"loans": [GOOD["loans"]]} if name == "listings" else {}
    tables, bad, report = join(part(**{**needs, name: [first, second, first]}))
    assert [(b["table"], b["column"], b["reason"], b["value"], b["source_row"]) for b in bad] == [
        (name, column, "described twice in one file, and differently", "2", 3)
    ]
    assert str(row(tables, name, GOOD[name][SCHEMA[name].key])[column]) == "1"
    tally = report.tallies[name].rows
    assert (tally["read"], tally["loaded"], tally["quarantined"], tally["duplicates"]) == (3, 1, 1, 1)


def test_sources_that_cover_different_periods_of_an_account_both_count():
    first = {
        "account_id": "A",
        "covered_from": "2016-01-01",
        "covered_to": "2016-06-30",
        "opening_balance": "5",
    }
    second = {
        "account_id": "A",
        "covered_from": "2017-01-01",
        "covered_to": "2017-06-30",
        "opening_balance": "7.5",
    }
    third = {"account_id": "B", "covered_from": "2016-01-01", "currency": "JPY", "opening_balance": "9"}
    tables, bad, report = join(part("a.csv", accounts=[first, third]), part("b.csv", accounts=[second]))
    cover = sorted(tables.arrow("coverage").to_pylist(), key=lambda r: r["from"])
    assert [(c["account_id"], c["opening_balance"], c["from_day"], c["source_file"]) for c in cover] == [
        ("A", 500, True, "a.csv"),
        ("A", 750, True, "b.csv"),
    ]
    account = row(tables, "accounts", "A")
    assert account["covered_from"] is None and account["opening_balance"] is None
    assert row(tables, "accounts", "B")["opening_balance"] == 9
    assert not bad and report.conflicts.num_rows == 0
    assert report.added["coverage"].num_rows == 2


def test_openings_of_coverage_are_in_the_currency_of_the_account():
    cover = [{"account_id": k, "opening_balance": v} for k, v in (("A", "7"), ("B", "7.25"), ("A", "7.5"))]
    tables, bad, _report = join(
        part("a.csv", coverage=cover), part("b.csv", accounts=[{"account_id": "A", "currency": "JPY"}])
    )
    assert tables.arrow("coverage")["opening_balance"].to_pylist() == [7, 725]
    assert [(b["column"], b["value"], b["reason"], b["source_row"]) for b in bad] == [
        ("opening_balance", "7.5", "more decimals than the currency has", 4)
    ]


# ---------------------------------------------------------------- aliases and parents


def test_aliases_are_applied_to_every_row_whenever_they_come():
    rows = [
        transfer("T1", "card", "B"), transfer("T2", "B", "old"), transfer("T3", "card", "cash:card"),
        transfer("T4", "nobody", "B"),
    ]  # fmt: skip
    tables, _bad, report = join(
        part(
            "a.csv", transfers=rows, sign_ins=[{"medium_id": "M", "account_id": "card", "time": "2016-04-14"}]
        ),
        part(
            "b.csv",
            accounts=[
                {"account_id": "A", "aliases": "card; x ;6.2E+18"},
                {"account_id": "card", "aliases": "old"},
            ],
        ),
        part("c.csv", media=[{"medium_id": "M"}], accounts=[{"account_id": "card", "party_id": "P"}]),
    )
    by_id = {r["transfer_id"]: (r["source"], r["target"]) for r in tables.arrow("transfers").to_pylist()}
    assert by_id == {"T1": ("A", "B"), "T2": ("B", "A"), "T3": ("A", "cash:A"), "T4": ("nobody", "B")}
    assert tables.arrow("sign_ins")["account_id"].to_pylist() == ["A"]
    assert ids(tables, "accounts") == ["A", "B", "cash:A", "nobody"]
    assert row(tables, "accounts", "A")["party_id"] == "P"
    assert row(tables, "accounts", "cash:A")["kind"] == "cash"
    assert [n.count for n in report.notes if n.kind == "alias"] == [1]


def test_a_number_that_two_accounts_claim_stands_for_neither():
    tables, _, report = join(
        part(
            "a.csv",
            transfers=[transfer("T1", "joint", "B")],
            accounts=[{"account_id": "A", "aliases": "joint"}],
        ),
        part("b.csv", accounts=[{"account_id": "C", "aliases": "joint"}]),
    )
    assert row(tables, "transfers", "T1")["source"] == "joint"
    [said] = report.conflicts.to_pylist()
    assert (said["table"], said["key"], said["column"], said["other"]) == (
        "accounts",
        "joint",
        "aliases",
        "A; C",
    )


def test_aliases_of_aliases_and_rings():
    assert resolve({"a": {"b"}, "b": {"c"}}) == ({"a": "c", "b": "c"}, {})
    assert resolve({"a": {"b"}, "b": {"a"}}) == ({"b": "a"}, {})
    assert resolve({"x": {"b", "c"}, "b": {"c"}}) == ({"x": "c", "b": "c"}, {})


def test_parents_may_not_go_round():
    accounts = [
        {"account_id": k, "parent_id": p}
        for k, p in (("A", "B"), ("B", "C"), ("C", "B"), ("D", "D"), ("E", "F"))
    ]
    tables, bad, report = join(part(accounts=accounts))
    assert sorted(b["value"] for b in bad) == ["B", "C", "D"]
    assert {b["reason"] for b in bad} == {"an account that is its own parent, directly or through others"}
    assert ids(tables, "accounts") == ["A", "B", "E", "F"]
    assert report.added["accounts"].to_pylist() == [
        {"key": "B", "named_by": "accounts.parent_id"},
        {"key": "F", "named_by": "accounts.parent_id"},
    ]


# ---------------------------------------------------------------- references


def test_parties_and_accounts_that_no_table_describes_are_added_with_what_is_known():
    tables, bad, report = join(
        part(
            transfers=[
                transfer("T1", "A", "B", source_name="张三", target_name=""), transfer("T2", "B", "fee:ICBC"),
                transfer("T3", "B", "tax"), transfer("T4", "interest:ICBC", "B", target_name="李四"),
            ],
            accounts=[{"account_id": "Z", "party_id": "company:93", "name": "某公司"}],
            stakes=[{"owner_id": "person:93", "company_id": "company:93", "share": "1"}],
            subscriptions=[
                {"product_id": "X", "investor_id": "X2", "amount": "1", "time": "2016-04-14"},
                {"product_id": "X", "investor_id": "who", "amount": "1", "time": "2016-04-14"},
            ],
            products=[{"product_id": "X"}, {"product_id": "X2"}],
        )
    )  # fmt: skip
    assert not bad
    kinds = {r["account_id"]: (r["name"], r["kind"]) for r in tables.arrow("accounts").to_pylist()}
    assert kinds == {
        "A": ("张三", None), "B": ("李四", None), "Z": ("某公司", None), "fee:ICBC": (None, "internal"),
        "tax": (None, "tax"), "interest:ICBC": (None, "internal"),
    }  # fmt: skip
    parties = {r["party_id"]: (r["name"], r["kind"]) for r in tables.arrow("parties").to_pylist()}
    assert parties == {
        "company:93": ("某公司", "company"),
        "person:93": (None, "person"),
        "who": (None, None),
    }
    assert report.added["accounts"].num_rows == 5 and report.added["parties"].num_rows == 3
    named = {r["key"]: r["named_by"] for r in report.added["parties"].to_pylist()}
    assert named == {
        "company:93": "accounts.party_id",
        "person:93": "stakes.owner_id",
        "who": "subscriptions.investor_id",
    }
    assert report.tallies["accounts"].rows["read"] == 1
    assert tables.arrow("accounts")["covered"].null_count == 6 if tables.has("accounts", "covered") else True


def test_an_unknown_other_side_is_an_account_of_its_own_for_each_row():
    rows = [
        {**statement("90"), "target": None, "target_name": "微信"},
        {**statement("80"), "target": None},
        {**statement("0"), "source": None, "target": "A", "statement_side": "target", "source_balance": None},
    ]
    tables, _, _report = join(
        part("a.csv", one_sided=True, transfers=rows),
        part("b.csv", accounts=[{"account_id": "main", "aliases": "A", "covered": "true"}]),
    )
    first, second, third = tables.arrow("transfers").to_pylist()
    assert first["target"] == f"?:main:{first['transfer_id']}" and second["target"] != first["target"]
    assert (third["source"], third["target"]) == (f"?:main:{third['transfer_id']}", "main")
    unknown = row(tables, "accounts", first["target"])
    assert (unknown["covered"], unknown["name"]) == (False, "微信")


@pytest.mark.parametrize(
    ("name", "column", "tables"),
    [
        ("sign_ins", "medium_id", ("media",)),
        ("holdings", "product_id", ("products",)),
        ("subscriptions", "product_id", ("products",)),
        ("listings", "loan_id", ("loans",)),
        ("instalments", "loan_id", ("loans",)),
        ("assignments", "loan_id", ("loans",)),
        ("roles", "subject_id", ("accounts", "parties")),
    ],
)
def test_a_row_about_something_that_is_not_there_is_refused(name, column, tables):
    from tests.test_tables import GOOD

    lost = {**GOOD[name], column: "nowhere"}
    if SCHEMA[name].key:
        lost[SCHEMA[name].key] = "another"
    there = {other: [GOOD[other]] for other in tables[:1]}
    joined, bad, report = join(part("a.csv", **{name: [GOOD[name], lost]}), part("b.csv", **there))
    assert [(b["table"], b["column"], b["value"], b["reason"]) for b in bad] == [
        (name, column, "nowhere", "an id that no row has")
    ]
    assert bad[0]["expected"] == f"an id of: {', '.join(tables)}"
    assert joined.arrow(name).num_rows == 1
    assert report.tallies[name].rows["quarantined"] == 1


def test_links_and_earmarks_that_lead_nowhere_are_reported_and_their_rows_stay():
    rows = [
        transfer("T1", loan_id="L1", product_id="X"), transfer("T2", loan_id="L9", reversal_of="T1"),
        transfer("T3", loan_id="L9", fee_of="T0"), transfer("T4", reversal_of="T8"),
    ]  # fmt: skip
    loan = {"loan_id": "L1", "borrower_id": "P", "principal": "5", "start": "2016-04-14"}
    tables, bad, report = join(
        part(
            transfers=rows,
            loans=[loan],
            guarantees=[{"guarantor_id": "C", "beneficiary_id": "P", "product_id": "X"}],
        )
    )
    assert not bad and tables.arrow("transfers").num_rows == 4
    said = {
        (d["table"], d["column"], d["refers"], d["value"], d["rows"]) for d in report.dangling.to_pylist()
    }
    assert said == {
        ("transfers", "loan_id", "loans", "L9", 2),
        ("transfers", "fee_of", "transfers", "T0", 1),
        ("transfers", "reversal_of", "transfers", "T8", 1),
        ("guarantees", "product_id", "products", "X", 1),
    }
    # Without any table of loans the earmark stands for itself.
    assert join(part(transfers=rows[:1]))[2].dangling.num_rows == 0
    holding = {"product_id": "X", "asset_id": "X9", "asset_kind": "product", "amount": "5"}
    _, bad, report = join(
        part(
            products=[{"product_id": "X"}],
            holdings=[holding, {**holding, "asset_kind": "loan", "asset_id": "L7"}],
        )
    )
    assert [(d["column"], d["value"]) for d in report.dangling.to_pylist()] == [
        ("asset_id", "X9")
    ] and not bad


# ---------------------------------------------------------------- stakes


def excess(*stakes: tuple[str, str, str | None, str | None]) -> list[tuple[str, Decimal]]:
    rows = [
        {"owner_id": f"P{i}", "company_id": company, "share": share, "since": since, "until": until}
        for i, (company, share, since, until) in enumerate(stakes)
    ]
    report = join(part(stakes=rows))[2]
    return [(r["company_id"], Decimal(r["share"]) / 10**9) for r in report.excess.to_pylist()]


def test_stakes_in_a_company_sum_to_at_most_one_at_any_time():
    assert excess(("C", "0.6", None, None), ("C", "0.4", None, None), ("D", "0.9", None, None)) == []
    assert excess(("C", "0.6", None, None), ("C", "0.5", None, None), ("D", "1", None, None)) == [
        ("C", Decimal("1.1"))
    ]
    # One who hands over to another does not make two.
    assert excess(("C", "1", None, "2016-04-14"), ("C", "1", "2016-04-14", None)) == []
    assert excess(("C", "1", None, "2016-04-15"), ("C", "1", "2016-04-14", None)) == [("C", Decimal(2))]
    early, late, last = ("2016-01-01", "2016-03-01"), ("2016-02-01", None), ("2016-02-15", "2017-01-01")
    held = excess(("C", "0.7", *early), ("C", "0.2", *late), ("C", "0.2", *last))
    assert held == [("C", Decimal("1.1"))]


def test_rounding_makes_no_excess_and_a_part_per_billion_is_allowed():
    third = "0.3333333333333333333"
    assert excess(*[("C", third, None, None)] * 3) == []
    assert (
        excess(
            ("C", "0.5000000006", None, None),
            ("C", "0.4999999996", None, None),
            ("C", "0.0000000006", None, None),
        )
        == []
    )
    assert excess(("C", "1", None, None), ("C", "0.000000001", None, None)) == []
    assert excess(("C", "1", None, None), ("C", "0.000000002", None, None)) == [("C", Decimal("1.000000002"))]


def test_a_stake_of_unknown_size_counts_its_least():
    rows = [
        {"owner_id": "a", "company_id": "C", "share_min": "0.25", "share_max": "0.5"},
        {"owner_id": "b", "company_id": "C", "share": "0.75"},
        {"owner_id": "c", "company_id": "C"},
    ]
    assert join(part(stakes=rows))[2].excess.num_rows == 0
    assert (
        join(part(stakes=[*rows, {"owner_id": "d", "company_id": "C", "share": "0.01"}]))[2].excess.num_rows
        == 1
    )


# ---------------------------------------------------------------- units and settings


def test_sources_with_different_minor_units_are_brought_to_the_finest():
    fine = part("a.csv", digits={"JPY": 2}, transfers=[transfer("T1", amount="1.25", currency="JPY")])
    plain = part(
        "b.csv",
        transfers=[
            transfer("T2", amount="7", currency="JPY", source_balance="3"),
            transfer(
                "T3", amount="7", currency="CNY", target_amount="9", target_currency="JPY", target_balance="8"
            ),
        ],
        accounts=[{"account_id": "A", "currency": "JPY", "opening_balance": "5"}],
    )
    tables, _, report = join(fine, plain)
    assert tables.minor_units["JPY"] == 2
    assert {t: row(tables, "transfers", t)["amount"] for t in ("T1", "T2", "T3")} == {
        "T1": 125,
        "T2": 700,
        "T3": 700,
    }
    assert row(tables, "transfers", "T2")["source_balance"] == 300
    assert (
        row(tables, "transfers", "T3")["target_amount"],
        row(tables, "transfers", "T3")["target_balance"],
    ) == (900, 800)
    assert row(tables, "accounts", "A")["opening_balance"] == 500
    assert report.tallies["transfers"].money["read"] == {"JPY": 825, "CNY": 700}


def test_an_amount_that_the_finest_unit_cannot_hold_is_refused_alone():
    fine = part("a.csv", digits={"JPY": 6}, transfers=[transfer("T1", amount="1", currency="JPY")])
    large = str(2**52 - 1)
    rows = [transfer("T2", amount=large, currency="JPY"), transfer("T3", amount="5", currency="JPY")]
    tables, quarantine, report = join_parts([fine, part("b.csv", transfers=rows)])
    assert sorted(tables.transfers["transfer_id"]) == ["T1", "T3"]
    (found,) = quarantine.to_pylist()
    assert (found["column"], found["value"], found["source_file"]) == ("amount", large, "b.csv")
    assert "2**52" in found["expected"]
    assert report.tallies["transfers"].closes
    assert report.tallies["transfers"].money["quarantined"] == {"JPY": int(large) * 10**6}


def test_a_case_has_one_currency_of_its_own():
    dollars = read_raw(Raw({"transfers": rows_of("b.csv", [transfer("T2")])}), currency="USD")
    with pytest.raises(UsageError, match="CNY, USD"):
        join_parts([part(transfers=[transfer("T1")]), dollars])
    with pytest.raises(UsageError, match="CNY, USD"):
        join_parts([dollars], currency="CNY")
    assert join_parts([dollars], currency="USD", timezone="UTC")[0].timezone == "UTC"
    tables, quarantine, report = join_parts([])
    assert tables.names == () and quarantine.num_rows == 0 and report.tallies == {}


def test_further_columns_of_several_sources_are_put_together():
    """What is ours to keep and to show is kept, whichever file has the row that stays."""
    one = part("a.csv", accounts=[{"account_id": "A", "name": "n"}, {"account_id": "B", "frozen": "7"}])
    two = part("b.csv", accounts=[{"account_id": "A", "frozen": "500", "office": "X"}, {"account_id": "C"}])
    three = part("c.csv", accounts=[{"account_id": "A", "frozen": "600", "office": "X"}])
    for parts in ((one, two, three), (three, two, one)):
        tables, _, _ = join(*parts)
        assert set(str(row(tables, "accounts", "A")["frozen"]).split("; ")) == {"500", "600"}
        assert row(tables, "accounts", "A")["office"] == "X"
        assert row(tables, "accounts", "B")["frozen"] == "7"
    assert join(one, two, three)[0].accounts.equals(join(three, one, two)[0].accounts)
