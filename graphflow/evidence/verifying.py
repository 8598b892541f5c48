"""Checking a pack: every byte against its manifest, and every figure computed again from its tables alone."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

from graphflow.case import Case
from graphflow.errors import GraphflowError, InputError, MissingExtraError, Problem
from graphflow.evidence.packing import FORMAT, MANIFEST, container, plain
from graphflow.evidence.paper import NoFontError
from graphflow.evidence.reporting import html_report, pdf_report, workbook
from graphflow.evidence.signing import SIGNATURE, signed_by
from graphflow.evidence.tabling import case_of, place_of, read_rows
from graphflow.language import LANGUAGES, N_
from graphflow.law import law
from graphflow.redlines import check

MOST = 1 << 31
"""Bytes that a pack may be unpacked to: one that grows beyond is no pack of ours."""

SAID: Mapping[str, str] = {
    "agrees": N_("agrees"),
    "differs": N_("differs"),
    "not_checked": N_("not checked"),
}

RECOMPUTED = (
    "code", "title", "title_zh", "subject", "period", "measures", "amount", "amount_least", "currency",
    "by_rule", "severity", "confidence", "kinds", "id", "value", "exact", "threshold", "unit", "measure",
    "robust",
)  # fmt: skip
"""What of a finding is computed again and compared; and `evidence`, by place."""


@dataclass(frozen=True)
class Verified:
    """What came out of checking a pack.

    Attributes
    ----------
    id
        The SHA-256 of the manifest.
    lines
        Frame, one row a thing that was checked: `what`, `result` (``agrees``, ``differs``, ``not_checked``),
        `packed`, `computed`, `note`.
    signed_by
        The public key (hex) by which it is signed; empty where it is not.
    """

    id: str
    lines: pd.DataFrame
    signed_by: str

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not self.lines["result"].eq("differs").any()

    def _repr_html_(self) -> str:
        return str(self.lines.to_html(index=False))


Line = tuple[str, str, str, str, str]


def verify(path: str | Path) -> Verified:
    """Check a pack by itself: that no byte was changed, and that its tables give its findings again.

    The container is built again from its members and compared byte by byte with the file; each member with
    the manifest; each finding is computed again from the rows that it cites; the reports are made again from
    the findings; articles and thresholds are compared with this program's. What elements and
    counter-evidence say rests in part on what the case did *not* have, which no pack can show: that is not
    checked, and said.

    Parameters
    ----------
    path
        The zip.

    Returns
    -------
    Verified

    Raises
    ------
    InputError
        For a file that is no pack.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from graphflow.evidence import pack
    >>> from graphflow.synthesis.lines import rl06
    >>> case = rl06.amount_toy()
    >>> file = pathlib.Path(tempfile.mkdtemp(), "pack.zip")
    >>> id = pack(case, check(case, only="RL-06").findings, file)
    >>> found = verify(file)
    >>> found.agrees, found.signed_by
    (True, '')
    """
    data, members = _open(Path(path))
    manifest = members.get(MANIFEST, b"")
    lines: list[Line] = list(_container(data, members))
    listed = _manifest(path, manifest)
    lines += _members(members, listed)
    signed = ""
    if SIGNATURE in members:
        found, line = _signature(manifest, members[SIGNATURE])
        signed = found or ""
        lines.append(line)
    try:
        told = [json.loads(data) for name, data in sorted(members.items()) if name.startswith("findings/")]
        asked = json.loads(members["asked.json"])
        rows = {
            name.removeprefix("tables/").removesuffix(".csv"): read_rows(data)
            for name, data in members.items() if name.startswith("tables/")
        }  # fmt: skip
        lines += _findings(told, rows, asked)
        lines += _log(members)
    except (KeyError, ValueError, TypeError, AttributeError, GraphflowError) as error:
        lines.append(("findings", "differs", "", "", f"{type(error).__name__}: {error}"[:300]))
        told = []
    lines += _reports(told, members)
    lines += _law(members)
    frame = pd.DataFrame(lines, columns=["what", "result", "packed", "computed", "note"])
    return Verified(hashlib.sha256(manifest).hexdigest(), frame, signed)


def _open(path: Path) -> tuple[bytes, dict[str, bytes]]:
    def refuse(reason: str) -> InputError:
        return InputError(
            Problem(
                str(path),
                N_("this is no evidence pack"),
                first=reason,
                expected=N_("a file that `pack` wrote"),
            )
        )

    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            Problem(str(path), N_("cannot be read: {reason}"), {"reason": error.strerror or str(error)})
        ) from None
    members: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            if sum(entry.file_size for entry in file.infolist()) > MOST:
                raise refuse("> 2 GiB")
            for entry in file.infolist():
                members[entry.filename] = file.read(entry)
    except InputError:
        raise
    except Exception as error:  # whatever a damaged zip may bring its reader to raise
        raise refuse(str(error)[:120] or type(error).__name__) from None
    if MANIFEST not in members:
        raise refuse(", ".join(sorted(members))[:120])
    return data, members


def _container(data: bytes, members: Mapping[str, bytes]) -> Iterator[Line]:
    again = container(members)
    yield (
        "container", "agrees" if again == data else "differs", hashlib.sha256(data).hexdigest(),
        hashlib.sha256(again).hexdigest(), "",
    )  # fmt: skip


def _manifest(path: str | Path, manifest: bytes) -> Mapping[str, Mapping[str, Any]]:
    try:
        said = json.loads(manifest)
        if said["format"] != FORMAT:
            raise InputError(
                Problem(
                    str(path), N_("a pack of another format than this program reads"),
                    first=str(said["format"]),
                    expected=FORMAT,
                )
            )  # fmt: skip
        listed: Mapping[str, Mapping[str, Any]] = said["members"]
        return dict(listed)
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _members(members: Mapping[str, bytes], listed: Mapping[str, Mapping[str, Any]]) -> Iterator[Line]:
    for name in sorted({*members, *listed} - {MANIFEST, SIGNATURE}):
        said = listed.get(name, {})
        packed = str(said.get("sha256", "")) if isinstance(said, Mapping) else ""
        computed = hashlib.sha256(members[name]).hexdigest() if name in members else ""
        result = "agrees" if packed == computed and packed else "differs"
        yield name, result, packed, computed, ""


def _signature(manifest: bytes, signature: bytes) -> tuple[str | None, Line]:
    try:
        key = signed_by(manifest, signature)
    except MissingExtraError as error:
        return None, (SIGNATURE, "not_checked", "", "", str(error))
    return key, (SIGNATURE, "agrees" if key else "differs", "", key or "", "")


def _findings(
    told: Sequence[Mapping[str, Any]],
    rows: Mapping[str, Sequence[Mapping[str, str]]],
    asked: Mapping[str, Any],
) -> Iterator[Line]:
    at = {place_of(table, row): row for table, mine in rows.items() for row in mine}
    last_rows = {place[0]: [at[tuple(place)]] for place in asked["last"]}
    for f in told:
        cited: dict[str, list[Mapping[str, str]]] = {}
        for each in f["evidence"]:
            place = place_of(each["table"], each)
            if place not in at:
                yield (f["id"], "differs", " ".join(place), "", "the row is not in the pack")
                continue
            cited.setdefault(each["table"], []).append(at[place])
        again = _again(f, cited, last_rows, asked)
        if again is None:
            yield f["id"], "differs", f["measure"], "", "the rows do not give such a finding"
            continue
        for name in RECOMPUTED:
            packed, computed = _said(f[name]), _said(again[name])
            yield f"{f['id']} {name}", "agrees" if packed == computed else "differs", packed, computed, ""
        shown = [_shown(each) for each in f["evidence"]], [_shown(each) for each in again["evidence"]]
        same = sorted(r for r in shown[0] if r[0]) == sorted(r for r in shown[1] if r[0])
        yield f"{f['id']} rows", "agrees" if same else "differs", str(len(shown[0])), str(len(shown[1])), ""
        for name in ("elements", "counter_evidence"):
            packed, computed = (_said({e["name"]: e["state"] for e in told_[name]}) for told_ in (f, again))
            if packed == computed:
                yield f"{f['id']} {name}", "agrees", packed, computed, ""
            else:
                yield (
                    f"{f['id']} {name}",
                    "not_checked",
                    packed,
                    computed,
                    "rests also on what the case did not have",
                )


def _again(
    f: Mapping[str, Any],
    cited: Mapping[str, Sequence[Mapping[str, str]]],
    last: Mapping[str, Sequence[Mapping[str, str]]],
    asked: Mapping[str, Any],
) -> Mapping[str, Any] | None:
    """The finding as the rows give it: by its rows alone, else with the row that says when the case ends."""
    given = {
        (f["code"], name): Fraction(said["value"])
        for name, said in f["parameters"].items()
        if isinstance(said, Mapping) and said.get("basis") in ("file", "argument")
    }
    for more in ({}, last):
        both = {name: _once([*cited.get(name, ()), *more.get(name, ())]) for name in {*cited, *more}}
        case: Case = case_of(
            both, asked["files"], currency=asked["currency"], timezone=asked["timezone"],
            minor_units=asked["minor_units"],
        )  # fmt: skip
        found = check(case, only=f["code"], as_of=f["parameters"].get("as_of"), law=given).findings
        alike = [g for g in found if (g.subject_kind, g.subject_id, g.measure) ==
                 (f["subject"]["kind"], f["subject"]["id"], f["measure"])]  # fmt: skip
        best = next((g for g in alike if g.id == f["id"]), alike[0] if alike else None)
        if best is not None and (best.id == f["id"] or more or not last):
            return plain(best)
    return None


def _once(rows: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return list({id(row): row for row in rows}.values())


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _shown(row: Mapping[str, Any]) -> tuple[bool, str, str, str, str]:
    place = place_of(str(row["table"]), row)
    return (bool(row["shows"]), *place)


def _log(members: Mapping[str, bytes]) -> Iterator[Line]:
    """The action log: each line repeats the hash of the one before, the manifest that of the last."""
    head = "0" * 64
    whole = True
    for line in members["actions.jsonl"].split(b"\n")[:-1]:
        whole &= json.loads(line)["before"] == head
        head = hashlib.sha256(line).hexdigest()
    said = str(json.loads(members[MANIFEST])["log"])
    yield "actions.jsonl chain", "agrees" if whole and head == said else "differs", said, head, ""


def _reports(told: Sequence[Mapping[str, Any]], members: Mapping[str, bytes]) -> Iterator[Line]:
    """The reports, made again of the findings."""
    makers: dict[str, Any] = {"findings.xlsx": lambda: workbook(told)}
    for language in LANGUAGES:
        makers[f"report.{language}.html"] = lambda lang=language: html_report(told, lang).encode()
        makers[f"report.{language}.pdf"] = lambda lang=language: pdf_report(told, lang)
    for name, make in makers.items():
        packed = hashlib.sha256(members.get(name, b"")).hexdigest()
        try:
            computed = hashlib.sha256(make()).hexdigest()
        except (MissingExtraError, NoFontError) as error:
            yield f"{name} again", "not_checked", packed, "", str(error)
            continue
        except (KeyError, ValueError, TypeError, GraphflowError) as error:
            yield f"{name} again", "differs", packed, "", str(error)[:200]
            continue
        if name.endswith(".html") or packed == computed:
            yield f"{name} again", "agrees" if packed == computed else "differs", packed, computed, ""
        else:  # other versions and fonts draw otherwise; its bytes were compared with the manifest
            yield (
                f"{name} again",
                "not_checked",
                packed,
                computed,
                "drawn otherwise here: other versions or fonts",
            )


def _law(members: Mapping[str, bytes]) -> Iterator[Line]:
    """The law as this program has it: another version may have more of it."""
    try:
        said = json.loads(members["law.json"])
        for table in ("articles", "thresholds"):
            ours = [dict(row) for row in law(table)]
            strange = [row for row in said[table] if row not in ours]
            note = (
                f"{strange[0]['code']} {strange[0].get('name') or strange[0].get('article')}"
                if strange
                else ""
            )
            yield f"law {table}", "differs" if strange else "agrees", str(len(said[table])), "", note
    except (KeyError, ValueError, TypeError) as error:
        yield "law", "differs", "", "", str(error)[:200]
