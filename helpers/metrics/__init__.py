"""Plausible, varied, new: measures of what a GAN makes.

points      distance to the sine, coverage
images      Frechet distance, precision and recall, classes, nearest training pictures
classifier  the small networks through which `images` looks at digits and clothes
"""
