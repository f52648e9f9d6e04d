"""Crowd answers through the real core: made-up files, and real ones where they are at hand."""

import time
from pathlib import Path
from random import Random

import pytest

from credimus.kernel import limits
from credimus.kernel.errors import UsageError
from credimus.sim.replay import answers as answers_module
from credimus.sim.replay.answers import BAD_LINES_SHOWN, read_answers, read_truth
from credimus.sim.replay.plan import AGGREGATIONS, SCHEMES, ReplayOptions
from credimus.sim.replay.replay import replay
from credimus.sim.replay.scores import accuracy_of, f1_of
from credimus.state.operations import Choice
from credimus.state.voting.verdict import Verdict

CROWD = Path(__file__).parents[2] / "../shared/data/crowd"
MADE_UP = """item,worker,label,confidence,mood
sky,ann,1,0.9,calm
sky,bob,1,0.8,calm
sky,eve,0,0.4,cross
sea,ann,0,0.7,calm
sea,bob,0,0.9,calm
sea,eve,1,0.3,cross
hill,ann,1,0.6,calm
hill,bob,0,0.6,calm
fog,ann,-1,,calm
fog,eve,1,1,calm
fog,bob,1,1,calm
"""
TRUTH = "item,label\nsky,1\nsea,0\nhill,1\nfog,0\nelsewhere,1\n"


