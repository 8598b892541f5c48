"""The learned ranking: it looks at nothing later, says why, is the same every time, and replaces no rule."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import random
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import graphflow as gf
from graphflow.cli import run
from graphflow.errors import InputError, MissingExtraError, UsageError
from graphflow.scoring import featuring, learning, modelling
from graphflow.scoring.labelling import few_days, labels_of
from graphflow.scoring.learning import calibrated, contributions, inputs, inputs_at, raw_scores
from graphflow.scoring.modelling import read_learned
from graphflow.scoring.signals import SIGNALS, signals
from graphflow.synthesis.lines import quiet, rl06

pytest.importorskip("lightgbm", reason="learn: lightgbm is not installed")

ROOT = Path(__file__).resolve().parent.parent.parent
FIRST = datetime.date(2024, 1, 1)


def _day(number: int) -> str:
    return (FIRST + datetime.timedelta(number)).isoformat()


def _made(seed: int = 1, count: int = 160, parties: bool = False):
    """Accounts of which four are looked at on a day: half collect much just before, and pay it out.

    Everybody goes on with something else after the day, so that whoever looks later sees more.
    """
    draw = random.Random(seed)
    rows, labels = [], []

    def pay(day: int, source: str, target: str, amount: int) -> None:
        at = f"{_day(day)}T{draw.randrange(8, 20):02d}:{draw.randrange(60):02d}:00+08:00"
        rows.append([f"t{len(rows):05d}", at, source, target, str(amount), "CNY"])

    for n in range(count):
        who, day, guilty = f"A{n:03d}", 20 + n // 4 * 4, n % 2 == 0
        for _ in range(draw.randrange(2, 5) if guilty else draw.randrange(4, 14)):
            pay(draw.randrange(day), f"S{draw.randrange(20)}", who, draw.randrange(100, 900))
        if guilty:
            for k in range(draw.randrange(5, 9)):
                pay(day - 1, f"S{k}", who, draw.randrange(2000, 3000))
            pay(day - 1, who, "Z", 9000)
        for _ in range(3):
            pay(day + draw.randrange(1, 30), f"S{draw.randrange(20)}", who, draw.randrange(5_000, 90_000))
        labels.append([who, int(guilty), _day(day)])
    transfers = pd.DataFrame(rows, columns=["transfer_id", "time", "source", "target", "amount", "currency"])
    accounts = pd.DataFrame({"account_id": sorted({*transfers["source"], *transfers["target"], "IDLE"})})
    more = {}
    if parties:
        accounts["party_id"] = "P" + accounts["account_id"]
        more = {
            "parties": pd.DataFrame(
                {
                    "party_id": accounts["party_id"],
                    "name": "n" + accounts["account_id"],
                    "kind": "person",
                }
            )
        }
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts, **more)
    return case, pd.DataFrame(labels, columns=["account_id", "label", "time"])


@pytest.fixture(scope="module")
def made():
    return _made()


@pytest.fixture(scope="module")
def labelled(made, tmp_path_factory):
    """The case, its labels' file, and what was learned from it."""
    folder = tmp_path_factory.mktemp("learned")
    case, labels = made
    labels.to_csv(folder / "labels.csv", index=False)
    learned = gf.learn(case, folder / "model", folder / "labels.csv", most_days=400)
    return case, folder / "labels.csv", folder / "model", learned


# ---------------------------------------------------------------- what it learns


def test_it_learns_from_the_earlier_labels_and_is_calibrated_by_the_later(labelled):
    case, _, _, learned = labelled
    n = learned.labels
    assert n["train_true"] + n["train_false"] + n["held_true"] + n["held_false"] == 160
    assert n["unmoved"] == n["again"] == 0 and n["days"] == n["looked"] == 40
    assert learned.window[1] < learned.held[0] <= learned.held[1]
    assert learned.case_hash == case.hash
    quality = learned.quality(20)
    assert quality["average_precision"] > 0.9 > quality["part"] + 0.3
    assert learned.slope > 0


