"""One Hypothesis profile for all tests: the same examples in every run, no deadlines.

`HYPOTHESIS_PROFILE=thorough` searches longer and anew each time; give `--timeout=0` with it.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.register_profile(
    "thorough",
    deadline=None,
    database=None,
    max_examples=1_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "ci")
