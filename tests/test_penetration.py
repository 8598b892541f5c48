"""Money, products and owners in one question: vectors by hand, and an independent solve in fractions."""

from __future__ import annotations

import json
import os
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import graphflow as gf
from graphflow.cli import run
from graphflow.language import LANGUAGES
from graphflow.manual import blocks, read
from graphflow.penetration import GROUNDS, MOST_WAYS, Penetration
from graphflow.pictures.words import said_steps
from graphflow.products.crossing import apportion
from graphflow.synthesis import holders
from graphflow.synthesis.small import Frames, case_of, frame_of

EXAMPLES = int(os.environ.get("GRAPHFLOW_EXAMPLES", "60"))


def j1(**options: Any) -> Penetration:
    return gf.penetrate(gf.trace(holders.j1(), "account:i1,account:i2"), **options)


def standing(found: Penetration) -> dict[tuple[str, str], int]:
    rows = found.standing
    return {(g, h): a for g, h, a in zip(rows["ground"], rows["held_in"], rows["amount"], strict=True)}


# ------------------------------------------------------------------------------------------- by hand
def test_j1_by_hand() -> None:
    found = j1(controlled_by="X")
    assert (found.seed, found.total, found.total_possible) == (100_000_000, 27_500_000, 27_500_000)
    assert standing(found) == {
        ("product_cash", "W"): 30_000_000, ("controlled", "A"): 27_500_000, ("product_asset", "bonds"): 25_000_000,
        ("owner", "Z"): 17_500_000,
    }  # fmt: skip
    told = [
        (
            row.amount,
            row.held_in,
            row.transfers,
            [(s.kind, s.id, s.source, s.target, s.share) for s in row.steps],
        )
        for row in found.chains().itertuples()
    ]
    one, four = ("transfer", "1", "i1", "w", None), ("transfer", "4", "w", "t", None)
    lent = ("holding", "loan B", "T", "B", 0.5)
    assert told == [
        (30_000_000, "W", ("2",), [("transfer", "2", "i2", "w", None)]),
        (25_000_000, "bonds", ("1", "4"), [one, four, ("holding", "bonds", "T", "bonds", 0.5)]),
        (20_000_000, "A", ("1", "3"), [one, ("transfer", "3", "w", "a", None)]),
        (17_500_000, "Z", ("1", "4"), [one, four, lent, ("stake", "Z", "B", "Z", 0.7)]),
        (7_500_000, "A", ("1", "4"), [one, four, lent, ("stake", "A", "B", "A", 0.3)]),
    ]
    last = found.chains().iloc[-1]["steps"]
    assert [str(step.time.tz_convert("Asia/Shanghai").date()) for step in last] == [
        "2024-03-01", "2024-03-05", "2024-03-29", "2023-01-01",
    ]  # fmt: skip
    assert [step.amount for step in last] == [70_000_000, 50_000_000, 25_000_000, None]
    assert not len(found.notes)


def test_j1_without_a_controller_and_with_other_choices() -> None:
    owned = j1()
    assert owned.total is None and owned.controller is None
    assert standing(owned) == {
        ("product_cash", "W"): 30_000_000, ("product_asset", "bonds"): 25_000_000, ("owner", "Z"): 17_500_000,
        ("owner", "X"): 16_500_000, ("owner", "Y"): 11_000_000,
    }  # fmt: skip
    assert standing(j1(holdings="never")) == {
        ("product_cash", "T"): 50_000_000, ("product_cash", "W"): 30_000_000, ("owner", "X"): 12_000_000,
        ("owner", "Y"): 8_000_000,
    }  # fmt: skip
    assert standing(j1(holdings="always"))["unknown_holdings", "W"] == 30_000_000
    before = j1(controlled_by="X", as_of="2022-06-01")  # no stakes and no holdings yet
    assert before.total == 0
    assert standing(before) == {
        ("unknown_holdings", "T"): 50_000_000, ("product_cash", "W"): 30_000_000, ("no_owner_known", "A"): 20_000_000,
    }  # fmt: skip


