"""Currencies and the digits of their minor units."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType


@functools.cache
def iso4217() -> Mapping[str, int]:
    """Digits after the point of every currency of ISO 4217, withdrawn ones too (old cases have them).

    Codes for which ISO states no minor unit (gold, drawing rights) are not among them: whoever has such
    amounts says their digits.

    Examples
    --------
    >>> iso4217()["CNY"], iso4217()["JPY"], iso4217()["KWD"]
    (2, 0, 3)
    """
    with (files("graphflow") / "currencies.csv").open(encoding="ascii") as lines:
        return MappingProxyType({row["code"]: int(row["digits"]) for row in csv.DictReader(lines)})


def digits(*more: Mapping[str, int] | None) -> dict[str, int]:
    """Digits by currency: ISO 4217's, more where a format or a caller says so, and codes that only they know.

    Examples
    --------
    >>> digits({"JPY": 2, "CNY": 0, "BTC": 6})["JPY"], digits({"CNY": 0})["CNY"], digits({"BTC": 6})["BTC"]
    (2, 2, 6)
    """
    known = dict(iso4217())
    for said in more:
        for code, places in (said or {}).items():
            known[code] = max(known.get(code, 0), places)
    return known


def major(amount: int, places: int) -> str:
    """Minor units as decimal text.

    Examples
    --------
    >>> major(123456, 2), major(-5, 2), major(7, 0)
    ('1234.56', '-0.05', '7')
    """
    if places == 0:
        return str(amount)
    whole, part = divmod(abs(amount), 10**places)
    return f"{'-' if amount < 0 else ''}{whole}.{part:0{places}d}"
