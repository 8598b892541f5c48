"""The manual: every number in its pages is computed by hand, by the program, and the three agree.

Commands of the pages are run and their output compared. A rule, or an option, that is not there yet is computed by hand
only, and its test's name says what it waits for; once it is there, it is compared. A number of a page that is changed
makes a test fail: every single one is changed, to see it.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import graphflow as gf
from graphflow import tracing
from graphflow.cli import run
from graphflow.cli.manual import page_lines
from graphflow.errors import UsageError
from graphflow.language import LANGUAGES, translate
from graphflow.manual import PAGES, Block, blocks, read
from graphflow.pictures import END_NAMES, width_of
from graphflow.synthesis import toys
from graphflow.terminal import Column, table_lines
from tests.by_hand import OWN, Answer, Move, follow, lots_after
from tests.manual_figures import (
    CLAIMED,
    EXAMPLES,
    LABELS,
    SEED,
    T1,
    TABLES,
    Number,
    bounds,
    number,
    pool,
    prose,
    sessions,
    source,
    t6,
    wrong,
)
from tests.test_language import faults

HERE = {rule.name for rule in tracing.RULES}

# ---------------------------------------------------------------- the commands of a page


def waits(option: str) -> bool:
    """Whether the command line has an option yet."""
    return option not in help_of_trace()


@functools.cache
def help_of_trace() -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        run(["trace", "--help"])
    return out.getvalue()


def rule_of(command: str) -> str:
    found = re.search(r"--rule (\w+)", command)
    return found[1] if found else "fifo"


def not_yet(command: str) -> str:
    """What a command waits for: a rule or an option that is not there yet; nothing where it can be run."""
    lacking = [
        option
        for option in re.findall(r"--[a-z-]+", command)
        if command.startswith("graphflow trace ") and waits(option)
    ]
    if rule_of(command) not in HERE:
        lacking.append(f"the rule {rule_of(command)}")
    return ", ".join(lacking)


def commands(language: str) -> dict[str, str]:
    """The commands of a page, each with what it is said to print."""
    page = [block for block in blocks(source(language)) if block.kind == "code"]
    return {command: output for block in page for command, output in sessions(block)}


def asked() -> dict[str, tuple[str, str, str]]:
    """The commands that the pages have: the toy, what is asked, and how."""
    questions = [
        *(("t1", SEED["t1"], f"--rule {rule}") for rule in CLAIMED),
        ("t5", SEED["t5"], "--rule fifo"), ("t8", SEED["t8"], "--rule fifo"),
        ("t1", "transfer:x", "--backward --rule fifo"), ("t7", SEED["t7"], "--overdraft coordinated"),
        ("custody", "account:P", "--rule prorata"),
        *(("by_hand", SEED["by_hand"], f"--rule {rule}") for rule in ("fifo", "lifo", "prorata", "libr")),
        ("by_hand", SEED["by_hand"], "--all-rules --envelope"),
        ("by_hand", "transfer:8", "--backward --rule fifo"),
    ]  # fmt: skip
    return {f"graphflow trace cases/{toy} --from {of} {how}": (toy, of, how) for toy, of, how in questions}


def made() -> list[str]:
    """The commands that make a case."""
    return [
        command
        for name in ("t1", "by_hand")
        for command in (f"graphflow synth {name} --out tables/{name}", f"graphflow import tables/{name} --case cases/{name}")
    ]  # fmt: skip


GENERAL = "graphflow trace CASE --from REF --envelope"


def said_by(command: str, language: str) -> str:
    """What a command prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = run([*command.split()[1:], "--language", language])
    assert code == 0, (command, err.getvalue())
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the cases of the manual, made as the manual says; commands are run in it."""
    folder = tmp_path_factory.mktemp("manual")
    before = Path.cwd()
    os.chdir(folder)
    try:
        for name in dict.fromkeys(toy for toy, _, _ in asked().values()):
            said_by(f"graphflow synth {name} --out tables/{name}", "en")
            said_by(f"graphflow import tables/{name} --case cases/{name}", "en")
        yield folder
    finally:
        os.chdir(before)


def printed(command: str, language: str) -> str:
    """What a command prints; what it will, by hand, where it waits for its rule."""
    if not not_yet(command):
        return said_by(command, language)
    return "\n".join(["facts", *ends_of(EXAMPLES["by_hand"].answer(rule_of(command)), language), "chains"])


KINDS = {"A": "balance", "B": "balance", "C": "balance", "V": "returned", "X": "frontier"}


def ends_of(answer: Answer, language: str) -> list[str]:
    """The table of ends of `by_hand` as the command line prints it."""
    rows = [(KINDS[name], name, int(answer.left(name))) for name in answer.ends]
    total = sum(amount for _, _, amount in rows)
    rows.sort(key=lambda row: (-row[2], row[0], row[1]))
    tenths = [(2000 * amount + total) // (2 * total) for _, _, amount in rows]
    say = functools.partial(translate, language=language)
    columns = [
        Column(say(text), right) for text, right in (("end", False), ("account", False), ("amount", True))
    ]
    cells = [
        [
            say(END_NAMES[kind]),
            name,
            f"{amount // 100:,}.{amount % 100:02d} CNY",
            f"{tenths[i] / 10:.1f}",
        ]
        for i, (kind, name, amount) in enumerate(rows)
    ]
    title = say("Ends: where the money stands at the close")
    return [title, *(line.rstrip() for line in table_lines([*columns, Column("%", True)], cells))]


def outputs(language: str) -> dict[str, str]:
    """What the commands print of which the page shows it; the others are asked below, one by one."""
    shown_ = commands(language)
    return {
        each: printed(each, language) if shown_.get(each) else "" for each in [*made(), *asked(), GENERAL]
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_in_the_page_is_what_was_computed(language: str, desk: Path) -> None:
    assert [*wrong(source(language), outputs(language))] == []


def test_every_command_of_the_page_is_known() -> None:
    """What is not shown with its output is asked below; a command that nobody knows is a fault of the page."""
    assert set(commands("en")) == set(commands("zh")) == {*made(), *asked(), GENERAL}
    options = {option for command in asked() for option in re.findall(r"--[a-z-]+", command)}
    assert options - {"--from", "--rule", "--backward"} == {"--overdraft", "--all-rules", "--envelope"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_that_is_changed_is_seen(language: str, desk: Path) -> None:
    """Planted: every number of the page, one after the other."""
    page, told = source(language), outputs(language)
    assert len(TABLES) > 20
    for each in [*TABLES]:  # computed once: what is looked at here is the comparison
        TABLES[each] = functools.partial(list, TABLES[each]())
    expected = prose()
    unseen = []
    for found in re.finditer(r"\d+", page):
        digit = found[0][-1]
        other = page[: found.end() - 1] + str((int(digit) + 1) % 10) + page[found.end() :]
        line = page.count("\n", 0, found.start())
        if not any(wrong_near(other, line, told, expected)):
            unseen.append((page.splitlines()[line], found[0]))
    assert unseen == []


def wrong_near(
    page: str, line: int, told: Mapping[str, str], expected: Mapping[str, list[str]]
) -> Iterator[bool]:
    """Whether the section around a line is wrong: looking at the whole page for each of its numbers takes long."""
    lines = page.splitlines()
    heads = [at for at, text in enumerate(lines) if re.match(r"#+ ", text)] + [len(lines)]
    begins, ends_ = next(pair for pair in pairwise(heads) if pair[0] <= line < pair[1])
    part = "\n".join(lines[begins:ends_])
    for fault in wrong(part, told, expected):
        if not fault.startswith(("sections:", "not in the page:", "tables:")):
            yield True
    section = next(iter(blocks(part)))
    yield section.kind != "heading" or section.mark not in expected


# ---------------------------------------------------------------- both languages


def pieces(language: str) -> list[Block]:
    return [*blocks(source(language))]


def test_both_languages_have_the_same_pieces() -> None:
    for one, two in zip(pieces("en"), pieces("zh"), strict=True):
        assert (one.kind, one.level, one.mark, one.note, one.right) == (
            two.kind, two.level, two.mark, two.note, two.right
        ), (one.text, two.text)  # fmt: skip
        assert [len(row) for row in one.rows] == [len(row) for row in two.rows]
        assert set(re.findall(r"`[^`]+`", one.text)) == set(re.findall(r"`[^`]+`", two.text)), (
            one.text,
            two.text,
        )


def test_the_chinese_has_the_words_of_the_trade() -> None:
    for one, two in zip(pieces("en"), pieces("zh"), strict=True):
        if one.kind != "code":
            english = re.sub(r"`[^`]*`|\*\*|third party", "", " ".join([one.text, *sum(one.rows, ())]))
            chinese = " ".join([two.text, *sum(two.rows, ())]).replace("**", "")
            assert faults(english, chinese) == []
    words = " ".join(block.text for block in pieces("zh"))
    for word in (
        "司法会计鉴定",
        "先进先出",
        "后进先出",
        "比例法",
        "差额法",
        "污染法",
        "善意取得",
        "已核对原文",
    ):
        assert word in words


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_lead_somewhere_and_no_mark_is_left_open(language: str) -> None:
    anchors = [block.mark for block in pieces(language) if block.kind == "heading"]
    assert len(set(anchors)) == len(anchors)
    for block in pieces(language):
        for words in [block.text, *sum(block.rows, ())]:
            assert words.count("`") % 2 == 0 and words.count("**") % 2 == 0, words
            assert set(re.findall(r"\]\(#([^)]*)\)", words)) <= set(anchors)


def test_the_small_case_of_the_page_is_the_toy() -> None:
    for name, example in EXAMPLES.items():
        frame = toys.TOYS[name]()["transfers"]
        rows = [Move(*row[:3], 100 * int(row[3])) for row in
                frame[["transfer_id", "source", "target", "amount"]].itertuples(index=False)]  # fmt: skip
        undone = {"x", "r"} if name == "t10" else set()
        assert [row for row in rows if row.name not in undone] == example.rows
        accounts = toys.TOYS[name]()["accounts"]
        held = accounts[accounts["covered"] == "true"]
        if name != "t8":
            openings = {row.account_id: 100 * int(row.opening_balance) for row in held.itertuples()}
            assert openings == example.openings


# ---------------------------------------------------------------- by hand and by the program


def carried(t: gf.tracing.Trace) -> dict[str, int]:  # type: ignore[name-defined]
    found = zip(t.transfers["transfer_id"], t.transfers["traced"], strict=True)
    return {name: int(amount) for name, amount in found if amount}


def stands(t: gf.tracing.Trace, column: str = "seed_amount") -> dict[tuple[str, str], int]:  # type: ignore[name-defined]
    """The ends by account, the lender's apart."""
    found: Counter[tuple[str, str]] = Counter()
    for row in t.ends.to_dict("records"):
        found["lender" if row["kind"] == "lender" else "", row["account_id"]] += int(row[column])
    return {end: amount for end, amount in found.items() if amount}