def test_what_cannot_be_asked_is_refused() -> None:
    case = holders.j1()
    for options, said in (
        ({"backward": True}, "where money went"), ({"rule": "poison"}, "does not say how much"),
        ({"by": "party"}, "not told apart"),
    ):  # fmt: skip
        refs = "account:a" if options.get("backward") else "account:i1"
        with pytest.raises(gf.UsageError, match=said):
            gf.penetrate(gf.trace(case, refs, **options), "X")
    traced = gf.trace(case, "account:i1")
    with pytest.raises(gf.UsageError, match="nobody"):
        gf.penetrate(traced, "nobody")
    with pytest.raises(gf.UsageError, match="frontier, always, never"):
        gf.penetrate(traced, "X", holdings="sometimes")
    with pytest.raises(gf.UsageError, match="at least one"):
        gf.penetrate(traced, "X").chains(top=0)


def small(stakes: list[tuple[str, ...]], **more: list[dict[str, str]]) -> gf.Case:
    """Money of I that went to a company K whose statement is not there, and the stakes in it."""
    names = dict.fromkeys(["I", "K", *(name for stake in stakes for name in stake[:2])])
    kinds = {name: "person" if name in ("I", "P", "Q") else "company" for name in names}
    tables: Frames = {
        "transfers": frame_of([
            {"transfer_id": "1", "time": "2024-03-01T09:00:00", "source": "i", "target": "k", "amount": "100.01"}
        ]),
        "accounts": frame_of([
            {"account_id": "i", "party_id": "I", "covered": "true"}, {"account_id": "k", "party_id": "K", "covered": "false"}
        ]),
        "parties": frame_of([{"party_id": name, "name": name, "kind": kind} for name, kind in kinds.items()]),
        "stakes": frame_of([
            {"owner_id": o, "company_id": c, **({"share": s} if "-" not in s else
             dict(zip(("share_min", "share_max"), s.split("-"), strict=True)))} for o, c, s in stakes
        ]),
        **{name: frame_of(rows) for name, rows in more.items()},
    }  # fmt: skip
    return case_of(tables)


def of_small(case: gf.Case, who: str | None = None) -> Penetration:
    return gf.penetrate(gf.trace(case, "account:i"), who)


def test_what_is_not_known_of_owners_is_said() -> None:
    part = of_small(small([("P", "K", "0.6")]))
    assert standing(part) == {("owner", "P"): 6001, ("unknown_owner", "K"): 4000}
    ranged = of_small(small([("P", "K", "0.25-0.75"), ("Q", "K", "0.2")]), "P")
    assert standing(ranged) == {("unknown_owner", "K"): 5501, ("controlled", "P"): 2500, ("owner", "Q"): 2000}
    assert (ranged.total, ranged.total_possible) == (2500, 10001)  # with 75 % P would control K
    noted = of_small(small([("P", "K", "0.25-0.75"), ("Q", "K", "0.2")])).notes
    assert noted[["kind", "id", "amount"]].values.tolist() == [["range", "K", 10001]]
    more = of_small(small([("P", "K", "0.8"), ("Q", "K", "0.4")]))
    assert standing(more) == {("owner", "P"): 6667, ("owner", "Q"): 3334}
    assert more.notes[["kind", "id", "amount"]].values.tolist() == [["excess", "K", 10001]]
    assert standing(of_small(small([]))) == {("no_owner_known", "K"): 10001}


def test_a_ring_is_followed_round_and_one_that_owns_itself_is_named() -> None:
    # of K, P has 0.5 and L 0.5; of L, K has 0.5 and Q 0.5: P 2/3, Q 1/3
    found = of_small(small([("P", "K", "0.5"), ("L", "K", "0.5"), ("K", "L", "0.5"), ("Q", "L", "0.5")]))
    assert standing(found) == {("owner", "P"): 6667, ("owner", "Q"): 3334}
    told = {(row.held_in, row.steps[-1].kind): row.amount for row in found.chains().itertuples()}
    assert told == {
        ("P", "stake"): 5000, ("P", "further"): 1667, ("Q", "stake"): 2501, ("Q", "further"): 833,
    }  # fmt: skip
    closed = of_small(small([("L", "K", "1"), ("K", "L", "1")]))
    assert set(closed.standing["ground"]) == {"ring"}
    assert closed.standing["amount"].sum() == closed.chains()["amount"].sum() == 10001


