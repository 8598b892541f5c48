"""Errors with four parts: where, what is wrong, the first case, and what was expected or exists.

This room imports nothing of ours, so that every other may raise from it. The English texts are message
ids; :func:`graphflow.language.describe` says the same in another language.

Examples
--------
>>> error = InputError(
...     Problem("transfers.amount", "{count} rows are not numbers", {"count": 2}, "row 4: 'abc'", "12.34"),
...     Problem("transfers", "the column {column} is missing", {"column": "time"}),
... )
>>> print(error)
transfers.amount: 2 rows are not numbers; first: row 4: 'abc'; expected: 12.34
transfers: the column time is missing
>>> error.exit_code
4
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

LONGEST_SHOWN = 600
"""Characters of a literal value that a message shows; longer ones are cut, and the cut says so."""


def shown(value: object, longest: int = LONGEST_SHOWN) -> str:
    """A literal as a message shows it: on one line, and cut (saying so) where it is absurdly long.

    Examples
    --------
    >>> shown("a\\nb")
    'a\\\\nb'
    >>> shown("9" * 1_000_000)[-24:]
    '99… (1000000 characters)'
    """
    whole = str(value)
    cut = whole[:longest]
    line = cut
    if not cut.isprintable():
        line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
    return line if len(whole) <= longest else f"{line}… ({len(whole)} characters)"


def fill(template: str, values: Mapping[str, object]) -> str:
    """Put values into a template's ``{placeholders}``; a name without a value stays as it is.

    Values are only ever inserted, never read as templates: data with braces in it is harmless.

    Examples
    --------
    >>> fill("{n} rows of {file}", {"n": 2})
    '2 rows of {file}'
    """
    parts: list[str] = []
    rest = template
    while True:
        head, brace, rest = rest.partition("{")
        parts.append(head)
        if not brace:
            return "".join(parts)
        name, closed, tail = rest.partition("}")
        if closed and name in values:
            parts.append(shown(values[name]))
            rest = tail
        else:
            parts.append("{")


def said(text: str, translate: Callable[[str], str]) -> str:
    """A text translated; one that ends in a list, after a colon, up to that colon.

    Examples
    --------
    >>> said("one of: person, company", {"one of": "下列之一", "{where}: {what}": "{where}：{what}"}.get)
    '下列之一：person, company'
    """
    whole = translate(text)
    head, colon, words = text.partition(": ")
    if colon and (whole is None or whole == text):
        joint = (translate(_JOINT) or _JOINT).replace("{where}", "").replace("{what}", "")
        return (translate(head) or head) + joint + words
    return whole or text


_JOINT = "{where}: {what}"


class Told(str):
    """A text with a message in it: English as it stands, and another language where a problem is described.

    For values and first cases that hold words of ours, not only data.

    Examples
    --------
    >>> row = Told("row {row}", row=4)
    >>> print(row, "·", row.text({"row {row}": "第{row}行"}.get))
    row 4 · 第4行
    """

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, /, **values: object) -> Told:
        made = super().__new__(cls, fill(template, values))
        made.template, made.values = template, values
        return made

    def __reduce__(self) -> tuple[Callable[..., Told], tuple[str, dict[str, object]]]:
        return _told, (self.template, self.values)

    def text(self, translate: Callable[[str], str | None]) -> str:
        """The text with its message passed through `translate`."""
        return fill(translate(self.template) or self.template, in_words(self.values, translate))


def _told(template: str, values: dict[str, object]) -> Told:
    return Told(template, **values)


def in_words(values: Mapping[str, object], translate: Callable[[str], str | None]) -> dict[str, object]:
    """Values of which those that are messages were translated."""
    return {
        name: value.text(translate) if isinstance(value, Told) else value for name, value in values.items()
    }


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    where : str
        The place, literally: a table and column, a file, an argument.
    what : str
        What is wrong: an English message id with ``{placeholders}``.
    values : mapping
        What stands in the placeholders of `what` and `expected`.
    first : str
        The first case, literally.
    expected : str
        What was expected, or what exists: a message id like `what`.
    """

    where: str
    what: str
    values: Mapping[str, object] = field(default_factory=dict)
    first: str = ""
    expected: str = ""

    def text(self, translate: Callable[[str], str] = str, given: bool = False) -> str:
        """The whole problem on one line, each message id first passed through `translate`.

        Parameters
        ----------
        translate : callable
            From a message id to the text in the reader's language.
        given : bool
            Whether the first case is an argument, and the only one.

        Returns
        -------
        str
            Where, what, the first case and what was expected, as far as they are known.
        """
        values = in_words(self.values, translate)
        line = fill(translate(self.what), values)
        if self.where:
            line = fill(translate(_JOINT), {"where": self.where}).replace("{what}", line)
        if self.first:
            case = translate("; given: {first}") if given else translate("; first: {first}")
            line += fill(case, in_words({"first": self.first}, translate))
        if self.expected:
            expected = fill(said(self.expected, translate), values)
            line += translate("; expected: {expected}").replace("{expected}", expected)
        return line


class GraphflowError(Exception):
    """The base of all our errors; raised as itself it means a defect of ours."""

    exit_code = 70
    given = False

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems: tuple[Problem, ...] = problems

    def __str__(self) -> str:
        return "\n".join(problem.text(given=self.given) for problem in self.problems)


class UsageError(GraphflowError):
    """A wrong argument, an unknown or ambiguous reference."""

    exit_code = 2
    given = True


class InputError(GraphflowError):
    """Data that cannot be read, or rows that a strict load refuses: all problems at once."""

    exit_code = 4


class BusyError(GraphflowError):
    """Somebody else is writing: try again."""

    exit_code = 75


class MissingExtraError(UsageError):
    """A feature needs an optional package that is not installed.

    Examples
    --------
    >>> print(MissingExtraError.of("app", "streamlit"))
    streamlit: this needs a package that is not installed; expected: pip install 'graphflow-lookthrough[app]'
    """

    @classmethod
    def of(cls, extra: str, package: str) -> MissingExtraError:
        """The error for a package that an extra installs.

        Parameters
        ----------
        extra : str
            What is installed, as in ``graphflow-lookthrough[app]``.
        package : str
            What was not found.

        Returns
        -------
        MissingExtraError
            It says how to install it.
        """
        return cls(
            Problem(
                package,
                "this needs a package that is not installed",
                {"extra": extra},
                expected="pip install 'graphflow-lookthrough[{extra}]'",
            )
        )
