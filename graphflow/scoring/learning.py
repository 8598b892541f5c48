"""An optional ranking, learned from decisions or labels. It stands beside the rules, never in their place.

What it looks at is `features`, as of the last day that was over when a label was given; so nothing that came
after a decision can speak for it. It learns from the earlier labels and is calibrated by the later ones, that
it has not seen. Where there are too few of either kind, nothing is learned and that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow.errors import InputError, Problem, UsageError
from graphflow.folder import must_be_a_file
from graphflow.language import N_
from graphflow.redlines.facts import facts_of
from graphflow.rows import Moment
from graphflow.scoring.featuring import FEATURES, FEATURES_VERSION, features
from graphflow.scoring.labelling import few_days, known_by, labels_of
from graphflow.scoring.measuring import base_rate_of
from graphflow.scoring.modelling import Learned, lightgbm, read_learned, seen_as
from graphflow.scoring.signals import SIGNALS, signals
from graphflow.version import VERSION

if TYPE_CHECKING:
    from graphflow.case import Case

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Progress = Callable[[str, int | None, int | None], Any]

MOST_DAYS = 60
"""On so many days at most everybody is looked at; labels between are looked at on the day before."""

HELD_OUT = 0.3
"""About this part of the labels, the latest ones, is held out."""

LEAST = {"train": 20, "held": 10}
"""So many labels of each class are needed to learn from, and to calibrate by."""

ROUNDS = 200
SETTINGS: Mapping[str, Any] = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 10, "lambda_l2": 1.0,
    "feature_pre_filter": False, "num_threads": 1, "force_row_wise": True, "deterministic": True, "seed": 0,
    "verbosity": -1,
}  # fmt: skip
"""How LightGBM is asked: no chance in it, one thread, so that the same labels give the same bytes."""


def learn(
    case: Case,
    out: str | Path,
    labels: str | Path | None = None,
    *,
    by: str | None = None,
    with_rules: bool = False,
    most_days: int = MOST_DAYS,
    progress: Progress | None = None,
) -> Learned:
    """Learn a ranking from decisions or from labels, and write it to a file.

    The same case, labels and versions give the same bytes. It needs ``graphflow-lookthrough[learn]``.

    Parameters
    ----------
    case
        The case.
    out
        The file that it is written to.
    labels
        CSV with `account_id` or `party_id`, `label` (1 and 0, or confirm and dismiss) and `time`: when that
        was known. None: the decisions in the case's action log.
    by
        ``account`` or ``party``; None: as the file says; of decisions, ``party``.
    with_rules
        Look at what red lines and patterns say of each day too, decisions left out. It takes as long as a
        night each day.
    most_days
        On so many different days at most everybody is looked at; a label between two is looked at as of the
        earlier.
    progress
        Called with what is being done, how much of it is done, and how much there is.

    Returns
    -------
    Learned

    Raises
    ------
    UsageError
        A view that there is not.
    MissingExtraError
        LightGBM is not installed.
    InputError
        Labels that cannot be read; too few of a class; a ranking no better than chance on the later labels.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl06
    >>> learn(rl06.amount_toy(), "ranking.model")
    Traceback (most recent call last):
    graphflow.errors.InputError: labels: too few to learn from: 0 confirmed and 0 dismissed to learn from, ...
    """
    lightgbm()
    if most_days < 2:
        raise UsageError(Problem("most_days", N_("this is too small"), first=str(most_days), expected="≥ 2"))
    must_be_a_file("out", Path(out))
    view, told = labels_of(case, labels, by)
    told, days = _looked(told, most_days)
    whole, moved = inputs_at(case, told, view, with_rules, progress)
    unmoved = int((~moved).sum())
    told, whole = told[moved].reset_index(drop=True), whole[moved]
    split = _split(told)
    again = int((told["subject_id"].isin(told.loc[~split, "subject_id"]) & split).sum())
    held = split & ~told["subject_id"].isin(told.loc[~split, "subject_id"]).to_numpy()
    truth = told["label"].to_numpy(np.bool_)
    counts = {
        "train_true": int(truth[~split].sum()), "train_false": int((~truth[~split]).sum()),
        "held_true": int(truth[held].sum()), "held_false": int((~truth[held]).sum()),
        "unmoved": unmoved, "again": again, **days,
    }  # fmt: skip
    _refuse_few(counts)
    names = _names(with_rules)
    text = _grown(whole[~split], truth[~split], names)
    raw = raw_scores(text, whole[held])
    slope, intercept = calibrated(raw, truth[held])
    if slope <= 0:
        what = N_("on the later labels the ranking is no better than chance: nothing was written")
        expected = N_("labels that the features can tell apart; the rules stand as they are")
        raise InputError(Problem("labels", what, expected=expected))
    made = Learned(
        view, names, FEATURES_VERSION, with_rules, counts, _span(told[~split]), _span(told[held]), case.hash,
        VERSION, f"lightgbm {lightgbm().__version__}", slope, intercept,
        tuple(sorted(raw[truth[held]].tolist())), tuple(sorted(raw[~truth[held]].tolist())),
        tuple(sorted({seen_as(each) for each in told.loc[~split, "subject_id"]})), text,
    )  # fmt: skip
    made.write(out)
    return made


def _names(with_rules: bool) -> tuple[str, ...]:
    return (*FEATURES, *(SIGNALS if with_rules else ()))


def _looked(told: pd.DataFrame, most: int) -> tuple[pd.DataFrame, dict[str, int]]:
    """The labels with the day as of which each is looked at, `at`, never later than its own."""
    days = few_days(told["day"], most)
    told = told.sort_values(["day", "subject_id"], ignore_index=True)
    told["at"] = told["day"].map(days)
    return told, {"days": len(days), "looked": len(set(days.values()))}


def inputs_at(
    case: Case, told: pd.DataFrame, by: str, with_rules: bool, progress: Progress | None = None
) -> tuple[Reals, Flags]:
    """The features of each label's subject as of its own day, and whether anything had moved by then."""
    names = _names(with_rules)
    made = np.zeros((len(told), len(names)))
    days = sorted(set(told["at"]))
    for number, day in enumerate(days):
        if progress is not None:
            progress(N_("looking back"), number, len(days))
        rows = np.flatnonzero((told["at"] == day).to_numpy())
        frame = inputs(case, day, by, with_rules)
        made[rows] = frame.reindex(told["subject_id"].iloc[rows]).to_numpy(np.float64)
    return made, made[:, names.index("days_active")] > 0


