"""How often verdicts are right: real answers of crowds through the real core, as a table.

    python bench/truth.py FOLDER [--orders 20] [--nodes 5] [--sets rte,slr]

FOLDER holds a folder for each set, with `answers.csv` and `truth.csv` (see `credimus replay`).
Each set is decided by a majority of equal votes, and by skill: the first verdicts in the order of
the file and in further orders, and what all answers together show in the end. Then three tenths of
the workers answer at random, or collude: all of them give the same answer, drawn for each item, or
the wrong one each time.
"""

import argparse
import csv
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import mean

from credimus.kernel.entropy import Entropy, Stream
from credimus.sim.replay.plan import ReplayOptions, ReplayReport
from credimus.sim.replay.replay import replay

BAD_TENTHS = 3
Row = tuple[str, str, str]
"""Item, worker, label."""


def main() -> None:
    """Print the tables."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--orders", type=int, default=20, help="orders of the items")
    asked.add_argument("--nodes", type=int, default=5, help="replicas; one is five times as fast")
    asked.add_argument("--seeds", type=int, default=3, help="draws of who answers badly")
    asked.add_argument("--sets", default="", help="names, with commas; all when empty")
    told = asked.parse_args()
    names = told.sets.split(",") if told.sets else sorted(p.name for p in told.folder.iterdir())
    print(
        "| set | items | answers each | majority | skill | first verdicts | least of the orders |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in names:
        print(truth_row(told.folder / name, told.orders, told.nodes), flush=True)
    print()
    print("| set | 3 in 10 | majority | skill | skill, independence |")
    print("|---|---|---|---|---|")
    for name in names:
        for kind in ("random", "one coin", "all wrong"):
            print(attacked_row(told.folder / name, kind, told.seeds, told.nodes), flush=True)


def truth_row(folder: Path, orders: int, nodes: int) -> str:
    """One set, by majority and by skill."""
    plain = run(folder, ReplayOptions(nodes=nodes))
    skill = run(folder, ReplayOptions(aggregation="skill", reevaluate=True, nodes=nodes))
    firsts = [
        run(folder, ReplayOptions(aggregation="skill", order_seed=order, nodes=nodes)).accuracy or 0
        for order in range(orders)
    ]
    return (
        f"| {folder.name} | {plain.items} | {plain.answers / plain.items:.1f} "
        f"| {scored(plain)} | {scored(skill)} | {mean([skill.first_accuracy or 0, *firsts]):.3f} "
        f"| {min([skill.first_accuracy or 0, *firsts]):.3f} |"
    )


def attacked_row(folder: Path, kind: str, seeds: int, nodes: int) -> str:
    """One set, where three tenths of the workers answer badly."""
    figures: list[list[float]] = [[], [], []]
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as place:
            changed = Path(place) / "answers.csv"
            write_rows(changed, attacked(folder, kind, seed))
            for column, options in zip(
                figures,
                (
                    ReplayOptions(nodes=nodes),
                    ReplayOptions(aggregation="skill", reevaluate=True, nodes=nodes),
                    ReplayOptions(
                        aggregation="skill", reevaluate=True, nodes=nodes, independence=True
                    ),
                ),
                strict=True,
            ):
                report = replay(changed, folder / "truth.csv", options)
                column.append(report.accuracy or 0)
    shown = " | ".join(f"{mean(column):.3f}" for column in figures)
    return f"| {folder.name} | {kind} | {shown} |"


def run(folder: Path, options: ReplayOptions) -> ReplayReport:
    """One replay; all replicas must agree."""
    report = replay(folder / "answers.csv", folder / "truth.csv", options)
    if not report.agree:
        raise SystemExit(f"{folder.name}: the replicas differ")
    return report


def scored(report: ReplayReport) -> str:
    """Accuracy and F1."""
    return f"{report.accuracy:.3f} / {report.f1:.3f}"


def attacked(folder: Path, kind: str, seed: int) -> list[Row]:
    """The answers of a set, three tenths of the workers' replaced."""
    rows = read_rows(folder / "answers.csv", ("item", "worker", "label"))
    truth = dict(read_rows(folder / "truth.csv", ("item", "label")))
    chance = Entropy(f"truth {kind} {seed}".encode())
    workers = sorted({worker for _, worker, _ in rows})
    bad = set(chance.stream("bad").sample(workers, len(workers) * BAD_TENTHS // 10))
    coins = chance.stream("coins")
    drawn = {item: coin(coins) for item in dict.fromkeys(item for item, _, _ in rows)}
    changed = []
    for item, worker, label in rows:
        said = label
        if worker in bad and label != "-1":
            if kind == "random":
                said = coin(coins)
            elif kind == "one coin":
                said = drawn[item]
            else:
                said = "0" if truth.get(item) == "1" else "1"
        changed.append((item, worker, said))
    return changed


def coin(stream: Stream) -> str:
    """0 or 1."""
    return str(stream.below(2))


def read_rows(path: Path, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Some columns of a CSV file."""
    with path.open(newline="") as file:
        return [tuple(row[column] for column in columns) for row in csv.DictReader(file)]


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Answers as a CSV file."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("item", "worker", "label"))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
