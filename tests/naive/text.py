"""The text kernels, written to be read: value by value, with Python's own numbers, dates and patterns."""

from __future__ import annotations

import datetime
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal

MASK = 2**64 - 1


def decimals(texts, digits, share):
    """Decimal text to whole units of 10**-digits, and a code."""
    values, codes = [], []
    exact = Context(prec=100_000, Emax=10**9, Emin=-(10**9))
    for i, text in enumerate(texts):
        value, code = 0, 0
        if not text:
            code = 1
        elif not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
            code = 2
        elif not share and re.search("[eE]", text):
            code = 5
        else:
            sign, figures, exponent = (
                Decimal(text).as_tuple() if len(text) < 5000 else exact.create_decimal(text).as_tuple()
            )
            figures = "".join(map(str, figures)).lstrip("0")
            shift = exponent + digits[i if len(digits) > 1 else 0]
            if not figures:
                pass
            elif len(figures) + shift > 30:
                code = 4
            elif len(figures) + shift < -5:
                code = 3
            else:
                wanted = exact.scaleb(Decimal(int(figures)), shift)
                whole = wanted.quantize(Decimal(1), rounding=ROUND_HALF_EVEN, context=exact)
                down = int(wanted)
                if down > 2**63 - 1:
                    code = 4
                elif whole != wanted:
                    code = 3
                    value = int(whole) if share else 0
                else:
                    value = int(whole)
                value = -value if sign else value
        values.append(value)
        codes.append(code)
    return values, codes


_DATE = (
    r"(?P<y>[0-9]{4})(?:(?P<m>[0-9]{2})(?P<d>[0-9]{2})|"
    r"(?P<s>[-/.])(?P<m2>[0-9]{1,2})(?P=s)(?P<d2>[0-9]{1,2}))"
)
_CLOCK = (
    r"(?:(?P<H>[0-9]{1,2})(?::(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?P<f>[.,][0-9]+)?)?)?|"
    r"(?P<H2>[0-9]{2})(?P<M2>[0-9]{2})(?:(?P<S2>[0-9]{2})(?P<f2>[.,][0-9]+)?)?)"
)
_RUN = r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})(?P<m2>)(?P<d2>)(?P<s>)"
_ZONE = r"(?P<z>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"


