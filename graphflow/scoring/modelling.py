"""A learned ranking as a file: everything that it was learned from is in it, and one changed byte is seen.

::

    line 1      {"graphflow ranking": 1, "sha256": "…"}: the format, and the SHA-256 of everything behind
    line 2      JSON: the trees as LightGBM writes them, features, windows, the labels held out, the case

The seal shows damage, not forgery: whoever can write a file can seal it. Who gave it must be known otherwise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from graphflow.errors import InputError, MissingExtraError, Problem
from graphflow.folder import cannot_write, write_aside
from graphflow.language import N_
from graphflow.scoring.measuring import average_precision, ppv, ppv_least, precision_at

FORMAT = 1

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Learned:
    """A ranking that was learned, with what it was learned from.

    Attributes
    ----------
    by
        ``account`` or ``party``: whom it ranks.
    features, features_version, with_rules
        The columns that it looks at, what version of them, and whether findings and patterns are among them.
    labels
        Counts: ``train_true``, ``train_false``, ``held_true``, ``held_false``; left out: ``unmoved`` (no
        transfers by then), ``again`` (held-out labels of subjects that it learned from); ``days`` (different
        days of labels), ``looked`` (on how many of them everybody was looked at).
    window, held
        First and last day of the labels that it learned from, and of the later ones that it is calibrated by.
    case_hash, version, engine
        The case's key, our version, and LightGBM's.
    slope, intercept
        The calibration: probability = 1 / (1 + exp(−(slope × raw + intercept))), at the part of confirmed
        ones among the labels held out.
    held_true, held_false
        The raw scores of the labels held out.
    seen
        Digests of the ids that it learned from.
    text
        The trees, as LightGBM writes them.
    """

    by: str
    features: tuple[str, ...]
    features_version: int
    with_rules: bool
    labels: Mapping[str, int]
    window: tuple[str, str]
    held: tuple[str, str]
    case_hash: str
    version: str
    engine: str
    slope: float
    intercept: float
    held_true: tuple[float, ...] = field(repr=False)
    held_false: tuple[float, ...] = field(repr=False)
    seen: tuple[str, ...] = field(repr=False)
    text: str = field(repr=False)

    @property
    def held_rate(self) -> Fraction:
        """The part of confirmed ones among the labels held out: at it probabilities are calibrated."""
        return Fraction(len(self.held_true), len(self.held_true) + len(self.held_false))

    def quality(self, count: int = 100) -> dict[str, float]:
        """How the labels held out were ranked, by a model that had not seen them.

        Parameters
        ----------
        count
            Among how many of the first precision is measured.

        Returns
        -------
        dict
            `average_precision` (area under precision and recall), `precision` among the first, `part`: what
            a ranking without knowledge has of both.
        """
        truth = np.repeat([True, False], [len(self.held_true), len(self.held_false)])
        score = np.array([*self.held_true, *self.held_false])
        return {
            "average_precision": average_precision(truth, score),
            "precision": precision_at(truth, score, count),
            "part": float(self.held_rate),
        }

    def ppv(self, raw: Reals, base_rate: Fraction) -> tuple[Reals, Reals]:
        """Of those who score at least so much, what part would be guilty at a base rate; and the least of it.

        Parameters
        ----------
        raw
            Raw scores.
        base_rate
            The part of all that is guilty.

        Returns
        -------
        (numpy.ndarray, numpy.ndarray)
            NaN where no label that was held out scores so much: then nothing is known.
        """
        true, false = np.sort(self.held_true), np.sort(self.held_false)
        different, place = np.unique(raw, return_inverse=True)
        hits = true.size - np.searchsorted(true, different)
        alarms = false.size - np.searchsorted(false, different)
        figures: dict[tuple[int, int], tuple[float, float]] = {}
        for pair in set(zip(hits.tolist(), alarms.tolist(), strict=True)):
            counts = (pair[0], int(true.size), pair[1], int(false.size))
            exact, least = ppv(*counts, base_rate), ppv_least(*counts, base_rate)
            nothing = float("nan")
            figures[pair] = (
                nothing if exact is None else float(exact),
                nothing if least is None else least,
            )
        each = np.array([figures[pair] for pair in zip(hits.tolist(), alarms.tolist(), strict=True)])
        each = each.reshape(-1, 2)[place.reshape(-1)]
        return each[:, 0], each[:, 1]

    def probability(self, raw: Reals, base_rate: Fraction | None = None) -> Reals:
        """The calibrated probability of raw scores.

        Parameters
        ----------
        raw
            Raw scores.
        base_rate
            The part of all that is guilty; None: as among the labels held out, who were chosen.

        Returns
        -------
        numpy.ndarray
        """
        shift = 0.0
        if base_rate is not None:
            ours = self.held_rate
            shift = float(np.log(float(base_rate / (1 - base_rate))) - np.log(float(ours / (1 - ours))))
        return np.asarray(1.0 / (1.0 + np.exp(-(self.slope * raw + self.intercept + shift))), np.float64)

    def write(self, path: str | Path) -> None:
        """Write it, whole or not at all; the same ranking gives the same bytes.

        Parameters
        ----------
        path
            The file.

        Returns
        -------
        None
        """
        body = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        try:
            write_aside(Path(path), _head(body) + body + b"\n")
        except OSError as error:
            raise cannot_write(path, error) from None


def _head(body: bytes) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    return f'{{"graphflow ranking": {FORMAT}, "sha256": "{digest}"}}\n'.encode()


def read_learned(path: str | Path) -> Learned:
    """Read a learned ranking back.

    Raises
    ------
    InputError
        For a file that cannot be read, is none of ours, or has one byte that was not written.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(
            Problem(str(file), N_("cannot be read: {reason}"), {"reason": error.strerror or str(error)},
                    expected=N_("a ranking that `graphflow learn` wrote"))
        ) from None  # fmt: skip
    if not data.startswith(b'{"graphflow ranking": '):
        raise InputError(
            Problem(str(file), N_("this is no learned ranking"),
                    expected=N_("a ranking that `graphflow learn` wrote"))
        )  # fmt: skip
    head, _, rest = data.partition(b"\n")
    if not head.startswith(f'{{"graphflow ranking": {FORMAT}, '.encode()):
        what = N_("this ranking has another format than this program reads, or is damaged")
        raise InputError(Problem(str(file), what, first=head.decode("utf-8", "replace")[:60]))
    body = rest[:-1]
    if head + b"\n" != _head(body) or rest[-1:] != b"\n":
        what = N_("is damaged: its contents are not those that were written")
        expected = N_("the file as it was written; restore it from a copy, or learn again")
        raise InputError(Problem(str(file), what, expected=expected))
    told: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in json.loads(body).items()}
    return Learned(**told)


def lightgbm() -> Any:
    """LightGBM, or an error that says how to install it.

    Raises
    ------
    MissingExtraError
        Where it is not installed.
    """
    try:
        import lightgbm as engine
    except ImportError:
        raise MissingExtraError.of("learn", "lightgbm") from None
    return engine


def seen_as(ident: str) -> str:
    """How a model remembers an id that it learned from."""
    return hashlib.sha256(ident.encode()).hexdigest()[:16]