def _file(folder: Path, text: str, name: str = "answers.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_workers_decide_and_every_replica_agrees(tmp_path: Path) -> None:
    report = replay(_file(tmp_path, MADE_UP), _file(tmp_path, TRUTH, "truth.csv"))
    assert report.verdicts == {
        "sky": "accepted",
        "sea": "rejected",
        "hill": "expired",
        "fog": "accepted",
    }
    assert (report.items, report.workers, report.answers, report.decided) == (4, 3, 11, 3)
    assert report.coverage == 0.75
    assert report.accuracy == (1 + 1 + 0.5 + 0) / 4
    assert report.f1 == pytest.approx(2 * 1 / (2 + 2))
    assert report.agree
    assert len(report.fingerprints) == 5
    assert report.bad_line_count == 0
    assert report.seconds is None


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_every_scheme_and_aggregation_comes_to_an_end(
    tmp_path: Path, scheme: str, aggregation: str
) -> None:
    if scheme == "credence" and aggregation != "skill":
        return
    options = ReplayOptions(scheme=scheme, aggregation=aggregation, nodes=2)
    report = replay(_file(tmp_path, MADE_UP), None, options)
    assert report.agree
    assert set(report.verdicts.values()) <= {"accepted", "rejected", "expired"}
    assert report.accuracy is None
    if scheme == "turnout":
        assert report.verdicts["sky"] == "accepted"


def test_confidence_weighs(tmp_path: Path) -> None:
    text = "task,worker,label,confidence\na,x,1,1\na,y,1,0.6\na,z,0,1\nb,x,1,0.7\nb,y,1,0.7\n"
    text += "b,z,0,1\n"
    weighted = replay(_file(tmp_path, text), None, ReplayOptions(aggregation="weighted", nodes=2))
    assert weighted.verdicts == {"a": "accepted", "b": "expired"}


def test_the_seed_makes_the_keys_and_the_order_of_nodes_changes_nothing(tmp_path: Path) -> None:
    path = _file(tmp_path, MADE_UP)
    one, same = replay(path), replay(path)
    other = replay(path, None, ReplayOptions(seed=1))
    assert one == same
    assert one.fingerprints[0] != other.fingerprints[0]
    assert one.verdicts == other.verdicts
    assert replay(path, None, ReplayOptions(nodes=1)).verdicts == one.verdicts


def test_items_that_read_alike_stay_apart(tmp_path: Path) -> None:
    text = "item,worker,label,text\nA,x,1,The dam holds\na,x,0,the dam holds.\nb,x,1,\n"
    report = replay(_file(tmp_path, text), None, ReplayOptions(nodes=2))
    assert report.verdicts == {"A": "accepted", "a": "rejected", "b": "accepted"}


def test_a_stopwatch_and_progress_are_the_callers(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    report = replay(
        _file(tmp_path, MADE_UP),
        stopwatch=time.perf_counter,
        progress=lambda done, of: told.append((done, of)),
    )
    assert report.seconds is not None
    assert told == [(4, 4)]


BAD = """item,worker,label,confidence
ok,ann,1,0.5
,ann,1,0.5
ok,,1,0.5
ok,bob,maybe,0.5
ok,bob,1,1.5
ok,bob,1,nan
ok,bob,1,often
ok,ann,0,0.5
ok,bob
ok,cy,1,0.5,surplus

ok,dora,0,
"""


def test_bad_lines_are_named_by_number_and_reason(tmp_path: Path) -> None:
    answers = read_answers(_file(tmp_path, BAD))
    assert [one.line for one in answers.bad_lines] == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert answers.bad_line_count == 9
    assert [answer.worker for answer in answers.by_item["ok"]] == ["ann", "dora"]
    assert "no item" in answers.bad_lines[0].reason
    assert "'maybe'" in answers.bad_lines[2].reason
    assert "first counts" in answers.bad_lines[6].reason
    report = replay(_file(tmp_path, BAD), None, ReplayOptions(nodes=1))
    assert (report.bad_line_count, report.answers) == (9, 2)
    with pytest.raises(UsageError, match=r"line 3 of .* has no item") as refused:
        replay(_file(tmp_path, BAD), None, ReplayOptions(strict=True))
    assert refused.value.code == "bad-line"


def test_only_the_first_bad_lines_are_kept(tmp_path: Path) -> None:
    text = "item,worker,label\nok,ann,1\n" + "ok,bob,7\n" * (BAD_LINES_SHOWN + 5)
    answers = read_answers(_file(tmp_path, text))
    assert answers.bad_line_count == BAD_LINES_SHOWN + 5
    assert len(answers.bad_lines) == BAD_LINES_SHOWN


def test_bytes_that_are_no_text_and_names_without_end_are_bad_lines(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    long_name = b"x" * 2_000
    path.write_bytes(
        b"\xef\xbb\xbfItem, Worker ,LABEL\nok,ann,1\n\xff\xfe,ann,1\n" + long_name + b",ann,1\n"
        b'"open,ann,1\n'
    )
    answers = read_answers(path)
    assert list(answers.by_item) == ["ok"]
    assert [one.line for one in answers.bad_lines] == [3, 4, 5]


def test_an_item_has_as_many_answers_as_an_electorate_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ELECTORATE_MEMBERS_MAX", 2)
    answers = read_answers(_file(tmp_path, MADE_UP))
    assert answers.bad_line_count == 3
    assert answers.by_item["fog"][0].choice is Choice.ABSTAIN


def test_a_replay_has_a_bounded_number_of_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers_module, "WORKERS_MAX", 2)
    answers = read_answers(_file(tmp_path, MADE_UP))
    assert answers.workers == ["ann", "bob"]
    assert answers.bad_line_count == 3
    assert "beyond the first 2" in answers.bad_lines[0].reason


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad-header"),
        ("a,b,c\n1,2,3\n", "bad-header"),
        ("item,worker,label\n", "no-answers"),
        ("item,worker,label\nx,y,9\n", "no-answers"),
    ],
)
def test_a_file_without_answers_is_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_answers(_file(tmp_path, text))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (ReplayOptions(scheme="dice"), "unknown-scheme"),
        (ReplayOptions(aggregation="loudest"), "unknown-aggregation"),
        (ReplayOptions(nodes=0), "out-of-range"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, options: ReplayOptions, code: str) -> None:
    with pytest.raises(UsageError) as refused:
        replay(_file(tmp_path, MADE_UP), None, options)
    assert refused.value.code == code


def test_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        replay(tmp_path / "nowhere.csv")
    assert refused.value.code == "no-such-file"


def test_a_truth_file_is_read_with_its_bad_lines(tmp_path: Path) -> None:
    truth, bad = read_truth(_file(tmp_path, "task,label\na,1\nb,0\nc,-1\na,0\n,1\n"))
    assert truth == {"a": True, "b": False}
    assert [one.line for one in bad] == [4, 5, 6]
    truths = _file(tmp_path, "item,label\nsky,5\nsea,0\n", "truth.csv")
    report = replay(_file(tmp_path, MADE_UP), truths)
    assert [(one.line, one.reason.endswith("(truth file)")) for one in report.bad_lines] == [
        (2, True)
    ]


@pytest.mark.parametrize("text", ["item,label\nmoon,1\n", "item,label\nsky,5\n", "item,label\n"])
def test_a_truth_of_other_items_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="none of the 4 items") as refused:
        replay(_file(tmp_path, MADE_UP), _file(tmp_path, text, "truth.csv"))
    assert refused.value.code == "no-truth"


def test_the_first_line_that_is_no_answer_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 2 has label '9'"):
        read_answers(_file(tmp_path, "item,worker,label\nx,y,9\nx\n"))


