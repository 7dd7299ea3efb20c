"""Timings and measurements that are too slow or too noisy for tests. Run them by hand:

python -m tests.benchmarks speed              # the lessons' loops against the usual tutorial loop
python -m tests.benchmarks seeds 01 0 1 2     # a lesson with other seeds, at its preset
python -m tests.benchmarks recipes 200        # lesson 02, one setting after the other, 200 s each
python -m tests.benchmarks player             # what recording and playing cost
"""

import sys

from tests.benchmarks import player, recipes, seeds, speed

COMMANDS = {
    "speed": speed.main,
    "seeds": seeds.main,
    "recipes": recipes.main,
    "player": player.main,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