def inputs(case: Case, as_of: Moment | None, by: str, with_rules: bool) -> pd.DataFrame:
    """What a ranking looks at: the features of everybody as of a day, and what the rules say where asked."""
    frame = features(case, as_of, by=by)
    whole = frame.join(signals(case, as_of, by=by)) if with_rules else frame
    return whole[list(_names(with_rules))]


def _split(told: pd.DataFrame) -> Flags:
    """Which labels are held out: the latest, whole days, about `HELD_OUT` of them."""
    if told.empty:
        return np.zeros(0, np.bool_)
    day = told["day"].to_numpy(object).astype(str)
    first = np.sort(day)[min(int(len(day) * (1 - HELD_OUT)), len(day) - 1)]
    return np.asarray(day >= first, np.bool_)


def _span(told: pd.DataFrame) -> tuple[str, str]:
    return str(told["day"].min()), str(told["day"].max())


def _refuse_few(counts: Mapping[str, int]) -> None:
    short = [n for n in ("train_true", "train_false") if counts[n] < LEAST["train"]]
    short += [n for n in ("held_true", "held_false") if counts[n] < LEAST["held"]]
    if short:
        what = N_(
            "too few to learn from: {train_true} confirmed and {train_false} dismissed to learn from, "
            "{held_true} and {held_false} later ones to calibrate by"
        )
        expected = N_("at least {train} of each to learn from, and {held} of each later")
        raise InputError(Problem("labels", what, {**counts, **LEAST}, expected=expected))


