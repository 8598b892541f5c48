"""Text as it lies in Arrow's buffers, made numbers, times and keys: a pass over bytes, no object a row.

A column of text is `offsets` (int64, one more than rows), `data` (uint8) and `valid` (one byte a row, or
empty: all rows have a value). Nothing is raised: what cannot be read has a code, and 0 is good.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

GOOD = 0
EMPTY = 1
NOT_A_NUMBER = 2
TOO_FINE = 3  # digits (of a share: rounded) or parts of a second beyond what is held
TOO_LARGE = 4
EXPONENT = 5  # a number in scientific notation, whose digits may be lost
NOT_A_TIME = 6
NO_SUCH_TIME = 7
LOST_DIGITS = 8  # an id that was a number on its way to us
TOO_LONG = 9
CONTROL = 10

NO_OFFSET = 100_000
"""The offset, in minutes, of a time that states none."""
LONGEST_ID = 1000
"""Bytes of an id; more is refused."""

_LARGEST = np.int64(9_223_372_036_854_775_807)
_TENTH = np.int64(922_337_203_685_477_580)


@njit(cache=True, nogil=True)
def decimals(
    offsets: Ints, data: Bytes, valid: Bytes, digits: npt.NDArray[np.int8], share: bool
) -> tuple[Ints, Bytes]:
    """Decimal text to whole units of 10**-digits, and a code.

    `digits` has one entry a row, or one for all. Digits beyond are a fault (TOO_FINE) unless they are zeros;
    for a share they are rounded half to even, under the same code, and an exponent is read.
    """
    n = offsets.size - 1
    values = np.zeros(n, np.int64)
    codes = np.zeros(n, np.uint8)
    for i in range(n):
        at = offsets[i]
        end = offsets[i + 1]
        if at == end or (valid.size > 0 and valid[i] == 0):
            codes[i] = EMPTY
            continue
        scale = np.int64(digits[i if digits.size > 1 else 0])
        negative = data[at] == 45
        if negative or data[at] == 43:
            at += 1
        first = at
        while at < end and 48 <= data[at] <= 57:
            at += 1
        whole = at - first  # digits before the point
        second = at
        part = np.int64(0)  # digits after it
        if at < end and data[at] == 46:
            at += 1
            second = at
            while at < end and 48 <= data[at] <= 57:
                at += 1
            part = at - second
        if whole + part == 0:
            codes[i] = NOT_A_NUMBER
            continue
        power = np.int64(0)
        if at < end and (data[at] == 101 or data[at] == 69):
            at += 1
            down = at < end and data[at] == 45
            if at < end and (data[at] == 45 or data[at] == 43):
                at += 1
            start = at
            while at < end and 48 <= data[at] <= 57:
                if power < 1_000_000:
                    power = power * 10 + np.int64(data[at]) - 48
                at += 1
            if at == start or at < end:
                codes[i] = NOT_A_NUMBER
                continue
            if down:
                power = -power
            if not share:
                codes[i] = EXPONENT
                continue
        elif at < end:
            codes[i] = NOT_A_NUMBER
            continue
        total = whole + part
        take = whole + power + scale  # so many of the digits are whole units
        value = np.int64(0)
        large = False
        for k in range(min(take, total)):
            digit = np.int64(data[first + k if k < whole else second + k - whole]) - 48
            if value > _TENTH or (value == _TENTH and digit > 7):
                large = True
                break
            value = value * 10 + digit
        if not large and value > 0:
            for _ in range(take - total):
                if value > _TENTH:
                    large = True
                    break
                value *= 10
        if large:
            codes[i] = TOO_LARGE
            continue
        rest = np.int64(0)  # the first digit beyond, and whether anything follows it
        more = False
        for k in range(max(take, 0), total):
            digit = np.int64(data[first + k if k < whole else second + k - whole]) - 48
            if k == take:
                rest = digit
            elif digit > 0:
                more = True
                break
        if rest > 0 or more:
            codes[i] = TOO_FINE
            if share:
                if rest > 5 or (rest == 5 and (more or value % 2 == 1)):
                    value += 1
            else:
                value = np.int64(0)
        values[i] = -value if negative else value
    return values, codes


@njit(cache=True, nogil=True)
def _number(data: Bytes, at: int, end: int, most: int) -> tuple[int, int]:
    """The number that stands at a place, of at most so many digits, and where it ends."""
    value = np.int64(0)
    start = at
    while at < end and at - start < most and 48 <= data[at] <= 57:
        value = value * 10 + np.int64(data[at]) - 48
        at += 1
    return value, at


@njit(cache=True, nogil=True)
def _days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 of a date of the Gregorian calendar."""
    y = year - (1 if month <= 2 else 0)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@njit(cache=True, nogil=True)
