"""What the verbs of ownership print: owners, control, related parties, chains of stakes, power."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphflow.cli.showing import called, cell, out, party_names, print_facts, print_table, write_csv
from graphflow.language import N_, translate
from graphflow.pictures import Facts, Table
from graphflow.pictures.words import OWNING_WORDS, RELATED_RULES, percent
from graphflow.terminal import jsonable, write_json
from graphflow.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from graphflow.case import Case
    from graphflow.ownership import Related

TITLES: Mapping[str, str] = {
    "owners": N_("Owners in the end"),
    "controls": N_("Under control, in the order in which they come under it"),
    "controllers": N_("Controllers"),
    "beneficial-owners": N_("Beneficial owners (受益所有人)"),
    "weakest-link": N_("Chains of stakes, the strongest first"),
    "power": N_("Blocks of votes"),
    "basis": N_("Grounds"),
    "hints": N_("Hints, which prove nothing"),
}
"""Of each table."""

_COLUMNS: Mapping[str, str] = {
    "company_id": N_("company"),
    "owner_id": N_("owner"),
    "party_id": N_("party"),
    "kind": N_("kind"),
    "ultimate": N_("nobody above"),
    "share": N_("share"),
    "within": N_("more by at most"),
    "share_uncorrected": N_("with what comes back"),
    "votes": N_("votes"),
    "direct": N_("held directly"),
    "paths": N_("ways"),
    "how": N_("by"),
    "through": N_("through"),
    "joint": N_("jointly"),
    "certain": N_("certain"),
    "with_parties": N_("together with"),
    "axis": N_("by what"),
    "mode": N_("counted"),
    "value": N_("value"),
    "threshold": N_("threshold"),
    "met": N_("met"),
    "basis": N_("ground"),
    "path": N_("chain"),
    "shares": N_("stakes"),
    "thinnest": N_("thinnest"),
    "product": N_("product of stakes"),
    "shapley_shubik": "Shapley–Shubik",
    "banzhaf": "Banzhaf",
    "rule": N_("rule"),
    "answer": N_("answer"),
    "scope": N_("scope"),
    "between": N_("through"),
    "date": N_("date"),
    "article": N_("article"),
    "text": N_("wording"),
    "mark": N_("checked"),
    "hint": N_("hint"),
    "source": N_("source"),
}
_PARTS = frozenset({
    "share", "within", "share_uncorrected", "votes", "direct", "value", "threshold", "thinnest", "product",
    "shapley_shubik", "banzhaf",
})  # fmt: skip
_IDS = frozenset({"company_id", "owner_id", "party_id"})
_WAYS = frozenset({"paths", "path"})
_OTHERS = frozenset({"through", "between", "with_parties"})
_HIDDEN = frozenset({"share_min", "share_max", "votes_min", "votes_max", "in_paths", "text", "mark"})


def show_frames(
    case: Case,
    facts: Sequence[tuple[str, object]],
    frames: Mapping[str, pd.DataFrame],
    form: str,
    language: str,
) -> None:
    """Print one or several frames: as tables for people, with the facts above; as JSON or CSV for programs.

    CSV has the first frame only.
    """
    if form == "json":
        parameters = {name: jsonable(value) for name, value in facts}
        pairs: list[tuple[str, object]] = [
            (name.replace("-", "_"), [_record(row) for row in frame.to_dict("records")])
            for name, frame in frames.items()
        ]
        write_json([*pairs, *parameters.items(), ("case_hash", case.hash), ("version", VERSION)], sys.stdout)
    elif form == "csv":
        frame = next(iter(frames.values()))
        write_csv([_record(row) for row in frame.to_dict("records")], [str(name) for name in frame.columns])
    else:
        print_facts(
            Facts([
                (translate(_FACTS[name], language), cell(jsonable(value)))
                for name, value in facts if jsonable(value) is not None
            ])
        )  # fmt: skip
        for name, frame in frames.items():
            if len(frame):
                print_table(_table(case, name, frame, language))
            else:
                out()
                said = {"where": translate(TITLES[name], language), "what": translate(N_("none"), language)}
                out(translate(N_("{where}: {what}"), language, **said))


_FACTS: Mapping[str, str] = {
    "company": N_("company"),
    "party": N_("party"),
    "owner": N_("owner"),
    "other": N_("other party"),
    "as_of": N_("As of"),
    "least": N_("at least"),
    "regime": N_("Regime"),
    "law": N_("Law"),
    "answer": N_("Answer"),
}


def _record(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): jsonable(value) for name, value in row.items()}


def _table(case: Case, name: str, frame: pd.DataFrame, language: str) -> Table:
    """A frame in the reader's language; ranges stand in one cell, shares are percents."""
    columns = [column for column in frame.columns if column not in _HIDDEN]
    if name == "controls" and frame["certain"].all():
        columns.remove("certain")
    if "within" in columns and not frame["within"].any():
        columns.remove("within")
    names = party_names(case, {each for column in columns for each in _ids_in(column, frame[column])})
    rows = [[_cell(row, column, names, language) for column in columns] for row in frame.to_dict("records")]
    right = [place for place, column in enumerate(columns) if column in _PARTS]
    return Table(
        translate(TITLES[name], language),
        [translate(_COLUMNS[each], language) for each in columns],
        rows,
        right,
    )


def _ids_in(column: str, values: Iterable[Any]) -> Iterator[str]:
    """The parties that the cells of a column name."""
    for value in values:
        if column in _IDS and jsonable(value) is not None:
            yield str(value)
        elif column in _WAYS:
            yield from (each for way in (value if column == "paths" else (value,)) for each in way)
        elif column in _OTHERS:
            yield from (each if isinstance(each, str) else each[0] for each in value)


def _cell(row: Mapping[Any, Any], column: str, names: Mapping[str, str], language: str) -> str:
    value = row[column]
    if column in _PARTS:
        low, high = row.get(f"{column}_min"), row.get(f"{column}_max")
        if isinstance(value, float) and math.isnan(value) and low is not None and high is not None:
            return f"{percent(low)} – {percent(high)}" if not math.isnan(low) else ""
        return percent(float(value))
    if column in _IDS:
        if jsonable(value) is None:
            kind = str(row["kind"]) if row.get("kind") in ("excess", "endless") else "unknown"
            return translate(OWNING_WORDS[kind], language) if column == "owner_id" else ""
        return called(str(value), names)
    if column in _WAYS:
        ways = value if column == "paths" else (value,)
        return "; ".join(" → ".join(called(each, names) for each in way) for way in ways)
    if column == "rule":
        return translate(RELATED_RULES[str(value)], language)
    if column == "shares":
        return ", ".join(percent(part) for part in value)
    if column in _OTHERS:
        return ", ".join(
            called(each, names) if isinstance(each, str) else f"{called(each[0], names)} {percent(each[1])}"
            for each in value
        )
    if isinstance(value, bool):
        return translate(OWNING_WORDS["yes" if value else "no"], language)
    plain = jsonable(value)
    if isinstance(plain, str) and plain in OWNING_WORDS:
        return translate(OWNING_WORDS[plain], language)
    return cell(plain)


def show_related(
    case: Case, answer: Related, facts: Sequence[tuple[str, object]], form: str, language: str
) -> None:
    """Print whether two parties are related: the answer first, then its grounds, then hints."""
    if form == "table":
        said = [*facts, ("answer", translate(OWNING_WORDS[answer.answer], language))]
    else:
        said = [*facts, ("answer", answer.answer)]
    frames = {"basis": answer.basis, "hints": answer.hints}
    show_frames(case, said, frames, form, language)
