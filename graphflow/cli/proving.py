"""What the verbs `pack` and `verify` print."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphflow.cli.showing import out, print_facts, print_table, write_csv
from graphflow.language import N_, translate
from graphflow.pictures import Facts, Table
from graphflow.terminal import write_json
from graphflow.version import VERSION

if TYPE_CHECKING:
    from graphflow.evidence import Verified


def show_packed(ident: str, file: str, form: str, language: str) -> None:
    """Print a pack's id, which whoever gets the pack should be told by another way."""
    if form == "json":
        write_json(iter({"pack": ident, "file": file, "version": VERSION}.items()), sys.stdout)
    elif form == "csv":
        write_csv([{"pack": ident, "file": file}], ["pack", "file"])
    else:
        out(translate(N_("{file}: pack {id}"), language, file=file, id=ident))
        out(
            translate(
                N_("Tell the id by another way than the file: whoever changes both files can change both."),
                language,
            )
        )


def show_written(files: Sequence[Path], form: str, language: str) -> None:
    """Print which files were written."""
    if form == "json":
        write_json(iter({"files": [str(each) for each in files], "version": VERSION}.items()), sys.stdout)
    elif form == "csv":
        write_csv([{"file": str(each)} for each in files], ["file"])
    else:
        for each in files:
            out(str(each))
        out(translate(N_("{count} files written."), language, count=len(files)))


def show_verified(found: Verified, form: str, language: str, *, all_lines: bool) -> None:
    """Print what agrees and what differs, line by line; exit code 1 says that something differs."""
    rows = found.lines.to_dict("records")
    if form == "json":
        said = {
            "pack": found.id,
            "agrees": found.agrees,
            "signed_by": found.signed_by,
            "lines": rows,
            "version": VERSION,
        }
        write_json(iter(said.items()), sys.stdout)
        return
    if form == "csv":
        write_csv([{str(k): v for k, v in row.items()} for row in rows], list(found.lines.columns))
        return
    from graphflow.evidence.verifying import SAID

    def say(text: str, /, **values: object) -> str:
        return translate(text, language, **values)

    counts = found.lines["result"].value_counts()
    print_facts(
        Facts([
            (say(N_("Pack")), found.id),
            (say(N_("Signed by")), found.signed_by or say(N_("nobody"))),
            *((say(text), f"{int(counts.get(name, 0)):,}") for name, text in SAID.items()),
        ])
    )  # fmt: skip
    shown = [row for row in rows if all_lines or row["result"] != "agrees"]
    if shown:
        heads = [N_("what"), N_("result"), N_("packed"), N_("computed"), N_("note")]
        cells = [
            [
                row["what"],
                say(SAID[row["result"]]),
                row["packed"][:60],
                row["computed"][:60],
                say(row["note"]),
            ]
            for row in shown
        ]
        print_table(Table(say(N_("Lines")), [say(each) for each in heads], cells))
    out(
        say(N_("Nothing differs: every figure follows from the tables in the pack."))
        if found.agrees
        else say(N_("Something differs: do not rely on this pack."))
    )
