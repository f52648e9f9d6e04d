"""Who holds the folder: a running node that answers, or nobody."""

import fcntl
import os

from credimus.runtime.doctor.finding import Answers, Finding, ok, problem, warning
from credimus.runtime.home import Home

CHECK = "process"


def check_use(home: Home, running: Answers | None) -> list[Finding]:
    """Whether what holds the folder is what answers for it."""
    holder = lock_holder(home)
    if running is not None:
        return [_running(running)]
    if holder is not None:
        return [
            problem(
                CHECK,
                f"process {holder} holds the folder and does not answer",
                "mend its token if that is told above; wait if it is starting; else stop it with: "
                f"kill {holder}",
            )
        ]
    if home.running.exists():
        return [
            warning(
                CHECK,
                "the node does not run, and did not stop cleanly last time",
                f"start it: credimus up {home}",
            )
        ]
    return [ok(CHECK, "the node does not run, and the folder is free")]


def lock_holder(home: Home) -> str | None:
    """The process that holds the folder's lock, or None; the lock is free again afterwards."""
    path = home.database.with_name(home.database.name + ".lock")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return os.pread(descriptor, 10, 0).decode("ascii", "replace").strip() or "(unknown)"
    else:
        return None
    finally:
        os.close(descriptor)


def _running(running: Answers) -> Finding:
    status = running.status
    if status["forked"]:
        return problem(
            CHECK,
            "the node's own chain is forked: this folder is an old copy, or a second node has its "
            "key; it writes no more",
            "stop it for good and join anew in an empty folder (see docs/operating.md)",
        )
    if status["failure"] is not None:
        found, _, mending = status["failure"]["message"].partition(". ")
        return problem(CHECK, f"it writes nothing: {found}", mending or "look at its log")
    return ok(CHECK, f"process {status['pid']} answers, up {status['uptime_s']:.0f} s, and writes")
