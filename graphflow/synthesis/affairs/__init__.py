"""Real affairs as generated cases: their true proportions, honest entities of the same kinds, and the truth.

`AFFAIRS` is the one list; each file has one verb, ``affair(scale=…, seed=…)``. Whoever changes a case keeps
to what its source says: none is a fixture to be fitted to a red line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphflow.language import N_

if TYPE_CHECKING:
    from graphflow.synthesis.affairs.told import Affair

READABLE = 200_000
"""Up to so many transfers a case is written as CSV unless it is asked otherwise: a person can open it."""


@dataclass(frozen=True)
class Known:
    """One affair of the list: its name, what it is, and how many transfers it has at scale 1, about.

    ``size`` is about how many it has where nobody says, which is near the least that it can have.
    """

    name: str
    title: str
    transfers: int
    size: int

    @property
    def affair(self) -> Callable[..., Affair]:
        """The verb that makes it; imported only now, because importing should cost nothing."""
        found: Callable[..., Affair] = import_module(f"graphflow.synthesis.affairs.{self.name}").affair
        return found

    def write(
        self, out: Path, *, size: int, seed: int, form: str | None = None, progress: Any = None
    ) -> None:
        """Write it, of about `size` transfers, with its truth.

        Parameters
        ----------
        out
            An empty folder.
        size, seed
            The same size and seed give the same bytes.
        form
            ``csv`` or ``parquet``; None: CSV up to `READABLE` transfers.
        progress
            Called once, when it is written.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     AFFAIRS[-1].write(Path(folder), size=3_000, seed=1)
        ...     sorted(file.name for file in Path(folder).iterdir())[:3]
        ['accounts.csv', 'client_ledger.csv', 'licences.csv']
        """
        made = self.affair(scale=size / self.transfers, seed=seed)
        if progress is not None:
            progress(N_("writing the registers"), 1, 1)
        made.write(out, form or ("csv" if len(made.tables["transfers"]) <= READABLE else "parquet"))


AFFAIRS: tuple[Known, ...] = (
    Known("guoying", N_("private fund managers that pay old investors of new ones' money"), 200_000, 1_000),
    Known("zhouhui", N_("a man's lending platform with eight accounts of his own"), 60_000, 1_000),
    Known("ezubao", N_("a lending platform of shell borrowers"), 100_000, 1_000),
    Known("xuesong", N_("a trust company on receivables that their debtors deny"), 100_000, 1_000),
    Known("zhongzhi", N_("four wealth firms, and plans in plans down to builders"), 150_000, 1_000),
    Known("ftx", N_("an exchange whose clients' money comes to its trading firm"), 30_000, 1_000),
    Known("synapse", N_("a firm between apps and banks whose ledger is more than banks hold"), 30_000, 1_000),
)
"""Every affair, in the order of the list of cases."""
