"""Print the figures of the OR-Set as JSON: `python bench/orset.py [size]`."""

import json
import sys

from credimus.bench.orset import bench_orset

if __name__ == "__main__":
    print(json.dumps(bench_orset(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000), indent=2))
