"""Errors say all, in two languages; the catalogues hold every text, and are what the compiled ones say."""

from __future__ import annotations

import gettext
import io
import shutil
from pathlib import Path

import pytest

from graphflow import errors, language
from graphflow.errors import BusyError, GraphflowError, InputError, MissingExtraError, Problem, UsageError
from graphflow.language import (
    LANGUAGES,
    LOCALE,
    closest,
    collect,
    compiled,
    describe,
    messages,
    missing,
    translate,
    update,
)

ROOT = Path(__file__).resolve().parent.parent


def catalogue(name: str) -> Path:
    return LOCALE / name / "LC_MESSAGES" / "graphflow"


# ---------------------------------------------------------------- errors


def test_each_kind_of_error_has_its_exit_code():
    kinds = {GraphflowError: 70, UsageError: 2, InputError: 4, BusyError: 75, MissingExtraError: 2}
    assert {kind: kind.exit_code for kind in kinds} == kinds
    assert all(issubclass(kind, GraphflowError) for kind in kinds)


def test_an_error_tells_all_its_problems():
    error = InputError(Problem("a", "x {n}", {"n": 1}), Problem("", "y", {}, "first", "that {m}"))
    assert str(error).splitlines() == ["a: x 1", "y; first: first; expected: that {m}"]
    assert len(error.problems) == 2
    assert describe(ValueError("not ours")) == "not ours" and describe(KeyError()) == "KeyError"


def test_data_in_a_message_is_only_ever_data():
    hostile = Problem(
        "{what} {0}", "bad {value}", {"value": "{what} {first} {value}"}, "{first}\n\x1b[31mred", "{words}"
    )
    text = hostile.text()
    assert "bad {what} {first} {value}" in text and "\n" not in text and "\x1b" not in text
    assert errors.shown("a" * 601).endswith("(601 characters)") and errors.shown("名\t") == "名\\t"


def test_an_error_can_be_pickled():
    import pickle

    again = pickle.loads(pickle.dumps(InputError(Problem("a", "b", {"n": 1}))))
    assert str(again) == "a: b" and again.exit_code == 4


# ---------------------------------------------------------------- languages


def test_texts_are_translated_and_their_values_are_not():
    assert translate("unknown currency", "zh") == "未知币种"
    assert translate("unknown currency") == "unknown currency"
    assert translate("no such text {n}", "zh", n=3) == "no such text 3"
    assert translate("", "zh") == ""
    error = InputError(
        Problem("transfers.amount", "unknown currency", {}, "row 2", "one of: person, company")
    )
    assert describe(error, "zh") == "transfers.amount：未知币种；首例：row 2；应为：下列之一：person, company"


def test_a_language_that_we_do_not_have_is_an_error_and_a_tag_finds_the_closest():
    with pytest.raises(ValueError, match="there is en, zh"):
        translate("unknown currency", "fr")
    assert [closest(tag) for tag in ("zh-CN", "ZH_tw", "en-GB", "de", "", None)] == [
        "zh",
        "zh",
        "en",
        "en",
        "en",
        "en",
    ]


# ---------------------------------------------------------------- catalogues


def texts(mo: bytes) -> dict[str, str]:
    known = gettext.GNUTranslations(io.BytesIO(mo))._catalog  # type: ignore[attr-defined]
    return {key: value for key, value in known.items() if key}


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_compiled_catalogue_is_that_of_the_text(name):
    po, mo = catalogue(name).with_suffix(".po"), catalogue(name).with_suffix(".mo")
    assert texts(mo.read_bytes()) == texts(compiled(po.read_bytes())), "run python -m graphflow.language"


def test_every_text_in_the_source_has_its_chinese():
    lacking = missing(collect(ROOT))
    assert not lacking, (
        f"{len(lacking)} without Chinese; add them with python -m graphflow.language FILE.json"
    )


def test_a_translation_has_the_placeholders_of_its_text():
    import re

    for text, said in texts(catalogue("zh").with_suffix(".mo").read_bytes()).items():
        names = [sorted(set(re.findall(r"\{(\w*)\}", part))) for part in (text, said)]
        assert names[0] == names[1], (text, said)


def test_marked_texts_are_found_wherever_they_stand():
    source = """
x = N_("one")
y = language.translate("two", lang, n=1)
z = Problem("w", "three" " joined", {}, first, expected="four")
q = errors.Problem("w", what="five"); f(translate(name), N_(""), other("six"), Problem("w", reason))
"""
    assert sorted(messages(source)) == ["five", "four", "one", "three joined", "two"]


def test_a_new_text_is_collected_and_an_old_translation_is_never_lost(tmp_path):
    """Planted: a text without Chinese is named; when it goes and comes again, its Chinese is still there."""
    (tmp_path / "graphflow").mkdir()
    source = tmp_path / "graphflow" / "room.py"
    locale = tmp_path / "locale"
    source.write_text('N_("kept"); N_("new {n}")', encoding="utf-8")
    assert update(tmp_path, {"kept": "保留"}, locale) == ["new {n}"]
    assert update(tmp_path, {"new {n}": "新 {n}"}, locale) == []
    before = {path: path.read_bytes() for path in sorted(locale.rglob("graphflow.*"))}
    assert len(before) == 4
    assert update(tmp_path, None, locale) == []
    assert {path: path.read_bytes() for path in sorted(locale.rglob("graphflow.*"))} == before
    source.write_text('N_("kept")', encoding="utf-8")
    assert update(tmp_path, None, locale) == []
    assert "new {n}" not in texts((locale / "zh" / "LC_MESSAGES" / "graphflow.mo").read_bytes())
    source.write_text('N_("kept"); N_("new {n}")', encoding="utf-8")
    assert update(tmp_path, None, locale) == []
    shutil.rmtree(locale)


