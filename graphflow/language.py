"""What we say, in the reader's language: gettext catalogues and the tool that keeps them.

English texts in the code are the message ids. A text that is shown at once goes through
:func:`translate`; one that is kept and shown later (a problem, a title in a list) is marked with
:func:`N_`. ``python -m graphflow.language`` collects both from the source, merges them into the
catalogues and compiles these; with a JSON file of ``{"msgid": "translation"}`` it fills the Chinese in.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import functools
import gettext
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from graphflow.errors import Told, fill, in_words

LANGUAGES = ("en", "zh")
DOMAIN = "graphflow"
LOCALE = Path(__file__).parent / "locale"
ROOMS = ("graphflow", "loaders", "app")


def N_(text: str) -> str:
    """Mark a text for translation later; returns it unchanged.

    Examples
    --------
    >>> N_("unknown currency")
    'unknown currency'
    """
    return text


def closest(language: str | None) -> str:
    """The language of ours that a locale or browser tag asks for; English where we have none.

    Examples
    --------
    >>> closest("zh_CN.UTF-8"), closest("zh-Hans"), closest("fr"), closest(None)
    ('zh', 'zh', 'en', 'en')
    """
    head = (language or "").replace("_", "-").split("-")[0].split(".")[0].lower()
    return head if head in LANGUAGES else LANGUAGES[0]


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r}: there is {', '.join(LANGUAGES)}")
    catalogue = resources.files("graphflow").joinpath("locale", language, "LC_MESSAGES", f"{DOMAIN}.mo")
    with catalogue.open("rb") as file:  # also where the program is a zip that nobody unpacked
        return gettext.GNUTranslations(file)


def translate(text: str, /, language: str = "en", **values: object) -> str:
    """A message in a language, its ``{placeholders}`` filled.

    Parameters
    ----------
    text : str
        The English text, which is the message id.
    language : str
        One of :data:`LANGUAGES`.
    **values
        What stands in the placeholders.

    Examples
    --------
    >>> translate("{where}: {what}", "en", where="here", what="nothing")
    'here: nothing'
    >>> translate("this needs a package that is not installed", "zh")
    '此功能需要的软件包未安装'
    """
    said = _catalogue(language).gettext(text) if text else ""
    return fill(said, in_words(values, _catalogue(language).gettext)) if values else said


def told(text: str, language: str = "en") -> str:
    """A message in a language, with the messages in its values.

    Examples
    --------
    >>> from graphflow.errors import Told
    >>> told(Told("{where}: {what}", where="t1", what="?"), "zh")
    't1：?'
    """
    if isinstance(text, Told):
        return text.text(lambda each: translate(each, language))
    return translate(text, language)


def describe(
    error: BaseException, language: str = "en", names: Mapping[str, str] = MappingProxyType({})
) -> str:
    """An error in a language: one line a problem; an error that is not ours as Python says it.

    Parameters
    ----------
    names
        What the reader knows arguments by, such as ``{"currency": "--currency"}`` on the command line.

    Examples
    --------
    >>> from graphflow.errors import Problem, UsageError
    >>> error = UsageError(Problem("X", "this needs a package that is not installed", first="Y"))
    >>> print(describe(error, "zh"))
    X：此功能需要的软件包未安装；所给：Y
    """
    problems = getattr(error, "problems", None)
    if problems is None:
        return str(error) or type(error).__name__
    say = functools.partial(translate, language=language)
    given = getattr(error, "given", False)
    return "\n".join(
        replace(problem, where=names.get(problem.where, problem.where)).text(say, given)
        for problem in problems
    )


# ---------------------------------------------------------------- the tool


def messages(source: str) -> Iterator[str]:
    """The message ids in a Python source: the first arguments of ``N_``, ``Told``, ``translate`` and ``say``.

    The texts of `Problem` need no mark: they are message ids by definition.

    Examples
    --------
    >>> sorted(messages('N_("a"); translate("b", lang); f(x, "c"); Problem("w", "d", {}, expected="e")'))
    ['a', 'b', 'd', 'e']
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        found: list[ast.expr] = []
        if name in ("N_", "Told", "translate", "say"):
            found = node.args[:1]
        elif name == "Problem":
            found = node.args[1:2] + node.args[4:5]
            found += [keyword.value for keyword in node.keywords if keyword.arg in ("what", "expected")]
        for text in found:
            if isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value:
                yield text.value


