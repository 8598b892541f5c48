"""How good a ranking is: beside slow counts, with ties drawn in every order."""

from __future__ import annotations

import itertools
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from graphflow.errors import UsageError
from graphflow.scoring.measuring import average_precision, base_rate_of, ppv, ppv_least, precision_at

RANKED = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.5, 1.0, 2.0])), min_size=1, max_size=6)


def _orders(rows):
    """Every order of the rows that their scores allow."""
    found = [
        order
        for order in itertools.permutations(range(len(rows)))
        if all(rows[a][1] >= rows[b][1] for a, b in itertools.pairwise(order))
    ]
    assert found
    return found


@given(RANKED, st.integers(1, 7))
def test_precision_is_the_mean_over_every_order_of_equal_scores(rows, count):
    truth, score = np.array([t for t, _ in rows]), np.array([s for _, s in rows])
    orders = _orders(rows)
    first = min(count, len(rows))
    slow = sum(Fraction(sum(rows[k][0] for k in order[:first]), first) for order in orders) / len(orders)
    assert precision_at(truth, score, count) == pytest.approx(float(slow), abs=1e-12)


@given(RANKED)
def test_average_precision_counts_a_step_for_each_score(rows):
    truth, score = np.array([t for t, _ in rows]), np.array([s for _, s in rows])
    whole = sum(t for t, _ in rows)
    if not whole:
        assert np.isnan(average_precision(truth, score))
        return
    area = Fraction(0)
    for cut in sorted({s for _, s in rows}, reverse=True):
        named = [t for t, s in rows if s >= cut]
        new = sum(t for t, s in rows if s == cut)
        area += Fraction(new, whole) * Fraction(sum(named), len(named))
    assert average_precision(truth, score) == pytest.approx(float(area), abs=1e-12)


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20), st.integers(1, 20), st.integers(1, 99))
def test_ppv_is_what_a_count_of_a_whole_town_gives(hits, positives, alarms, negatives, guilty):
    hits, alarms = min(hits, positives), min(alarms, negatives)
    rate = Fraction(guilty, 100)
    share = ppv(hits, positives, alarms, negatives, rate)
    town = 100 * positives * negatives  # so that every part is whole people
    named_guilty = town * guilty // 100 * hits // positives
    named_others = town * (100 - guilty) // 100 * alarms // negatives
    if hits + alarms == 0:
        assert share is None and ppv_least(hits, positives, alarms, negatives, rate) is None
        return
    assert share == Fraction(named_guilty, named_guilty + named_others)
    least = ppv_least(hits, positives, alarms, negatives, rate)
    assert 0 <= least <= float(share) + 1e-12


def test_the_figure_that_the_rules_give_for_one_in_a_thousand():
    assert f"{float(ppv(90, 100, 1, 100, Fraction(1, 1000))):.2%}" == "8.26%"


def test_more_labels_let_one_believe_in_more():
    few, many = (ppv_least(n * 9, n * 10, n, n * 100, Fraction(1, 100)) for n in (1, 100))
    assert few < many < float(ppv(9, 10, 1, 100, Fraction(1, 100)))


@pytest.mark.parametrize("wrong", ["0", "1", "x", "-0.1", "1/0", "20%"])
def test_a_base_rate_that_is_none_is_said(wrong):
    with pytest.raises(UsageError, match="this is no base rate"):
        base_rate_of(wrong)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_on_operating_has_the_figures_that_are_computed(language):
    from graphflow.manual import read
    from graphflow.scoring.learning import HELD_OUT, LEAST
    from graphflow.scoring.measuring import SURE

    page = read("operating", language).source
    counts, rate = (90, 100, 1, 100), Fraction(1, 1000)
    by_hand = 0.9 * 0.001 / (0.9 * 0.001 + 0.01 * 0.999)
    assert f"**{by_hand * 100:.2f} %**" in page and by_hand == pytest.approx(float(ppv(*counts, rate)))
    assert f"**{ppv_least(*counts, rate) * 100:.2f} %**" in page
    for number in (f"{SURE:.0%}", f"{HELD_OUT:.0%}"):
        assert number.replace("%", " %") in page
    assert f"{LEAST['train']} " in page and f"{LEAST['held']} " in page


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_commands_of_the_page_are_understood(language):
    import shlex

    from graphflow.cli import _parser
    from graphflow.manual import read

    page = read("operating", language).source
    commands = [line[2:] for line in page.splitlines() if line.startswith("$ graphflow ")]
    verbs = set()
    for command in commands:
        verbs.add(_parser("en").parse_args(shlex.split(command)[1:]).verb)
    assert {"score", "decide", "dry-run", "learn", "rank"} <= verbs
