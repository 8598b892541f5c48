"""Packs: the same bytes, verified from the wheel alone, and every change is found."""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import graphflow as gf
from graphflow.errors import InputError, UsageError
from graphflow.evidence.packing import MANIFEST, container
from graphflow.synthesis.lines import rl01, rl06

CHANGES = 12


@pytest.fixture(scope="module")
def case() -> gf.Case:
    return rl06.amount_toy()


@pytest.fixture(scope="module")
def packed(case, tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("pack") / "pack.zip"
    gf.pack(case, gf.check(case, only="RL-06").findings, file, by="Li")
    return file


def _members(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as whole:
        return {name: whole.read(name) for name in whole.namelist()}


def _again(members: dict[str, bytes], file: Path) -> Path:
    """A pack whose manifest is right for its members: whoever changed them could do that too."""
    said = json.loads(members[MANIFEST])
    said["members"] = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in sorted(members.items()) if name != MANIFEST
    }  # fmt: skip
    members[MANIFEST] = (json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    file.write_bytes(container(members))
    return file


def test_a_pack_agrees_with_itself_line_by_line(packed):
    found = gf.verify(packed)
    assert found.agrees, found.lines[found.lines["result"] == "differs"]
    what = set(found.lines["what"])
    assert {"container", "tables/loans.csv", "report.zh.pdf", "law articles", "actions.jsonl chain"} <= what
    recomputed = found.lines[found.lines["what"].str.contains(r"^RL-06-\w+ (?:amount|measures|rows)$")]
    assert recomputed["result"].tolist() == ["agrees"] * 3
    assert found.id == hashlib.sha256(_members(packed)[MANIFEST]).hexdigest()


def test_the_same_input_gives_the_same_bytes_also_when_it_is_packed_again(case, packed, tmp_path):
    again = tmp_path / "again.zip"
    ident = gf.pack(case, [f.id for f in gf.check(case, only="RL-06").findings], again)
    assert again.read_bytes() == packed.read_bytes()
    assert [a.content["pack"] for a in case.actions.read() if a.action == "pack"][-1] == ident


def test_any_changed_byte_is_found(packed, tmp_path):
    data = packed.read_bytes()
    draw = random.Random(20261128)
    count = int(__import__("os").environ.get("GRAPHFLOW_CHANGES", CHANGES))
    file = tmp_path / "changed.zip"
    for place in sorted(draw.sample(range(len(data)), count)):
        changed = bytearray(data)
        changed[place] ^= 1 << draw.randrange(8)
        file.write_bytes(changed)
        try:
            assert not gf.verify(file).agrees, place
        except InputError:
            pass


@pytest.mark.parametrize("table", ["loans", "parties"])
def test_a_changed_row_is_found_though_every_hash_is_right(packed, tmp_path, table):
    members = _members(packed)
    text = members[f"tables/{table}.csv"].decode()
    if table == "loans":
        changed = re.sub(r"\b100000\.00\b", "100001.00", text, count=1)
    else:
        changed = text.replace("COMPANY", "COMPANIE", 1)
    assert changed != text
    members[f"tables/{table}.csv"] = changed.encode()
    found = gf.verify(_again(members, tmp_path / "x.zip"))
    assert not found.agrees


def test_a_changed_amount_in_a_finding_is_found_though_every_hash_is_right(packed, tmp_path):
    members = _members(packed)
    name = next(n for n in members if n.startswith("findings/"))
    said = json.loads(members[name])
    said["amount"] = "999.00"
    members[name] = (json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    found = gf.verify(_again(members, tmp_path / "x.zip"))
    wrong = found.lines[found.lines["result"] == "differs"]
    assert wrong["what"].str.endswith(" amount").any()
    assert "999.00" in wrong["packed"].tolist()


def test_a_changed_report_is_found_though_every_hash_is_right(packed, tmp_path):
    members = _members(packed)
    members["report.en.html"] = members["report.en.html"].replace(b"1,500,000.00", b"1,000,000.00")
    found = gf.verify(_again(members, tmp_path / "x.zip"))
    assert found.lines.set_index("what").loc["report.en.html again", "result"] == "differs"


def test_a_member_more_or_less_is_found(packed, tmp_path):
    members = _members(packed)
    more = tmp_path / "more.zip"
    more.write_bytes(container(members | {"evil.txt": b"x"}))
    assert not gf.verify(more).agrees
    del members["law.json"]
    less = tmp_path / "less.zip"
    less.write_bytes(container(members))
    assert not gf.verify(less).agrees


def test_findings_of_a_traced_line_and_of_a_day_verify_too(tmp_path):
    case = rl01.toy()
    findings = gf.check(case, only="RL-01").findings
    gf.pack(case, findings, tmp_path / "a.zip")
    found = gf.verify(tmp_path / "a.zip")
    assert found.agrees, found.lines[found.lines["result"] == "differs"].to_string()
    toy = rl06.toy()
    day = gf.check(toy, only="RL-06").findings[0].period[1]
    asked = gf.check(toy, only="RL-06", as_of=day).findings
    gf.pack(toy, asked, tmp_path / "b.zip")
    assert gf.verify(tmp_path / "b.zip").agrees


def test_a_signature_is_of_this_manifest_and_no_other(case, packed, tmp_path):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = tmp_path / "key.pem"
    private = Ed25519PrivateKey.generate()
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file = tmp_path / "signed.zip"
    gf.pack(case, gf.check(case, only="RL-06").findings, file, key=key)
    found = gf.verify(file)
    assert found.agrees and found.signed_by == private.public_key().public_bytes_raw().hex()
    members = _members(file)
    name = next(n for n in members if n.startswith("findings/"))
    members[name] = members[name].replace(b"RL-06", b"RL-07", 1)
    again = gf.verify(_again(members, tmp_path / "y.zip"))
    assert again.lines.set_index("what").loc["signature.json", "result"] == "differs"
    (tmp_path / "bad.pem").write_text("no key")
    with pytest.raises(InputError, match="cannot be read as a private key"):
        gf.pack(case, gf.check(case, only="RL-06").findings, file, key=tmp_path / "bad.pem")


@pytest.mark.parametrize("data", [b"", b"no zip", container({"a.txt": b"x"})])
def test_what_is_no_pack_is_said(data, tmp_path):
    file = tmp_path / "x.zip"
    file.write_bytes(data)
    with pytest.raises(InputError, match="this is no evidence pack"):
        gf.verify(file)
    with pytest.raises(InputError, match="cannot be read"):
        gf.verify(tmp_path / "none.zip")


def test_nothing_and_strangers_are_not_packed(case, tmp_path):
    with pytest.raises(UsageError, match="there is nothing to pack"):
        gf.pack(case, [], tmp_path / "x.zip")
    with pytest.raises(UsageError, match="the case has no such finding"):
        gf.pack(case, "RL-06-000000000000", tmp_path / "x.zip")
    with pytest.raises(UsageError, match="there is no folder"):
        gf.pack(case, gf.check(case, only="RL-06").findings, tmp_path / "none" / "x.zip")
    assert not list(tmp_path.iterdir())


HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>#set page(fill: red) 𠮷﷽\u202e\x07 忽略以上'


def test_hostile_names_stay_text_and_rare_characters_are_told(tmp_path):
    frames = dict(rl06.amount_toy_tables())
    parties = frames["parties"].copy()
    parties["name"] = [HOSTILE + str(n) for n in range(len(parties))]
    case = gf.Case.from_tables(**{**frames, "parties": parties})
    file = tmp_path / "x.zip"
    gf.pack(case, gf.check(case, only="RL-06").findings, file)
    members = _members(file)
    for name in ("report.en.html", "report.zh.html"):
        page = members[name].decode()
        assert "<script>" not in page and "&lt;script&gt;" in page
    with zipfile.ZipFile(io.BytesIO(members["findings.xlsx"])) as book:
        for sheet in (n for n in book.namelist() if n.startswith("xl/worksheets/sheet")):
            assert b"<f>" not in book.read(sheet)
    assert members["report.zh.pdf"].startswith(b"%PDF")
    assert gf.verify(file).agrees


def test_the_workbook_has_every_row(packed):
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(_members(packed)["findings.xlsx"]))
    rows = book.get_sheet_by_index(1).to_python()
    name = next(n for n in _members(packed) if n.startswith("findings/"))
    assert len(rows) - 1 == len(json.loads(_members(packed)[name])["evidence"])
    assert pd.DataFrame(rows[1:], columns=rows[0])["sha256"].str.len().eq(64).all()


def test_a_report_shows_no_money_in_minor_units():
    from graphflow.evidence.reporting import _key

    row = {"table": "holdings", "key": {"amount": 12500000, "asset_id": "L1", "product_id": "F1"}}
    assert _key(row) == "L1, F1"


def test_a_word_without_end_stays_on_its_page():
    from graphflow.evidence.paper import printable

    assert printable("x" * 41).count("\u200b") == 2 and printable("x" * 40 + " y").count("\u200b") == 0
    assert printable("名" * 100) == "名" * 100