def test_everybody_has_a_row_and_the_score_by_rules_stands_beside(labelled):
    case, _, file, _ = labelled
    before = gf.score(case, _day(100))
    frame = gf.rank(case, file, _day(100))
    assert sorted(frame["subject_id"]) == sorted(case.tables.accounts["account_id"])
    rules = before[before["subject_kind"] == "account"].set_index("subject_id")
    same = frame.set_index("subject_id")
    for name in ("score", "level"):
        assert same[name].tolist() == rules[name].reindex(same.index).tolist()
    pd.testing.assert_frame_equal(before, gf.score(case, _day(100)))  # the rules do not know of it
    moved = frame["probability"].notna()
    assert not moved.iloc[int(moved.sum()) :].any()  # who moved nothing has no place, and stands last
    assert "IDLE" in frame.loc[~moved, "subject_id"].tolist()
    assert frame.loc[moved, "probability"].is_monotonic_decreasing
    assert frame.loc[moved, "probability"].between(0, 1).all()
    assert not any(frame.loc[~moved, "reasons"])
    learned_from = set(frame.loc[frame["seen"], "subject_id"])
    assert learned_from == {f"A{n:03d}" for n in range(112)}


def test_the_first_rows_are_those_of_all(labelled):
    case, _, file, _ = labelled
    whole, first = gf.rank(case, file, _day(100)), gf.rank(case, file, _day(100), top=7)
    pd.testing.assert_frame_equal(whole.head(7), first)
    assert first.attrs["of"] == len(whole)
    assert first.attrs["unmoved"] == whole["probability"].isna().sum() > 0


def test_reasons_add_up_to_the_raw_score(labelled):
    case, _, file, learned = labelled
    frame = gf.rank(case, file, _day(100))
    frame = frame[frame["probability"].notna()]
    for row in frame.to_dict("records"):
        whole = row["base"] + sum(r["contribution"] for r in row["reasons"])
        assert whole == pytest.approx(row["raw"], abs=1e-9)
        sizes = [abs(r["contribution"]) for r in row["reasons"]]
        assert sizes == sorted(sizes, reverse=True)
    values = inputs(case, _day(100), "account", False).to_numpy(np.float64)
    parts, raw = contributions(learned.text, values), raw_scores(learned.text, values)
    assert np.allclose(parts.sum(axis=1), raw, atol=1e-9) and np.ptp(raw) > 1


def test_a_reason_has_the_value_of_its_feature(labelled):
    """Columns in another order would be learned without a word, and asked in a third."""
    case, _, file, _ = labelled
    f = gf.features(case, _day(100))
    assert list(f.columns) == list(featuring.FEATURES)
    for row in gf.rank(case, file, _day(100)).head(30).to_dict("records"):
        for reason in row["reasons"]:
            assert reason["value"] == f.loc[row["subject_id"], reason["feature"]]


def test_a_wrong_sum_of_reasons_is_seen(labelled, monkeypatch):
    case, _, file, _ = labelled
    real = learning.contributions
    monkeypatch.setattr(learning, "contributions", lambda text, values: real(text, values) * 1.01)
    row = gf.rank(case, file, _day(100)).iloc[0]
    whole = row["base"] + sum(r["contribution"] for r in row["reasons"])
    assert whole != pytest.approx(row["raw"], abs=1e-9)


def test_a_stated_base_rate_lowers_probabilities_and_gives_a_ppv(labelled):
    case, _, file, learned = labelled
    plain, rare = gf.rank(case, file, _day(100)), gf.rank(case, file, _day(100), base_rate="0.001")
    assert plain["ppv"].isna().all()
    assert plain["subject_id"].tolist() == rare["subject_id"].tolist()  # another rate, the same order
    both = plain["probability"].notna()
    assert (rare.loc[both, "probability"] < plain.loc[both, "probability"]).all()
    top = rare[rare["ppv"].notna()]
    assert (top["ppv_least"] <= top["ppv"]).all()
    cut = top["raw"].iloc[-1]  # by hand: of the labels held out, those that rank so high
    hits = sum(each >= cut for each in learned.held_true) / len(learned.held_true)
    alarms = sum(each >= cut for each in learned.held_false) / len(learned.held_false)
    assert top["ppv"].iloc[-1] == pytest.approx(hits * 0.001 / (hits * 0.001 + alarms * 0.999), rel=1e-12)
    above = rare["raw"] > max(*learned.held_true, *learned.held_false)
    assert rare.loc[above, "ppv"].isna().all()  # no label ranks so high: nothing is known