def test_over_gaps_of_cash_the_owners_of_the_whole_case_are_asked() -> None:
    paid = [
        ("1", "01T09", "i", "m"),
        ("2", "02T09", "m", "c"),
        ("3", "02T12", "c", "m2"),
        ("4", "03T09", "m2", "k"),
    ]
    case = case_of({
        "transfers": frame_of([
            {"transfer_id": n, "time": f"2024-03-{t}:00:00", "source": a, "target": b, "amount": "100"} for n, t, a, b in paid
        ]),
        "accounts": frame_of([
            *({"account_id": a, "party_id": p, "covered": "true"} for a, p in (("i", "I"), ("m", "M"), ("m2", "M"))),
            {"account_id": "c", "kind": "cash", "covered": "false"}, {"account_id": "k", "party_id": "K", "covered": "false"},
        ]),
        # M comes last: a party that is not found must not be taken for it
        "parties": frame_of([{"party_id": p, "name": p, "kind": "company" if p == "K" else "person"} for p in "IPKM"]),
        "stakes": frame_of([{"owner_id": "P", "company_id": "K", "share": "1"}]),
    })  # fmt: skip
    traced = gf.trace(case, "account:i", cash_gaps=True)
    assert traced.case is case
    assert standing(gf.penetrate(traced)) == {("owner", "P"): 10000}
    found = gf.penetrate(traced, "P")
    assert found.total == 10000 and found.chains()["inferred"].all()


@pytest.mark.parametrize(
    ("held", "want"),
    [
        ([("W", "T", "10"), ("T", "W", "10")], {("ring", "W"): 10001}),
        ([("W", "W", "10")], {("unknown_holdings", "W"): 10001}),
    ],
)
def test_products_that_hold_only_themselves(
    held: list[tuple[str, str, str]], want: dict[tuple[str, str], int]
) -> None:
    holdings = [{"product_id": p, "asset_id": k, "asset_kind": "product", "amount": n} for p, k, n in held]
    found = of_small(in_product(holdings))
    assert standing(found) == want and found.chains()["amount"].sum() == 10001
    ways = [said_steps(steps, "UTC", "en") for steps in found.chains()["steps"]]
    assert ("unknown_holdings", "W") not in want or ways == [
        ["i", "k (2024-03-01)", "what W holds is not known"]
    ]
    assert found.routes()["amount"].sum() == 10001 and "<svg" in found._repr_html_()


def in_product(holdings: list[dict[str, str]]) -> gf.Case:
    case = small([], products=[{"product_id": p} for p in ("W", "T")], holdings=holdings)
    accounts = case.tables.accounts.assign(product_id=["", "W"])[["account_id", "product_id"]].assign(
        covered=["true", "false"]
    )
    tables = {
        name: case.tables.frame(name)[columns] for name, columns in (
            ("parties", ["party_id", "name", "kind"]), ("products", ["product_id"]),
        )
    }  # fmt: skip
    given = [
        {"transfer_id": "1", "time": "2024-03-01T09:00:00", "source": "i", "target": "k", "amount": "100.01"}
    ]
    return case_of(
        {"transfers": frame_of(given), "accounts": accounts, "holdings": frame_of(holdings), **tables}
    )


def test_of_a_product_that_holds_a_part_of_itself_the_others_are_the_whole() -> None:
    holdings = [
        {"product_id": "W", "asset_id": "W", "asset_kind": "product", "amount": "10"},
        {"product_id": "W", "asset_id": "c", "asset_kind": "cash", "amount": "10"},
    ]
    found = of_small(in_product(holdings))
    assert standing(found) == {("product_asset", "c"): 10001}
    assert found.chains().iloc[0]["steps"][-1].share == 1.0


def test_where_owners_fork_again_and_again_ways_are_told_and_the_rest_is_named() -> None:
    rows = [(f"0-{b}", "K", "0.05") for b in range(20)]
    rows += [(f"{a + 1}-{c}", f"{a}-{b}", "0.05") for a in range(3) for b in range(20) for c in range(20)]
    found = of_small(small(rows))
    chains = found.chains()
    assert chains["amount"].sum() == 10001
    assert found.through().iloc[0].tolist()[:3] == ["party", "K", 10001], "all of it goes through K"
    assert {step.kind for steps in chains["steps"] for step in steps} >= {"transfer", "further"}
    few = gf.penetrate(gf.trace(case_of(wide(3)), "account:i"))
    kinds = {step.kind for steps in few.chains()["steps"] for step in steps}
    assert kinds == {"transfer", "stake"}, "every way is told"


