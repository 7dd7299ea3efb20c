"""Tries the course on bad days and prints a table of what it ended in.

    python -m tests.drill              # all of it, some minutes
    python -m tests.drill --short      # a few trials of each kind, as CI does
    python -m tests.drill --seed 3 flipped settings      # other trials, of these kinds alone

The code is 1 if a trial ended in a traceback or something was lost; each such trial is named.
"""

import argparse
import importlib
import random
import sys
import time

from tests.drill.trials import ENDS, LOST, TRACEBACK, Kind, pay_for_imports

# The kinds, and the module of each, which is imported when its turn comes.
MODULES = {"killed": "runs", "together": "runs", "full": "disks", "closed": "disks"}
MODULES |= {"servers": "servers", "flipped": "flipped"}
MODULES |= {"pictures": "odd_pictures", "settings": "odd_settings"}


def kinds(name: str, chance: random.Random, short: bool) -> list[Kind]:
    """Run the trials of one name."""
    module = importlib.import_module(f"tests.drill.{MODULES[name]}")
    return getattr(module, name)(chance, short)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="kind", help=f"of {', '.join(MODULES)}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--short", action="store_true", help="a few trials of each kind")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(MODULES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    done, total = [], time.perf_counter()
    ours = [f"tests.drill.{name}" for name in (*MODULES.values(), "toy_keras")]
    pay_for_imports("torch._dynamo", *ours)  # the first is what an optimizer asks for
    for name in asked.names or MODULES:
        start = time.perf_counter()
        done += kinds(name, random.Random(f"{asked.seed} {name}"), asked.short)
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    print(f"\nSeed {asked.seed}, {time.perf_counter() - total:.0f} s\n")
    rows = [["kind", "tried", *(f"ended in {end}" for end in ENDS[:2]), *ENDS[2:]]]
    rows += [["---"] * len(rows[0]), *(kind.row() for kind in done)]
    for row in rows:
        print("| " + " | ".join(row) + " |")
    for problem in (problem for kind in done for problem in kind.problems):
        print(problem)
    return int(any(kind.ends[TRACEBACK] + kind.ends[LOST] for kind in done))


if __name__ == "__main__":
    sys.exit(main())
