"""SEC Form N-PORT: what a fund holds at the end of a month, as XML.

A filing is one product, its holdings as of the reporting date, and those that issued them as parties. Values
are in US dollars; a holding of a negative value (a short position, a derivative that has lost) has no place
among what a product holds, and is refused with its value.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from graphflow.errors import InputError, Problem
from graphflow.language import N_
from graphflow.tables import Note, Raw
from loaders.mapping import provenance, source_files, texts, unread_notes
from loaders.source import File, Source

SPACE = "{http://www.sec.gov/edgar/nport}"

ASSETS = {
    "DBT": "standard_debt", "ABS-MBS": "standard_debt", "ABS-CBDO": "standard_debt", "ABS-O": "standard_debt",
    "ABS-APCP": "standard_debt", "SN": "standard_debt", "LON": "loan", "EC": "equity", "EP": "equity",
    "RE": "property", "RA": "cash",
}  # fmt: skip
ISSUERS = {"CORP": "company", "RF": "contract_fund", "PF": "contract_fund", "MUN": "government",
           "UST": "government", "USGA": "government", "NUSS": "government"}  # fmt: skip

_COLUMNS = {
    "products": ("product_id", "name", "issuer_id", "offering", "kind", "open_type", "net_assets",
                 "total_assets"),
    "holdings": ("product_id", "asset_id", "asset_kind", "amount", "borrower_id", "end", "as_of", "title",
                 "percent", "category"),
    "parties": ("party_id", "name", "kind"),
}  # fmt: skip


def claims(source: Source) -> tuple[File, ...]:
    return tuple(
        file for file in source.files if file.kind == "xml" and b"sec.gov/edgar/nport" in file.head()
    )


def load(source: Source, *, currency: str | None = None, timezone: str | None = None) -> Raw:
    """Read filings.

    Parameters
    ----------
    source
        Files that `claims` has named.
    currency
        USD: the currency of a case is stated by whoever imports, and values here are US dollars.
    timezone
        Of dates, which have no offset; UTC without it.

    Raises
    ------
    InputError
        Where another currency is stated, or none; or a file is not well-formed.
    """
    if currency != "USD":
        raise InputError(
            Problem("--currency", N_("the values of N-PORT are US dollars"), {}, currency or "", "USD")
        )
    raw = Raw({}, timezone=timezone or "UTC", files=source_files(source, "nport"))
    notes = unread_notes(source)
    parts: dict[str, list[pa.Table]] = {}
    for file in source.files:
        for table, rows in _read(file, notes).items():
            columns = {name: texts([values.get(name) for _, values in rows]) for name in _COLUMNS[table]}
            numbers = np.asarray([row for row, _ in rows], np.int64)
            parts.setdefault(table, []).append(provenance(columns, file, None, numbers))
    raw.tables = {table: pa.concat_tables(made) for table, made in parts.items()}
    raw.notes = tuple(notes)
    return raw


Rows = dict[str, list[tuple[int, Mapping[str, str | None]]]]


def _read(file: File, notes: list[Note]) -> Rows:
    content = file.path.read_bytes().lstrip(b"\xef\xbb\xbf \t\r\n")  # some begin with a blank line
    if re.search(rb"<!(DOCTYPE|ENTITY)", content[:4096], re.IGNORECASE):
        raise InputError(Problem(file.name, N_("has a document type of its own, which no filing has")))
    try:
        root = ET.fromstring(content)
    except ET.ParseError as error:
        raise InputError(
            Problem(file.name, N_("is not well-formed XML: {reason}"), {"reason": str(error)})
        ) from None
    general, fund = root.find(f".//{SPACE}genInfo"), root.find(f".//{SPACE}fundInfo")
    if general is None or fund is None:
        raise InputError(Problem(file.name, N_("has no genInfo and fundInfo: it is no whole filing")))
    cik = _said(general, "regCik") or file.stem
    product = _said(general, "seriesId") or cik
    manager = _said(general, "regLei") or f"cik:{cik}"
    rows: Rows = {"products": [], "holdings": [], "parties": []}
    rows["parties"].append(
        (1, {"party_id": manager, "name": _said(general, "regName") or manager, "kind": "company"})
    )
    # a series of an open-end company redeems every day; a filer without a series is closed, or a trust
    rows["products"].append((1, {
        "product_id": product, "name": _said(general, "seriesName") or _said(general, "regName"),
        "issuer_id": manager, "offering": "public", "kind": "public_fund",
        "open_type": "open" if _said(general, "seriesId") else None,
        "net_assets": _plain(_said(fund, "netAssets")), "total_assets": _plain(_said(fund, "totAssets")),
    }))  # fmt: skip
    day = _said(general, "repPdDate")
    seen: dict[str, int] = {}
    for row, each in enumerate(root.iter(f"{SPACE}invstOrSec"), 1):
        name = _identity(each, seen)
        issuer = _issuer(each)
        if issuer is not None:
            rows["parties"].append((row, issuer))
        category = _said(each, "assetCat") or _attribute(each, "assetConditional", "assetCat")
        end = _said(each, "debtSec/maturityDt")
        rows["holdings"].append((row, {
            "product_id": product, "asset_id": name, "asset_kind": ASSETS.get(category or "", "other"),
            "amount": _plain(_said(each, "valUSD")), "borrower_id": issuer["party_id"] if issuer else None,
            "end": None if end in ("N/A", "XXXX") else end, "as_of": day, "title": _said(each, "title"),
            "percent": _said(each, "pctVal"), "category": category,
        }))  # fmt: skip
    cash = _plain(_said(fund, "cshNotRptdInCorD"))
    if cash and cash.strip("0.-"):
        rows["holdings"].append((len(rows["holdings"]) + 1, {
            "product_id": product, "asset_id": f"cash:{product}", "asset_kind": "cash", "amount": cash,
            "as_of": day,
        }))  # fmt: skip
    known: dict[str, tuple[int, Mapping[str, str | None]]] = {}
    for row, values in rows["parties"]:
        known.setdefault(str(values["party_id"]), (row, values))
    rows["parties"] = list(known.values())
    return rows


def _said(element: Any, path: str) -> str | None:
    found = element.find("/".join(SPACE + part for part in path.split("/")))
    text = (found.text or "").strip() if found is not None else ""
    return None if text in ("", "N/A") else text


def _attribute(element: Any, name: str, attribute: str) -> str | None:
    found = element.find(SPACE + name)
    value = found.get(attribute) if found is not None else None
    return value or None


def _plain(value: str | None) -> str | None:
    """A number without the zeros that fill it up."""
    if value and re.fullmatch(r"-?\d+\.\d*?0+", value):
        return value.rstrip("0").removesuffix(".")
    return value


def _identity(each: Any, seen: dict[str, int]) -> str:
    """The best number of a holding: ISIN, CUSIP, another; several with the same one are told apart."""
    isin = each.find(f"{SPACE}identifiers/{SPACE}isin")
    other = each.find(f"{SPACE}identifiers/{SPACE}other")
    cusip = _said(each, "cusip")
    name = (
        (isin.get("value") if isin is not None else None)
        or (cusip if cusip and cusip.strip("0") else None)
        or (other.get("value") if other is not None else None)
        or _said(each, "title")
        or _said(each, "name")
        or "?"
    )
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}#{seen[name]}"


def _issuer(each: Any) -> dict[str, str | None] | None:
    name, lei = _said(each, "name"), _said(each, "lei")
    if name is None and lei is None:
        return None
    category = _said(each, "issuerCat") or _attribute(each, "issuerConditional", "issuerCat") or ""
    return {"party_id": lei or f"name:{name}", "name": name or lei, "kind": ISSUERS.get(category, "company")}
