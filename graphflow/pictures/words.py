"""Words, widths and amounts in pictures and tables; text from data made safe to show."""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from graphflow.language import N_, translate

END_NAMES: Mapping[str, str] = {
    "balance": N_("still in the account"),
    "cash": N_("taken in cash"),
    "fee": N_("fees and taxes"),
    "hub": N_("lost in a clearing account"),
    "returned": N_("returned to the payer"),
    "asset": N_("bought assets"),
    "frontier": N_("left our statements"),
    "lender": N_("repaid an overdraft"),
    "recirculated": N_("met another seed"),
    "horizon": N_("beyond the limit set"),
}
"""What the kinds of ends are called where people read them."""

ORIGIN_NAMES: Mapping[str, str] = {
    "balance": N_("stood in the account before"),
    "cash": N_("paid in as cash"),
    "fee": N_("came from the bank or the tax office"),
    "hub": N_("not to be told apart in a clearing account"),
    "returned": N_("came from the receiver itself"),
    "asset": N_("came from sold assets"),
    "frontier": N_("came from outside our statements"),
    "lender": N_("lent by an overdraft"),
    "recirculated": N_("came by another seed"),
    "horizon": N_("beyond the limit set"),
}
"""The same where the question is asked backward."""

GROUND_NAMES: Mapping[str, str] = {
    "controlled": N_("under control"),
    "owner": N_("person or state in the end"),
    "no_owner_known": N_("company without known owners"),
    "unknown_owner": N_("owner not known"),
    "ring": N_("a ring that owns itself"),
    "product_cash": N_("in the account of a product"),
    "product_asset": N_("asset of a product"),
    "unknown_holdings": N_("product whose holdings are not known"),
    "no_party": N_("account whose holder is not known"),
}
"""Why money counts as standing where it does, once products and companies are looked through."""

OUTER_BOUND = N_(
    "There are too many orders of the rows to try each: these are outer bounds, which hold for every one, "
    "perhaps not closely."
)
"""Of the least and the greatest over orders of rows that nothing decides."""


PARTY_KINDS: Mapping[str, str] = {
    "person": N_("person"),
    "company": N_("company"),
    "partnership": N_("partnership"),
    "contract_fund": N_("contract fund"),
    "trust": N_("trust"),
    "government": N_("government"),
    "branch": N_("branch"),
    "bank": N_("bank"),
}
"""What the kinds of parties are called where people read them."""

ASSET_KINDS: Mapping[str, str] = {
    "standard_debt": N_("standardised debt (标准化债权)"),
    "nonstandard_debt": N_("non-standard debt (非标债权)"),
    "equity": N_("equity"),
    "cash": N_("cash"),
    "loan": N_("loan that it gave"),
    "property": N_("property"),
    "other": N_("other"),
    "product": N_("product"),
    "unknown": N_("not known"),
}
"""What a product holds, by the kinds of the table."""

PRODUCT_KINDS: Mapping[str, str] = {
    "fixed_income": N_("fixed income"),
    "equity": N_("equities"),
    "mixed": N_("mixed"),
    "commodity": N_("commodities and derivatives"),
    "public_fund": N_("public securities fund"),
    "fund_of_funds": N_("fund of funds"),
    "abs": N_("asset-backed securities"),
    "pension": N_("pension product"),
    "trust": N_("trust"),
    "wealth_management": N_("wealth management product"),
}
"""What the kinds of products are called where people read them."""

SECTORS: Mapping[str, str] = {
    "p2p_platform": N_("online lending platform"),
    "equity_crowdfunding_platform": N_("equity crowdfunding platform"),
    "payment_institution": N_("payment institution"),
    "asset_manager": N_("asset manager"),
    "fund_distributor": N_("fund distributor"),
    "bank": N_("bank"),
    "trust_company": N_("trust company"),
    "insurer": N_("insurer"),
    "broker": N_("broker"),
    "lender": N_("lender"),
    "guarantor": N_("guarantor"),
    "exchange": N_("exchange"),
    "clearing_house": N_("clearing house"),
    "developer": N_("property developer"),
    "property_agency": N_("property agency"),
    "ordinary": N_("ordinary"),
}
"""What the sectors of parties are called where people read them."""

FUNCTIONS: Mapping[str, str] = {
    "payment": N_("payment services"),
    "online_lending": N_("intermediary of online lending"),
    "lending": N_("giving of loans"),
    "asset_management": N_("asset management"),
    "fund_sale": N_("sale of funds"),
    "securities": N_("securities business"),
    "margin_financing": N_("margin financing"),
    "equity_crowdfunding": N_("equity crowdfunding"),
    "guarantee": N_("financing guarantees"),
    "insurance": N_("insurance business"),
    "trust": N_("trust business"),
    "banking": N_("banking"),
    "exchange": N_("running of an exchange"),
}
"""What the functions of licences are called where people read them."""

