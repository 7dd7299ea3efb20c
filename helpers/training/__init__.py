"""What surrounds a training loop; `Run` in `pytorch` for lessons 01 to 03, in `keras` for 04.

run       what both share: files, history, Stop, progress
"""
