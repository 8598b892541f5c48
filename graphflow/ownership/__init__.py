"""Ownership: who owns a company in the end, who controls it, and who is related to whom."""

from graphflow.ownership.beneficial import beneficial_owners
from graphflow.ownership.controlling import controllers, controls
from graphflow.ownership.declaring import declared
from graphflow.ownership.drawing import OwnershipGraph, ownership_graph
from graphflow.ownership.everybody import all_controls, greatest_owners
from graphflow.ownership.owning import owners
from graphflow.ownership.relating import Related, related
from graphflow.ownership.weighing import power, weakest_link

__all__ = [
    "OwnershipGraph",
    "Related",
    "all_controls",
    "beneficial_owners",
    "controllers",
    "controls",
    "declared",
    "greatest_owners",
    "owners",
    "ownership_graph",
    "power",
    "related",
    "weakest_link",
]
