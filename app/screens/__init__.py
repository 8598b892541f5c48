"""One screen a file, each with one verb: `show`. The one list of them is `SCREENS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.screens import data, manual, ownership, products, trace, transfers
from graphflow.language import N_


class Screen(NamedTuple):
    """A screen: its fixed place in the address, its title (a message id), and what shows it."""

    path: str
    title: str
    icon: str
    show: Callable[[], None]


SCREENS: tuple[Screen, ...] = (
    Screen("trace", N_("Trace the money"), ":material/account_tree:", trace.show),
    Screen("ownership", N_("Ownership"), ":material/groups:", ownership.show),
    Screen("products", N_("Products"), ":material/layers:", products.show),
    Screen("transfers", N_("Transfers"), ":material/table_rows:", transfers.show),
    Screen("data", N_("Data"), ":material/folder_open:", data.show),
    Screen("manual", N_("Manual"), ":material/menu_book:", manual.show),
)
