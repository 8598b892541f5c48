"""The common question, asked of every peer; answers are equal before any time is shown."""

from __future__ import annotations

import time
from typing import Any

from benchmarks import data, peers
from benchmarks.measure import ENOUGH, JobError, job, median, peak_memory, timed
from benchmarks.question import HOPS
from benchmarks.targets import LEAST

TIMES = 10
"""What the target of the common question asks for: so many times DuckDB's speed."""


class DifferentAnswers(Exception):
    """Two engines gave different answers to one question: no time of theirs says anything."""


def ask(number: int, size: int) -> dict[str, Any]:
    """In a process of its own: one peer's times and answers at one size."""
    peer = peers.PEERS[number]
    seeds = data.seeds(size)
    begun = time.perf_counter()
    state = peer.build(size)
    built = time.perf_counter() - begun
    answer = peer.ask(state, seeds.full, HOPS)
    used = time.process_time()
    full = timed(lambda: peer.ask(state, seeds.full, HOPS), 7, warm=True)
    used = (time.process_time() - used) / len(full)
    answers, local = [], []
    for seed in seeds.local:
        answers.append(peer.ask(state, seed, HOPS))
        local.append(median(timed(lambda seed=seed: peer.ask(state, seed, HOPS), 3, warm=True)))  # type: ignore[misc]
        if sum(local) > ENOUGH and len(local) > 2:
            break
    return {
        "build": built,
        "full": full,
        "full_cpu": used,
        "full_digest": answer.digest(),
        "accounts": len(answer.account),
        "of_accounts": data.numbers(size).accounts,
        "local": local,
        "local_digests": [x.digest() for x in answers],
        "local_accounts": [len(x.account) for x in answers],
        "peak": peak_memory(),
    }


def compare(size: int, only: str | None, limit: float) -> list[dict[str, Any]]:
    """One row a peer and question. Ours comes first.

    Raises
    ------
    DifferentAnswers
        Where an answer is not ours.
    """
    rows: list[dict[str, Any]] = []
    ours: dict[str, Any] = {}
    for number, peer in enumerate(peers.PEERS):
        if number and only and only.lower() not in peer.name.lower():
            continue
        row: dict[str, Any] = {"peer": peer.name, "version": peer.version, "size": size}
        rows.append(row)
        if number and peer.version is None:
            row["why"] = "not installed"
        elif peer.most is not None and size > peer.most:
            row["why"] = peer.why
        else:
            try:
                row |= job("benchmarks.common:ask", number, size, limit=limit)
            except JobError as error:
                if not number:
                    raise
                row["why"] = str(error)
        if not number:
            ours = row
        elif "full" in row:
            _equal(ours, row)
    return rows


def _equal(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    pairs = [("full", ours["full_digest"], theirs["full_digest"])]
    pairs += [
        (f"local {i}", a, b)
        for i, (a, b) in enumerate(zip(ours["local_digests"], theirs["local_digests"], strict=False))
    ]
    wrong = [name for name, a, b in pairs if a != b]
    if wrong or not theirs["local_digests"]:
        raise DifferentAnswers(
            f"{theirs['peer']} at {theirs['size']} rows: {', '.join(wrong) or 'no local answer'}"
        )


def judged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The target of the common question, everything reached: ten times the faster of DuckDB's two."""
    found = []
    for ours in rows:
        theirs = [
            row
            for row in rows
            if row["size"] == ours["size"] and row["peer"].startswith("DuckDB") and "full" in row
        ]
        if ours["peer"] != "graphflow" or not theirs:
            continue
        best = min(theirs, key=lambda row: median(row["full"]))
        mine, other = median(ours["full"]), median(best["full"])
        judge = ours["size"] >= LEAST
        found.append(
            {
                "area": "the question that all peers can state, everything reached",
                "size": ours["size"],
                "target": "10 times DuckDB" if judge else None,
                "measured": mine,
                "met": other / mine >= TIMES if judge else None,
                "peak": ours["peak"],
                "runs": len(ours["full"]),
                "facts": (
                    f"{best['peer']}: {other:.2f} s; {other / mine:.1f} times in time, "
                    f"{best['full_cpu'] / ours['full_cpu']:.1f} in processor time"
                ),
            }
        )
    return found
