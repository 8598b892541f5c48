"""Generated data in a cache that git ignores: made once a size, used again by every run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("GRAPHFLOW_BENCHMARK_DATA") or ROOT / "benchmarks" / ".data")
SEED = 1


def tables_folder(size: int) -> Path:
    """`synth ledger` of that size, as Parquet."""
    return _made(f"ledger-{size}", lambda folder: _synthesise(folder, size, "parquet"))


def csv_folder(size: int) -> Path:
    """The same as CSV, ids as text."""
    return _made(f"ledger-{size}-csv", lambda folder: _synthesise(folder, size, "csv"))


def case_folder(size: int) -> Path:
    """The same as a case; made anew where the layout is another, of the case or of its ledger."""
    from graphflow.folder import SCHEMA_VERSION
    from graphflow.ledger.form import FORM

    source = tables_folder(size)
    return _made(f"case-{size}-layout-{SCHEMA_VERSION}-form-{FORM}", lambda folder: _import(source, folder))


def lending_folder(size: int) -> Path:
    """The lending platform's case (`synth p2p`), imported; made anew where the layout is another."""
    from graphflow.folder import SCHEMA_VERSION
    from graphflow.ledger.form import FORM

    def make(folder: Path) -> None:
        from graphflow.synthesis import make as synthesise

        tables = folder.with_name(f"{folder.name}-tables")
        shutil.rmtree(tables, ignore_errors=True)
        synthesise("p2p", tables, size=size, seed=SEED, form="parquet")
        _import(tables, folder)
        shutil.rmtree(tables)

    return _made(f"lending-{size}-layout-{SCHEMA_VERSION}-form-{FORM}", make)


@dataclass(frozen=True)
class Numbers:
    """The transfers with accounts as numbers, in time order: what an engine is given that asks in memory."""

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    amount: NDArray[np.int64]
    accounts: int


def numbers(size: int) -> Numbers:
    """The transfers of that size as numbers, memory-mapped from the cache."""
    folder = _made(f"numbers-{size}", lambda folder: _number(tables_folder(size), folder))
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("source", "target", "amount")}
    return Numbers(**arrays, accounts=json.loads((folder / "accounts.json").read_text())["accounts"])


@dataclass(frozen=True)
class Seeds:
    """The seeds that are asked, as places in time order."""

    full: int
    local: tuple[int, ...]


def seeds(size: int) -> Seeds:
    """The seeds of the common question: one that reaches nearly everything, and many that reach little."""
    folder = _made(f"seeds-{size}", lambda folder: _choose(size, folder))
    found = json.loads((folder / "seeds.json").read_text())
    return Seeds(found["full"], tuple(found["local"]))


def _made(name: str, make: Callable[[Path], Any]) -> Path:
    folder = CACHE / name
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        aside = CACHE / f".{name}-{os.getpid()}"
        shutil.rmtree(aside, ignore_errors=True)
        make(aside)
        aside.rename(folder)
    return folder


def _synthesise(folder: Path, size: int, form: str) -> None:
    from graphflow.synthesis import make

    make("ledger", folder, size=size, seed=SEED, form=form)


def _import(source: Path, folder: Path) -> None:
    from graphflow.intake import import_sources

    import_sources(folder, source)


def _number(source: Path, folder: Path) -> None:
    """Accounts in the order of their ids, which are A00000001 and on: as the compiled ledger numbers them."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(source / "transfers.parquet").sort_by("sequence")
    folder.mkdir()
    for name in ("source", "target"):
        number = pc.subtract(pc.cast(pc.utf8_slice_codeunits(table[name], 1), pa.int32()), 1)
        np.save(folder / f"{name}.npy", number.combine_chunks().to_numpy(zero_copy_only=False))
    cents = pc.cast(
        pc.multiply(pc.cast(table["amount"], pa.decimal128(20, 2)), pa.scalar(Decimal(100))), pa.int64()
    )
    np.save(folder / "amount.npy", cents.combine_chunks().to_numpy(zero_copy_only=False))
    count = pq.ParquetFile(source / "accounts.parquet").metadata.num_rows
    (folder / "accounts.json").write_text(json.dumps({"accounts": count}))


LOCAL = 21
"""How many local questions are asked."""


def _choose(size: int, folder: Path) -> None:
    """Local seeds are drawn from the last fifth of the rows, and kept where they touch 10 to 100,000
    transfers.

    An early seed touches nearly everything under this rule, whatever its amount.
    """
    from benchmarks.question import HOPS

    table = numbers(size)
    full = int(np.argmax(table.target == 0))
    rng = np.random.default_rng(SEED)
    most = min(100_000, max(size // 20, 20))
    local: list[int] = []
    for place in rng.permutation(np.arange(size - size // 5, size)).tolist():
        if 10 <= _touched(table, place, HOPS, most) <= most:
            local.append(place)
            if len(local) == LOCAL:
                break
    folder.mkdir()
    (folder / "seeds.json").write_text(json.dumps({"full": full, "local": sorted(local)}))


def _touched(table: Numbers, seed: int, hops: int, most: int) -> int:
    """How many transfers a seed touches, a level at a time; apart from every engine that is measured."""
    source, target = table.source[seed:], table.target[seed:]
    place = np.arange(len(source))
    never = np.iinfo(np.int64).max
    came = np.full(table.accounts, never, np.int64)
    came[target[0]] = 0
    for _ in range(hops - 1):
        out = np.flatnonzero(place > came[source])
        if len(out) > most:
            break
        before = came.copy()
        np.minimum.at(came, target[out], place[out])
        if np.array_equal(before, came):
            break
    return 1 + int((place > came[source]).sum())