def named(rule: str, words: str) -> str:
    """A test's name; of a rule that is not there yet it says so."""
    return words if rule in HERE else f"{words}-waits for the rule {rule}"


def each_rule() -> list[Any]:
    return [
        pytest.param(name, rule, id=named(rule, f"{name}-{rule}"))
        for name in EXAMPLES
        for rule in CLAIMED
    ]  # fmt: skip


# The answers that the law's books and the project's vectors have, in major units; thirds to the nearest minor unit.
VECTORS = {
    ("t1", "fifo"): {"X": 150, "Y": 150, "M": 100}, ("t1", "lifo"): {"X": 50, "Y": 300, "M": 50},
    ("t1", "prorata"): {"X": 125, "Y": "183.33", "M": "91.67"}, ("t1", "libr"): {"Y": 250, "M": 150},
    ("t1", "poison"): {"X": 250, "Y": 300, "M": 150}, ("t3", "libr"): {"X": 900, "M": 100},
    ("t3", "fifo"): {"X": 900, "Y": 100}, ("t3", "prorata"): {"X": 900, "Y": "16.67", "M": "83.33"},
    ("t5", "fifo"): {"P": 60, "R": 40}, ("t5", "lifo"): {"Q": 30, "R": 70},
    ("t5", "prorata"): {"P": 30, "Q": 20, "R": 50}, ("t5", "libr"): {"P": 60, "R": 40},
    ("t5", "poison"): {"P": 60, "Q": 50, "R": 110}, ("t6", "fifo"): {"X": 100}, ("t6", "prorata"): {"X": 50, "M": 50},
    ("t7", "fifo"): {"Y": 40}, ("t8", "fifo"): {"X": 40, "Y": 10}, ("t8", "prorata"): {"X": "46.15", "Y": "3.85"},
    ("t9", "fifo"): {"X": 30, "fee:BANK": 2, "M": 18}, ("t9", "prorata"): {"X": 40, "fee:BANK": 1, "M": 9},
    ("t10", "fifo"): {"Y": 100},
}  # fmt: skip