RELATED_RULES: Mapping[str, str] = {
    "control": N_("control"),
    "common_control": N_("common control"),
    "state_only": N_("control by the state alone"),
    "influence": N_("significant influence"),
    "group_associate": N_("associate of a group company"),
    "common_influence": N_("common significant influence"),
    "investor": N_("principal investor or close family"),
    "manager": N_("key manager or close family"),
    "through_person": N_("through a principal investor or key manager"),
    "company_law": N_("related under company law"),
    "five_percent": N_("holder of five percent or more"),
    "common_manager": N_("common director or officer"),
    "window": N_("within twelve months"),
}
"""What the rules of ``law/related_parties.csv`` are called where people read them."""

FEE_GROUNDS: Mapping[str, str] = {
    "ring": N_("in a ring that holds all of itself: no part of it can be told"),
    "unknown_holdings": N_("neither its net assets nor its holdings are known"),
}
"""Why it is not known what part of a layer's fees falls on a product."""

OVERDUE_COUNTS = N_(
    "Overdue assets are in no gap up to a day and in no mean: nobody knows when they come. "
    "Overdue liabilities are in every gap and count as due at once."
)
"""How a ladder takes what is overdue."""

OWNING_WORDS: Mapping[str, str] = {
    **PARTY_KINDS,
    # who an owner is that is no party
    "unknown": N_("not known"),
    "unowned": N_("ends at companies without known owners"),
    "ring": N_("a ring that owns itself"),
    "excess": N_("more than the whole"),
    "endless": N_("no answer: more comes back round a ring than went into it"),
    # by what somebody owns or decides
    "votes": N_("votes"),
    "share": N_("share"),
    "control": N_("control"),
    "senior": N_("management"),
    "controller": N_("agreement"),
    "manager": N_("manager"),
    "trustee": N_("trustee"),
    "general_partner": N_("general partner"),
    "de_facto": N_("greatest block (rule of thumb)"),
    "multiply_add": N_("multiplied and added"),
    "majority_chain": N_("through what is controlled"),
    # answers, how far a threshold is met, and for whom a rule is
    "yes": N_("yes"),
    "no": N_("no"),
    "disputed": N_("disputed"),
    "possible": N_("possible"),
    "at the threshold": N_("at the threshold"),
    "general": N_("everybody"),
    "listed": N_("listed companies"),
    # what two share, which proves nothing
    "shared_address": N_("shared address"),
    "shared_phone": N_("shared telephone"),
    "shared_device": N_("shared device"),
    "shared_signer": N_("shared signer"),
    "agent": N_("agent"),
    "employee": N_("employee"),
    "same_address": N_("same address"),
    "same_phone": N_("same telephone"),
    "same_email": N_("same mail address"),
    "same_device": N_("same device"),
    "same_founded": N_("founded on the same day"),
}
"""The words of ours in the frames of ownership, as people read them."""


def end_name(kind: str, backward: bool = False) -> str:
    """A kind of end, or why money stands somewhere, in words, to be translated; another word stays as it is.

    >>> end_name("cash"), end_name("cash", backward=True), end_name("owner")
    ('taken in cash', 'paid in as cash', 'person or state in the end')
    """
    return (ORIGIN_NAMES if backward else END_NAMES).get(kind) or GROUND_NAMES.get(kind, kind)


def said_steps(
    steps: Sequence[Any], zone: str, language: str, labels: Mapping[str, str] | None = None
) -> list[str]:
    """The steps of a chain as a person reads them: accounts, then what is held, then who owns.

    Each has a `kind`, an `id`, `source`, `target`, `share` and `time`, see `graphflow.penetration.Step`;
    ``labels`` are names for ids.
    """
    known = labels or {}

    def named(ident: str) -> str:
        return known.get(ident) or ident

    said: list[str] = []
    before = None
    for step in steps:
        day = "" if step.time is None else str(step.time.tz_convert(zone).date())
        if step.kind == "transfer":
            if before != step.source:
                said.append(named(step.source))
            before = step.target
            said.append(f"{named(step.target)} ({day})")
        elif step.kind == "further":
            said.append(translate(N_("further ways to {where}"), language, where=named(step.target)))
        elif step.share is None:
            said.append(
                translate(N_("what {source} holds is not known"), language, source=named(step.source))
            )
        else:
            held = N_("{id}: {part} of what {source} holds")
            what = held if step.kind == "holding" else N_("{id}: {part} of {source}")
            name = named(step.id) if step.id else translate(GROUND_NAMES["unknown_owner"], language)
            text = translate(what, language, id=name, part=f"{step.share:.2%}", source=named(step.source))
            said.append(f"{text} ({day})" if day else text)
    return said


