"""Timings, which are too noisy for tests. Run them by hand, on a quiet machine:

python -m tests.benchmarks speed          # the lessons' loops against the usual tutorial loop
python -m tests.benchmarks player         # what recording and playing cost
python -m tests.benchmarks gpu            # all that only a GPU can tell: one table
python -m tests.benchmarks faces 10000    # how long so many pictures of CelebA's size take
"""

import sys
from importlib import import_module

COMMANDS = ("speed", "player", "gpu", "faces")

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    # Imported when it is needed: each loads what it measures.
    import_module(f"tests.benchmarks.{sys.argv[1]}").main(*sys.argv[2:])
