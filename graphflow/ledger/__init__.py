"""The compiled ledger: checked tables as read-only arrays in time order."""

from graphflow.ledger.compiling import compile_ledger
from graphflow.ledger.form import Index, Ledger

__all__ = ["Index", "Ledger", "compile_ledger"]