@pytest.mark.parametrize(("name", "rule"), VECTORS)
def test_the_arithmetic_by_hand_has_the_answers_of_the_books(name: str, rule: str) -> None:
    answer = EXAMPLES[name].answer(rule)
    assert {end: answer.left(end) for end in answer.ends} == {
        end: Decimal(amount) * 100 for end, amount in VECTORS[name, rule].items()
    }


@pytest.mark.parametrize(("name", "rule"), each_rule())
def test_the_program_says_what_is_computed_by_hand(name: str, rule: str) -> None:
    """A rule that is not there yet is computed by hand only; once it is, it is compared."""
    answer = EXAMPLES[name].answer(rule)
    by_account = {("", end): answer.left(end) for end in answer.ends}
    if answer.lender:
        by_account["lender", "M"] = answer.lender
    if rule != "poison":
        seed = sum(move.amount for move in EXAMPLES[name].rows if move.name in EXAMPLES[name].seeds)
        assert sum(by_account.values()) == seed
    if rule not in HERE:
        with pytest.raises(UsageError):
            gf.trace(getattr(toys, name)(), SEED[name], rule=rule)
        return
    t = gf.trace(getattr(toys, name)(), SEED[name], rule=rule)
    assert stands(t, "amount" if rule == "poison" else "seed_amount") == by_account
    assert carried(t) == {each: answer.through(each) for each in answer.carried}