def test_calibration_finds_the_curve_that_drew_the_labels():
    rng = np.random.default_rng(0)
    raw = rng.normal(0, 2, 20_000)
    truth = rng.random(raw.size) < 1 / (1 + np.exp(-(0.7 * raw - 1)))
    slope, intercept = calibrated(raw, truth)
    assert slope == pytest.approx(0.7, abs=0.03) and intercept == pytest.approx(-1, abs=0.05)
    apart = np.array([-3.0] * 5 + [3.0] * 5)
    slope, intercept = calibrated(apart, apart > 0)  # told apart without a mistake, by ten labels
    assert 1 / (1 + np.exp(-(slope * 3 + intercept))) == pytest.approx(6 / 7, abs=1e-6)


# ---------------------------------------------------------------- nothing later


def _looks_later(case_of, labels) -> bool:
    """Whether what is looked at of a label changes where its own later transfers are taken away."""
    case, told = case_of
    told = told.assign(label=told["label"].astype(bool), day=told["time"], at=told["time"])
    told = told.rename(columns={"account_id": "subject_id"})
    whole, _ = inputs_at(case, told, "account", False)
    frame = case.tables.frame("transfers")
    for place in (10, 75, 140):
        one = told.iloc[[place]]
        known = frame[
            frame["time"] < pd.Timestamp(one["at"].iloc[0], tz="Asia/Shanghai") + pd.Timedelta(days=1)
        ]
        before = gf.Case.from_tables(
            money="minor", transfers=known, accounts=case.tables.frame("accounts")[["account_id"]]
        )
        alone, _ = inputs_at(before, one, "account", False)
        if not np.array_equal(alone[0], whole[place]):
            return True
    return False


def test_a_label_is_looked_at_as_of_its_own_day(made):
    assert not _looks_later(made, made[1])


