"""A pack of every toy of every red line verifies from its tables alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_redlines import frames_of, toys

import graphflow as gf
from graphflow.evidence import packing, verifying
from graphflow.synthesis.small import case_of

TOYS = toys("toy")
SOME = (
    TOYS
    if os.environ.get("GRAPHFLOW_ALL_PACKS")
    else [t for n, t in enumerate(TOYS) if t[0] != TOYS[n - 1][0]]
)
"""In CI the first toy of each line; by hand all of them."""


@pytest.fixture(autouse=True)
def _no_paper(monkeypatch):
    """Setting a page takes longer than everything else, and is tested elsewhere."""
    monkeypatch.setattr(packing, "pdf_report", lambda told, language: b"%PDF")
    monkeypatch.setattr(verifying, "pdf_report", lambda told, language: b"%PDF")


@pytest.mark.parametrize(("code", "name"), SOME, ids=[f"{code}-{name}" for code, name in SOME])
def test_a_pack_of_a_toy_verifies(code, name, tmp_path: Path):
    case = case_of(frames_of(code, name))
    findings = gf.check(case, only=code).findings
    gf.pack(case, findings, tmp_path / "pack.zip")
    found = gf.verify(tmp_path / "pack.zip")
    assert found.agrees, found.lines[found.lines["result"] == "differs"].to_string()