@pytest.mark.parametrize(
    "command", [pytest.param(each, id=each.removeprefix("graphflow trace cases/") + (f"-waits for {not_yet(each)}" if not_yet(each) else "")) for each in asked()]
)  # fmt: skip
def test_a_command_of_the_page_gives_its_figures(command: str, desk: Path) -> None:
    toy, of, how = asked()[command]
    words = [*command.split()[1:], "--format", "json"]
    if not_yet(command):
        assert run(words) == 2
        return
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert run(words) == 0
    told = json.loads(out.getvalue())
    if "--all-rules" in how:
        assert set(told["rules"]) == HERE
        return
    found: Counter[str] = Counter()
    for row in told["ends"]:
        found[row["account_id"]] += int(Decimal(row["amount"]) * 100)
    assert {end: amount for end, amount in found.items() if amount} == figures_of(toy, of, how)


def figures_of(toy: str, of: str, how: str) -> dict[str, Number]:
    """What the page says of a question, by account."""
    if toy == "custody":
        taken = 15_000
        return {"X": taken, "K": 30_000 - taken}
    if how == "--overdraft coordinated":
        return {"X": 6_000, "Y": 4_000}
    example = EXAMPLES[toy]
    if "--backward" in how:
        if toy == "by_hand":
            return {"V": example.answer("fifo").left("X"), "A": 10_000, "B": 10_000}
        taken_by_x = lots_after(example.rows, 10_000, LABELS, "fifo")["x"]
        return {"M" if who == "O" else who: amount for who, amount in taken_by_x}
    answer = example.answer(rule_of(how))
    return {end: answer.left(end) for end in answer.ends}


@pytest.mark.parametrize(
    "rule", [pytest.param(each, id=named(each, each)) for each in ("fifo", "lifo", "prorata")]
)
def test_t1_backward_is_its_forward_read_from_the_other_side(rule: str) -> None:
    if rule not in HERE:
        return
    forward = lots_after(T1.rows, 10_000, LABELS, "exact" if rule == "prorata" else rule)
    for name in ("x", "y"):
        t = gf.trace(toys.t1(), f"transfer:{name}", rule=rule, backward=True)
        back = {account: amount for (_, account), amount in stands(t).items()}
        wanted = {"M" if who == "O" else who: amount for who, amount in forward[name] if who != OWN}
        assert set(back) == set(wanted)
        assert all(abs(back[who] - wanted[who]) <= (rule == "prorata") for who in wanted)


def test_libr_backward_is_refused_with_the_rules_that_can_be_asked() -> None:
    with pytest.raises(UsageError) as refused:
        gf.trace(toys.t1(), "transfer:x", rule="libr", backward=True)
    assert "fifo" in str(refused.value) and "prorata" in str(refused.value)


