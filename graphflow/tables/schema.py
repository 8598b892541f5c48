"""What the tables are: every table, column, unit and word that we know, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from graphflow.language import N_

KINDS: Mapping[str, pa.DataType] = MappingProxyType(
    {
        "id": pa.large_string(),
        "text": pa.large_string(),
        "enum": pa.large_string(),
        "currency": pa.large_string(),
        "money": pa.int64(),  # minor units of its currency
        "share": pa.int64(),  # parts per billion
        "rate": pa.float64(),
        "time": pa.timestamp("us", "UTC"),
        "bool": pa.bool_(),
        "integer": pa.int64(),
    }
)
"""The Arrow type in which a column of each kind is held once checked."""

SHARE_DIGITS = 9
PROVENANCE = ("source_file", "source_sheet", "source_row")
"""Where a row came from; they stand beside the columns of every table."""


@dataclass(frozen=True)
class ColumnSpec:
    """One column: what it holds and what is checked of it.

    Attributes
    ----------
    name, kind
        `kind` is one of :data:`KINDS`.
    required
        Neither the column nor a value of it may be missing.
    words
        Of an enum: the words that may stand in it.
    refers
        The tables of whose keys a value must be one.
    missing
        What is done with a value that no such table has: ``"add"`` it to the first of `refers` with what is
        known, ``"refuse"`` the row, or ``"report"`` it and keep the row.
    currency
        Of money: the column that names its currency; ``""`` means the case's currency, ``"account_id"`` the
        currency of the account in that column.
    positive
        Zero and less are refused (in transfers, zero is set aside).
    least, greatest
        The bounds of an integer; of a time, its first and last year; of money, how many minor units on
        either side of zero.
    hint
        Sources may differ in it without contradicting one another.
    """

    name: str
    kind: str
    required: bool = False
    words: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()
    missing: str = "report"
    currency: str = ""
    positive: bool = False
    least: int | None = None
    greatest: int | None = None
    hint: bool = False

    @property
    def type(self) -> pa.DataType:
        """The Arrow type in which the column is held."""
        return KINDS[self.kind]


@dataclass(frozen=True)
class TableSpec:
    """One table: its columns, its key, and the pairs of columns that are a period.

    Examples
    --------
    >>> SCHEMA["stakes"].required
    ('owner_id', 'company_id')
    >>> SCHEMA["transfers"].key, SCHEMA["stakes"].key
    ('transfer_id', '')
    """

    name: str
    title: str
    columns: Mapping[str, ColumnSpec]
    key: str = ""
    periods: tuple[tuple[str, str], ...] = ()
    money: str = ""
    """The column whose sum the import report closes."""

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the required columns."""
        return tuple(c.name for c in self.columns.values() if c.required)


