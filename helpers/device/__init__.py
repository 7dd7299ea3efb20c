"""The device that a lesson trains on: `pytorch` for lessons 01 to 03, `keras` for lesson 04.

`versions` says in one line what is installed.
"""
