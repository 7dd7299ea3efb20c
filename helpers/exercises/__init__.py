"""The checks of the exercises, a file for each lesson; `verdicts` is what they all share."""
