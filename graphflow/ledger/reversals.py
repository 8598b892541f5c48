"""What was undone never moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphflow.language import N_
from graphflow.ledger.columns import positions, texts

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]


def net_amounts(
    transfers: Any,
    account_ids: Any,
    source: Numbers,
    target: Numbers,
    time: tuple[Ints, Ints],
    currency: Numbers,
    converts: NDArray[np.bool_],
    amount: Ints,
    order: Numbers,
) -> tuple[Ints, list[Mapping[str, Any]]]:
    """Each row's amount, net of its reversals; a reversal's own is 0.

    A link is not followed, and is a reported break, where it leads to a row of a later time, to a row with a
    ``reversal_of`` of its own, to or from a conversion, for more than is left, or not between the same two
    accounts the other way round in the same currency; a placeholder (``?:…``) stands for any account. Several
    reversals of one transfer count in the order that is shown.

    Parameters
    ----------
    time : two int64 (n)
        The first and the last moment at which each row can have been; they differ for a bare date.

    Returns
    -------
    net : int64 (n)
    breaks : list of mappings with ``kind``, ``transfer_id``, ``other_id``, ``amount`` and ``reason`` (a
    message id)
    """
    links = texts(transfers, "reversal_of")
    if links is None:
        return amount, []
    linked = links.is_valid().to_numpy(zero_copy_only=False)
    ids = texts(transfers, "transfer_id")
    reversals = np.flatnonzero(linked)
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    reversals = reversals[np.argsort(place[reversals], kind="stable")]
    originals = positions(links, ids)
    net = amount.copy()
    breaks: list[Mapping[str, Any]] = []

    def same(a: int, b: int) -> bool:
        return a == b or account_ids[a].as_py().startswith("?:") or account_ids[b].as_py().startswith("?:")

    for row in reversals.tolist():
        original = int(originals[row])
        reason = None
        if original < 0:
            reason = N_("the transfer that it reverses is not there")
        elif linked[original]:
            reason = N_("the transfer that it reverses is a reversal itself")
        elif time[0][original] > time[1][row]:
            reason = N_("the transfer that it reverses is later")
        elif converts[original] or converts[row]:
            reason = N_("a conversion cannot be reversed by a link")
        elif currency[original] != currency[row]:
            reason = N_("it is in another currency than the transfer that it reverses")
        elif not (
            same(int(source[original]), int(target[row])) and same(int(target[original]), int(source[row]))
        ):
            reason = N_("it is not between the same two accounts the other way round")
        elif amount[row] > net[original]:
            reason = N_("it is for more than is left of the transfer that it reverses")
        if reason is None:
            net[original] -= amount[row]
            net[row] = 0
        else:
            breaks.append(
                {
                    "kind": "reversal",
                    "transfer_id": ids[row].as_py(),
                    "other_id": links[row].as_py(),
                    "amount": int(amount[row]),
                    "reason": reason,
                }
            )
    return net, breaks