@pytest.mark.parametrize("who", ["Paul", "Michael", "Karen"])
@pytest.mark.parametrize(
    "rule", [pytest.param(each, id=named(each, each)) for each in ("fifo", "lifo", "prorata")]
)
def test_t2_each_for_himself(who: str, rule: str) -> None:
    example = EXAMPLES["t2"]
    answer = follow(example.rows, example.openings, example.seeds, rule)
    if rule in HERE:
        t = gf.trace(toys.t2(), f"account:{who}", rule=rule)
        assert stands(t).get(("", "M"), 0) == answer.ends["M"].get(who, 0)


def test_t6_an_open_order_is_an_interval() -> None:
    for first in "tc":
        by_hand = t6(first)
        for rule, wanted in (("fifo", by_hand), ("prorata", EXAMPLES["t6"].answer("prorata"))):
            t = gf.trace(toys.t6(first), "transfer:t", rule=rule)
            assert stands(t) == {("", end): wanted.left(end) for end in wanted.ends}


WAITS_FOR_INTERVALS = gf.trace(toys.t6(None), "transfer:t").ends["amount_min"].isna().all()


@pytest.mark.parametrize(
    "rule", [pytest.param("fifo", id="fifo-waits for intervals" if WAITS_FOR_INTERVALS else "fifo")]
)
def test_t6_the_interval_is_that_of_the_page(rule: str) -> None:
    ends_ = gf.trace(toys.t6(None), "transfer:t", rule=rule).ends
    if not WAITS_FOR_INTERVALS:
        assert {(int(row["amount_min"]), int(row["amount_max"])) for row in ends_.to_dict("records")} == {
            (0, 10_000)
        }


def test_t8_a_very_large_opening_leaves_x_nothing() -> None:
    frames = toys.t8_tables()
    frames["accounts"]["opening_balance"] = ["1000000000", *[""] * (len(frames["accounts"]) - 1)]
    t = gf.trace(gf.Case.from_tables(**frames), "transfer:t")
    assert stands(t) == {("", "M"): 5_000}


def test_t11_half_of_the_dollars() -> None:
    for rule in sorted(HERE - {"poison"}):
        t = gf.trace(toys.t11(), "transfer:t", rule=rule)
        assert t.seed == 36_000 and int(t.ends["seed_amount"].sum()) == 36_000
        assert int(t.ends["amount"].sum()) == 5_000 and set(t.ends["currency"]) == {"USD"}


WAITS_FOR_GAPS = "cash_gaps" not in inspect.signature(gf.trace).parameters


@pytest.mark.parametrize(
    "joined", [False, pytest.param(True, id="True-waits for cash_gaps" if WAITS_FOR_GAPS else "True")]
)
def test_t12_cash(joined: bool) -> None:
    if joined and WAITS_FOR_GAPS:
        return
    t = gf.trace(toys.t12(), "transfer:t", **({"cash_gaps": True} if joined else {}))
    found = {(row["kind"], row["account_id"]): int(row["amount"]) for row in t.ends.to_dict("records")}
    taken, paid_in = 5_000_000, 4_800_000
    assert Fraction(paid_in, taken) == Fraction("0.96")
    wanted = (
        {("balance", "N"): paid_in, ("cash", "cash:M"): taken - paid_in}
        if joined
        else {("cash", "cash:M"): taken}
    )
    assert found == wanted


@pytest.mark.parametrize(
    "rule", [pytest.param(each, id=named(each, each)) for each in ("fifo", "lifo", "prorata", "libr")]
)
def test_custody_is_divided_alike_under_every_rule(rule: str) -> None:
    if rule not in HERE:
        return
    [(_, q_held, q_gives, _), (_, _, free, _), (_, p_held, p_gives, p_keeps)] = TABLES["custody"]()
    t = gf.trace(toys.custody(), "account:P", rule=rule)
    wanted = {("", "X"): number(p_gives) * 100, ("", "K"): number(p_keeps) * 100}
    assert stands(t) == wanted and p_held == "300" and free == "50"
    assert int(t.misuse["amount"].sum()) == number(p_gives) * 100
    assert stands(gf.trace(toys.custody(), "account:Q", rule=rule)) == {("", "X"): number(q_gives) * 100}
    assert q_held == q_gives