@pytest.mark.parametrize("leak", ["no day", "a total", "the last transfer"])
def test_a_leak_in_a_feature_is_seen(made, monkeypatch, leak):
    """The same property, with a feature that looks at what came later."""
    real, columns = learning.features, featuring._columns

    def leaking(facts, by, size):
        found = columns(facts, by, size)
        rows = facts.ledger.rows  # everything, whatever the day
        if leak == "a total":
            target = facts.of_ledger[rows["target"]]
            found["in_amount"] = np.bincount(target, rows["amount"], minlength=size).astype(np.int64)
        else:
            found["days_since_last"] = np.full(size, int(rows["time"].max()) // 86_400_000_000)
        return found

    if leak == "no day":
        monkeypatch.setattr(learning, "features", lambda case, as_of, *, by: real(case, None, by=by))
    else:
        monkeypatch.setattr(featuring, "_columns", leaking)
    assert _looks_later(made, made[1])


def test_a_label_between_two_days_is_looked_at_on_the_earlier():
    days = [_day(n) for n in range(0, 50, 3)]
    for most in (2, 5, 16, 17, 40):
        found = few_days(days, most)
        assert all(at <= day for day, at in found.items())
        assert len(set(found.values())) == min(most, len(days))
        assert found[days[0]] == days[0] and found[days[-1]] == days[-1]


def test_a_time_of_day_is_looked_at_on_the_day_before(made, tmp_path):
    case, _ = made
    file = tmp_path / "labels.csv"
    file.write_text(
        "account_id,label,time\nA000,1,2024-02-01\nA001,0,2024-02-01T09:30:00\nA002,confirm,2024-01-31T16:30:00Z\n"
    )
    _, told = labels_of(case, file, None)
    assert dict(zip(told["subject_id"], told["day"], strict=True)) == {
        "A000": "2024-02-01", "A001": "2024-01-31", "A002": "2024-01-31",
    }  # fmt: skip


def test_no_decision_is_among_what_is_looked_at():
    case = rl06.amount_toy()
    before = signals(case, by="party")
    finding = gf.check(case, only="RL-06").findings[0]
    gf.decide(case, finding, "confirm", reason="so it is", by="Li")
    pd.testing.assert_frame_equal(before, signals(case, by="party"))
    assert gf.score(case)["score"].max() > before["rules_score"].max()  # while the score knows it
    assert list(before.columns) == list(SIGNALS)


def test_what_the_rules_say_of_a_day_is_not_changed_by_later_rows(made):
    case, _ = made
    frame = case.tables.frame("transfers")
    known = frame[frame["time"] < pd.Timestamp(_day(61), tz="Asia/Shanghai")]
    accounts = case.tables.frame("accounts")[["account_id"]]
    before = gf.Case.from_tables(money="minor", transfers=known, accounts=accounts)
    now = signals(case, _day(60))
    pd.testing.assert_frame_equal(signals(before, _day(60)), now)
    assert now["rules_score"].max() > 0


def test_rules_can_be_looked_at_too(made, tmp_path):
    case, labels = made
    labels.to_csv(tmp_path / "labels.csv", index=False)
    learned = gf.learn(case, tmp_path / "m", tmp_path / "labels.csv", with_rules=True, most_days=6)
    assert learned.features == (*featuring.FEATURES, *SIGNALS)
    assert learned.labels["looked"] == 6 < learned.labels["days"]
    assert len(gf.rank(case, tmp_path / "m", _day(100))) == len(case.tables.accounts)


# ---------------------------------------------------------------- decisions


def test_decisions_are_labels_as_of_what_was_known(tmp_path):
    case = rl06.amount_toy()
    finding = gf.check(case, only="RL-06", as_of="2020-01-01").findings[0]
    assert len(labels_of(case, None, None)[1]) == 0
    gf.decide(case, finding.id, "dismiss", reason="split", by="Li", as_of="2020-01-01")
    by, told = labels_of(case, None, None)
    assert by == "party"
    assert told.values.tolist() == [[finding.subject_id, False, "2020-01-01"]]
    gf.decide(case, finding, "confirm", reason="not so", by="Li")
    today = datetime.datetime.now(datetime.UTC).astimezone(datetime.timezone(datetime.timedelta(hours=8)))
    [[who, verdict, day]] = labels_of(case, None, None)[1].values.tolist()
    assert (who, verdict) == (finding.subject_id, True)
    assert day in {(today.date() - datetime.timedelta(n)).isoformat() for n in (1, 2)}  # the last whole day
    gf.decide(case, finding, "reopen", reason="who knows", by="Li")
    assert len(labels_of(case, None, None)[1]) == 0


# ---------------------------------------------------------------- the file


def test_the_same_labels_give_the_same_bytes(labelled, tmp_path):
    case, labels, file, _ = labelled
    shuffled = tmp_path / "shuffled.csv"
    pd.read_csv(labels).sample(frac=1, random_state=3).to_csv(shuffled, index=False)
    gf.learn(case, tmp_path / "again", shuffled, most_days=400)
    assert (tmp_path / "again").read_bytes() == file.read_bytes()
    case.save(tmp_path / "case")
    program = "import sys, graphflow as gf; gf.learn(gf.open_case(sys.argv[1]), sys.argv[2], sys.argv[3], most_days=400)"
    for threads, hashes in (("1", "1"), ("4", "2")):
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "case"), str(tmp_path / threads), str(labels)],
            check=True, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": hashes},
        )  # fmt: skip
    ours = read_learned(file)
    for name in ("1", "4"):
        theirs = read_learned(tmp_path / name)
        assert theirs.text == ours.text and theirs.held_true == ours.held_true
    assert (tmp_path / "1").read_bytes() == (tmp_path / "4").read_bytes()


