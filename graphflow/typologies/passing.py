"""What goes through holders: pairs of a transfer in and one out, and where there are too many of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow import sets
from graphflow.kernels.passes import passes
from graphflow.language import N_
from graphflow.typologies.episodes import pointer_of
from graphflow.typologies.found import Asked, one_currency
from graphflow.typologies.payments import LeftOut, Payments

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]

TOO_MANY = N_("more pairs of what comes in and goes out than were looked at")


def pairs_of(payments: Payments, asked: Asked, kind: str) -> tuple[Numbers, tuple[LeftOut, ...]]:
    """Transfers in and out of one holder: the second within the window, to another, of about the amount."""
    limits = np.array([asked.window, asked.permille, asked.budget], np.int64)
    index = (*payments.by_payer, *payments.by_payee)
    pairs, cut = passes(payments.ends, payments.time, payments.money, index, limits)
    if (payments.arrives > payments.time).any():  # in transit
        pairs = pairs[payments.arrives[pairs[:, 0]] <= payments.time[pairs[:, 1]]]
    return pairs, tuple(left_out(payments, cut, kind))


def payer_and_payee(payments: Payments, pairs: Numbers) -> Ints:
    """Of each pair who paid in and who was paid in the end, as one number."""
    found: Ints = payments.ends[pairs[:, 0], 0] * np.int64(payments.holders) + payments.ends[pairs[:, 1], 1]
    return found


def left_out(payments: Payments, holders: Numbers, kind: str, side: int = 1) -> list[LeftOut]:
    """The holders that were not looked at, each with one of its accounts, and what came (0: it paid)."""
    lines = []
    pointer, positions = payments.by_payee if side else payments.by_payer
    for holder in holders.tolist():
        mine = positions[pointer[holder] : pointer[holder + 1]]
        account = int(payments.accounts[mine[0], side])
        money = payments.money[mine][:, [2 * side, 2 * side + 1]]
        for currency in sets.unique(money[:, 1]).tolist():
            part = money[:, 1] == currency
            amount = int(money[part, 0].sum())
            lines.append(LeftOut(kind, account, -1, TOO_MANY, int(part.sum()), amount, currency))
    return lines


def both_legs(payments: Payments, groups: Ints, pairs: Numbers, count: int) -> tuple[Ints, Ints, Ints]:
    """The transfers of groups of pairs, each once: pointer, transfers; and the less of what both legs carry.

    -1 where it is in several currencies.
    """
    size = np.int64(payments.size)
    sums = []
    for side, column in ((0, 2), (1, 0)):
        keys = sets.unique(groups * size + pairs[:, side])
        total = np.zeros(count, np.int64)
        np.add.at(total, keys // size, payments.money[keys % size, column])
        sums.append(total)
    keys = sets.unique(np.concatenate([groups * size + pairs[:, 0], groups * size + pairs[:, 1]]))
    pointer, transfers = pointer_of(np.bincount(keys // size, minlength=count)), keys % size
    amount = np.where(one_currency(payments, pointer, transfers), np.minimum(*sums), -1)
    return pointer, transfers, amount