def wide(width: int) -> Frames:
    rows = [(f"0-{b}", "K", f"0.{1000 // width:03}") for b in range(width)]
    rows += [
        (f"{a + 1}-{c}", f"{a}-{b}", f"0.{1000 // width:03}")
        for a in range(3)
        for b in range(width)
        for c in range(width)
    ]
    case = small(rows)
    return {name: case.tables.frame(name)[columns] for name, columns in (("parties", ["party_id", "name", "kind"]),)} | {
        "transfers": frame_of([{"transfer_id": "1", "time": "2024-03-01T09:00:00", "source": "i", "target": "k", "amount": "1000000"}]),
        "accounts": frame_of([{"account_id": "k", "party_id": "K", "covered": "false"}]),
        "stakes": frame_of([{"owner_id": o, "company_id": c, "share": s} for o, c, s in rows]),
    }  # fmt: skip


def test_what_meets_another_seed_in_an_account_of_the_group_is_said_beside() -> None:
    paid = [("1", "01", "i", "k", "60"), ("2", "02", "k", "j", "60"), ("3", "03", "j", "k", "60")]
    case = case_of({
        "transfers": frame_of([
            {"transfer_id": n, "time": f"2024-03-{d}T09:00:00", "source": a, "target": b, "amount": x} for n, d, a, b, x in paid
        ]),
        "accounts": frame_of([
            {"account_id": "i", "party_id": "I", "covered": "true"}, {"account_id": "k", "party_id": "K", "covered": "true"},
            {"account_id": "j", "party_id": "J", "covered": "true"},
        ]),
        "parties": frame_of([{"party_id": p, "name": p, "kind": "company"} for p in "IKJ"]),
        "stakes": frame_of([{"owner_id": "I", "company_id": "K", "share": "0.1"}]),
    })  # fmt: skip
    found = gf.penetrate(gf.trace(case, "transfer:1,transfer:2"), "K")
    assert (found.seed, found.total, found.stopped) == (12000, 6000, 6000)
    assert found.standing["amount"].sum() == 12000
    assert gf.penetrate(gf.trace(case, "transfer:1,transfer:2"), "J").stopped == 0


def test_what_is_no_trace_is_refused_by_name() -> None:
    with pytest.raises(gf.UsageError, match="this is no trace"):
        gf.penetrate(holders.j1(), "X")  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------- drawn