def amount_text(value: int, digits: int = 2) -> str:
    """Exact, with thousands.

    >>> amount_text(-123456789), amount_text(1200, 0), amount_text(5, 3)
    ('-1,234,567.89', '1,200', '0.005')
    """
    whole, part = divmod(abs(int(value)), 10**digits)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole:,}.{part:0{digits}d}" if digits else f"{sign}{whole:,}"


def percent(value: float | None, digits: int = 4) -> str:
    """A part of a whole as a person reads it; nothing where it is not known.

    >>> percent(0.25), percent(0.3, 0), percent(float("nan")), percent(None)
    ('25.0000 %', '30 %', '', '')
    >>> percent(-1e-12)
    '0.0000 %'
    """
    if value is None or math.isnan(value):
        return ""
    return f"{round(value * 100, digits) + 0.0:.{digits}f} %"


def brief_percent(value: float | None) -> str:
    """The same where room is short: no more decimals than it has. Only nothing is 0, only the whole is 100.

    >>> brief_percent(0.25), brief_percent(0.3333333), brief_percent(1.0), brief_percent(None)
    ('25 %', '33.3333 %', '100 %', '')
    >>> brief_percent(1e-9), brief_percent(1 - 1e-9)
    ('<0.0001 %', '>99.9999 %')
    """
    if value is None or math.isnan(value):
        return ""
    if 0 < value < 5e-7:
        return "<0.0001 %"
    if 1 - 5e-7 < value < 1:
        return ">99.9999 %"
    return f"{value * 100:.4f}".rstrip("0").rstrip(".") + " %"


def percents(parts: Sequence[int], whole: int) -> list[str]:
    """One decimal each, rounded by itself, a half up: equal amounts have equal ones. Only the whole is 100.0.

    >>> percents([1, 1, 1], 3), percents([2, 1], 6), percents([], 0)
    (['33.3', '33.3', '33.3'], ['33.3', '16.7'], [])
    >>> percents([99999, 1], 100000), percents([350, 200, 50], 600), percents([3], 3)
    (['99.9', '0.0'], ['58.3', '33.3', '8.3'], ['100.0'])
    """
    if not whole:
        return ["0.0" for _ in parts]
    tenths = [(2000 * int(part) + whole) // (2 * whole) for part in parts]
    tenths = [min(x, 999) if part < whole else x for x, part in zip(tenths, parts, strict=True)]
    return [f"{x // 10}.{x % 10}" for x in tenths]


def width_of(text: str) -> int:
    """Columns that a text takes where every letter is one wide and every Chinese character two.

    >>> width_of("abc"), width_of("资金"), width_of("e\\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) or unicodedata.category(c) in ("Cf", "Me", "Mn")
        else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )  # fmt: skip


def shorten(text: str, width: int) -> str:
    """At most so many columns, the middle left out: ids differ at their ends.

    >>> shorten("6222020200001234567", 9), shorten("互联网金融平台", 7)
    ('6222…4567', '互联…台')
    """
    if len(text) <= width and width_of(text) <= width:
        return text
    back = ""
    for c in reversed(text[-width:]):
        if width_of(c + back) > width // 2:
            break
        back = c + back
    front = ""
    for c in text[:width]:
        if width_of(front + c) + 1 + width_of(back) > width:
            break
        front += c
    return f"{front}…{back}"


def brief(name: str, number: str, width: int = 60) -> str:
    """A name with the end of the account's number, as banks write it; a number without a name stays whole.

    >>> brief("张三", "6222020200001234567"), brief("张三", "A1"), brief("", "6222020200001234567")
    ('张三 (…4567)', '张三 (A1)', '6222020200001234567')
    """
    if not name or name == number:
        return shorten(number, width)
    end = f" ({number if len(number) <= 8 else '…' + number[-4:]})"
    return shorten(name, max(width - width_of(end), 3)) + end


# Not allowed in XML, or able to make a text read as another: controls, overrides of direction, surrogates.
_HOSTILE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def clean(text: str, most: int = 300) -> str:
    """Text from data, made safe to stand in SVG and HTML.

    >>> clean("<script>alert('1')</script>")
    '&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;'
    >>> clean("a\\x00b\\u202ec")
    'a�b�c'
    """
    text = str(text)
    if len(text) > most:
        text = text[: most - 1] + "…"
    return html.escape(_HOSTILE.sub("\ufffd", " ".join(text.split())), quote=True)
