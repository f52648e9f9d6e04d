"""Repeats the measurement of `credimus bench http`; with folders, compares their sources in turn.

`python bench/http_load.py [seconds] [source ...]`: each source is a folder that holds a `credimus`.
"""

import json
import sys
from pathlib import Path

from credimus.bench.http_load import bench_http

ROUNDS = 3
seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
sources = [Path(one) for one in sys.argv[2:]]
if not sources:
    print(json.dumps(bench_http(seconds), indent=1))
for _ in range(ROUNDS if sources else 0):  # in turn, so that the machine's moods meet all alike
    for source in sources:
        print(json.dumps({"source": str(source), **bench_http(seconds, source=source)}))
