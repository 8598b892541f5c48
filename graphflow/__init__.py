"""graphflow: traces money through accounts, exactly, in time order."""

from __future__ import annotations

__version__ = "0.1.0"
