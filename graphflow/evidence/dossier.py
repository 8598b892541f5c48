"""Dossiers (一户一档): one page a party, of everything that the case says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow.errors import Problem, Told, UsageError
from graphflow.evidence.paper import Part, pdf_page, rare
from graphflow.evidence.reporting import foot
from graphflow.findings import KIND_NAMES, SEVERITY_NAMES, Finding
from graphflow.folder import cannot_write, write_aside
from graphflow.language import LANGUAGES, N_, told, translate
from graphflow.ownership import controllers, owners
from graphflow.pictures import Facts, Table, Words, amount_text, html_page
from graphflow.pictures.words import (
    FUNCTIONS,
    OWNING_WORDS,
    PARTY_KINDS,
    PRODUCT_KINDS,
    SECTORS,
    percent,
)
from graphflow.redlines import Check, check
from graphflow.redlines.classes import SIX, THREE, classify, parties_of
from graphflow.redlines.facts import facts_of
from graphflow.rows import Moment, party_named
from graphflow.scoring import decisions, score
from graphflow.scoring.deciding import VERDICTS
from graphflow.scoring.keeping import nights
from graphflow.scoring.rating import LEVELS, level_of, read_parameters
from graphflow.scoring.rolling import authorities
from graphflow.tables.columns import names

if TYPE_CHECKING:
    from graphflow.case import Case

SHOWN = 30
"""Rows of a table of a dossier; what is left out is told with its money."""

FORMS = ("html", "pdf")


class Dossiers:
    """The dossiers of a case as of a day: what is common to all of them is worked out once.

    Parameters
    ----------
    case
        The case.
    as_of
        The day; None: everything that the case knows.
    out
        The folder of the nights, for the history of scores; None: without.
    checked
        The findings, where they are there already; else the red lines are asked.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl06
    >>> d = Dossiers(rl06.amount_toy())
    >>> d.findings("COMPANY")[0].code
    'RL-06'
    >>> "恒达实业" in d.html("COMPANY", "zh")
    True
    """

    def __init__(
        self,
        case: Case,
        as_of: Moment | None = None,
        *,
        out: str | Path | None = None,
        checked: Check | None = None,
    ) -> None:
        self.case, self.as_of = case, as_of
        self.out = None if out is None else Path(out)
        self.checked = checked if checked is not None else check(case, as_of=as_of)
        self.facts = facts_of(case, as_of)

    # ------------------------------------------------------------ what is common

    @cached_property
    def classes(self) -> pd.DataFrame:
        """The class of each party."""
        return classify(self.case, self.as_of, checked=self.checked).set_index("party_id")

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The score of each party."""
        frame = score(self.case, self.as_of, checked=self.checked)
        return frame[frame["subject_kind"] == "party"].set_index("subject_id")

    @cached_property
    def _of_party(self) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        for f in self.checked.findings:
            for party in parties_of(self.facts, f.subject_kind, f.subject_id):
                found.setdefault(party, []).append(f)
        return found

    @cached_property
    def _decided(self) -> dict[str, dict[Any, Any]]:
        frame = decisions(self.case)
        return {row["finding"]: row for row in frame[frame["counts"]].to_dict("records")}

    def findings(self, party: str) -> Sequence[Finding]:
        """What was found about a party, its accounts, products and loans.

        Parameters
        ----------
        party
            Its id.

        Returns
        -------
        sequence of Finding
            The gravest first; empty where nothing was found.
        """
        return self._of_party.get(party, [])

    def top(self, count: int) -> list[str]:
        """The parties with the highest scores; none without one.

        Parameters
        ----------
        count
            How many at most.

        Returns
        -------
        list of str
            Their ids.
        """
        frame = self.scores
        return [str(each) for each in frame.index[frame["score"] > 0][:count]]

    # ------------------------------------------------------------ a dossier

    def html(self, party: str, language: str = "zh") -> str:
        """A party's dossier as a page that stands alone.

        Parameters
        ----------
        party
            Its id, or a name that only one has.
        language
            ``en`` or ``zh``.

        Returns
        -------
        str
            HTML, which requests nothing from anywhere.
        """
        ident = party_named(self.case.tables, party)
        title, parts = self._title(ident, language), self.parts(ident, language)
        parts += rare(title, parts, language)
        return html_page(title, parts, language=language, foot=foot(language))

    def pdf(self, party: str, language: str = "zh") -> bytes:
        """A party's dossier as PDF/A, the same bytes each time.

        Parameters
        ----------
        party
            Its id, or a name that only one has.
        language
            ``en`` or ``zh``.

        Returns
        -------
        bytes
            The file. A character that no font here has stands as its number, and the page says so.
        """
        ident = party_named(self.case.tables, party)
        return pdf_page(
            self._title(ident, language), self.parts(ident, language), language=language,
            foot=foot(language), day=self._day(pd.Timestamp(self.facts.at, unit="us", tz="UTC")),
        )  # fmt: skip

    def parts(self, party: str, language: str) -> list[Part]:
        """What stands in a party's dossier, in its order.

        Parameters
        ----------
        party
            Its id.
        language
            ``en`` or ``zh``.

        Returns
        -------
        list of Facts, Table and Words
            The parts of the page.
        """
        made: list[Part] = [self._identity(party, language)]
        for part in (
            self._standing, self._findings, self._money, self._licences, self._owners, self._related,
            self._products, self._history,
        ):  # fmt: skip
            made += part(party, language)
        return made

    def _title(self, party: str, language: str) -> str:
        name = self.facts.name_of(party)
        who = f"{name} ({party})" if name and name != party else party
        return translate(N_("Dossier (一户一档): {who}"), language, who=who)

    def _identity(self, party: str, language: str) -> Facts:
        rows = self.facts.rows("parties")
        (row,) = rows[rows["party_id"] == party].to_dict("records") or [{}]
        words = {"kind": PARTY_KINDS, "sector": SECTORS}

        def cell(column: str) -> str:
            if column == "founded":
                return self._day(row[column])
            return translate(words.get(column, {}).get(row[column], str(row[column])), language)

        said = [
            (title, cell(column))
            for column, title in _IDENTITY.items()
            if row.get(column) is not None
            and row.get(column) == row.get(column)
            and str(row[column]) != "<NA>"
        ]
        place = 0 if language == "zh" else 1
        charged = dict.fromkeys(each[place] for f in self.findings(party) for each in authorities(f.code))
        if charged:
            joined = translate(N_("; "), language).join(charged)
            said.append((N_("authorities in charge of what was found"), joined))
        said.append(
            (N_("as of"), str(self.as_of or translate(N_("everything that the case knows"), language)))
        )
        return Facts([(translate(title, language), value) for title, value in said])

    def _standing(self, party: str, language: str) -> Iterator[Part]:
        """Class and score with their reasons, and what is to be done."""

        def say(text: str, **values: object) -> str:
            return translate(text, language, **values)

        if party in self.classes.index:
            row: Any = self.classes.loc[party]
            measure_zh, measure_en = SIX[str(row["six"])]
            rows = [
                (
                    say(N_("class of six (六分类)")),
                    f"{row['six']} {measure_zh if language == 'zh' else say(measure_en)}",
                )
            ]
            if isinstance(row["three"], str):
                three_zh, three_en = THREE[row["three"]]
                rows.append(
                    (say(N_("class of three (三分类)")), three_zh if language == "zh" else say(three_en))
                )
            reasons = translate(N_("; "), language).join(
                told(each, language) if isinstance(each, Told) else str(each) for each in row["reasons"]
            )
            rows.append((say(N_("because of")), reasons or say(N_("nothing"))))
            yield Words(say(N_("Class (a proposal)")), [])
            yield Facts(rows)
        if party not in self.scores.index or not self.scores.loc[party, "score"]:
            return
        mine = self.scores.loc[party]
        parts = [
            [
                say(KIND_NAMES.get(each["evidence"], each["evidence"])), each["code"], each["finding"],
                each["weight"], each["strength"],
                each["confidence"], each["value"], say(OWNING_WORDS["yes" if each["counts"] else "no"]),
                say(VERDICTS.get(each["decision"], each["decision"])),
            ]
            for each in mine["parts"]
        ]  # fmt: skip
        heads = [
            N_("kind of evidence"), N_("red line"), N_("finding"), N_("weight of the red line"),
            N_("strength"), N_("confidence"), N_("weight × strength × confidence"), N_("counts"),
            N_("decision"),
        ]  # fmt: skip
        level = say(LEVELS[mine["level"]] if mine["level"] else N_("below every level"))
        yield Table(
            say(
                N_("Score {score} ({level}): 1 − Π(1 − weight × strength × confidence) over what counts"),
                score=f"{mine['score']:.6f}", level=level,
            ),
            [say(each) for each in heads], parts, [3, 4, 5, 6],
        )  # fmt: skip

    def _findings(self, party: str, language: str) -> Iterator[Part]:
        found = self.findings(party)
        title = translate(N_("Findings, the gravest first"), language)
        if not found:
            yield Words(
                title, [translate(N_("Nothing was found in what could be asked of this case."), language)]
            )
        for f in found:
            said = [*f.paragraphs(language)]
            decision = self._decided.get(f.id)
            if decision:
                text = N_("Decided: {verdict}, by {by}, {at}: {reason}")
                verdict = translate(VERDICTS[decision["verdict"]], language)
                at = self._moment(decision["at"])
                said.append(
                    translate(
                        text, language, verdict=verdict, by=decision["by"], at=at, reason=decision["reason"]
                    )
                )
            name = f.title_zh if language == "zh" else translate(f.title, language)
            severity = translate(SEVERITY_NAMES[f.severity], language)
            yield Words(f"{f.code} {name} · {severity}", said)

    def _money(self, party: str, language: str) -> Iterator[Part]:
        """What came in and what left each year, by currency; what stays inside counts on neither side."""
        facts = self.facts
        number = facts.party_number.get(party, -1)
        flows = facts.flows
        mine = flows[((flows["payer"] == number) | (flows["payee"] == number)) & ~flows["own"]]
        if number < 0 or mine.empty:
            return
        local = pd.DatetimeIndex(pd.to_datetime(mine["time"], unit="us", utc=True)).tz_convert(
            facts.tables.timezone
        )
        year = local.year
        came = mine["payee"].to_numpy() == number
        rows = []
        key: Any
        for key, part in mine.groupby([year, "currency"]):
            y, code = key
            into = came[mine.index.get_indexer(part.index)]
            coin = facts.currencies[code]
            digits = facts.tables.minor_units.get(coin, 2)
            amounts = part["amount"].to_numpy(np.int64)
            rows.append([
                str(y), coin, f"{int(into.sum()):,}", amount_text(int(amounts[into].sum()), digits),
                f"{int((~into).sum()):,}", amount_text(int(amounts[~into].sum()), digits),
            ])  # fmt: skip
        heads = [
            N_("year"),
            N_("currency"),
            N_("transfers in"),
            N_("came in"),
            N_("transfers out"),
            N_("left"),
        ]
        yield Table(
            translate(N_("Money in and out"), language),
            [translate(each, language) for each in heads],
            rows,
            [2, 3, 4, 5],
        )
        yield self._sides(mine, came, language)

    def _sides(self, mine: pd.DataFrame, came: Any, language: str) -> Table:
        """With whom most of the money moved, in the case's currency."""
        facts = self.facts
        code = facts.home
        digits = facts.tables.minor_units.get(facts.tables.currency, 2)
        home = (mine["currency"] == code).to_numpy()
        other = np.where(came, mine["source"], mine["target"])
        party = np.where(came, mine["payer"], mine["payee"])
        key = np.where(party >= 0, party, -2 - other)
        amounts = mine["amount"].to_numpy(np.int64)
        frame = pd.DataFrame(
            {
                "key": key[home],
                "came": np.where(came, amounts, 0)[home],
                "went": np.where(came, 0, amounts)[home],
            }
        )
        sums = frame.groupby("key").sum()
        sums["all"] = sums["came"] + sums["went"]
        sums = sums.sort_values("all", ascending=False, kind="stable")
        rows = []
        for number, row in sums.head(SHOWN).iterrows():
            key_ = int(str(number))
            ident = str(facts.party_ids[key_]) if key_ >= 0 else str(facts.account_ids[-2 - key_])
            name = facts.name_of(ident) if key_ >= 0 else ""
            rows.append([
                f"{name} ({ident})" if name and name != ident else ident,
                amount_text(int(row["came"]), digits), amount_text(int(row["went"]), digits),
            ])  # fmt: skip
        rest = sums.iloc[SHOWN:]
        note = (
            translate(
                N_("{count} others with {money} are not shown."), language, count=f"{len(rest):,}",
                money=f"{amount_text(int(rest['all'].sum()), digits)} {facts.tables.currency}",
            )
            if len(rest) else ""
        )  # fmt: skip
        heads = [N_("other side"), N_("came in"), N_("left")]
        return Table(
            translate(N_("With whom, {currency}"), language, currency=facts.tables.currency),
            [translate(each, language) for each in heads], rows, [1, 2], note,
        )  # fmt: skip

    def _licences(self, party: str, language: str) -> Iterator[Part]:
        facts = self.facts
        title = translate(N_("Licences against what the flows show"), language)
        if not facts.has("licences"):
            yield Words(title, [translate(N_("No register of licences is here."), language)])
            return
        rows = facts.rows("licences")
        mine = rows[rows["party_id"] == party]
        shown = [
            [
                translate(FUNCTIONS.get(r["function"], str(r["function"])), language),
                _text(r["number"]),
                _text(r["regulator"]),
                self._day(r["since"]),
                self._day(r["until"]),
            ]
            for r in mine.to_dict("records")
        ]
        does = [f for f in self.findings(party) if f.code in ("RL-18", "RL-22")]
        note = (
            "; ".join(told(f.summary, language) for f in does)
            or translate(N_("no function beyond them was found in the flows"), language)
        )  # fmt: skip
        if not shown:
            none = translate(N_("The register has no licence of this party."), language)
            yield Words(title, [none, note])
            return
        heads = [N_("function"), N_("number"), N_("regulator"), N_("granted on"), N_("valid until")]
        yield Table(title, [translate(each, language) for each in heads], shown, note=note)

    def _owners(self, party: str, language: str) -> Iterator[Part]:
        facts = self.facts
        if not facts.has("stakes") or facts.is_person(party) or party not in facts.party_number:
            return
        frame = owners(self.case, party, self.as_of)
        rows = [
            [
                self._who(r["owner_id"]) if r["owner_id"] == r["owner_id"] and r["owner_id"] is not None
                else translate(OWNING_WORDS[r["kind"]], language),
                percent(r["share_min"]) if r["share_min"] == r["share_max"]
                else f"{percent(r['share_min'])} – {percent(r['share_max'])}",
                "" if r["direct"] != r["direct"] else percent(r["direct"]),
            ]
            for r in frame.head(SHOWN).to_dict("records")
        ]  # fmt: skip
        heads = [N_("owner"), N_("share"), N_("held directly")]
        yield Table(
            translate(N_("Owners in the end"), language),
            [translate(each, language) for each in heads],
            rows,
            [1, 2],
        )
        decide = controllers(self.case, party, self.as_of)
        yield Table(
            translate(N_("Controllers"), language), [translate(N_("party"), language)],
            [[self._who(each)] for each in decide["party_id"].dropna()],
            note="" if len(decide) else translate(N_("nobody is seen to control it"), language),
        )  # fmt: skip

    def _related(self, party: str, language: str) -> Iterator[Part]:
        """Who is under the same ultimate control: the group, by which red lines go."""
        if not (self.facts.has("stakes") or self.facts.has("relations")):
            return
        members = sorted(self.facts.group(party) - {party})
        rows = [[self._who(each)] for each in members[:SHOWN]]
        note = (
            translate(N_("{count} more"), language, count=len(members) - SHOWN) if len(members) > SHOWN
            else "" if members else translate(N_("nobody"), language)
        )  # fmt: skip
        yield Table(
            translate(N_("Its group: under the same ultimate control"), language),
            [translate(N_("party"), language)], rows, note=note,
        )  # fmt: skip

    def _products(self, party: str, language: str) -> Iterator[Part]:
        facts = self.facts
        if not facts.has("products"):
            return
        rows = facts.rows("products")
        mine = rows[
            rows["manager_id"].eq(party) | rows["issuer_id"].eq(party) | rows["custodian_id"].eq(party)
        ]
        if mine.empty:
            return
        digits = facts.tables.minor_units.get(facts.tables.currency, 2)
        raised = (
            facts.rows("subscriptions").groupby("product_id")["amount"].sum()
            if facts.has("subscriptions")
            else pd.Series(dtype="int64")
        )
        shown = [
            [
                f"{_text(r['name'])} ({r['product_id']})" if _text(r["name"]) else str(r["product_id"]),
                translate(PRODUCT_KINDS.get(_text(r["kind"]), _text(r["kind"])), language),
                _text(r["registered"]), self._day(r["start"]), self._day(r["end"]),
                amount_text(int(raised.get(r["product_id"], 0)), digits),
            ]
            for r in mine.head(SHOWN).to_dict("records")
        ]  # fmt: skip
        heads = [
            N_("product"),
            N_("kind"),
            N_("registered as"),
            N_("first day"),
            N_("last day"),
            N_("subscribed"),
        ]
        note = translate(N_("{count} more"), language, count=len(mine) - SHOWN) if len(mine) > SHOWN else ""
        yield Table(
            translate(
                N_("Products that it issues, manages or keeps, {currency}"), language,
                currency=facts.tables.currency,
            ),
            [translate(each, language) for each in heads], shown, [5], note,
        )  # fmt: skip

    def _history(self, party: str, language: str) -> Iterator[Part]:
        """Its score night by night, and what people decided."""
        if self.out is not None:
            rows = []
            p = read_parameters()
            for day in nights(self.out):
                frame = pd.read_parquet(
                    self.out / day / "scores.parquet", columns=["subject_kind", "subject_id", "score"],
                    filters=[("subject_kind", "==", "party"), ("subject_id", "==", party)],
                )  # fmt: skip
                for value in frame["score"]:
                    level = level_of(value, p)
                    rows.append([day, f"{value:.6f}", translate(LEVELS[level], language) if level else "–"])
            if rows:
                heads = [N_("night"), N_("score"), N_("level")]
                yield Table(
                    translate(N_("History"), language),
                    [translate(each, language) for each in heads],
                    rows,
                    [1],
                )
        ids = {f.id for f in self.findings(party)}
        frame = decisions(self.case)
        said = [
            [
                self._moment(r["at"]),
                r["by"],
                translate(VERDICTS[r["verdict"]], language),
                r["finding"],
                r["reason"],
            ]
            for r in frame[frame["finding"].isin(ids)].to_dict("records")
        ]
        if said:
            heads = [N_("when"), N_("by whom"), N_("decision"), N_("finding"), N_("reason given")]
            yield Table(
                translate(N_("Decisions"), language), [translate(each, language) for each in heads], said
            )

    def _day(self, value: Any) -> str:
        """The day of a moment where the case is at home."""
        return self._moment(value)[:10]

    def _moment(self, value: Any) -> str:
        """A moment where the case is at home, to the minute."""
        if pd.isna(value):
            return ""
        at = pd.Timestamp(value)
        at = at.tz_localize("UTC") if at.tzinfo is None else at
        return at.tz_convert(self.case.tables.timezone).strftime("%Y-%m-%d %H:%M")

    def _who(self, ident: Any) -> str:
        name = self.facts.name_of(str(ident))
        return f"{name} ({ident})" if name and name != ident else str(ident)


