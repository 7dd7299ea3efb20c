"""What is not the lesson, room by room, in the order in which a reader meets them.

presets     the settings of every lesson at every level
device      which device to train on, what it is in words, seeding, versions in one line
data        digits, clothes, faces, your own pictures, weights: where they come from, checked
plotting    figures (points, maps, loss curves, pictures): arrays in, a figure with alt text out
tables      tables that a lesson shows, and those that were measured beforehand
training    `Run`: what surrounds a training loop (batches, progress, Stop, files, resuming)
recording   `Recording`: frames of a run, small enough for a page
player      `show`: a recording as a page that plays it, and six moments of it as a picture
metrics     plausible, varied, new: the numbers, and the classifiers that they look through
controls    sliders and buttons around functions that draw
exercises   the checks of the exercises, a file for each lesson
base        what every room stands on: errors, files, arrays, history, colours

Imports go one way, towards `base`. Importing `helpers` loads no framework; a file called
`pytorch.py` never meets TensorFlow, nor one called `keras.py` PyTorch.
"""

__version__ = "1.0.0"
