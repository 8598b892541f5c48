"""Compiles every kernel once, at install time, so that the first question does not wait for it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from graphflow.language import N_
from graphflow.terminal import Progress


def warm(progress: Progress) -> None:
    """Do everything once on a tiny case, from files and from disk: numba keeps what it compiled.

    A memory-mapped array is another type to numba than one in memory, so both are asked.
    """
    from graphflow.case import open_case
    from graphflow.intake import import_sources
    from graphflow.synthesis import make, toys
    from graphflow.tracing import trace

    with tempfile.TemporaryDirectory(prefix="graphflow-warm-") as name:
        folder = Path(name)
        progress(N_("compiling: generating"))
        facts = make("p2p", folder / "source", size=2000, seed=0, style="statements")
        progress(N_("compiling: reading"))
        import_sources(folder / "case", [folder / "source"], progress=None)
        for case, start in ((open_case(folder / "case"), facts["seed_reference"]), (toys.t1(), "transfer:a")):
            for rule in ("fifo", "prorata"):
                progress(N_("compiling: tracing"))
                forward = trace(case, start, rule=rule)
                forward.chains(top=1)
                last = forward.transfers["transfer_id"].iloc[-1]
                trace(case, f'transfer:"{last}"', rule=rule, backward=True).chains(top=1)
