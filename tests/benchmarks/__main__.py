"""Timings and measurements that are too slow or too noisy for tests. Run them by hand:

python -m tests.benchmarks speed              # the lessons' loops against the usual tutorial loop
python -m tests.benchmarks seeds 01 0 1 2     # a lesson with other seeds, at its preset
python -m tests.benchmarks recipes 8          # lesson 02, setting by setting, 8 epochs each
python -m tests.benchmarks second_judge digits clothes   # the shipped players, judged anew
python -m tests.benchmarks faces04 0 1 2      # lesson 04: the second GAN, seeds 0, 1 and 2
"""

import sys
from importlib import import_module

COMMANDS = ("speed", "seeds", "recipes", "second_judge", "player", "faces", "faces04")

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    # Imported when it is needed: PyTorch and TensorFlow do not go well together.
    import_module(f"tests.benchmarks.{sys.argv[1]}").main(*sys.argv[2:])