def _grown(values: Reals, truth: Flags, names: Sequence[str]) -> str:
    """Trees out of labels, as LightGBM writes them."""
    engine = lightgbm()
    data = engine.Dataset(
        values, truth.astype(np.float64), feature_name=list(names), params=dict(SETTINGS), free_raw_data=False
    )
    return str(engine.train(dict(SETTINGS), data, ROUNDS).model_to_string())


def raw_scores(text: str, values: Reals) -> Reals:
    """The raw scores (log odds, uncalibrated) that trees give."""
    if not len(values):
        return np.zeros(0)
    booster = lightgbm().Booster(model_str=text)
    return np.asarray(booster.predict(values, raw_score=True, num_threads=1), np.float64)


def contributions(text: str, values: Reals) -> Reals:
    """What each feature adds to each raw score, and last what all start from: exact, they sum up to it."""
    if not len(values):
        return np.zeros((0, values.shape[1] + 1))
    booster = lightgbm().Booster(model_str=text)
    return np.asarray(booster.predict(values, pred_contrib=True, num_threads=1), np.float64)


def calibrated(raw: Reals, truth: Flags) -> tuple[float, float]:
    """Slope and intercept of a logistic curve through labels (Platt), by Newton's method.

    Classes are drawn a little towards each other, as Platt does, so that a few labels that are told apart
    without a mistake promise no certainty.

    Examples
    --------
    >>> slope, intercept = calibrated(np.array([-1.0, 1.0, -1.0, 1.0]), np.array([False, True, True, False]))
    >>> round(slope, 6), round(intercept, 6)
    (0.0, 0.0)
    """
    positives, negatives = int(truth.sum()), int((~truth).sum())
    goal = np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    columns = np.column_stack([raw, np.ones(raw.size)])
    weights = np.zeros(2)
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-np.clip(columns @ weights, -500, 500)))
        curve = columns.T @ (columns * (p * (1 - p))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, columns.T @ (goal - p))
        longest = np.abs(step).max()
        weights += step * min(1.0, 10.0 / max(longest, 1e-300))  # no leap from a flat stretch
        if longest < 1e-12:
            break
    return float(weights[0]), float(weights[1])


# ---------------------------------------------------------------- ranking


RANKED = [
    "subject_kind", "subject_id", "name", "probability", "ppv", "ppv_least", "raw", "score", "level", "seen",
    "base", "reasons",
]  # fmt: skip