def test_scores_without_anything_to_judge_are_zero() -> None:
    assert accuracy_of({"a": Verdict.ACCEPTED}, {}) == 0.0
    assert f1_of({"a": Verdict.REJECTED}, {"a": False}) == 0.0


@pytest.mark.skipif(not CROWD.is_dir(), reason="the crowd sets are not at hand")
@pytest.mark.parametrize(
    ("name", "accuracy", "coverage"), [("rte", 0.897, 0.919), ("slr", 0.748, 0.917)]
)
def test_real_crowds(name: str, accuracy: float, coverage: float) -> None:
    report = replay(CROWD / name / "answers.csv", CROWD / name / "truth.csv")
    assert report.agree
    assert report.accuracy == pytest.approx(accuracy, abs=0.001)
    assert report.coverage == pytest.approx(coverage, abs=0.001)
    assert report.bad_line_count == 0


def _crowd(rights: tuple[float, ...], count: int) -> tuple[str, str]:
    """Answers of workers who are right so often, and what is so."""
    chance = Random(5)
    answers, truth = ["item,worker,label"], ["item,label"]
    for item in range(count):
        holds = chance.random() < 0.4
        truth.append(f"i{item},{holds:d}")
        for worker, right in enumerate(rights):
            says = holds if chance.random() < right else not holds
            answers.append(f"i{item},w{worker},{says:d}")
    return "\n".join([*answers, ""]), "\n".join([*truth, ""])


def test_skill_learns_from_earlier_items_whom_to_believe(tmp_path: Path) -> None:
    answers, truth = _crowd((0.95, 0.95, 0.5, 0.5, 0.5), 150)
    path, known = _file(tmp_path, answers), _file(tmp_path, truth, "truth.csv")
    plain = replay(path, known, ReplayOptions(nodes=2))
    first = replay(path, known, ReplayOptions(nodes=2, aggregation="skill"))
    later = replay(path, known, ReplayOptions(nodes=2, aggregation="skill", reevaluate=True))
    assert first.scheme == "credence"
    assert first.agree
    assert first.accuracy is not None
    assert plain.accuracy is not None
    assert later.accuracy is not None
    assert later.accuracy > plain.accuracy + 0.08
    assert plain.accuracy + 0.04 < first.accuracy <= later.accuracy
    assert first.changed == later.changed > 0
    assert later.first_accuracy == first.accuracy
    assert first.fingerprints == later.fingerprints  # a later view changes no verdict
    assert set(later.verdicts.values()) == {"accepted", "rejected"}


def test_another_order_of_the_items_is_drawn_by_a_seed(tmp_path: Path) -> None:
    answers, truth = _crowd((0.9, 0.8, 0.6), 40)
    path, known = _file(tmp_path, answers), _file(tmp_path, truth, "truth.csv")
    one, same, other = (
        replay(path, known, ReplayOptions(nodes=1, aggregation="skill", order_seed=seed))
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one.fingerprints != other.fingerprints
    assert one.credences == pytest.approx(other.credences)  # all votes are the same in the end


def test_workers_who_copy_each_other_share_a_voice_with_independence(tmp_path: Path) -> None:
    answers, truth = _crowd((0.75,) * 9, 120)
    chance = Random(9)
    copies = [
        f"i{item},copy{number},{chance_label}"
        for item in range(120)
        for chance_label in [chance.randrange(2)]
        for number in range(5)
    ]
    path = _file(tmp_path, answers + "\n".join([*copies, ""]))
    known = _file(tmp_path, truth, "truth.csv")
    reports = [
        replay(
            path,
            known,
            ReplayOptions(nodes=1, aggregation="skill", reevaluate=True, independence=independence),
        )
        for independence in (False, True)
    ]
    alone, shared = (report.accuracy or 0 for report in reports)
    assert alone < 0.7
    assert shared > 0.85


def test_credence_goes_by_skill_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        replay(_file(tmp_path, MADE_UP), None, ReplayOptions(scheme="credence"))
    assert refused.value.code == "unknown-aggregation"


@pytest.mark.skipif(not CROWD.is_dir(), reason="the crowd sets are not at hand")
def test_skill_finds_more_truth_in_a_real_crowd_than_a_majority() -> None:
    options = ReplayOptions(aggregation="skill", nodes=1, reevaluate=True)
    report = replay(CROWD / "rte" / "answers.csv", CROWD / "rte" / "truth.csv", options)
    assert report.accuracy == pytest.approx(0.929, abs=0.001)
    assert report.first_accuracy is not None
    assert report.first_accuracy > 0.915
    assert report.coverage == 1.0
