"""Telling others how a night went: Prometheus by a file, people by webhook or mail."""

from __future__ import annotations

import json
import smtplib
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pandas as pd

from graphflow.errors import Problem, UsageError
from graphflow.folder import write_aside
from graphflow.language import N_

METRICS = "graphflow.prom"

PATIENCE = 10.0
"""Seconds that a receiver may take."""

WAYS = ("https", "http", "mailto")


def metrics(
    out: Path, counts: Mapping[str, int], as_of: str, seconds: float, refused: int, untold: int
) -> None:
    """Write the last night as Prometheus's node exporter reads it from a text file."""
    lines = [
        "# HELP graphflow_last_success_timestamp_seconds When the last nightly run ended well.",
        "# TYPE graphflow_last_success_timestamp_seconds gauge",
        f"graphflow_last_success_timestamp_seconds {time.time():.0f}",
        "# HELP graphflow_run_seconds How long the steps of the last nightly run took together.",
        "# TYPE graphflow_run_seconds gauge",
        f"graphflow_run_seconds {seconds:.3f}",
        "# HELP graphflow_refused Sources of the inbox that could not be read.",
        "# TYPE graphflow_refused gauge",
        f"graphflow_refused {refused}",
        "# HELP graphflow_untold Receivers of news that could not be reached.",
        "# TYPE graphflow_untold gauge",
        f"graphflow_untold {untold}",
        "# HELP graphflow_count What the last nightly run counted.",
        "# TYPE graphflow_count gauge",
        *(f'graphflow_count{{what="{name}",as_of="{as_of}"}} {value}' for name, value in counts.items()),
    ]
    write_aside(out / METRICS, ("\n".join(lines) + "\n").encode())


def receivers(tell: Sequence[str]) -> None:
    """Refuse what is neither a webhook nor a mail address, before the night begins."""
    wrong = [each for each in tell if urllib.parse.urlsplit(each).scheme not in WAYS]
    if wrong:
        raise UsageError(
            Problem(
                "tell", N_("is no receiver of news"), first=wrong[0],
                expected="https://host/path, mailto:name@host?server=host",
            )
        )  # fmt: skip


def notify(changes: pd.DataFrame, as_of: str, tell: Sequence[str]) -> list[dict[str, Any]]:
    """Tell each receiver who rose to a higher level; who cannot be reached is said in the log."""
    rose = changes[
        changes["change"].isin(["new", "risen"]) & (changes["level"] != changes["level_before"])
    ] if len(changes) else changes  # fmt: skip
    said = []
    for receiver in tell if len(rose) else ():
        try:
            _send(receiver, rose, as_of)
            said.append({"message": "told", "level": "info", "to": receiver})
        except (OSError, smtplib.SMTPException, ValueError) as error:
            said.append({"message": f"not told: {error}", "level": "error", "to": receiver})
    return said


def _send(receiver: str, rose: pd.DataFrame, as_of: str) -> None:
    columns = ["subject_kind", "subject_id", "name", "level_before", "level", "score"]
    news = {"as_of": as_of, "risen": json.loads(rose[columns].to_json(orient="records", force_ascii=False))}
    body = json.dumps(news, ensure_ascii=False, indent=1)
    parts = urllib.parse.urlsplit(receiver)
    if parts.scheme == "mailto":
        asked = urllib.parse.parse_qs(parts.query)
        mail = EmailMessage()
        mail["Subject"] = f"graphflow {as_of}: {len(rose)}"
        mail["To"], mail["From"] = parts.path, asked.get("from", ["graphflow@localhost"])[0]
        mail.set_content(body)
        host, _, port = asked.get("server", ["localhost"])[0].partition(":")
        with smtplib.SMTP(host, int(port or 25), timeout=PATIENCE) as server:
            server.send_message(mail)
        return
    request = urllib.request.Request(
        receiver, body.encode(), {"Content-Type": "application/json; charset=utf-8"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=PATIENCE):
        pass
