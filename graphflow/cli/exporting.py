"""What the verb `export` prints: what was written, and what was not."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from graphflow.cli.showing import out, print_facts, print_table, write_csv
from graphflow.language import N_, translate
from graphflow.pictures import Facts, Table
from graphflow.stores import Exported
from graphflow.stores.writing import REASONS
from graphflow.terminal import jsonable, write_json
from graphflow.version import VERSION

COUNTS: Mapping[str, str] = {
    "entity": N_("Entities"),
    "person": N_("Persons"),
    "relationship": N_("Relationships"),
    "unspecified": N_("of them with a party that is not known"),
}


def show_exported(made: Exported, form: str, language: str) -> None:
    """Print what was written: as facts and a table of what was left out; as JSON; that table as CSV."""
    rows = [{str(k): jsonable(v) for k, v in row.items()} for row in made.left_out.to_dict("records")]
    if form == "json":
        pairs = [("file", str(made.path)), ("as_of", made.as_of), ("counts", dict(made.counts)),
                 ("left_out", rows), ("version", VERSION)]  # fmt: skip
        write_json(pairs, sys.stdout)
        return
    if form == "csv":
        write_csv(rows, [str(name) for name in made.left_out.columns])
        return
    facts = [
        (translate(N_("Written"), language), str(made.path)),
        (translate(N_("As of"), language), made.as_of),
    ]
    facts += [(translate(COUNTS.get(k, k), language), f"{v:,}") for k, v in made.counts.items()]
    print_facts(Facts(facts))
    if not rows:
        out(translate(N_("Nothing was left out."), language))
        return
    print_table(
        Table(
            translate(N_("Left out, or not as it was"), language),
            [translate(each, language) for each in (N_("what"), N_("rows"), N_("first"), N_("why"))],
            [
                [row["where"], f"{row['count']:,}", row["first"], translate(REASONS[row["reason"]], language)]
                for row in rows
            ],
            [1],
        )
    )
