"""graphflow: traces money through accounts, exactly, in time order, and leads every figure back to its rows.

Everything that a script needs is here; nothing is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from graphflow.version import VERSION as __version__

if TYPE_CHECKING:  # what the names below are, for people's editors and for mypy
    from graphflow.case import Case, open_case
    from graphflow.errors import BusyError, GraphflowError, InputError, MissingExtraError, Problem, UsageError
    from graphflow.intake import import_sources
    from graphflow.tables import Tables
    from graphflow.tracing import trace

_ROOMS = {
    "BusyError": "errors",
    "Case": "case",
    "GraphflowError": "errors",
    "InputError": "errors",
    "MissingExtraError": "errors",
    "Problem": "errors",
    "Tables": "tables",
    "UsageError": "errors",
    "import_sources": "intake",
    "open_case": "case",
    "trace": "tracing",
}

__all__ = [
    "BusyError",
    "Case",
    "GraphflowError",
    "InputError",
    "MissingExtraError",
    "Problem",
    "Tables",
    "UsageError",
    "__version__",
    "import_sources",
    "open_case",
    "trace",
]


def __getattr__(name: str) -> Any:
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module 'graphflow' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(f"graphflow.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
