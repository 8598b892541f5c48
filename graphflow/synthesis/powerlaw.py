"""A plain ledger for measuring: transfers over a power law of accounts, and nothing that means anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from graphflow.language import N_
from graphflow.synthesis.balances import Balances
from graphflow.synthesis.columns import (
    CHUNK,
    READABLE,
    TableFile,
    choose,
    moment,
    money,
    numbered,
    write_table,
)

Progress = Callable[[str, int, int], None]

_START = int(np.datetime64("2024-01-01T00:00:00", "us").astype(np.int64))
_PERIOD = 365 * 86_400 * 1_000_000


def ledger(
    out: Path,
    *,
    size: int = 1_000_000,
    seed: int = 1,
    form: str | None = None,
    progress: Progress | None = None,
) -> None:
    """Write `size` transfers over size/10 accounts to the folder `out`, in one pass.

    The k-th account of n pays and is paid in proportion to k to the power -2/3: of ten million transfers the
    busiest account has some two hundred thousand. Times are strictly increasing within the year 2024, to the
    microsecond, and ``sequence`` is the row's number. Amounts are lognormal with a median of 600.00. Each
    account opens with the least that keeps it from being overdrawn, so that money moves on under every rule.

    Parameters
    ----------
    out : Path
        An empty folder.
    size : int
        Transfers, at least 10.
    seed : int
        The same seed and size give the same bytes.
    form : str, optional
        ``"parquet"`` or ``"csv"``; None is CSV up to 200,000 transfers.
    progress : callable, optional
        Called with what is being done, how much is done and how much there is.
    """
    form = form or ("csv" if size <= READABLE else "parquet")
    count = max(size // 10, 2)
    balances = Balances(count)
    step = _PERIOD // size
    with TableFile(out, "transfers", form) as file:
        for start in range(0, size, CHUNK):
            rows = min(CHUNK, size - start)
            rng = np.random.default_rng([seed, start])
            number = np.arange(start, start + rows)
            source = (count * rng.random(rows) ** 3).astype(np.int64)
            target = (count * rng.random(rows) ** 3).astype(np.int64)
            target = np.where(target == source, (target + 1) % count, target)
            amount = np.exp(rng.normal(11.0, 1.2, rows)).astype(np.int64) + 1
            time = _START + number * step + rng.integers(0, step, rows)
            sides = np.stack([source, target], axis=1).ravel()
            balances.advance(sides, np.stack([-amount, amount], axis=1).ravel())
            file.write(
                {
                    "transfer_id": numbered("T", number + 1, 9),
                    "time": moment(time, micros=True),
                    "sequence": number + 1,
                    "source": numbered("A", source + 1, 8),
                    "target": numbered("A", target + 1, 8),
                    "amount": money(amount),
                }
            )
            if progress is not None:
                progress(N_("writing transfers"), start + rows, size)
    accounts = np.arange(count)
    write_table(
        out,
        "accounts",
        form,
        {
            "account_id": numbered("A", accounts + 1, 8),
            "kind": choose(["settlement"], np.zeros(count, np.int64)),
            "opening_balance": money(-balances.least),
        },
    )