def _read(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_WORDS = {
    "accounts.kind": _read(
        "settlement client_custody reserve_central reserve_special margin securities payroll tax loan wallet "
        "cash clearing internal"
    ),
    "parties.kind": _read("person company partnership contract_fund trust government branch bank"),
    "parties.sector": _read(
        "p2p_platform equity_crowdfunding_platform payment_institution asset_manager fund_distributor bank "
        "trust_company insurer broker lender guarantor exchange clearing_house developer property_agency "
        "ordinary"
    ),
    "relations.kind": _read(
        "director supervisor manager legal_representative controller trustee employee spouse parent child "
        "sibling concert agent shared_address shared_phone shared_device shared_signer"
    ),
    "roles.role": _read(
        "bank_internal clearing custody reserve settlement_house intragroup_pool tax_social payroll utility "
        "exchange hospital_school court_escrow presale_escrow marketplace administrator government"
    ),
    "licences.function": _read(
        "payment online_lending lending asset_management fund_sale securities margin_financing "
        "equity_crowdfunding guarantee insurance trust banking exchange"
    ),
    "products.offering": _read("public private"),
    "products.kind": _read(
        "fixed_income equity mixed commodity public_fund fund_of_funds abs pension trust wealth_management"
    ),
    "products.open_type": _read("open closed"),
    "holdings.asset_kind": _read("cash standard_debt nonstandard_debt equity product loan property other"),
}

_ACCOUNT = {"refers": ("accounts",), "missing": "add"}
_PARTY = {"refers": ("parties",), "missing": "add"}
_OWN = {"currency": "currency"}
_OF_CASE = {"currency": ""}
_POSITIVE = {"currency": "", "positive": True}
# What the ledger divides must stay below 2**52: a row beyond it is refused alone, never the whole import.
_DIVIDED = {"greatest": 2**52 - 1}
# A time at which something happened. Ends of periods may be any day: banks write 9999-12-31 for no end.
_HAPPENED = {"least": 1900, "greatest": 2100}
_LEVEL = {"least": 1, "greatest": 5}

# One line a column: name (a star: required), kind, and what else is known of it.
_COLUMNS: Mapping[str, tuple[tuple[Any, ...], ...]] = {
    "transfers": (
        ("transfer_id*", "id"),
        ("time*", "time", _HAPPENED),
        ("target_time", "time", _HAPPENED),
        ("sequence", "integer"),
        ("source_sequence", "integer"),
        ("target_sequence", "integer"),
        ("source*", "id", _ACCOUNT),
        ("target*", "id", _ACCOUNT),
        ("amount*", "money", {"currency": "currency", "positive": True, **_DIVIDED}),
        ("currency", "currency"),
        ("memo", "text"),
        ("loan_id", "id", {"refers": ("loans",)}),
        ("listing_id", "id", {"refers": ("listings",)}),
        ("product_id", "id", {"refers": ("products",)}),
        ("order_id", "id"),
        ("clearing_id", "id"),
        ("kind", "text"),
        ("channel", "text"),
        ("ip", "text"),
        ("mac", "text"),
        ("source_reference", "text"),
        ("target_reference", "text"),
        ("source_name", "text"),
        ("target_name", "text"),
        ("source_balance", "money", {**_OWN, **_DIVIDED}),
        ("target_balance", "money", {"currency": "target_currency", **_DIVIDED}),
        ("reversal_of", "id", {"refers": ("transfers",)}),
        ("fee_of", "id", {"refers": ("transfers",)}),
        ("target_amount", "money", {"currency": "target_currency", "positive": True, **_DIVIDED}),
        ("target_currency", "currency"),
    ),
    "accounts": (
        ("account_id*", "id"),
        ("name", "text", {"hint": True}),
        ("aliases", "text", {"hint": True}),
        ("parent_id", "id", _ACCOUNT),
        ("party_id", "id", _PARTY),
        ("product_id", "id", {"refers": ("products",)}),
        ("signer_id", "id", _PARTY),
        ("bank", "text"),
        ("kind", "enum"),
        ("currency", "currency"),
        ("overdraft_limit", "money", {**_OWN, **_DIVIDED}),
        ("opened", "time"),
        ("closed", "time"),
        ("opening_balance", "money", {"currency": "currency", "hint": True, **_DIVIDED}),
        ("covered_from", "time", {"hint": True}),
        ("covered_to", "time", {"hint": True}),
        ("covered", "bool", {"hint": True}),
    ),
    "coverage": (
        ("account_id*", "id", _ACCOUNT),
        ("from", "time"),
        ("to", "time"),
        ("opening_balance", "money", {"currency": "account_id", **_DIVIDED}),
        ("source", "text"),
    ),
    "media": (("medium_id*", "id"), ("kind", "text"), ("blocked", "bool"), ("opened", "time")),
    "sign_ins": (
        ("medium_id*", "id", {"refers": ("media",), "missing": "refuse"}),
        ("account_id*", "id", _ACCOUNT),
        ("time*", "time", _HAPPENED),
        ("location", "text"),
    ),
    "parties": (
        ("party_id*", "id"),
        ("name*", "text"),
        ("id_type", "text"),
        ("id_number", "id"),
        ("kind*", "enum"),
        ("sector", "enum"),
        ("scope", "text", {"hint": True}),
        ("registered_capital", "money", _OF_CASE),
        ("paid_in_capital", "money", _OF_CASE),
        ("address", "text"),
        ("phone", "text"),
        ("email", "text"),
        ("device", "text"),
        ("founded", "time"),
        ("region_registered", "text"),
        ("region_operating", "text"),
    ),
    "stakes": (
        ("owner_id*", "id", _PARTY),
        ("company_id*", "id", _PARTY),
        ("share", "share"),
        ("share_min", "share"),
        ("share_max", "share"),
        ("votes", "share"),
        ("class", "text"),
        ("since", "time"),
        ("until", "time"),
        ("nominee_for", "id", _PARTY),
        ("indirect", "bool"),
    ),
    "relations": (
        ("party_id*", "id", _PARTY),
        ("other_id*", "id", _PARTY),
        ("kind*", "enum"),
        ("since", "time"),
        ("until", "time"),
        ("source", "text"),
    ),
    "roles": (
        ("subject_id*", "id", {"refers": ("accounts", "parties"), "missing": "refuse"}),
        ("role*", "enum"),
        ("since", "time"),
        ("until", "time"),
        ("source*", "text"),
    ),
    "financials": (
        ("party_id*", "id", _PARTY),
        ("period_end*", "time", _HAPPENED),
        ("total_assets", "money", _OWN),
        ("net_assets", "money", _OWN),
        ("net_capital", "money", _OWN),
        ("revenue", "money", _OWN),
        ("net_profit", "money", _OWN),
        ("currency", "currency"),
    ),
    "licences": (
        ("party_id*", "id", _PARTY),
        ("function*", "enum"),
        ("number", "text"),
        ("regulator", "text"),
        ("since", "time"),
        ("until", "time"),
    ),
    "products": (
        ("product_id*", "id"),
        ("name", "text"),
        ("issuer_id", "id", _PARTY),
        ("manager_id", "id", _PARTY),
        ("custodian_id", "id", _PARTY),
        ("offering", "enum"),
        ("kind", "enum"),
        ("open_type", "enum"),
        ("start", "time"),
        ("end", "time"),
        ("next_open", "time"),
        ("net_assets", "money", _OF_CASE),
        ("total_assets", "money", _OF_CASE),
        ("promised_yield", "rate"),
        ("guarantee", "text"),
        ("unit_minimum", "money", _OF_CASE),
        ("risk_level", "integer", _LEVEL),
        ("project", "text"),
        ("registered", "text"),
        ("exempt", "text"),
    ),
    "holdings": (
        ("product_id*", "id", {"refers": ("products",), "missing": "refuse"}),
        ("asset_id*", "id"),
        ("asset_kind*", "enum"),
        ("amount*", "money", _POSITIVE),
        ("income", "money", _OF_CASE),
        ("borrower_id", "id", _PARTY),
        ("start", "time"),
        ("end", "time"),
        ("as_of", "time"),
        ("confirmed", "bool"),
    ),
    "subscriptions": (
        ("product_id*", "id", {"refers": ("products",), "missing": "refuse"}),
        ("investor_id*", "id", {"refers": ("parties", "products"), "missing": "add"}),
        ("amount*", "money", _POSITIVE),
        ("time*", "time", _HAPPENED),
        ("due", "time"),
        ("redeemed", "time", _HAPPENED),
        ("redeemed_amount", "money", _OF_CASE),
        ("qualified", "bool"),
        ("evidence", "text"),
        ("kyc", "text"),
        ("risk_tolerance", "integer", _LEVEL),
        ("transfer_id", "id", {"refers": ("transfers",)}),
        ("redemption_transfer_id", "id", {"refers": ("transfers",)}),
    ),
    "loans": (
        ("loan_id*", "id"),
        ("platform_id", "id", _PARTY),
        ("lender_id", "id", _PARTY),
        ("borrower_id*", "id", _PARTY),
        ("principal*", "money", _POSITIVE),
        ("rate", "rate"),
        ("start*", "time"),
        ("end", "time"),
        ("purpose", "text"),
        ("status", "text"),
        ("balance", "money", _OF_CASE),
        ("collateral", "text"),
    ),
    "listings": (
        ("listing_id*", "id"),
        ("loan_id*", "id", {"refers": ("loans",), "missing": "refuse"}),
        ("platform_id*", "id", _PARTY),
        ("amount*", "money", _POSITIVE),
        ("term_days*", "integer", {"least": 0}),
        ("opened*", "time"),
        ("filled", "time"),
    ),
    "instalments": (
        ("loan_id*", "id", {"refers": ("loans",), "missing": "refuse"}),
        ("due*", "time"),
        ("amount*", "money", _POSITIVE),
        ("paid", "money", _OF_CASE),
        ("paid_on", "time", _HAPPENED),
        ("paid_by", "id", _ACCOUNT),
    ),
    "assignments": (
        ("loan_id*", "id", {"refers": ("loans",), "missing": "refuse"}),
        ("seller_id*", "id", _PARTY),
        ("buyer_id*", "id", _PARTY),
        ("amount*", "money", _POSITIVE),
        ("time*", "time", _HAPPENED),
        ("repurchase", "bool"),
    ),
    "guarantees": (
        ("guarantor_id*", "id", _PARTY),
        ("beneficiary_id*", "id", _PARTY),
        ("loan_id", "id", {"refers": ("loans",)}),
        ("product_id", "id", {"refers": ("products",)}),
        ("amount", "money", _POSITIVE),
        ("kind", "text"),
        ("since", "time"),
        ("until", "time"),
    ),
    "client_ledger": (
        ("platform_id*", "id", _PARTY),
        ("date*", "time", _HAPPENED),
        ("client_id*", "id", _PARTY),
        ("balance*", "money", _OF_CASE),
        ("in_transit", "money", _OF_CASE),
    ),
}

# Key, periods, the money that the report closes, and the title.
_TABLES: Mapping[str, tuple[str, tuple[tuple[str, str], ...], str, str]] = {
    "transfers": ("transfer_id", (), "amount", N_("transfers")),
    "accounts": ("account_id", (("opened", "closed"), ("covered_from", "covered_to")), "", N_("accounts")),
    "coverage": ("", (("from", "to"),), "", N_("coverage")),
    "media": ("medium_id", (), "", N_("media")),
    "sign_ins": ("", (), "", N_("sign-ins")),
    "parties": ("party_id", (), "", N_("parties")),
    "stakes": ("", (("since", "until"),), "", N_("stakes")),
    "relations": ("", (("since", "until"),), "", N_("relations")),
    "roles": ("", (("since", "until"),), "", N_("roles")),
    "financials": ("", (), "", N_("financials")),
    "licences": ("", (("since", "until"),), "", N_("licences")),
    "products": ("product_id", (("start", "end"),), "", N_("products")),
    "holdings": ("", (("start", "end"),), "amount", N_("holdings")),
    "subscriptions": ("", (), "amount", N_("subscriptions")),
    "loans": ("loan_id", (("start", "end"),), "principal", N_("loans")),
    "listings": ("listing_id", (("opened", "filled"),), "amount", N_("listings")),
    "instalments": ("", (), "amount", N_("instalments")),
    "assignments": ("", (), "amount", N_("assignments")),
    "guarantees": ("", (("since", "until"),), "amount", N_("guarantees")),
    "client_ledger": ("", (), "balance", N_("client ledger")),
}


def _table(name: str) -> TableSpec:
    columns: dict[str, ColumnSpec] = {}
    for column, kind, *more in _COLUMNS[name]:
        plain = str(column).rstrip("*")
        extra: dict[str, Any] = {"words": _WORDS.get(f"{name}.{plain}", ()), **(more[0] if more else {})}
        columns[plain] = ColumnSpec(plain, str(kind), str(column).endswith("*"), **extra)
    key, periods, money, title = _TABLES[name]
    return TableSpec(name, title, MappingProxyType(columns), key, periods, money)


SCHEMA: Mapping[str, TableSpec] = MappingProxyType({name: _table(name) for name in _COLUMNS})
"""Every table that a case can have, by name, in the order in which reports list them."""