_IDENTITY = {
    "party_id": N_("id"), "name": N_("name"), "kind": N_("kind"), "sector": N_("sector"),
    "id_type": N_("kind of document"), "id_number": N_("number of document"), "founded": N_("founded"),
    "region_registered": N_("region of registration"), "region_operating": N_("region of operation"),
    "address": N_("address"), "phone": N_("telephone"), "scope": N_("scope of business"),
}  # fmt: skip


def write_dossiers(
    dossiers: Dossiers,
    parties: Sequence[str],
    out: str | Path,
    *,
    languages: Sequence[str] = LANGUAGES,
    forms: Sequence[str] = ("html",),
) -> list[Path]:
    """Write the dossiers of some parties into a folder, one file a party, language and form.

    Parameters
    ----------
    dossiers
        The dossiers of a case.
    parties
        Ids of parties, or names that only one has.
    out
        The folder.
    languages, forms
        ``en``, ``zh``; ``html``, ``pdf``.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    UsageError
        For a party or form that there is not, and a folder that cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from graphflow.synthesis.lines import rl06
    >>> d = Dossiers(rl06.amount_toy())
    >>> [file.name for file in write_dossiers(d, d.top(1), tempfile.mkdtemp(), languages=["zh"])]
    ['COMPANY.zh.html']
    """
    unknown = [each for each in forms if each not in FORMS]
    if unknown or not parties:
        raise UsageError(
            Problem(
                "form", N_("there is no such form"), first=unknown[0], expected=names(unknown, list(FORMS))
            )
            if unknown
            else Problem(
                "party", N_("nobody is named, and nobody has a score"), expected=N_("ids or names of parties")
            )
        )
    idents = [party_named(dossiers.case.tables, each) for each in parties]
    folder = Path(out)
    made = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for ident in dict.fromkeys(idents):
            for language in languages:
                for form in forms:
                    data = (
                        dossiers.pdf(ident, language)
                        if form == "pdf"
                        else dossiers.html(ident, language).encode()
                    )
                    file = folder / f"{_file_name(ident)}.{language}.{form}"
                    write_aside(file, data)
                    made.append(file)
    except FileExistsError:
        raise UsageError(
            Problem("out", N_("this is a file"), {}, str(folder), N_("a folder for the dossiers"))
        ) from None
    except OSError as error:
        raise cannot_write(error.filename or folder, error) from None
    return made


def _file_name(ident: str) -> str:
    """An id as the name of a file: letters and digits stay, others become their number.

    >>> _file_name("恒达/../1")
    '恒达-2f-2e-2e-2f1'
    """
    return re.sub(r"[^\w-]", lambda m: f"-{ord(m[0]):x}", ident)


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