def test_the_eleventh_payment_of_the_pool_carries_the_first_unit() -> None:
    last = len(pool(11))
    rows = [("own", "W", "M", "999.00"), ("one", "V", "M", "1.00")]
    rows += [(f"p{number}", "M", "X", "0.49") for number in range(1, last + 1)]
    frame = pd.DataFrame(
        [(name, f"2024-03-01T09:{at:02d}:00", *rest) for at, (name, *rest) in enumerate(rows)],
        columns=["transfer_id", "time", "source", "target", "amount"], dtype="str",
    )  # fmt: skip
    accounts = pd.DataFrame({"account_id": ["M"], "covered": ["true"], "opening_balance": ["0"]}, dtype="str")
    t = gf.trace(gf.Case.from_tables(transfers=frame, accounts=accounts), "transfer:one", rule="prorata")
    assert carried(t) == {f"p{number}": part for number, _, _, part in pool(last) if part} == {"p11": 1}


HAS_ENVELOPE = hasattr(tracing.Trace, "envelope")


@pytest.mark.parametrize(
    "name", [pytest.param(each, id=each if HAS_ENVELOPE else f"{each}-waits for the envelope") for each in ("t1", "t8", "by_hand")]
)  # fmt: skip
def test_the_envelope_is_that_of_the_page(name: str) -> None:
    sets = {"t1": ["X", "Y", "M", "X + Y"], "t8": ["X", "Y", "M"], "by_hand": ["A", "B", "C", "V", "X"]}[name]
    rows = {row[0]: row for row in TABLES[f"{name}.envelope" if name != "by_hand" else "by_hand.ends"]()}
    low, high = (5, 6) if name == "by_hand" else (1, 2)
    if not HAS_ENVELOPE:
        return
    kinds = KINDS if name == "by_hand" else {"X": "frontier", "Y": "frontier", "M": "balance"}
    t = gf.trace(getattr(toys, name)(), SEED[name])
    for each in sets:
        of = [(kinds[end], end) for end in each.split(" + ")]
        found = t.envelope(ends=[of])
        [(least, greatest)] = found[["least", "greatest"]].to_numpy().tolist()
        assert (least, greatest) == (number(rows[each][low]) * 100, number(rows[each][high]) * 100), each


CAN_SPLIT = "libr" in HERE and hasattr(tracing.Trace, "by_seed")


@pytest.mark.parametrize(
    "rule", [pytest.param("libr", id="libr" if CAN_SPLIT else "libr-waits for by_seed under libr")]
)
def test_t1_is_split_among_its_claimants(rule: str) -> None:
    if not CAN_SPLIT:
        return
    found = gf.trace(toys.t1(), SEED["t1"], rule=rule).by_seed()
    wanted = follow(T1.rows, T1.openings, {"a": "a", "c": "c"}, rule).ends
    split = {
        (row["seed"], row["account_id"]): int(row["seed_amount"])
        for row in found.to_dict("records")
        if row["seed_amount"]
    }
    assert split == {(who, end): amount for end, of in wanted.items() for who, amount in of.items()}


@pytest.mark.parametrize("rule", CLAIMED)
def test_no_rule_but_poison_leaves_the_envelope(rule: str) -> None:
    for name, unit in (("t1", 2_500), ("by_hand", 5_000)):
        answer = EXAMPLES[name].answer(rule)
        outside = [
            end for end in answer.ends for low, high in [bounds(name, EXAMPLES[name].openings, (end,), unit)]
            if not low <= answer.left(end) <= high
        ]  # fmt: skip
        assert not outside, rule  # poison's single ends are within too; their sum is not
        assert rule == "poison" or sum(answer.left(end) for end in answer.ends) in (40_000, 60_000)


# ---------------------------------------------------------------- pages, and the list of them


def test_every_page_is_there_in_every_language() -> None:
    folder = Path(gf.__file__).parent / "manual"
    for language in LANGUAGES:
        assert {path.stem for path in (folder / language).iterdir()} == set(PAGES)
        assert read(PAGES[0], language).language == language


def test_a_page_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    with pytest.raises(UsageError) as refused:
        read("tracin")
    [problem] = refused.value.problems
    assert (problem.first, problem.expected) == ("tracin", ", ".join(PAGES))
    assert "did you mean tracing" in str(refused.value)
    with pytest.raises(UsageError) as refused:
        read("xyz")
    assert "did you mean" not in str(refused.value) and "expected: tracing" in str(refused.value)


