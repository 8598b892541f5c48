"""Two nights of the lending platform's case, a day between them: who is new, and the same from nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import graphflow as gf
from graphflow.intake import import_sources
from graphflow.synthesis import make

DAYS = "2016-12-30", "2016-12-31"


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The platform's tables without the last day's transfers, and the day that comes in after it.

    On that day three newcomers borrow 1.8 million yuan each on the platform, where a company may borrow one.
    """
    folder = tmp_path_factory.mktemp("p2p")
    make("p2p", folder / "tables", size=2_000, seed=3, form="csv")
    shutil.rmtree(folder / "tables" / "truth")
    inbox = folder / "day"
    inbox.mkdir()
    file = folder / "tables" / "transfers.csv"
    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    late = rows["time"] >= sorted(rows["time"])[-20]
    rows[~late].to_csv(file, index=False)
    rows[late].to_csv(inbox / "transfers.csv", index=False)
    new = [{"party_id": f"NEW{n}", "name": f"新来的{n}", "kind": "company"} for n in range(3)]
    pd.DataFrame(new).to_csv(inbox / "parties.csv", index=False)
    loans = [
        {"loan_id": f"X{n}{k}", "platform_id": "C0000001", "borrower_id": f"NEW{n}", "principal": "900000.00",
         "start": DAYS[1], "end": "2017-12-31"}
        for n in range(3) for k in range(2)
    ]  # fmt: skip
    pd.DataFrame(loans).to_csv(inbox / "loans.csv", index=False)
    return folder


def test_the_second_night_names_the_newcomers_and_nobody_else(sources: Path, tmp_path: Path) -> None:
    import_sources(tmp_path / "case", sources / "tables")
    (tmp_path / "inbox").mkdir()
    gf.night(tmp_path / "case", DAYS[0], tmp_path / "out", inbox=tmp_path / "inbox")
    shutil.copytree(sources / "day", tmp_path / "inbox", dirs_exist_ok=True)
    second = gf.night(tmp_path / "case", DAYS[1], tmp_path / "out", inbox=tmp_path / "inbox")
    named = second.changes[["change", "subject_id"]].values.tolist()
    assert second.before == DAYS[0] and named == [["new", f"NEW{n}"] for n in range(3)]
    assert all(len(each) == 1 and each[0].startswith("RL-06") for each in second.changes["new_findings"])
    again = gf.night(tmp_path / "case", DAYS[1], tmp_path / "out", inbox=tmp_path / "inbox")
    assert {name for name, reused, _ in again.steps if not reused} == {"scores"}
    # everything at once, in a folder of its own, and both nights again: the same bytes
    import_sources(tmp_path / "other", [sources / "tables"])
    import_sources(tmp_path / "other", [sources / "day"])
    gf.night(tmp_path / "other", DAYS[0], tmp_path / "nothing")
    whole = gf.night(tmp_path / "other", DAYS[1], tmp_path / "nothing")
    assert {f.name: f.read_bytes() for f in whole.folder.iterdir()} == {
        f.name: f.read_bytes() for f in second.folder.iterdir()
    }