def drawn(rng: random.Random) -> Frames:
    """A small world: money among accounts of parties and products, holdings, stakes with rings."""
    persons, companies, products = ["P", "Q"], ["C0", "C1", "C2", "C3"], ["W", "T", "S"]
    accounts = []
    for number in range(6):
        row = {"account_id": f"a{number}", "covered": rng.choice(("true", "false")) if number else "true"}
        whose = rng.random()
        if whose < 0.4:
            row["product_id"] = rng.choice(products)
        if whose < 0.9:
            row["party_id"] = rng.choice(persons + companies)
        if number and rng.random() < 0.1:
            row["kind"] = rng.choice(("cash", "clearing"))
        accounts.append(row)
    transfers = [
        {"transfer_id": f"t{n:02}", "time": f"2024-03-{1 + n:02}T09:00:00", "source": f"a{rng.choice((0, 0, 1, 2, 3))}",
         "target": f"a{rng.randrange(1, 6)}", "amount": f"{rng.randint(1, 999)}.{rng.randint(0, 99):02}"}
        for n in range(rng.randint(3, 20))
    ]  # fmt: skip
    stakes, held = [], []
    for company in companies:
        left = 950 if rng.random() < 0.7 else 1300
        for owner in rng.sample([x for x in persons + companies if x != company], rng.randint(0, 4)):
            part = rng.randint(1, 500)
            if part <= left and (owner in persons or part < left // 3):
                left -= part
                stakes.append({"owner_id": owner, "company_id": company, "share": f"0.{part:03}"})
    for product in products:
        for _ in range(rng.randint(0, 4)):
            kind = rng.choice(("cash", "loan", "equity", "product", "standard_debt"))
            row = {"product_id": product, "asset_kind": kind, "amount": str(rng.randint(1, 50))}
            row["asset_id"] = {
                "product": rng.choice([x for x in products if x != product]), "equity": rng.choice(companies),
            }.get(kind, f"{kind} {rng.randrange(2)}")  # fmt: skip
            if kind == "loan":
                row["borrower_id"] = rng.choice(persons + companies)
            held.append(row)
        if held and held[-1]["product_id"] == product:
            held.append({"product_id": product, "asset_kind": "cash", "asset_id": "cash 0", "amount": "7"})
    tables = {
        "transfers": frame_of(transfers), "accounts": frame_of(accounts),
        "parties": frame_of([{"party_id": p, "name": p, "kind": "person"} for p in persons]
                            + [{"party_id": c, "name": c, "kind": "company"} for c in companies]),
        "products": frame_of([{"product_id": p} for p in products]),
    }  # fmt: skip
    return (
        tables
        | ({"stakes": frame_of(stakes)} if stakes else {})
        | ({"holdings": frame_of(held)} if held else {})
    )


def behind(tables: Frames, node: tuple[str, str], group: set[str]) -> dict[tuple[str, str], Fraction]:
    """What stands behind a node, from the tables as text."""
    kind, name = node
    parts: dict[tuple[str, str], Fraction] = {}
    if kind == "party" and name not in group:
        rows = tables.get("stakes", pd.DataFrame({"company_id": []}))
        for row in rows[rows["company_id"] == name].to_dict("records"):
            parts["party", row["owner_id"]] = parts.get(("party", row["owner_id"]), Fraction(0)) + Fraction(
                row["share"]
            )
        if parts and sum(parts.values()) < 1:
            parts["unknown_owner", name] = 1 - sum(parts.values())
    if kind == "product":
        rows = tables.get("holdings", pd.DataFrame({"product_id": []}))
        for row in rows[rows["product_id"] == name].to_dict("records"):
            to = ("product_asset", row["asset_id"])
            if row["asset_kind"] == "product":
                to = ("product", row["asset_id"])
            elif row["asset_kind"] == "equity":
                to = ("party", row["asset_id"])
            elif row.get("borrower_id"):
                to = ("party", row["borrower_id"])
            parts[to] = parts.get(to, Fraction(0)) + Fraction(row["amount"])
        parts = parts or {("unknown_holdings", name): Fraction(1)}
    whole = sum(parts.values())
    return {to: part / whole for to, part in parts.items()}


def solved(tables: Frames, start: tuple[str, str], group: set[str]) -> dict[tuple[str, str], Fraction]:
    """With whom it stands: each node's part is what comes to it, solved densely in fractions."""
    nodes, edges = [start], {}
    for node in nodes:
        edges[node] = behind(tables, node, group)
        nodes += [to for to in edges[node] if to not in nodes]
    n = len(nodes)
    rows = [
        [Fraction(i == j) - edges[nodes[j]].get(nodes[i], Fraction(0)) for j in range(n)] + [Fraction(i == 0)]
        for i in range(n)
    ]
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in range(n):
            if i != k and rows[i][k]:
                rows[i] = [a - rows[i][k] * b for a, b in zip(rows[i], rows[k], strict=True)]
    return {node: rows[place][n] for place, node in enumerate(nodes) if not edges[node] and rows[place][n]}


def test_it_agrees_with_a_dense_solve_in_fractions_and_adds_up_everywhere() -> None:
    grounds: set[str] = set()
    for number in range(EXAMPLES):
        rng = random.Random(number)
        tables = drawn(rng)
        case = case_of({name: frame.copy() for name, frame in tables.items()})
        try:
            traced = gf.trace(case, "account:a0", rule=rng.choice(("fifo", "lifo", "prorata")))
        except gf.UsageError:  # nothing was paid
            continue
        who = rng.choice((None, "P", "C1"))
        group = {who, *gf.controls(case, who)["party_id"]} if who else set()
        holdings = rng.choice(("frontier", "always", "never"))
        found = gf.penetrate(traced, who, holdings=holdings)
        accounts = tables["accounts"].set_index("account_id").to_dict("index")
        want: dict[tuple[str, str], Fraction] = {}
        for end in traced.ends.itertuples():
            row = accounts[end.account_id]
            product, party = row.get("product_id") or "", row.get("party_id") or ""
            if end.kind in ("cash", "hub", "lender", "recirculated"):
                start = end.kind, end.account_id
            elif product:
                looked = holdings == "always" or (holdings == "frontier" and end.kind == "frontier")
                start = ("product" if looked else "product_cash"), product
            else:
                start = ("party", party) if party else ("no_party", end.account_id)
            for node, part in solved(tables, start, {str(x) for x in group}).items():
                want[node] = want.get(node, Fraction(0)) + part * end.seed_amount
        rows = found.standing
        seen = {
            ("party" if g in ("controlled", "owner", "no_owner_known") else g, h): a
            for g, h, a in zip(rows["ground"], rows["held_in"], rows["amount"], strict=True)
        }
        for node in {*want, *seen}:  # a unit at most for each end
            assert abs(want.get(node, Fraction(0)) - seen.get(node, 0)) <= len(traced.ends), (number, node)
        assert rows["amount"].sum() == traced.seed
        if who:
            assert found.total == sum(a for (_, h), a in seen.items() if h in group)
            alone = gf.penetrate(traced, holdings=holdings).standing
            assert (found.total or 0) + len(traced.ends) >= alone.loc[
                alone["party_id"] == who, "amount"
            ].sum()
        chains = found.chains()
        by_last = chains.groupby(["ground", "held_in"])["amount"].sum()
        assert by_last.to_dict() == rows.set_index(["ground", "held_in"])["amount"].to_dict()
        by_way = chains.groupby("transfers")["amount"].sum().to_dict()
        assert by_way == traced.chains().groupby("transfers")["amount"].sum().to_dict()
        flows = found.flows()
        moved = flows[flows["kind"] == "transfer"].groupby("id")["amount"].sum()
        carried = traced.transfers.set_index("transfer_id")["seed_amount"]
        seeds = traced.seeds.groupby("transfer_id")["seed_amount"].sum()
        assert moved.to_dict() == carried[carried > 0].add(seeds, fill_value=0).astype("int64").to_dict(), (
            number
        )
        top = found.chains(top=2)
        assert top["amount"].tolist() == chains["amount"].tolist()[:2]
        assert top.attrs["left_out"]["seed_amount"] == traced.seed - top["amount"].sum()
        grounds |= set(rows["ground"])
    assert grounds >= {"controlled", "owner", "no_owner_known", "unknown_owner", "product_cash", "product_asset",
                       "unknown_holdings", "no_party", "cash"}  # fmt: skip
    assert grounds <= set(GROUNDS)


def test_a_sum_is_divided_to_the_unit_and_never_beyond_a_weight() -> None:
    rng = random.Random(5)
    for _ in range(2000):
        weights = [rng.choice((0, 1, 2, rng.randint(0, 10**15))) for _ in range(rng.randint(1, 6))]
        total = rng.randint(0, sum(weights))
        parts = apportion(total, weights)
        assert sum(parts) == total
        assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))
        assert all(
            abs(part * sum(weights) - total * weight) < max(sum(weights), 1)
            for part, weight in zip(parts, weights, strict=True)
        )