def _month_days(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@njit(cache=True, nogil=True)
def times(offsets: Ints, data: Bytes, valid: Bytes) -> tuple[Ints, npt.NDArray[np.int32], Bytes, Bytes]:
    """Time text to microseconds from 1970 as written, offset in minutes, whether it is a bare date, code.

    ISO 8601, extended or basic, and what spreadsheets make of it as long as the year stands first: `-`, `/`
    or `.` between the parts of the date, month, day and hour of one digit, a blank instead of `T`, 12 or 14
    digits in one run. 24:00 is the next midnight. A time that states no offset has NO_OFFSET.
    """
    n = offsets.size - 1
    values = np.zeros(n, np.int64)
    zones = np.full(n, NO_OFFSET, np.int32)
    bare = np.zeros(n, np.uint8)
    codes = np.zeros(n, np.uint8)
    for i in range(n):
        at = offsets[i]
        end = offsets[i + 1]
        if at == end or (valid.size > 0 and valid[i] == 0):
            codes[i] = EMPTY
            continue
        codes[i] = NOT_A_TIME
        start = at
        year, at = _number(data, at, end, 4)
        if at - start != 4 or at == end:
            continue
        mark = data[at]
        run = 48 <= mark <= 57  # YYYYMMDD
        if run:
            place = at
            month, at = _number(data, at, end, 2)
            day, at = _number(data, at, end, 2)
            if at - place != 4:
                continue
        else:
            if mark not in (45, 47, 46):
                continue
            place = at + 1
            month, at = _number(data, place, end, 2)
            if at in (place, end) or data[at] != mark:
                continue
            place = at + 1
            day, at = _number(data, place, end, 2)
            if at == place:
                continue
        hour = minute = second = micro = np.int64(0)
        fine = False
        if at == end:
            bare[i] = 1
        else:
            joined = run and 48 <= data[at] <= 57  # YYYYMMDDHHMM[SS]
            if not joined:
                if data[at] not in (84, 116, 32):
                    bare[i] = 0
                    continue
                at += 1
                while at < end and data[at] == 32 and data[at - 1] == 32:
                    at += 1
            place = at
            hour, at = _number(data, at, end, 2)
            if at == place:
                continue
            if at < end and data[at] == 58 and (at - place == 2 or not joined):
                place = at + 1
                minute, at = _number(data, place, end, 2)
                if at - place != 2:
                    continue
                if at < end and data[at] == 58:
                    place = at + 1
                    second, at = _number(data, place, end, 2)
                    if at - place != 2:
                        continue
                    fine = True
            else:
                if at - place != 2:
                    continue
                place = at
                minute, at = _number(data, at, end, 2)
                if at - place != 2:
                    continue
                place = at
                second, at = _number(data, at, end, 2)
                if at - place == 2:
                    fine = True
                elif at != place:
                    continue
            lost = False
            if fine and at < end and (data[at] == 46 or data[at] == 44):
                place = at + 1
                micro, at = _number(data, place, end, 6)
                if at == place:
                    continue
                for _ in range(6 - (at - place)):
                    micro *= 10
                while at < end and 48 <= data[at] <= 57:
                    lost = lost or data[at] != 48
                    at += 1
            if at < end:
                sign = data[at]
                if sign in (90, 122) and at + 1 == end:
                    zones[i] = 0
                elif sign in (43, 45):
                    place = at + 1
                    hours, at = _number(data, place, end, 2)
                    if at - place != 2:
                        continue
                    minutes = np.int64(0)
                    if at < end:
                        place = at + 1 if data[at] == 58 else at
                        minutes, at = _number(data, place, end, 2)
                        if at - place != 2 or at != end:
                            continue
                    if hours > 18 or minutes > 59:
                        codes[i] = NO_SUCH_TIME
                        continue
                    zones[i] = np.int32((hours * 60 + minutes) * (-1 if sign == 45 else 1))
                else:
                    continue
            if lost:
                codes[i] = TOO_FINE
                continue
        midnight = hour == 24 and minute == 0 and second == 0 and micro == 0
        if (
            year < 1
            or not 1 <= month <= 12
            or not 1 <= day <= _month_days(year, month)
            or (hour > 23 and not midnight)
            or minute > 59
            or second > 59
        ):
            codes[i] = NO_SUCH_TIME
            continue
        clock = (hour * 60 + minute) * 60 + second
        values[i] = (_days(year, month, day) * 86400 + clock) * 1_000_000 + micro
        codes[i] = GOOD
    return values, zones, bare, codes


@njit(cache=True, nogil=True)
def shifted(local: Ints, good: Bytes, first: int, shifts: Ints) -> tuple[Ints, Bytes]:
    """Local times, each plus the shift of its day, and whether its day has none.

    Days are counted from 1970; `first` is that of the first of the `shifts`, and 2**62 is no shift.
    """
    day = np.int64(86_400_000_000)
    moments = np.zeros(local.size, np.int64)
    odd = np.zeros(local.size, np.uint8)
    start = np.int64(0)  # of the day of the row before: times mostly stand in order
    shift = np.int64(0)
    end = np.int64(0)
    for i in range(local.size):
        if good[i] == 0:
            continue
        if local[i] < start or local[i] >= end:
            number = local[i] // day
            start = number * day
            end = start + day
            shift = shifts[number - first] if number - first < shifts.size else np.int64(2**62)
        if shift == np.int64(2**62):
            odd[i] = 1
        else:
            moments[i] = local[i] + shift
    return moments, odd


@njit(cache=True, nogil=True)
def ids(offsets: Ints, data: Bytes, valid: Bytes) -> Bytes:
    """A code for each id: of a number that lost digits, of absurd length, with control characters, or good.

    Lost are digits written as 1.23E+17 (a sign or a point marks it: 12E3 may be an id), and sixteen or more
    digits that end in .0, which only a floating-point number does.
    """
    n = offsets.size - 1
    codes = np.zeros(n, np.uint8)
    for i in range(n):
        start = offsets[i]
        end = offsets[i + 1]
        if start == end or (valid.size > 0 and valid[i] == 0):
            codes[i] = EMPTY
            continue
        if end - start > LONGEST_ID:
            codes[i] = TOO_LONG
            continue
        for j in range(start, end):
            if data[j] < 32 or data[j] == 127:
                codes[i] = CONTROL
        if codes[i] != GOOD:
            continue
        at = start
        if data[at] in (43, 45):
            at += 1
        place = at
        while at < end and 48 <= data[at] <= 57:
            at += 1
        whole = at - place
        if whole == 0 or at == end:
            continue
        part = np.int64(-1)
        zeros = True
        if data[at] == 46:
            at += 1
            place = at
            while at < end and 48 <= data[at] <= 57:
                zeros = zeros and data[at] == 48
                at += 1
            part = at - place
            if at == end:
                if part > 0 and zeros and whole >= 16:
                    codes[i] = LOST_DIGITS
                continue
        if data[at] in (69, 101) and at + 1 < end:
            at += 1
            signed = data[at] == 43
            if signed:
                at += 1
            place = at
            while at < end and 48 <= data[at] <= 57:
                at += 1
            if at == end and at > place and (signed or part > 0):
                codes[i] = LOST_DIGITS
    return codes


@njit(cache=True, nogil=True)
def padded(offsets: Ints, data: Bytes, valid: Bytes) -> int:
    """How many values begin or end with a blank, or with bytes that may be one (so never too few)."""
    count = 0
    for i in range(offsets.size - 1):
        start = offsets[i]
        end = offsets[i + 1]
        if start == end or (valid.size > 0 and valid[i] == 0):
            continue
        head = data[start]
        tail = data[end - 1]
        edge = head <= 32 or tail <= 32 or head == 127 or tail == 127
        # Blanks of more bytes begin with C2, E2, E3 80 or EF and end with A0, 80 to 8B or BF.
        edge = edge or head in (0xC2, 0xE2, 0xEF) or tail in (0xA0, 0xBF) or 0x80 <= tail <= 0x8B
        edge = edge or (head == 0xE3 and end - start > 1 and data[start + 1] == 0x80)
        if edge:
            count += 1
    return count


@njit(cache=True, nogil=True)
def _turned(word: Any, by: Any) -> Any:
    return (word << by) | (word >> (np.uint64(64) - by))


@njit(cache=True, nogil=True)
def _stirred(word: Any) -> Any:
    word ^= word >> np.uint64(33)
    word *= np.uint64(0xFF51AFD7ED558CCD)
    word ^= word >> np.uint64(33)
    word *= np.uint64(0xC4CEB9FE1A85EC53)
    return word ^ (word >> np.uint64(33))


@njit(cache=True, nogil=True)
def stir_text(first: Words, second: Words, offsets: Ints, data: Bytes, valid: Bytes) -> None:
    """Stir a column of text into the 128-bit keys of the rows (`first` and `second`, changed in place).

    Eight bytes at a time, low byte first, as MurmurHash3 does; then the length, all ones where unknown.
    """
    for i in range(offsets.size - 1):
        a = first[i]
        b = second[i]
        known = valid.size == 0 or valid[i] != 0
        start = offsets[i]
        length = offsets[i + 1] - start if known else np.int64(0)
        for place in range(0, length, 8):
            word = np.uint64(0)
            for k in range(min(np.int64(8), length - place)):
                word |= np.uint64(data[start + place + k]) << np.uint64(8 * k)
            low = _turned(word * np.uint64(0x87C37B91114253D5), np.uint64(31)) * np.uint64(0x4CF5AD432745937F)
            a = _turned(a ^ low, np.uint64(27)) + b
            a = a * np.uint64(5) + np.uint64(0x52DCE729)
            high = _turned(word * np.uint64(0x4CF5AD432745937F), np.uint64(33)) * np.uint64(
                0x87C37B91114253D5
            )
            b = _turned(b ^ high, np.uint64(31)) + a
            b = b * np.uint64(5) + np.uint64(0x38495AB5)
        mark = np.uint64(length) if known else ~np.uint64(0)
        a ^= mark
        b ^= mark
        a += b
        b += a
        a = _stirred(a)
        b = _stirred(b)
        a += b
        b += a
        first[i] = a
        second[i] = b


@njit(cache=True, nogil=True)
def stir_numbers(first: Words, second: Words, values: Ints, valid: Bytes) -> None:
    """Stir a column of whole numbers into the keys of the rows, each as eight bytes of text."""
    for i in range(values.size):
        a = first[i]
        b = second[i]
        known = valid.size == 0 or valid[i] != 0
        if known:
            word = np.uint64(values[i])
            low = _turned(word * np.uint64(0x87C37B91114253D5), np.uint64(31)) * np.uint64(0x4CF5AD432745937F)
            a = _turned(a ^ low, np.uint64(27)) + b
            a = a * np.uint64(5) + np.uint64(0x52DCE729)
            high = _turned(word * np.uint64(0x4CF5AD432745937F), np.uint64(33)) * np.uint64(
                0x87C37B91114253D5
            )
            b = _turned(b ^ high, np.uint64(31)) + a
            b = b * np.uint64(5) + np.uint64(0x38495AB5)
        mark = np.uint64(8) if known else ~np.uint64(0)
        a ^= mark
        b ^= mark
        a += b
        b += a
        a = _stirred(a)
        b = _stirred(b)
        a += b
        b += a
        first[i] = a
        second[i] = b


@njit(cache=True, nogil=True)
def hash64(offsets: Ints, data: Bytes, valid: Bytes) -> Words:
    """A 64-bit key for each text (FNV-1a, stirred); equal texts have equal keys, an unknown one has 0."""
    n = offsets.size - 1
    keys = np.zeros(n, np.uint64)
    for i in range(n):
        if valid.size > 0 and valid[i] == 0:
            continue
        key = np.uint64(0xCBF29CE484222325)
        for j in range(offsets[i], offsets[i + 1]):
            key = (key ^ np.uint64(data[j])) * np.uint64(0x100000001B3)
        keys[i] = _stirred(key)
    return keys


@njit(cache=True, nogil=True)
def first_of(keys: Words, offsets: Ints, data: Bytes, valid: Bytes) -> Ints:
    """For each text the first row that has the same; an unknown one has only itself. `keys` are `hash64`'s.

    Equal keys are compared byte by byte: two texts are never taken for one.
    """
    n = offsets.size - 1
    firsts = np.arange(n)
    bits = 4
    while (1 << bits) < 2 * n:
        bits += 1
    mask = (1 << bits) - 1
    slots = np.full(1 << bits, -1, np.int32)
    for i in range(n):
        if valid.size > 0 and valid[i] == 0:
            continue
        slot = np.int64(keys[i] >> np.uint64(64 - bits))
        length = offsets[i + 1] - offsets[i]
        while slots[slot] >= 0:
            other = np.int64(slots[slot])
            if keys[other] == keys[i] and offsets[other + 1] - offsets[other] == length:
                same = True
                for k in range(length):
                    if data[offsets[other] + k] != data[offsets[i] + k]:
                        same = False
                        break
                if same:
                    firsts[i] = other
                    break
            slot = (slot + 1) & mask
        if firsts[i] == i:
            slots[slot] = i
    return firsts


@njit(cache=True, nogil=True)
def ordinals(first: Words, second: Words, group: npt.NDArray[np.int32]) -> Ints:
    """How many earlier rows of the same group have the same 128-bit key."""
    n = first.size
    counts = np.zeros(n, np.int64)
    seen = np.zeros(n, np.int64)  # of the row in a slot: how many had its key so far
    bits = 4
    while (1 << bits) < 2 * n:
        bits += 1
    mask = (1 << bits) - 1
    slots = np.full(1 << bits, -1, np.int32)
    for i in range(n):
        slot = np.int64(_stirred(first[i] + np.uint64(group[i])) >> np.uint64(64 - bits))
        while slots[slot] >= 0:
            other = np.int64(slots[slot])
            if first[other] == first[i] and second[other] == second[i] and group[other] == group[i]:
                seen[other] += 1
                counts[i] = seen[other]
                break
            slot = (slot + 1) & mask
        if slots[slot] < 0:
            slots[slot] = i
    return counts


@njit(cache=True, nogil=True)
def hex_keys(first: Words, second: Words) -> Bytes:
    """The keys as text, twenty hexadecimal digits a row: `first`, then the top sixteen bits of `second`."""
    n = first.size
    out = np.zeros(n * 20, np.uint8)
    for i in range(n):
        for k in range(20):
            if k < 16:
                digit = (first[i] >> np.uint64(60 - 4 * k)) & np.uint64(15)
            else:
                digit = (second[i] >> np.uint64(60 - 4 * (k - 16))) & np.uint64(15)
            letter = np.int64(digit)
            out[i * 20 + k] = letter + 48 if letter < 10 else letter + 87
    return out
