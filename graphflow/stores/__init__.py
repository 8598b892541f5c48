"""A case in the formats of others: out of ours, whole or not at all, and with what had no place there."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.stores.bods import to_bods
from graphflow.stores.writing import Exported

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.rows import Moment

__all__ = ["TARGETS", "Exported", "Target", "export", "to_bods"]


@dataclass(frozen=True)
class Target:
    """One format to write: how its files' names end, what it is, who writes it, and what it can be told."""

    name: str
    ending: str
    title: str
    write: Callable[..., Exported]
    options: frozenset[str] = frozenset()


TARGETS = (
    Target(
        "bods",
        ".bods.json",
        N_("ownership, as Beneficial Ownership Data Standard 0.4"),
        to_bods,
        frozenset({"regime"}),
    ),
)


def export(
    case: Case, to: str | os.PathLike[str], as_of: Moment | None = None, **options: str | None
) -> Exported:
    """Write a case in the format that the end of a name asks for.

    Parameters
    ----------
    to
        A file; ``NAME.bods.json`` is ownership, see `to_bods`.
    as_of
        The date; None means the last moment of which the case knows anything.
    **options
        What the format can be told besides; None is as if it were not given.

    Returns
    -------
    Exported
        The file, the day, how many of what were written, and what was left out.

    Raises
    ------
    UsageError
        For a name of which no format is known, or something that the format cannot be told.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> export(holders.o1(), "ownership.xyz")
    Traceback (most recent call last):
    graphflow.errors.UsageError: to: no format is known by how this name ends; ... expected: NAME.bods.json
    """
    name = os.fspath(to)
    target = next((each for each in TARGETS if name.lower().endswith(each.ending)), None)
    if target is None:
        known = ", ".join(f"NAME{each.ending}" for each in TARGETS)
        raise UsageError(
            Problem("to", N_("no format is known by how this name ends"), {}, name, expected=known)
        )
    given = {key: value for key, value in options.items() if value is not None}
    unknown = [key for key in given if key not in target.options]
    if unknown:
        raise UsageError(
            *(
                Problem(key, N_("{format} has no such option"), {"format": target.name}, key)
                for key in unknown
            )
        )
    return target.write(case, to, as_of, **given)
