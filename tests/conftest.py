"""One Hypothesis profile for all tests: the same examples in every run, no deadlines."""

from hypothesis import settings

settings.register_profile("credimus", derandomize=True, deadline=None, database=None)
settings.load_profile("credimus")
