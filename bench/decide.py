"""Repeats the measurement of `credimus bench decide`."""

import json
import sys

from credimus.bench.decide import bench_decide

print(json.dumps(bench_decide(seconds=float(sys.argv[1]) if len(sys.argv) > 1 else 5), indent=1))
