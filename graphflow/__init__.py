"""graphflow: traces money through accounts, exactly, in time order, and leads every figure back to its rows.

Everything that a script needs is here; nothing is imported before it is used. A tour, on a case of five
transfers through an account `M` that opens with 100.00 of its own money; where did the 400.00 of A and C go?

>>> import graphflow as gf
>>> from graphflow.synthesis import toys
>>> case = toys.t1()                                   # or gf.open_case(FOLDER), or gf.Case.from_tables(...)
>>> case.tables.transfers[["source", "target", "amount"]].values.tolist()   # money is whole minor units
[['A', 'M', 30000], ['B', 'M', 20000], ['M', 'X', 25000], ['C', 'M', 10000], ['M', 'Y', 30000]]
>>> t = gf.trace(case, "transfer:a,c", rule="fifo")    # also account:, party:, balance:, product:, loan:
>>> t.ends[["kind", "account_id", "amount"]].values.tolist()                # they add up to t.seed
[['frontier', 'X', 15000], ['frontier', 'Y', 15000], ['balance', 'M', 10000]]
>>> t.chains()[["amount", "transfers"]].values.tolist()                     # disjoint, and add up to it too
[[15000, ('a', 'x')], [15000, ('a', 'y')], [10000, ('c',)]]
>>> back = gf.trace(case, "transfer:y", rule="prorata", backward=True)      # whose money did Y receive?
>>> dict(zip(back.ends["account_id"], back.ends["amount"], strict=True))
{'A': 11667, 'B': 7777, 'C': 6667, 'M': 3889}
>>> sides = gf.compare_rules(case, "transfer:a,c", rules=["fifo", "lifo"])     # or all of them
>>> sides[["account_id", "fifo", "lifo", "least", "greatest"]].values.tolist()
[['Y', 15000, 30000, 0, 30000], ['X', 15000, 5000, 0, 25000], ['M', 10000, 5000, 0, 15000]]
>>> t.suppose(leave_out=["x"]).ends[["account_id", "before", "after"]].values.tolist()  # what if?
[['X', 15000, 0], ['M', 10000, 20000], ['Y', 15000, 20000]]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from graphflow.version import VERSION as __version__

if TYPE_CHECKING:  # what the names below are, for people's editors and for mypy
    from graphflow.case import Case, open_case
    from graphflow.errors import BusyError, GraphflowError, InputError, MissingExtraError, Problem, UsageError
    from graphflow.evidence import Dossiers, Verified, pack, verify, write_dossiers
    from graphflow.findings import Finding
    from graphflow.intake import import_sources
    from graphflow.ownership import (
        Related,
        all_controls,
        beneficial_owners,
        controllers,
        controls,
        declared,
        greatest_owners,
        owners,
        ownership_graph,
        power,
        related,
        weakest_link,
    )
    from graphflow.penetration import Penetration, penetrate
    from graphflow.products import LookThrough, look_through, register
    from graphflow.redlines import Check, check
    from graphflow.redlines.amounts import Raised, raised
    from graphflow.redlines.classes import classify
    from graphflow.scoring import (
        DryRun,
        Learned,
        Night,
        decide,
        decisions,
        dry_run,
        features,
        learn,
        night,
        rank,
        roll_up,
        runs,
        score,
        unlicensed_payment,
    )
    from graphflow.stores import Exported, export, to_bods
    from graphflow.tables import Tables
    from graphflow.tracing import compare_rules, trace
    from graphflow.typologies import Patterns, patterns

_ROOMS = {
    "BusyError": "errors",
    "Case": "case",
    "Check": "redlines",
    "Dossiers": "evidence",
    "DryRun": "scoring",
    "Exported": "stores",
    "Finding": "findings",
    "GraphflowError": "errors",
    "InputError": "errors",
    "Learned": "scoring",
    "LookThrough": "products",
    "MissingExtraError": "errors",
    "Night": "scoring",
    "Patterns": "typologies",
    "Penetration": "penetration",
    "Problem": "errors",
    "Raised": "redlines.amounts",
    "Related": "ownership",
    "Tables": "tables",
    "UsageError": "errors",
    "Verified": "evidence",
    "all_controls": "ownership",
    "beneficial_owners": "ownership",
    "check": "redlines",
    "classify": "redlines.classes",
    "compare_rules": "tracing",
    "controllers": "ownership",
    "controls": "ownership",
    "decide": "scoring",
    "decisions": "scoring",
    "declared": "ownership",
    "dry_run": "scoring",
    "export": "stores",
    "features": "scoring",
    "greatest_owners": "ownership",
    "import_sources": "intake",
    "learn": "scoring",
    "look_through": "products",
    "night": "scoring",
    "open_case": "case",
    "owners": "ownership",
    "ownership_graph": "ownership",
    "pack": "evidence",
    "patterns": "typologies",
    "penetrate": "penetration",
    "power": "ownership",
    "raised": "redlines.amounts",
    "rank": "scoring",
    "register": "products",
    "related": "ownership",
    "roll_up": "scoring",
    "runs": "scoring",
    "score": "scoring",
    "to_bods": "stores",
    "trace": "tracing",
    "unlicensed_payment": "scoring",
    "verify": "evidence",
    "weakest_link": "ownership",
    "write_dossiers": "evidence",
}

__all__ = [
    "BusyError",
    "Case",
    "Check",
    "Dossiers",
    "DryRun",
    "Exported",
    "Finding",
    "GraphflowError",
    "InputError",
    "Learned",
    "LookThrough",
    "MissingExtraError",
    "Night",
    "Patterns",
    "Penetration",
    "Problem",
    "Raised",
    "Related",
    "Tables",
    "UsageError",
    "Verified",
    "__version__",
    "all_controls",
    "beneficial_owners",
    "check",
    "classify",
    "compare_rules",
    "controllers",
    "controls",
    "decide",
    "decisions",
    "declared",
    "dry_run",
    "export",
    "features",
    "greatest_owners",
    "import_sources",
    "learn",
    "look_through",
    "night",
    "open_case",
    "owners",
    "ownership_graph",
    "pack",
    "patterns",
    "penetrate",
    "power",
    "raised",
    "rank",
    "register",
    "related",
    "roll_up",
    "runs",
    "score",
    "to_bods",
    "trace",
    "unlicensed_payment",
    "verify",
    "weakest_link",
    "write_dossiers",
]


def __getattr__(name: str) -> Any:
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module 'graphflow' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(f"graphflow.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__]  # the front door only: modules and what this file is made of are no part of it
