"""Following many at once gives what following each alone gives, and what is followed on and what is not."""

from __future__ import annotations

import numpy as np

from graphflow.redlines.asking import Inquiry, span
from graphflow.redlines.borrowing import RULES
from graphflow.redlines.following import Question, follow_all
from graphflow.redlines.rl07_fictitious_projects import LINE, _Look
from graphflow.synthesis.lines import rl07


def test_all_together_give_what_each_alone_gives() -> None:
    look = _Look(Inquiry(LINE, rl07.toy(), None, None), span("48h"), span("365D"), 3)
    facts = look.facts
    questions, coins = [], set()
    for borrower, claims in look.claims_of.items():
        paid = look.out.of(claims)
        if paid.size:
            own = facts.accounts_of([borrower], signed=True)
            questions.append(Question(look.out.row[paid], look._repayments(claims), own))
            coins |= set(look.out.currency[paid].tolist())
    (coin,) = coins
    aims = look.aims(str(look.platform[0]))
    asked = {"hops": 3, "rules": RULES, "currency": coin}
    together = follow_all(facts, questions, aims, look.within, **asked)
    assert any(came["fifo"].amount for came in together)
    for question, came in zip(questions, together, strict=True):
        (alone,) = follow_all(facts, [question], aims, look.within, **asked)
        assert set(came) == set(alone) == set(RULES)
        for rule in RULES:
            one, other = came[rule], alone[rule]
            assert (one.amount, one.rows.tolist()) == (other.amount, other.rows.tolist())
            assert one.walked.tolist() == other.walked.tolist() and one.chains() == other.chains()


def test_ones_own_account_among_those_asked_about_does_not_count() -> None:
    look = _Look(Inquiry(LINE, rl07.toy(), None, None), span("48h"), span("365D"), 3)
    facts = look.facts
    claims = look.claims_of["BORROWER"]
    paid = look.out.of(claims)
    own = facts.accounts_of(["BORROWER"], signed=True)
    aims = look.aims(str(look.platform[0]))
    coin = int(look.out.currency[paid[0]])
    wider = aims.copy()
    wider[own] = True
    asked = {"hops": 3, "rules": RULES, "currency": coin}
    question = Question(look.out.row[paid], np.zeros(0, np.int64), own)
    (same,) = follow_all(facts, [question], wider, look.within, **asked)
    (plain,) = follow_all(facts, [question], aims, look.within, **asked)
    assert {r: c.amount for r, c in same.items()} == {r: c.amount for r, c in plain.items()}
    (counted,) = follow_all(
        facts, [Question(question.seeds, question.without, own[:0])], wider, look.within, **asked
    )
    assert counted["fifo"].amount == int(look.out.amount[paid].sum()) > same["fifo"].amount
