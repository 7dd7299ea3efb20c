"""A run of training as frames, small however long the run is.

recorder   `Recording`: which steps are kept, and the file of them
snapshot   one frame: what both networks do at one moment
encoding   arrays and pictures made small
"""

from helpers.recording.recorder import Recording

__all__ = ["Recording"]