# ------------------------------------------------------------------------------------------- the manual
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_the_manual_is_what_the_program_says(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = read("penetration", language)
    for block in blocks(page.source):
        for line in block.text.splitlines() if block.kind == "code" else ():
            assert run([*line.removeprefix("$ graphflow ").split(), "--language", language]) == 0, line
    assert "275,000.00" in capsys.readouterr().out
    (rows,) = [block.rows for block in page.blocks() if block.rows]
    shown = {row[0]: int(row[2].replace(",", "")) * 100 for row in rows[-5:]}
    *parts, total = shown.values()
    asked, owned = standing(j1(controlled_by="X")), standing(j1())
    assert parts == [
        asked["controlled", "A"],
        asked["owner", "Z"],
        asked["product_asset", "bonds"],
        asked["product_cash", "W"],
    ]
    assert total == sum(parts) == j1().seed
    for holder in ("X", "Y"):
        assert f"{owned['owner', holder] // 100:,}" in page.source
    through = [
        row.amount // 100 for row in j1(controlled_by="X").chains().itertuples() if "4" in row.transfers
    ]
    assert through == [250_000, 175_000, 75_000]
    assert f"{MOST_WAYS:,}" in page.source


# ------------------------------------------------------------------------------------------- the command line
def test_the_command_line_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["synth", "j1", "--out", str(tmp_path / "t")]) == 0
    assert run(["import", str(tmp_path / "t"), "--case", str(tmp_path / "c")]) == 0
    capsys.readouterr()
    words = ["penetrate", str(tmp_path / "c"), "--from", "account:i1,account:i2", "--controlled-by", "X"]
    assert run([*words, "--format", "json", "--top", "4"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["seed"], told["total"], told["total_possible"]) == ("1000000.00", "275000.00", "275000.00")
    assert told["controlled"] == ["A", "X"]
    assert [(row["ground"], row["amount"]) for row in told["standing"]] == [
        ("product_cash", "300000.00"), ("controlled", "275000.00"), ("product_asset", "250000.00"), ("owner", "175000.00"),
    ]  # fmt: skip
    assert told["through"][1] == {"kind": "product", "id": "T", "amount": "75000.00", "chains": 1}
    assert told["chains_left_out"] == {"count": 1, "money": "75000.00"}
    assert [step["kind"] for step in told["chains"][3]["steps"]] == [
        "transfer",
        "transfer",
        "holding",
        "stake",
    ]
    assert told["chains"][3]["steps"][2]["amount"] == "250000.00"
    for language, said in (("en", ("275,000.00 CNY (27.5 %)", "under control", "A: 30.00% of B")),
                           ("zh", ("275,000.00 CNY", "受其控制"))):  # fmt: skip
        assert run([*words, "--language", language]) == 0
        table = capsys.readouterr().out
        for each in said:
            assert each in table
    assert run([*words, "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "ground,party_id,held_in,kind,amount,share", "product_cash,,W,,300000.00,0.3",
    ]  # fmt: skip
    assert run([*words, "--holdings", "never", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["holdings"] == "never"
    assert run([*words, "--html", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<svg" in page and "275,000.00" in page and "Transfers, then holdings, then stakes" in page
    assert run([*words, "--html", str(tmp_path / "no" / "page.html")]) == 2


def test_through_which_products_and_companies() -> None:
    found = j1(controlled_by="X")
    assert found.through().values.tolist() == [["party", "B", 7_500_000, 1], ["product", "T", 7_500_000, 1]]
    assert found.through("owner").values.tolist() == [
        ["party", "B", 17_500_000, 1],
        ["product", "T", 17_500_000, 1],
    ]
    every = {(row.kind, row.id): row.amount for row in j1().through().itertuples()}
    assert every["product", "T"] == 50_000_000 and every["party", "B"] == 25_000_000
    assert every["party", "A"] == 27_500_000  # to X and Y
    with pytest.raises(gf.UsageError, match="no such ground"):
        found.through("owned")


def test_flows_and_graphs_have_every_step_with_its_money() -> None:
    found = j1(controlled_by="X")
    flows = found.flows()
    assert flows.values.tolist() == [
        ["transfer", "1", "i1", "w", 70_000_000], ["transfer", "4", "w", "t", 50_000_000],
        ["transfer", "2", "i2", "w", 30_000_000], ["transfer", "3", "w", "a", 20_000_000],
        ["holding", "bonds", "T", "bonds", 25_000_000], ["holding", "loan B", "T", "B", 25_000_000],
        ["stake", "Z", "B", "Z", 17_500_000], ["stake", "A", "B", "A", 7_500_000],
    ]  # fmt: skip
    one, other = found.to_networkx(), found.to_igraph()
    assert sorted(one.nodes) == sorted(other.vs["name"]) and one.number_of_edges() == other.ecount() == len(
        flows
    )
    assert one.edges["T", "B", ("holding", "loan B")]["amount"] == 25_000_000
    assert sum(other.es["amount"]) == flows["amount"].sum()


def test_routes_add_up_and_the_notebook_shows_a_picture() -> None:
    found = j1(controlled_by="X")
    routes = found.routes()
    assert routes["amount"].sum() == found.seed and routes["chains"].sum() == len(found.chains())
    assert routes["accounts"].tolist()[-1] == ("i1", "w", "t", "B", "A")
    assert "<svg" in found._repr_html_() and "275000.00" in found._repr_html_()


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Penetration]:
    """Grows with each walk through all chains."""
    walks: list[Penetration] = []
    plain = Penetration.iter_chains

    def walked(found: Penetration) -> Any:
        walks.append(found)
        return plain(found)

    monkeypatch.setattr(Penetration, "iter_chains", walked)
    return walks


@pytest.mark.parametrize("who", [None, "X"])
def test_chains_routes_and_through_are_told_in_one_walk(
    who: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks = counted(monkeypatch)
    chains, routes, through = j1(controlled_by=who).tables(3)
    assert len(walks) == 1
    apart = j1(controlled_by=who)
    pd.testing.assert_frame_equal(chains, apart.chains(3))
    pd.testing.assert_frame_equal(routes, apart.routes())
    pd.testing.assert_frame_equal(through, apart.through())
    assert chains.attrs == apart.chains(3).attrs and chains.attrs["left_out"]["chains"]
    with pytest.raises(gf.UsageError, match="at least one"):
        apart.tables(0)
