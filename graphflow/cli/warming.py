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
    from graphflow.ownership import all_controls, controls, greatest_owners, owners, power
    from graphflow.products import look_through
    from graphflow.synthesis import holders, make, toys
    from graphflow.tracing import RULES, compare_rules, trace
    from graphflow.typologies import patterns

    with tempfile.TemporaryDirectory(prefix="graphflow-warm-") as name:
        folder = Path(name)
        progress(N_("compiling: generating"))
        facts = make("p2p", folder / "source", size=2000, seed=0, style="statements")
        progress(N_("compiling: reading"))
        import_sources(folder / "case", [folder / "source"], progress=None)
        for case, start in (
            (open_case(folder / "case"), facts["seed_reference"]),
            (toys.t1(), "transfer:a,transfer:c"),
        ):
            some = trace(case, start)
            last = str(some.transfers["transfer_id"].iloc[-1])
            for number, rule in enumerate(RULES):
                progress(N_("compiling: tracing"), number, len(RULES))
                asked = [trace(case, start, rule=rule.name)]
                if rule.backward:
                    asked.append(trace(case, f'transfer:"{last}"', rule=rule.name, backward=True))
                for each in asked if rule.attributes else ():
                    each.chains(top=1)
                    each.by_seed()
            progress(N_("compiling: what any rule allows"))
            compare_rules(case, start)
            some.suppose(leave_out=[last])
            trace(case, start, overdraft="coordinated").chains(top=1)
        progress(N_("compiling: owners"))
        group = holders.o5()
        owners(group, "C")
        controls(group, "P")
        greatest_owners(group)
        all_controls(group)
        power(group, "C")
        look_through(holders.p1(), "W").assets.head()
        progress(N_("compiling: patterns"))
        patterns(toys.t1())