def test_the_tool_names_what_lacks_chinese(tmp_path, monkeypatch, capsys):
    (tmp_path / "zh.json").write_text('{"a": "甲"}', encoding="utf-8")
    seen = {}
    monkeypatch.setattr(language, "update", lambda root, added: seen.update(added) or ["b"])
    assert language.main([str(tmp_path / "zh.json")]) == 1 and seen == {"a": "甲"}
    assert '"b"' in capsys.readouterr().out


def test_the_tool_explains_itself_and_refuses_what_is_no_translation(tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        language.main(["--help"])
    assert left.value.code == 0 and "FILE.json" in capsys.readouterr().out
    bad = tmp_path / "bad.json"
    for text in ("[1]", '{"a": 1}', "{"):
        bad.write_text(text, encoding="utf-8")
        with pytest.raises(SystemExit) as left:
            language.main([str(bad)])
        assert left.value.code == 2 and "bad.json" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        language.main([str(tmp_path / "none.json")])
    assert left.value.code == 2


def test_words_of_ours_inside_values_are_translated_too():
    import pickle

    row = errors.Told("{file} row {row}", file="a{row}.csv", row=4)
    problem = Problem("transfers", "{place} is it", {"place": row}, first=row)
    for each in (problem, pickle.loads(pickle.dumps(problem))):
        assert each.text() == "transfers: a{row}.csv row 4 is it; first: a{row}.csv row 4"
        assert describe(InputError(each), "zh") == (
            "transfers：a{row}.csv 第 4 行 is it；首例：a{row}.csv 第 4 行"
        )
    assert translate("{where}: {what}", "zh", where=row, what="x") == "a{row}.csv 第 4 行：x"


def test_arguments_are_called_what_the_reader_knows_them_by():
    error = UsageError(Problem("currency", "unknown currency"), Problem("other", "unknown currency"))
    assert describe(error, "en", {"currency": "--currency"}) == (
        "--currency: unknown currency\nother: unknown currency"
    )


# ---------------------------------------------------------------- Chinese as its readers write it

# Where the English has the first word, the Chinese has the second: the regulator's or the court's own.
GLOSSARY = (
    (r"\bpro rata\b", "比例法"),
    (r"\bfirst in, first out\b", "先进先出"),
    (r"\bquarantine", "隔离"),
    (r"\bset aside\b", "另列"),
    (r"\bloaded\b", "入库"),
    (r"\bearmarks?\b", "专款"),
    (r"\bchains?\b", "链"),
    (r"\bhops?\b", "层"),
    (r"(?<!related )(?<![Tt]hird )\bpart(y|ies)\b", "主体"),
    (r"\breversals?\b", "冲正"),
    (r"\bopening balances?\b", "期初余额"),
    (r"\boverdraft\b", "透支"),
)
# Words of another trade, or second names of what has one already; 挪用 is a crime, which a tool does not find.
NOT_OURS = ("账簿", "载入", "搁置", "挪用", "链路", "读取器", "所问", "按比例规则", "归集款")
_LITERAL = r"`[^`]*`|\b(?:transfer|account|balance|party|product|loan):\S*|\?:[A-Z:]+|\d{1,3}(?:,\d{3})+"


def faults(text: str, said: str) -> list[str]:
    """What is wrong with the Chinese of a text, as far as a rule can tell."""
    import re

    prose = re.sub(_LITERAL, "", said)
    found = [f"half a width: {m[0]}" for m in re.finditer(r"[一-鿿][,;:?!(]|[,;:?!)][一-鿿]", prose)]
    found += [f"not {word}" for word in NOT_OURS if word in said]
    found += [
        f"{words} is {chinese}"
        for words, chinese in GLOSSARY
        if re.search(words, re.sub(r"{\w*}", "", text), re.IGNORECASE)
        and re.search("[一-鿿]", said)
        and chinese not in said
    ]
    return found


def test_the_chinese_keeps_its_words_and_marks():
    known = texts(catalogue("zh").with_suffix(".mo").read_bytes())
    wrong = {text: faults(text, said) for text, said in known.items() if faults(text, said)}
    assert not wrong


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a file: x", "文件:甲"),
        ("a (file)", "文件(甲)"),
        ("pro rata", "按比例"),
        ("money taken", "挪用资金"),
        ("{count} hops", "{count} 步"),
    ],
)
def test_a_wrong_word_or_mark_is_seen(text, said):
    """Planted."""
    assert faults(text, said)
    assert not faults("a `x:y` of 1,000: account:A", "`x:y` 的 1,000：account:甲,乙")
