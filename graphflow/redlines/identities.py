"""Identities that parties share: telephones, addresses, devices, signers, machines.

A mark tells somebody from others only where it informs: no word for nothing, no run of one sign. Marks that
are written differently (blanks, signs, capitals) are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.findings import Cited, cited
from graphflow.kernels.index import index_by
from graphflow.redlines.borrowing import words_of
from graphflow.redlines.facts import Facts, Ints, known, runs_of

SAYS_NOTHING = frozenset(
    {"", "无", "不详", "未知", "暂无", "其他", "none", "null", "nan", "na", "unknown", "other"}
)
SHARING = ("shared_address", "shared_phone", "shared_device", "shared_signer")
"""Relations that say of two parties that they share something."""

Bearers = Mapping[str, list[Cited]]


def plain(value: str) -> str:
    """A mark without blanks and signs, in small letters.

    >>> plain("025-8888 6601") == plain("(025) 88886601")
    True
    """
    return re.sub(r"[\s\-_.()（）+,，、:：#]", "", value).lower()


def informs(value: str) -> bool:
    """Whether a mark can tell anybody from others.

    >>> [informs(each) for each in ("13851234567", "不详", "0000000", "-")]
    [True, False, False, False]
    """
    bare = plain(value)
    return bare not in SAYS_NOTHING and len(bare) >= 3 and len(set(bare)) > 1


def numbered(value: str) -> bool:
    """Whether something is named by a number, and not only by what it is.

    >>> numbered("京房权证字第1234号"), numbered("房产证")
    (True, False)
    """
    return informs(value) and any(sign.isdigit() for sign in value)


class Identities:
    """What some parties share with one another, and with some others.

    Parameters
    ----------
    facts
        The case as of the day.
    parties
        Whose identity is asked about.
    staff
        Others, persons of the platform: they only are whom it may be shared with.
    """

    def __init__(self, facts: Facts, parties: frozenset[str], staff: frozenset[str]) -> None:
        self.facts, self.parties, self.staff = facts, parties, staff
        self.wanted = parties | staff

    @cached_property
    def marks(self) -> Mapping[str, Mapping[str, Bearers]]:
        """By kind of mark and value: who bears it, with the rows that say so."""
        found = {**self._stated(), "signer": self._signers()}
        for kind, values in (("medium", self._media()), ("mac", self._machines()), *self._related()):
            if values:
                found[kind] = values
        return found

    def _stated(self) -> dict[str, Mapping[str, Bearers]]:
        parties = self.facts.rows("parties")
        mine = parties[parties["party_id"].isin(self.wanted)]
        who = words_of(mine["party_id"])
        columns = ("phone", "address", "email", "device")
        return {each: _by_value("parties", mine.index, words_of(mine[each]), who) for each in columns}

    def _signers(self) -> Mapping[str, Bearers]:
        accounts = self.facts.rows("accounts")
        held = accounts[accounts["party_id"].isin(self.wanted) & known(accounts["signer_id"])]
        found: dict[str, dict[str, list[Cited]]] = {}
        signers, holders = words_of(held["signer_id"]), words_of(held["party_id"])
        for place, signer, party in zip(held.index, signers, holders, strict=True):
            if signer != party:  # who signs for himself shares nothing
                bearers = found.setdefault(signer, {signer: []} if signer in self.staff else {})
                bearers.setdefault(party, []).append(cited("accounts", [place]))
        return found

    def _media(self) -> Mapping[str, Bearers]:
        facts = self.facts
        signs = facts.rows("sign_ins")
        if signs.empty:
            return {}
        party = facts.account_party[[facts.account_number[str(a)] for a in signs["account_id"]]]
        first = pd.DataFrame({"medium": words_of(signs["medium_id"]), "party": party, "place": signs.index})
        first = first[first["party"] >= 0].drop_duplicates(["medium", "party"])
        who = facts.party_ids[first["party"].to_numpy()]
        keep = np.isin(who, list(self.wanted))
        return _by_value(
            "sign_ins", first["place"].to_numpy()[keep], first["medium"].to_numpy()[keep], who[keep]
        )

    def _machines(self) -> Mapping[str, Bearers]:
        facts = self.facts
        flows = facts.flows
        numbers = [facts.party_number[each] for each in self.wanted if each in facts.party_number]
        rows = flows[np.isin(flows["payer"].to_numpy(), numbers)]
        macs, words = facts.codes("mac", rows["row"].to_numpy())
        if not words:
            return {}
        paid = pd.DataFrame({"mac": macs, "party": rows["payer"].to_numpy(), "row": rows["row"].to_numpy()})
        paid = paid[paid["mac"] >= 0].drop_duplicates(["mac", "party"])
        values = np.array(words, object)[paid["mac"].to_numpy()]
        return _by_value(
            "transfers", paid["row"].to_numpy(), values, facts.party_ids[paid["party"].to_numpy()]
        )

    def _related(self) -> Iterator[tuple[str, Mapping[str, Bearers]]]:
        if not self.facts.tables.has("relations"):
            return
        ties = self.facts.in_force("relations")
        for kind in SHARING:
            of = ties[ties["kind"] == kind]
            found: dict[str, dict[str, list[Cited]]] = {}
            ones, others = words_of(of["party_id"]), words_of(of["other_id"])
            for place, one, other in zip(of.index, ones, others, strict=True):
                if one in self.wanted and other in self.wanted:
                    for a, b in ((one, other), (other, one)):
                        bearers = found.setdefault(f"with {a}", {a: []})
                        bearers.setdefault(b, []).append(cited("relations", [place]))
            yield kind, found

    @cached_property
    def bearing(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """By kind of mark: the values that each party asked about bears."""
        found: dict[str, dict[str, list[str]]] = {}
        for kind, values in self.marks.items():
            for value, owners in values.items():
                for one in [value.removeprefix("with ")] if kind in SHARING else owners:
                    if one in self.parties:
                        found.setdefault(kind, {}).setdefault(one, []).append(value)
        return found

    def known_of(self, party: str) -> bool:
        """Whether anything is known of a party that it could share."""
        return any(party in bearers for bearers in self.bearing.values())

    def others(self, party: str, kind: str) -> tuple[set[str], set[str]]:
        """Others asked about, and staff, with whom a party shares a kind of mark."""
        values = self.bearing.get(kind, {}).get(party, ())
        owners = {each for value in values for each in self.marks[kind][value]} - {party}
        return owners & self.parties, owners & self.staff

    def shared(self, party: str) -> Iterator[tuple[str, set[str], set[str]]]:
        """Each kind of mark that a party shares, with whom of those asked about, and of the staff."""
        for kind in self.bearing:
            peers, staff = self.others(party, kind)
            if peers or staff:
                yield kind, peers, staff

    def _media_at(self, sign_ins: Ints) -> Ints:
        """The places of the media of some sign-ins."""
        pointer, places = self._media_of_sign_ins
        found: Ints = sets.unique(places[runs_of(pointer, sign_ins)])
        return found

    @cached_property
    def _media_of_sign_ins(self) -> tuple[Ints, Ints]:
        """By the place of a sign-in those of the rows that describe its medium: pointer, places."""
        signs, media = self.facts.rows("sign_ins"), self.facts.rows("media")
        both = pd.DataFrame({"medium_id": signs["medium_id"], "sign_in": signs.index}).merge(
            pd.DataFrame({"medium_id": media["medium_id"], "medium": media.index}), on="medium_id"
        )
        size = int(signs.index.max()) + 1 if len(signs) else 0
        pointer, order = index_by(both["sign_in"].to_numpy().astype(np.int32), size)
        return pointer, both["medium"].to_numpy(np.int64)[order]

    def rows(self, party: str, kind: str, others: set[str]) -> list[Cited]:
        """The rows by which a party shares a kind of mark with some others, and who those are.

        Where it bears several values of the kind, no single row need be necessary: all are context.
        """
        facts = self.facts
        values = self.bearing[kind][party]
        places: dict[str, list[Ints]] = {}
        for value in values:
            for one, where in self.marks[kind][value].items():
                if one == party or one in others:
                    for row in where:
                        places.setdefault(row.table, []).append(row.rows)
        found = [cited(table, np.concatenate(rows), len(values) == 1) for table, rows in places.items()]
        found.append(facts.cite_parties([party, *others]))
        if kind in ("medium", "mac"):
            found.append(facts.cite_accounts(facts.accounts_of([party, *others])))
        if kind == "medium":
            mine = [each.rows for each in found if each.table == "sign_ins"]
            found.append(Cited("media", lambda: self._media_at(np.concatenate(mine)), False))
        return found


def _by_value(
    table: str, places: Iterable[int], values: Iterable[object], owners: Iterable[object]
) -> Mapping[str, Bearers]:
    """By value of a mark: who bears it, with the rows."""
    found: dict[str, dict[str, list[Cited]]] = {}
    for place, value, owner in zip(places, values, owners, strict=True):
        if informs(str(value)):
            bearers = found.setdefault(plain(str(value)), {})
            bearers.setdefault(str(owner), []).append(cited(table, [int(place)]))
    return found
