"""RL-26: which words count where, who may be called so, and who is not there yet."""

from __future__ import annotations

import pytest

from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.synthesis.lines import rl26
from graphflow.synthesis.small import Frames, case_of


def found(frames: Frames, as_of: str | None = None) -> list[Finding]:
    return list(check(case_of(frames), only="RL-26", as_of=as_of).findings)


@pytest.mark.parametrize(
    ("name", "scope", "word"),
    [
        ("宏达咨询有限公司", "金融信息咨询", "金融"),
        ("宏达咨询有限公司", "财富管理（不含证券、期货业务）", "财富管理"),
        ("宏达咨询有限公司", "咨询（未经批准不得从事金融业务）；理财咨询", "理财"),
        ("金融街物业有限公司", "物业服务", ""),
        ("某某支付技术有限公司", "软件", "支付"),
        ("宏达软件有限公司", "支付软件的开发", ""),
        ("宏达服务有限公司", "代理银行业务的外包服务", ""),
        ("民间银行咨询有限公司", "咨询", "银行"),
        ("宏达有限公司", "咨询（不含金融业务）", ""),
    ],
)
def test_a_word_counts_where_its_article_speaks_of(name: str, scope: str, word: str) -> None:
    summaries = [str(f.summary) for f in found(rl26._firms(("F", name, scope)))]
    assert [f" says {word}," in each for each in summaries] == ([True] if word else [])


def test_a_firm_that_was_not_founded_is_not_asked_about() -> None:
    frames = rl26.toy_tables()
    frames["parties"]["founded"] = ["2024-05-01", "", ""]
    assert found(frames) and not found(frames, as_of="2024-04-30") and found(frames, as_of="2024-05-01")


def test_of_an_unregistered_fund_the_manager_s_licence_counts() -> None:
    frames = rl26.fund_near_miss_tables()
    frames["products"]["registered"] = ""
    assert not found(frames), "its manager is licensed"
    frames["licences"] = frames["licences"].iloc[:1]
    assert {f.subject_id for f in found(frames)} == {"CF", "M"}


def test_the_public_pays_the_owner_and_not_the_firm() -> None:
    (f,) = found(rl26.owner_toy_tables())
    assert f.severity == "medium" and f.kinds == {"register": "shown", "flow": "inferred"}
    assert {m.name: int(m.value) for m in f.measures}["payers"] == 40
    assert {e.name: e.state for e in f.elements}["business"] == "inferred"