def times(texts):
    """Time text to microseconds from 1970 as written, offset in minutes, whether it is a bare date, code."""
    rows = []
    for text in texts:
        if not text:
            rows.append((0, 100_000, 0, 1))
            continue
        found = re.fullmatch(_DATE + f"(?:(?:[Tt]| +){_CLOCK}{_ZONE})?", text)
        if found is None:
            found = re.fullmatch(_RUN + _CLOCK + _ZONE, text)
            if found is not None and found["H"]:
                found = None if len(found["H"]) != 2 or found["M"] is None else found
        if found is None:
            rows.append((0, 100_000, None, 6))
            continue
        part = found.groupdict()
        if part["H"] and not part["M"]:
            rows.append((0, 100_000, None, 6))
            continue
        bare = int(not (part["H"] or part["H2"]))
        zone = 100_000
        if part["z"]:
            if part["z"] in "Zz":
                zone = 0
            else:
                hours, minutes = int(part["z"][1:3]), int(part["z"][3:].lstrip(":") or 0)
                if hours > 18 or minutes > 59:
                    rows.append((0, 100_000, None, 7))
                    continue
                zone = (hours * 60 + minutes) * (-1 if part["z"][0] == "-" else 1)
        fraction = (part["f"] or part["f2"] or ".")[1:]
        if fraction[6:].strip("0"):
            rows.append((0, None, None, 3))
            continue
        hour, minute, second = (int(part[k] or part[k + "2"] or 0) for k in "HMS")
        micro = int(fraction[:6].ljust(6, "0"))
        later = 0
        if hour == 24 and (minute, second, micro) == (0, 0, 0):
            hour, later = 0, 86_400_000_000
        try:
            stamp = datetime.datetime(
                int(part["y"]),
                int(part["m"] or part["m2"]),
                int(part["d"] or part["d2"]),
                hour,
                minute,
                second,
                micro,
            )
        except ValueError:
            rows.append((0, None, None, 7))
            continue
        since = stamp - datetime.datetime(1970, 1, 1)
        rows.append(
            ((since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds + later, zone, bare, 0)
        )
    return rows


def shifted(local, good, first, shifts):
    """Each local time with the shift of its day; those of days without one are odd."""
    moments, odd = [], []
    for time, known in zip(local, good, strict=True):
        number = time // 86_400_000_000 - first
        shift = shifts[number] if known and number < len(shifts) else 2**62
        odd.append(int(bool(known) and shift == 2**62))
        moments.append(time + shift if shift < 2**62 else 0)
    return moments, odd


def ids(texts):
    """A code for each id."""
    codes = []
    for text in texts:
        if not text:
            codes.append(1)
        elif len(text.encode()) > 1000:
            codes.append(9)
        elif re.search("[\x00-\x1f\x7f]", text):
            codes.append(10)
        elif (
            re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?[eE]\+[0-9]+", text)
            or re.fullmatch(r"[+-]?[0-9]+\.[0-9]+[eE][0-9]+", text)
            or re.fullmatch(r"[+-]?[0-9]{16,}\.0+", text)
        ):
            codes.append(8)
        else:
            codes.append(0)
    return codes


def padded(texts):
    """How many values begin or end with a blank (the kernel may count some more, never fewer)."""
    blanks = "".join(map(chr, range(33))) + "\x7f\x85\xa0\u2000\u2001\u2002\u2003\u2009\u200b\u3000\ufeff"
    return sum(1 for text in texts if text and text != text.strip(blanks))


def _turned(word, by):
    return ((word << by) | (word >> (64 - by))) & MASK


def _stirred(word):
    word ^= word >> 33
    word = word * 0xFF51AFD7ED558CCD & MASK
    word ^= word >> 33
    word = word * 0xC4CEB9FE1A85EC53 & MASK
    return word ^ (word >> 33)


def _stir(key, known, data):
    a, b = key
    for place in range(0, len(data), 8):
        word = int.from_bytes(data[place : place + 8], "little")
        low = _turned(word * 0x87C37B91114253D5 & MASK, 31) * 0x4CF5AD432745937F & MASK
        a = (_turned(a ^ low, 27) + b) & MASK
        a = (a * 5 + 0x52DCE729) & MASK
        high = _turned(word * 0x4CF5AD432745937F & MASK, 33) * 0x87C37B91114253D5 & MASK
        b = (_turned(b ^ high, 31) + a) & MASK
        b = (b * 5 + 0x38495AB5) & MASK
    mark = len(data) if known else MASK
    a, b = a ^ mark, b ^ mark
    a = (a + b) & MASK
    b = (b + a) & MASK
    a, b = _stirred(a), _stirred(b)
    a = (a + b) & MASK
    return a, (b + a) & MASK


def stir_text(keys, texts):
    """Stir a column of text into the 128-bit keys of the rows."""
    return [
        _stir(key, text is not None, (text or "").encode()) for key, text in zip(keys, texts, strict=True)
    ]


def stir_numbers(keys, values):
    """Stir a column of whole numbers into the keys of the rows."""
    return [
        _stir(key, value is not None, b"" if value is None else (value & MASK).to_bytes(8, "little"))
        for key, value in zip(keys, values, strict=True)
    ]


def hash64(texts):
    """A 64-bit key for each text; an unknown one has 0."""
    keys = []
    for text in texts:
        key = 0xCBF29CE484222325
        for byte in (text or "").encode():
            key = (key ^ byte) * 0x100000001B3 & MASK
        keys.append(0 if text is None else _stirred(key))
    return keys


def first_of(texts):
    """For each text the first row that has the same; an unknown one has only itself."""
    seen = {}
    return [i if text is None else seen.setdefault(text, i) for i, text in enumerate(texts)]


def ordinals(keys, groups):
    """How many earlier rows of the same group have the same key."""
    seen, out = {}, []
    for row in zip(keys, groups, strict=True):
        out.append(seen.get(row, 0))
        seen[row] = seen.get(row, 0) + 1
    return out


def hex_keys(keys):
    """The keys as text, twenty hexadecimal digits a row."""
    return [f"{a:016x}{b >> 48:04x}" for a, b in keys]
