"""Scores, decisions, the nightly run: what was found, as one figure a subject that anybody can recompute."""

from graphflow.scoring.deciding import decide, decisions
from graphflow.scoring.featuring import FEATURES, features
from graphflow.scoring.keeping import runs
from graphflow.scoring.learning import learn, rank
from graphflow.scoring.modelling import Learned
from graphflow.scoring.nightly import Night, night
from graphflow.scoring.rating import Parameters, read_parameters, score
from graphflow.scoring.rolling import roll_up, unlicensed_payment
from graphflow.scoring.trying import DryRun, dry_run

__all__ = [
    "FEATURES", "DryRun", "Learned", "Night", "Parameters", "decide", "decisions", "dry_run", "features",
    "learn", "night", "rank", "read_parameters", "roll_up", "runs", "score", "unlicensed_payment",
]  # fmt: skip