def collect(root: Path, rooms: Iterable[str] = ROOMS) -> dict[str, list[str]]:
    """Every message id used under `root`, with the files that use it."""
    found: dict[str, set[str]] = {}
    for room in rooms:
        for path in sorted((root / room).rglob("*.py")):
            for text in messages(path.read_text(encoding="utf-8")):
                found.setdefault(text, set()).add(path.relative_to(root).as_posix())
    return {text: sorted(found[text]) for text in sorted(found)}


def compiled(po: bytes) -> bytes:
    """The binary catalogue of a text catalogue: the same bytes for the same texts."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    out = io.BytesIO()
    write_mo(out, read_po(io.BytesIO(po), domain=DOMAIN))
    return out.getvalue()


def merged(po: bytes, used: dict[str, list[str]], language: str, added: dict[str, str]) -> bytes:
    """A text catalogue brought up to date: new ids in, translations kept, ids no longer used set aside."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po, write_po

    old = read_po(io.BytesIO(po), domain=DOMAIN)
    known = {str(m.id): str(m.string) for m in old if m.id and m.string}
    known.update({str(m.id): str(m.string) for m in old.obsolete.values() if m.string})
    known.update(added)
    # A fixed header: the catalogue is a function of its texts, so that merges and diffs are quiet.
    start = datetime.datetime(2016, 1, 1, tzinfo=datetime.UTC)
    new = Catalog(
        locale=language,
        domain=DOMAIN,
        fuzzy=False,
        header_comment="# The texts of graphflow.",
        project="graphflow",
        version="1",
        msgid_bugs_address=" ",
        language_team=language,
        last_translator=" ",
        creation_date=start,
        revision_date=start,
    )
    for text, files in used.items():
        new.add(text, known.get(text, ""), locations=[(file, 0) for file in files])
    gone = Catalog(locale=language, domain=DOMAIN)
    for text in sorted(set(known) - set(used)):
        gone.add(text, known[text])
        new.obsolete[text] = gone[text]  # type: ignore[index, assignment, unused-ignore]
    out = io.BytesIO()
    write_po(out, new, width=110, sort_output=True, include_lineno=False)
    return out.getvalue()


def update(root: Path, added: dict[str, str] | None = None, locale: Path = LOCALE) -> list[str]:
    """Collect, merge and compile all catalogues; returns the ids that still lack a Chinese text."""
    used = collect(root)
    for language in LANGUAGES:
        folder = locale / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{DOMAIN}.po"
        old = path.read_bytes() if path.exists() else b""
        po = merged(old, used, language, (added or {}) if language == "zh" else {})
        path.write_bytes(po)
        path.with_suffix(".mo").write_bytes(compiled(po))
    _catalogue.cache_clear()
    return missing(used, locale)


def missing(used: Iterable[str], locale: Path = LOCALE) -> list[str]:
    """The ids among `used` for which the Chinese catalogue has nothing."""
    from babel.messages.pofile import read_po

    with (locale / "zh" / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        have = {str(m.id) for m in read_po(file) if m.id and m.string}
    return [text for text in used if text not in have]


def main(arguments: list[str] | None = None) -> int:
    """``python -m graphflow.language [TRANSLATIONS.json ...]``."""
    parser = argparse.ArgumentParser(
        prog="python -m graphflow.language",
        description="Collect the texts of the source, merge them into the catalogues, compile these. "
        "Prints the texts that lack Chinese; exit code 1 if there are any.",
    )
    parser.add_argument(
        "files", nargs="*", type=_translations, metavar="FILE.json", help='{"English": "Chinese", ...} to add'
    )
    added = {text: said for each in parser.parse_args(arguments).files for text, said in each.items()}
    left = update(Path(__file__).parent.parent, added)
    for text in left:
        print(json.dumps(text, ensure_ascii=False))
    print(f"{len(left)} messages without Chinese", file=sys.stderr)
    return 1 if left else 0


def _translations(name: str) -> dict[str, str]:
    """A file of translations as an argument: whatever is wrong with it is a wrong argument."""
    try:
        read = json.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{name}: {error}") from None
    if not isinstance(read, dict) or not all(isinstance(said, str) for said in read.values()):
        raise argparse.ArgumentTypeError(f"{name}: not one JSON object of texts")
    return read


if __name__ == "__main__":
    sys.exit(main())
