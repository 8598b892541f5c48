"""The version, in one place: the build reads it from here, and so does everything that writes it down."""

from __future__ import annotations

VERSION = "0.1.0"
