"""A run of training as frames, small however long the run is.

recorder   `Recording`: what is kept, and its file
snapshot   one frame: what both networks do at one moment
schedule   which steps are kept
encoding   arrays made small
sprites    pictures made small
"""

from helpers.recording.recorder import Recording

__all__ = ["Recording"]
