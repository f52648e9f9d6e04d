"""How good verdicts are against the truth; items without a known truth are left out. Pure."""

from collections.abc import Mapping

from credimus.state.voting.verdict import Verdict


def accuracy_of(verdicts: Mapping[str, Verdict], truth: Mapping[str, bool]) -> float:
    """Share of items decided rightly; one not decided, or contested, counts half."""
    judged = [(verdict, truth[item]) for item, verdict in verdicts.items() if item in truth]
    if not judged:
        return 0.0
    score = 0.0
    for verdict, holds in judged:
        if verdict not in (Verdict.ACCEPTED, Verdict.REJECTED):
            score += 0.5
        elif (verdict is Verdict.ACCEPTED) is holds:
            score += 1
    return score / len(judged)


def f1_of(verdicts: Mapping[str, Verdict], truth: Mapping[str, bool]) -> float:
    """Harmonic mean of precision and recall of `accepted`; 0 when nothing was rightly accepted."""
    judged = [
        (verdict is Verdict.ACCEPTED, truth[item])
        for item, verdict in verdicts.items()
        if item in truth
    ]
    right = sum(accepted and holds for accepted, holds in judged)
    named = sum(accepted for accepted, _ in judged) + sum(holds for _, holds in judged)
    return 2 * right / named if named else 0.0