def rank(
    case: Case,
    model: str | Path | Learned,
    as_of: Moment | None = None,
    *,
    base_rate: float | str | None = None,
    scored: pd.DataFrame | None = None,
    top: int | None = None,
) -> pd.DataFrame:
    """Rank everybody by what was learned, beside the score by rules, with reasons.

    A place in a ranking is no finding and shows nothing: it says who resembles those who were confirmed.

    Parameters
    ----------
    case
        The case.
    model
        What `learn` wrote.
    as_of
        The day: nothing later is seen. None: everything that the case knows.
    base_rate
        What part of all is guilty, as somebody states it (``"0.001"``): then probabilities are at that rate,
        and there is a PPV. None: at the part of confirmed ones among the labels held out.
    scored
        The scores by rules, where they are there already (a frame of `score`, or a night's); else the red
        lines are asked.
    top
        Only the first so many rows, which is faster where there are very many; None: all.

    Returns
    -------
    pandas.DataFrame
        One row an account or party, the likeliest first: `subject_kind`, `subject_id`, `name`, `probability`
        (empty for whoever moved nothing up to the day), `ppv` (what part of those who rank so high or higher
        would be guilty) and `ppv_least` (the least that so few labels let one believe in), both empty without
        a base rate and where no label held out ranks so high; `raw` (what the trees say: `base` and the
        contributions add up to it), `score` and `level` by rules, `seen` (it learned from a label of this
        one), `base`, `reasons` (tuple of dicts: feature, value, contribution; the weightiest first).
        ``attrs`` has how many there are, `of`, and how many of them `unmoved`.

    Raises
    ------
    UsageError
        No date, no base rate.
    MissingExtraError
        LightGBM is not installed.
    InputError
        A file that is no ranking, is damaged, or looks at other features than this program has.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl06
    >>> rank(rl06.amount_toy(), "no/such/file")
    Traceback (most recent call last):
    graphflow.errors.InputError: no/such/file: cannot be read: No such file or directory; expected: ...
    """
    from graphflow.scoring.rating import score

    made = model if isinstance(model, Learned) else read_learned(model)
    rate = None if base_rate is None else base_rate_of(base_rate)
    lightgbm()
    refuse_others(made, "model" if isinstance(model, Learned) else str(model))
    facts = facts_of(case, as_of)
    frame = inputs(case, as_of, made.by, made.with_rules)
    raw = raw_scores(made.text, frame.to_numpy(np.float64))
    known = frame["days_active"].to_numpy() > 0
    moved = int(known.sum())
    ids = known_by(facts, made.by)
    rules = score(case, as_of) if scored is None else scored
    rules = rules[rules["subject_kind"] == made.by].set_index("subject_id").reindex(ids)
    by_rules = rules["score"].fillna(0.0).to_numpy(np.float64)
    order = np.lexsort((ids.astype(str), -by_rules, -np.where(known, raw, -np.inf)))[:top]
    frame, rules, raw, known = frame.iloc[order], rules.iloc[order], raw[order], known[order]
    parts = contributions(made.text, frame.to_numpy(np.float64))
    nothing = np.full(order.size, np.nan)
    share, least = (nothing, nothing) if rate is None else made.ppv(raw, rate)
    seen = set(made.seen)
    told = pd.DataFrame({
        "subject_kind": made.by, "subject_id": ids[order], "name": rules["name"].fillna("").to_numpy(object),
        "probability": np.where(known, made.probability(raw, rate), np.nan),
        "ppv": np.where(known, share, np.nan), "ppv_least": np.where(known, least, np.nan),
        "raw": np.where(known, raw, np.nan), "score": by_rules[order],
        "level": rules["level"].fillna("").to_numpy(object),
        "seen": [seen_as(str(each)) in seen for each in ids[order].tolist()],
        "base": np.where(known, parts[:, -1], np.nan), "reasons": _reasons(frame, parts, known),
    }, columns=RANKED)  # fmt: skip
    told.attrs |= {"of": int(ids.size), "unmoved": int(ids.size - moved)}
    return told


def refuse_others(made: Learned, where: str) -> None:
    """Refuse a ranking that looks at other features than there are now."""
    if made.features != _names(made.with_rules) or made.features_version != FEATURES_VERSION:
        missing = sorted(set(made.features) ^ set(_names(made.with_rules)))
        raise InputError(
            Problem(where, N_("was learned from other features than this program has"),
                    first=", ".join(missing), expected=N_("learn it again with this program"))
        )  # fmt: skip


def _reasons(frame: pd.DataFrame, parts: Reals, known: Flags) -> list[tuple[dict[str, Any], ...]]:
    """Of each row what moved it, the weightiest first; what moved nothing is left out."""
    names = [str(name) for name in frame.columns]
    columns = [frame[name].tolist() for name in names]
    order = np.argsort(-np.abs(parts[:, :-1]), axis=1, kind="stable")
    made: list[tuple[dict[str, Any], ...]] = []
    for row, mine in enumerate(order.tolist()):
        made.append(
            tuple(
                {"feature": names[k], "value": columns[k][row], "contribution": float(parts[row, k])}
                for k in mine
                if known[row] and parts[row, k] != 0.0
            )
        )
    return made
