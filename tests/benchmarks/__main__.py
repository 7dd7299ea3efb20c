"""Timings and measurements that are too slow or too noisy for tests. Run them by hand:

python -m tests.benchmarks speed              # the lessons' loops against the usual tutorial loop
python -m tests.benchmarks seeds 01 0 1 2     # a lesson with other seeds, at its preset
python -m tests.benchmarks recipes 200        # lesson 02, one setting after the other, 200 s each
python -m tests.benchmarks faces04 0 1 2      # lesson 04: the second GAN, seeds 0, 1 and 2
"""

import sys

from tests.benchmarks import faces04, recipes, seeds, speed

COMMANDS = {
    "speed": speed.main,
    "seeds": seeds.main,
    "recipes": recipes.main,
    "faces04": faces04.main,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
