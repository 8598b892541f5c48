"""What the app remembers on this machine between sessions: cases opened lately, and how columns were mapped.

Two small files in the user's own state folder. Where it cannot be written, nothing is remembered, and nothing
else changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MOST = 12


def state_folder() -> Path:
    """Where such things belong on this system."""
    home = Path.home()
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "graphflow"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "graphflow"
    return Path(os.environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "graphflow"


def _read(name: str) -> Any:
    try:
        return json.loads((state_folder() / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write(name: str, data: Any) -> None:
    folder = state_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, ensure_ascii=False, indent=1)
        os.replace(temporary, folder / name)
    except OSError:
        return  # a machine whose home is read-only works; it only remembers nothing


def cases() -> list[str]:
    """Folders of cases opened lately that still are cases, the latest first."""
    known = _read("recent.json")
    paths = [each for each in known if isinstance(each, str)] if isinstance(known, list) else []
    return [each for each in paths if (Path(each) / "case.json").is_file()]


def remember_case(path: str) -> None:
    """Put a case first."""
    full = str(Path(path).expanduser().resolve())
    before = cases()
    if before[:1] != [full]:
        _write("recent.json", [full, *(each for each in before if each != full)][:MOST])


def signature(header: Sequence[str]) -> str:
    """What a mapping is remembered by: the header's words, in their order."""
    return hashlib.sha256(
        "\x1f".join(" ".join(each.split()).casefold() for each in header).encode()
    ).hexdigest()


def mapping(header: Sequence[str]) -> dict[str, Any] | None:
    """How columns with this header were mapped the last time."""
    known = _read("mappings.json")
    found = known.get(signature(header)) if isinstance(known, dict) else None
    return dict(found) if isinstance(found, dict) else None


def remember_mapping(header: Sequence[str], chosen: Mapping[str, Any]) -> None:
    known = _read("mappings.json")
    _write("mappings.json", {**(known if isinstance(known, dict) else {}), signature(header): dict(chosen)})