def test_a_file_with_a_changed_byte_is_refused(labelled, tmp_path):
    case, _, file, learned = labelled
    data = file.read_bytes()
    assert read_learned(file) == learned
    other = tmp_path / "changed"
    places = [*range(110), *random.Random(0).sample(range(110, len(data)), 200), len(data) - 2, len(data) - 1]
    for place in places:
        other.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(InputError):
            read_learned(other)
    for wrong in (data[:-1], data + b"\n", data[: len(data) // 2], b"", b"{}"):
        other.write_bytes(wrong)
        with pytest.raises(InputError):
            gf.rank(case, other)
    with pytest.raises(InputError, match="cannot be read"):
        read_learned(tmp_path / "none")


def test_a_file_that_could_not_be_written_leaves_the_one_before(labelled, tmp_path, monkeypatch):
    case, labels, _, _ = labelled
    out = tmp_path / "model"
    out.write_bytes(b"before")

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(modelling, "write_aside", full)
    with pytest.raises(InputError, match="the disk is full"):
        gf.learn(case, out, labels, most_days=400)
    assert out.read_bytes() == b"before"


def test_what_was_learned_from_other_features_is_refused(labelled, monkeypatch):
    case, _, file, _ = labelled
    monkeypatch.setattr(learning, "FEATURES_VERSION", 2)
    with pytest.raises(InputError, match="other features"):
        gf.rank(case, file)


def test_features_that_are_counted_otherwise_have_another_version():
    """Where this fails a feature means something else now: raise FEATURES_VERSION, then this digest."""
    told = gf.features(quiet.quiet(), "2024-06-30").round(9).to_csv()
    digest = hashlib.sha256(told.encode()).hexdigest()[:16]
    assert (featuring.FEATURES_VERSION, digest) == (1, DIGEST)


DIGEST = "a7d4c6534d0a7243"


# ---------------------------------------------------------------- what is refused


def test_too_few_labels_are_refused_and_counted(made, tmp_path):
    case, labels = made
    out = tmp_path / "model"
    labels.iloc[:30].to_csv(tmp_path / "few.csv", index=False)
    with pytest.raises(InputError, match="too few to learn from: 10 confirmed and 10 dismissed"):
        gf.learn(case, out, tmp_path / "few.csv")
    labels[labels["label"] == 1].to_csv(tmp_path / "one.csv", index=False)
    with pytest.raises(InputError, match="and 0 dismissed to learn from, 24 and 0 later"):
        gf.learn(case, out, tmp_path / "one.csv")
    assert not out.exists()


def test_labels_of_who_moved_nothing_are_counted_and_not_learned(made, tmp_path):
    case, labels = made
    more = pd.DataFrame([["IDLE", 0, _day(50)]], columns=labels.columns)
    pd.concat([labels, more]).to_csv(tmp_path / "labels.csv", index=False)
    learned = gf.learn(case, tmp_path / "model", tmp_path / "labels.csv", most_days=400)
    assert learned.labels["unmoved"] == 1


def test_who_was_learned_from_does_not_calibrate(made, tmp_path):
    case, labels = made
    again = labels.iloc[:7].assign(time=_day(175))
    pd.concat([labels, again]).to_csv(tmp_path / "labels.csv", index=False)
    learned = gf.learn(case, tmp_path / "model", tmp_path / "labels.csv", most_days=400)
    assert learned.labels["again"] == 7


def test_a_ranking_no_better_than_chance_is_not_written(made, tmp_path):
    case, labels = made
    turned = labels.assign(label=np.where(labels["time"] < _day(132), labels["label"], 1 - labels["label"]))
    turned.to_csv(tmp_path / "labels.csv", index=False)
    with pytest.raises(InputError, match="no better than chance"):
        gf.learn(case, tmp_path / "model", tmp_path / "labels.csv", most_days=400)
    assert not (tmp_path / "model").exists()


def test_everything_that_is_wrong_with_labels_is_said_at_once(made, tmp_path):
    case, _ = made
    file = tmp_path / "labels.csv"
    file.write_text("account_id,label,time\nNOBODY,1,2024-02-01\nA000,maybe,2024-02-01\nA001,0,soon\n")
    with pytest.raises(InputError) as error:
        gf.learn(case, tmp_path / "m", file)
    assert [p.first for p in error.value.problems] == ["2: 'NOBODY'", "3: 'maybe'", "4: 'soon'"]
    for text, said in (
        ("account_id,party_id,label,time\n", "but not both"),
        ("account_id,label\nA000,1\n", "need the columns"),
        ("account_id,label,time\n", "there are no rows"),
        ("account_id,label,time\nA000,1,2024-02-01\nA000,0,2024-02-01\n", "contradict each other"),
    ):
        file.write_text(text)
        with pytest.raises(InputError, match=said):
            gf.learn(case, tmp_path / "m", file)
    with pytest.raises(InputError, match="cannot be read"):
        gf.learn(case, tmp_path / "m", tmp_path / "none.csv")
    with pytest.raises(UsageError, match="there is no such view"):
        gf.learn(case, tmp_path / "m", by="bank")


def test_without_lightgbm_the_extra_is_named(labelled, monkeypatch, tmp_path):
    case, labels, file, _ = labelled
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    for ask in (lambda: gf.learn(case, tmp_path / "m", labels), lambda: gf.rank(case, file)):
        with pytest.raises(MissingExtraError, match=r"lightgbm.*graphflow-lookthrough\[learn\]"):
            ask()


def test_the_rules_do_without_it():
    """Who scores, decides or runs the night imports nothing of it."""
    code = (
        "import sys, graphflow as gf; from graphflow.synthesis.lines import rl06; gf.score(rl06.amount_toy());"
        "import graphflow.scoring.nightly; print('lightgbm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_nothing_is_fetched(labelled, monkeypatch, tmp_path):
    case, labels, _, _ = labelled

    def refused(*_: object) -> None:
        raise AssertionError("somebody wanted the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    gf.learn(case, tmp_path / "m", labels, most_days=400)
    gf.rank(case, tmp_path / "m", _day(100))


# ---------------------------------------------------------------- the command line


def test_the_verbs_learn_and_rank(tmp_path, capsys):
    case, labels = _made(parties=True)
    case.save(tmp_path / "case")
    labels["party_id"] = "P" + labels.pop("account_id")
    labels.to_csv(tmp_path / "labels.csv", index=False)
    folder, model = str(tmp_path / "case"), str(tmp_path / "model")
    asked = ["learn", folder, "--out", model, "--labels", str(tmp_path / "labels.csv"), "--most-days", "200"]
    assert run([*asked, "--format", "json", "--base-rate", "0.01"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["by"] == "party" and told["train_true"] == 56 and told["ppv"] >= told["ppv_least"]
    before = (tmp_path / "model").read_bytes()
    assert run([*asked, "--language", "en"]) == 0
    said = capsys.readouterr().out
    assert "56 confirmed and 56 dismissed" in said and "is no finding" in said
    assert (tmp_path / "model").read_bytes() == before
    asked = ["rank", folder, "--model", model, "--as-of", _day(100)]
    assert run([*asked, "--format", "json", "--base-rate", "0.01", "--top", "5"]) == 0
    told = json.loads(capsys.readouterr().out)
    frame = gf.rank(gf.open_case(folder), model, _day(100), base_rate="0.01")
    assert [row["subject_id"] for row in told["rows"]] == frame["subject_id"].head(5).tolist()
    assert told["left_out"] == len(frame) - 5
    money = [r for row in told["rows"] for r in row["reasons"] if r["feature"] in featuring.MONEY]
    assert money and all(isinstance(r["value"], str) and "." in r["value"] for r in money)
    assert run([*asked, "--language", "zh"]) == 0
    assert "比率" not in capsys.readouterr().err
    assert run([*asked, "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(frame) + 1
    gf.night(folder, _day(100), tmp_path / "nights")
    assert run([*asked, "--nights", str(tmp_path / "nights"), "--format", "json"]) == 0
    night = pd.read_parquet(tmp_path / "nights" / _day(100) / "scores.parquet").set_index("subject_id")
    for row in json.loads(capsys.readouterr().out)["rows"]:
        assert row["score"] == night.loc[row["subject_id"], "score"]
    assert (
        run(["rank", folder, "--model", model, "--as-of", _day(99), "--nights", str(tmp_path / "nights")])
        == 2
    )
    assert "there is no night of this day" in capsys.readouterr().err
    assert run([*asked, "--base-rate", "2"]) == 2
