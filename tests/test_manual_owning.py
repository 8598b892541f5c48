"""The pages on ownership and products: their commands are run, their figures computed by the program."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import graphflow as gf
from graphflow.cli import run
from graphflow.language import LANGUAGES
from graphflow.manual import blocks, read
from graphflow.synthesis import holders

NAMES = ("ownership", "products")


def cells(page: str, language: str) -> set[str]:
    """Every cell of every table of a page."""
    return {cell for block in read(page, language).blocks() for row in block.rows for cell in row}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", NAMES)
def test_the_commands_run_as_written(
    page: str,
    language: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for toy in ("o2", "o5", "p5"):
        assert run(["synth", toy, "--out", f"tables/{toy}x"]) == 0
        assert run(["import", f"tables/{toy}x", "--case", f"cases/{toy}x"]) == 0
    capsys.readouterr()
    told = ""
    commands = [
        line.removeprefix("$ graphflow ") for block in blocks(read(page, language).source) if block.kind == "code"
        for line in block.text.splitlines() if line.startswith("$ graphflow ")
    ]  # fmt: skip
    assert len(commands) >= 3
    for command in commands:
        words = command.split()
        if words[1].startswith("cases/") and not Path(words[1]).exists():
            words[1] += "x"  # of another toy, made above
        assert run([*words, "--language", language]) == 0, command
        told += capsys.readouterr().out
    for figure in {"ownership": ("85.1064 %", "14.8936 %", "55.0000 %"), "products": ("66", "414", "348")}[
        page
    ]:
        assert figure in told, figure


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figures_of_ownership_are_those_of_the_program(language: str) -> None:
    found, text = cells("ownership", language), read("ownership", language).source
    shares = gf.owners(holders.o2(), "B").set_index("owner_id")["share"]
    for owner, part, by_hand in (("P", Fraction(7, 47), "0.7 a"), ("Q", Fraction(40, 47), "0.8 b")):
        assert shares[owner] == pytest.approx(float(part), abs=1e-12)
        assert f"{part} = {float(part) * 100:.4f} %" in found and by_hand in found
    # b = 1 + 0.3 a and a = 0.2 b, by hand
    b = 1 / (1 - Fraction(3, 10) * Fraction(2, 10))
    assert {str(b), str(b / 5)} <= found
    between = gf.owners(holders.o2(), "B", between=True).set_index("owner_id")
    assert between.loc["A", "share"] == pytest.approx(1 / 5) and "1/5" in text
    assert between.loc["A", "share_uncorrected"] == pytest.approx(10 / 47) and "10/47" in text
    steps = gf.controls(holders.o5(), "P")
    assert steps["party_id"].tolist() == ["A", "B", "C"]
    assert gf.owners(holders.o5(), "C").set_index("owner_id").loc["P", "share"] == pytest.approx(0.23493)
    assert "23.493" in text and "15.3" in text
    assert gf.owners(holders.o8(), "T").set_index("owner_id").loc["P", "share"] == pytest.approx(0.153)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figures_of_products_are_those_of_the_program(language: str) -> None:
    found = cells("products", language)
    assert gf.look_through(holders.p1(), "W").depth == 2 and gf.look_through(holders.p1(), "W2").depth == 1
    assert str(gf.look_through(holders.p2(), "V").investor_count) in found
    leverage = gf.look_through(holders.p4(), "W").leverage.iloc[0]
    assert {f"{value * 100:.0f} %" for value in leverage} <= found
    r = gf.look_through(holders.p5(), "W", "2024-03-01T00:00:00")
    ladder = r.ladder.set_index("bucket")
    unit = {"en": "{} days", "zh": "{} 天"}[language]
    for days in (r.wam_liabilities, r.wam_assets, r.wam_gap):
        assert unit.format(round(days)) in found
    for bucket in ("8-30", "31-90"):
        assert str(int(ladder.loc[bucket, "cumulative_gap"]) // 100).replace("-", "−") in found
    assert f"{ladder.loc['31-90', 'gap_ratio']:.0f}".replace("-", "−") in found
    assert f"{r.rollover_dependency['31-90']:.0%}".replace("%", " %") in found
    ladder = gf.look_through(holders.p5(), "W", "2024-09-01").ladder.set_index("bucket")
    table = rows_of("products", language, {"en": "gap up to here", "zh": "累计缺口"}[language])
    for head, row in table.items():
        bucket = "overdue" if head in ("overdue", "逾期") else head
        figures = [
            str(int(ladder.loc[bucket, name]) // 100) for name in ("assets", "liabilities", "cumulative_gap")
        ]
        assert [*row[:2], row[2].split("= ")[-1].replace("−", "-")] == figures
    assert list(table)[1:] == ["0-1", ">365"]
    assert ladder["assets"].sum() == sum(100 * int(row[0]) for row in table.values())


def rows_of(page: str, language: str, head: str) -> dict[str, list[str]]:
    """The rows of the table whose first row holds a cell, by their first cell."""
    block = next(
        b for b in read(page, language).blocks() if b.rows and any(head in cell for cell in b.rows[0])
    )
    return {row[0]: list(row[1:]) for row in block.rows[1:]}


def money(value: object) -> str:
    return f"{int(str(value)) / 100:.2f}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figures_of_leaves_and_fees_are_those_of_the_program(language: str) -> None:
    r = gf.look_through(holders.p7(), "W")
    together = {"en": "together", "zh": "合计"}[language]
    deposit = {"en": "deposit", "zh": "存款"}[language]
    table = rows_of("products", language, "60/120 = 45")
    amounts = r.matrix.pivot(index="party_id", columns="asset_id", values="amount")
    for who, row in zip(("Q", "R"), list(table.values())[:2], strict=True):
        assert row[:3] == [money(amounts.loc[who, each]) for each in ("L2", "L1", "deposit")]
    assert table[together] == [*(money(each) for each in r.assets["amount"]), money(r.total)]
    said = {"en": {"yes": "yes", "disputed": "disputed", "unknown": "not known"},
            "zh": {"yes": "是", "disputed": "有争议", "unknown": "不明"}}[language]  # fmt: skip
    leaves = rows_of("products", language, {"en": "debtor", "zh": "债务人"}[language])
    restricted = r.restricted_assets.set_index("asset_id")["restricted"]
    for row in r.related_assets.itertuples():
        cells_ = leaves[deposit if row.asset_id == "deposit" else row.asset_id]
        assert (cells_[1], cells_[3]) == (said[row.related], money(row.amount))
        assert (restricted[row.asset_id] == "yes") == any(
            each in cells_[2] for each in ("restricted", "限制")
        )
    fees = rows_of("products", language, {"en": "of W's 100", "zh": "占 W 的 100"}[language])
    for row in r.fees.itertuples():
        assert fees[row.id][0] == money(row.fees) and f"{row.part * 100:.0f} %" in fees[row.id][1]
        assert fees[row.id][2:] == [money(row.amount), f"{row.rate * 100:.0f} %"]
    assert fees[together][2:] == [money(r.fees["amount"].sum()), f"{r.fees['rate'].sum() * 100:.0f} %"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figures_of_rollover_and_the_register_are_those_of_the_program(language: str) -> None:
    found = gf.look_through(holders.p6(), "F").realised_rollover()
    table = rows_of("products", language, {"en": "of 80", "zh": "占 80"}[language])
    wanted = [[f"{row.amount // 100}", f"{row.share * 100:g} %"] for row in found.sources.itertuples()]
    assert list(table.values()) == wanted and found.redeemed == 8000
    said = {"en": {"no_number": "no number stated", "no_row": "no row"},
            "zh": {"no_number": "未载明编号", "no_row": "没有记录"}}[language]  # fmt: skip
    table = rows_of("products", language, {"en": "in the register", "zh": "登记"}[language])
    for row in gf.register(holders.p7()).products.itertuples():
        state = row.registered if row.state == "registered" else said[row.state]
        assert table[row.product_id] == [state, money(row.paid_in), money(row.held), str(row.gaps)]
