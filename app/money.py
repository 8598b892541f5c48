"""How figures are written: money in its unit with thousands, times in the case's zone."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import pandas as pd

SCALES = ("one", "middle", "large")
# A Chinese reader counts in ten thousands and hundred millions, an English one in thousands and millions.
_POWERS: Mapping[str, Mapping[str, int]] = {
    "zh": {"one": 0, "middle": 4, "large": 8},
    "en": {"one": 0, "middle": 3, "large": 6},
}
_EXACT_FLOAT = 1 << 53


@dataclass(frozen=True)
class Figures:
    """Writes amounts of one currency.

    Parameters
    ----------
    currency : str
        ISO 4217 code.
    digits : int
        How many minor digits a major unit has in this case.
    language : str
        "zh" or "en".
    scale : str
        One of ``SCALES``: the unit itself, ten thousands (English: thousands), hundred millions (millions).

    Examples
    --------
    >>> Figures("CNY", 2, "en").text(123456789)
    '1,234,567.89'
    >>> Figures("CNY", 2, "zh", "middle").text(123456789), Figures("CNY", 2, "zh", "middle").unit
    ('123.46', '万元')
    """

    currency: str
    digits: int = 2
    language: str = "en"
    scale: str = "one"

    @property
    def power(self) -> int:
        return _POWERS.get(self.language, _POWERS["en"])[self.scale]

    @property
    def unit(self) -> str:
        """The unit as it stands on an axis or in a column's head."""
        return unit_name(self.currency, self.language, self.scale)

    @property
    def short_unit(self) -> str:
        """The unit where room is short: the head of a column."""
        if self.language == "zh" or self.scale == "one":
            return self.unit
        return f"{'k' if self.scale == 'middle' else 'm'} {self.currency}"

    @property
    def decimals(self) -> int:
        return self.digits if self.power == 0 else max(2, min(self.digits, 4))

    @property
    def exact(self) -> Figures:
        """The same in whole units: what a sum to the cent is written in."""
        return Figures(self.currency, self.digits, self.language, "one")

    def text(self, minor: int) -> str:
        """An amount of minor units, with thousands; rounded half to even where the scale is not one."""
        minor = int(minor)
        sign, size = ("−" if minor < 0 else ""), abs(minor)
        shift = self.digits + self.power - self.decimals
        if shift > 0:
            whole, rest = divmod(size, 10**shift)
            half = 5 * 10 ** (shift - 1)
            size = whole + (rest > half or (rest == half and whole % 2 == 1))
        elif shift < 0:
            size *= 10**-shift
        if self.decimals == 0:
            return f"{sign}{size:,}"
        major, fraction = divmod(size, 10**self.decimals)
        return f"{sign}{major:,}.{fraction:0{self.decimals}d}"

    def money(self, minor: int) -> str:
        """The amount with its unit."""
        return f"{self.text(minor)} {self.unit}"

    def fits(self, minor: pd.Series) -> bool:
        """Whether a browser's numbers hold every amount to the minor unit."""
        known = minor.dropna()
        return known.empty or int(known.abs().max()) < _EXACT_FLOAT

    def column(self, minor: pd.Series) -> pd.Series:
        """The amounts as a column of numbers to show, or as text where a browser's would be inexact."""
        if self.fits(minor):
            return minor.astype("float64") / 10.0 ** (self.digits + self.power)
        return minor.map(self.text, na_action="ignore")

    @property
    def number_format(self) -> str:
        """How the browser is to write such a column."""
        return f"%,.{self.decimals}f"


def unit_name(currency: str, language: str, scale: str) -> str:
    """The name of a currency's unit at a scale.

    Examples
    --------
    >>> unit_name("CNY", "zh", "large"), unit_name("USD", "zh", "middle"), unit_name("CNY", "en", "middle")
    ('亿元', '万 USD', 'CNY thousand')
    """
    if language == "zh":
        prefix = {"one": "", "middle": "万", "large": "亿"}[scale]
        return f"{prefix}元" if currency == "CNY" else f"{prefix} {currency}".strip()
    return currency + {"one": "", "middle": " thousand", "large": " million"}[scale]


def scale_name(currency: str, language: str, scale: str) -> str:
    """The unit as a switch names it, where room is short.

    Examples
    --------
    >>> [scale_name("CNY", "en", scale) for scale in SCALES]
    ['CNY', 'thousand', 'million']
    """
    name = unit_name(currency, language, scale)
    return name if language == "zh" or scale == "one" else name.removeprefix(currency).strip()


def minor_of(text: str, digits: int) -> int | None:
    """The minor units of an amount as a person types it; None if it is no such amount.

    Examples
    --------
    >>> minor_of("1,234.5", 2), minor_of("１２万", 2), minor_of("1.005", 2), minor_of("", 2)
    (123450, 12000000, None, 0)
    """
    written = unicodedata.normalize("NFKC", text).strip().replace(",", "")
    power = 0
    for word, size in (("万", 4), ("亿", 8)):
        if written.endswith((word, word + "元")):
            written, power = written.removesuffix("元").removesuffix(word), size
    written = written.removesuffix("元").strip()
    if not written:
        return 0 if power == 0 else None
    try:
        value = Decimal(written).scaleb(digits + power)
    except InvalidOperation:
        return None
    if not value.is_finite() or value < 0 or value != value.to_integral_value() or value >= 1 << 63:
        return None
    return int(value)


def times(column: pd.Series, zone: str, days: pd.Series | None = None, *, fraction: bool = True) -> pd.Series:
    """Times as text in the case's zone; a bare date stays a date, an unknown time is empty.

    Parts of a second are written where any row has them, unless `fraction` says that there is no room.

    Examples
    --------
    >>> at = pd.Series(pd.to_datetime(["2015-03-01T16:30:00Z", None]))
    >>> list(times(at, "Asia/Shanghai"))
    ['2015-03-02 00:30:00', '']
    """
    at = pd.to_datetime(column, utc=True).dt.tz_convert(ZoneInfo(zone))
    micro = at.dt.microsecond.fillna(0)
    text = at.dt.strftime("%Y-%m-%d %H:%M:%S").astype("object")
    if fraction and (micro != 0).any():
        digits = 3 if (micro % 1000 == 0).all() else 6
        text = at.dt.strftime("%Y-%m-%d %H:%M:%S.%f").astype("object").str[: 20 + digits]
    if days is not None:
        bare = days.fillna(False).astype(bool)
        text = text.where(~bare, at.dt.strftime("%Y-%m-%d").astype("object"))
    return text.where(at.notna(), "")
