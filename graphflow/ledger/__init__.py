"""The compiled ledger: checked tables as read-only arrays in time order."""

from graphflow.ledger.compiling import compile_ledger
from graphflow.ledger.form import Index, Ledger
from graphflow.ledger.keeping import InFolder, Keeping

__all__ = ["InFolder", "Index", "Keeping", "Ledger", "compile_ledger"]
