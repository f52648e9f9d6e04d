"""How a fleet is to admit, in words, as the operation that says so for ever."""

from credimus.kernel import limits
from credimus.kernel.errors import UsageError
from credimus.state.member_operations import AdmissionRule, Charter


def charter_of(admission: str, per_day: int) -> Charter | None:
    """The charter of a fleet; None for one where any member admits any number.

    Args:
        admission: `members`, `founder`, or a number of members.
        per_day: admissions by one member that count in a day; 0 for any number.

    Raises:
        UsageError: `bad-admission`, `out-of-range`.
    """
    if not 0 <= per_day <= limits.ADMISSIONS_PER_DAY_MAX:
        raise UsageError(
            "out-of-range",
            f"{per_day} admissions a day; give 0 for any number, or 1 to "
            f"{limits.ADMISSIONS_PER_DAY_MAX}.",
        )
    if admission == "founder":
        return Charter(AdmissionRule.FOUNDER, 1, per_day)
    if admission in ("members", "1"):
        return Charter(AdmissionRule.MEMBERS, 1, per_day) if per_day else None
    known = admission.isascii() and admission.isdecimal() and len(admission) < 6
    if not known or not 1 <= int(admission) <= limits.ADMISSION_QUORUM_MAX:
        raise UsageError(
            "bad-admission",
            f"{admission[:40]!r} is no rule; give members, founder, or how many members must admit "
            f"(2 to {limits.ADMISSION_QUORUM_MAX}).",
        )
    return Charter(AdmissionRule.QUORUM, int(admission), per_day)