def test_sections_are_the_whole_page_without_comments() -> None:
    for language in LANGUAGES:
        sections = read("tracing", language).sections()
        assert [each.anchor for each in sections] == [b.mark for b in pieces(language) if b.kind == "heading"]
        assert "<!--" not in "".join(each.text for each in sections)
        assert sum(each.text.count("\n|--") for each in sections) == sum(
            b.kind == "table" for b in pieces(language)
        )


# ---------------------------------------------------------------- on a terminal


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_fit_and_columns_line_up(language: str, width: int) -> None:
    page = read("tracing", language)
    code = {f"    {line}".rstrip() for b in page.blocks() if b.kind == "code" for line in b.text.splitlines()}
    lines = list(page_lines(page.blocks(), width))
    assert max(width_of(line) for line in lines if line not in code) <= width
    assert not [line for line in lines if re.search(r"\*\*|`|<!--|\{#|\|", line)]
    assert not [
        line for line in lines if line != line.rstrip() or re.match(r"\s*[，。；：、？！）》”〕]", line)
    ]
    assert not [line for line in lines if not line.isprintable()]
    words = re.sub(r"\s", "", "".join(lines))
    for block in page.blocks():  # nothing is lost where a text is folded
        plain = re.sub(r"\*\*|`|\s", "", block.text)
        assert block.kind in ("table", "code") or plain in words


def test_a_table_that_is_too_wide_goes_on_in_further_lines() -> None:
    text = "|name|amount|\n|---|---:|\n|资金 资金 资金 资金|1,000|\n|b|2|\n"
    assert list(page_lines(blocks(text), 20)) == [
        "name          amount", "────────────  ──────", "资金 资金 资   1,000", "金 资金", "",
        "b                  2",
    ]  # fmt: skip
    assert list(page_lines(blocks(text), 40))[2] == "资金 资金 资金 资金   1,000"


def test_strong_words_are_strong_on_a_terminal_and_end_with_their_line() -> None:
    shown_ = list(page_lines(blocks("A **strong word over lines** `b`.\n"), 12, strong=True))
    assert shown_ == ["A \x1b[1mstrong\x1b[0m", "\x1b[1mword over\x1b[0m", "\x1b[1mlines\x1b[0m b."]
    assert list(page_lines(blocks("一。** 二**\n"), 12)) and list(
        page_lines(blocks("**一。** 二\n"), 12)
    ) == ["一。二"]


@pytest.fixture
def _no_language(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_no_language")
def test_the_verb_lists_pages_shows_one_and_names_the_closest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["manual"]) == 0
    assert re.search(r"^tracing +Tracing: how", capsys.readouterr().out, re.MULTILINE)
    assert run(["manual", "--format", "json", "--language", "zh"]) == 0
    listed = json.loads(capsys.readouterr().out)["pages"]
    assert listed[0] == {"page": "tracing", "title": "资金追踪：每个数字如何得出"}
    assert [each["page"] for each in listed] == list(PAGES)
    assert run(["manual", "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "page,title"
    assert run(["manual", "tracing"]) == 0
    assert max(map(width_of, capsys.readouterr().out.splitlines())) == 80, "a pipe's reader has 80 columns"
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    monkeypatch.setenv("COLUMNS", "120")
    assert run(["manual", "tracing"]) == 0
    told = capsys.readouterr().out
    assert "差额法" in told and max(map(width_of, told.splitlines())) == 100
    assert run(["manual", "tracing", "--format", "json"]) == 0
    sections = json.loads(capsys.readouterr().out)["sections"]
    assert [each["anchor"] for each in sections][:2] == ["tracing", "seed"]
    assert run(["manual", "tracing", "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("anchor,level,title,text\n")
    assert run(["manual", "trasing", "--language", "en"]) == 2
    assert "did you mean tracing?" in capsys.readouterr().err


@pytest.mark.usefixtures("_no_language")
def test_a_reader_that_leaves_ends_it_quietly() -> None:
    words = [sys.executable, "-m", "graphflow", "manual", "tracing"]
    with subprocess.Popen(
        words, cwd=Path(gf.__file__).parent.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as made_:
        assert made_.stdout is not None and made_.stderr is not None
        made_.stdout.readline()
        made_.stdout.close()
        assert made_.stderr.read() == b""
