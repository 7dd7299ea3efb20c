# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,slideshow,cellView,jp-MarkdownHeadingCollapsed,jupyter,-all
#     notebook_metadata_filter: -jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 04 · Faces, in Keras
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gan-course/gan-course/blob/main/notebooks/04_celeba_keras_gan.ipynb) [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/gan-course/gan-course/blob/main/notebooks/04_celeba_keras_gan.ipynb)
#
# The hardest lesson: pictures of faces, in colour, with convolutional networks, in another library.
# First you train the networks of the lecture and measure what they can do. Then you go one step
# further, with the same data and the same five steps, and measure again. You need lessons 01 and 02.

# %% [markdown] slideshow={"slide_type": "skip"}
# | preset | what it does | two CPU cores | a GPU | memory |
# | --- | --- | --- | --- | --- |
# | `lesson` (the default) | faces of 64 pixels, an eighth and a fourth of the filters | 4 to 7 minutes, 4 to 6 of them for the two trainings | not measured | 1.5 GB |
# | `full` | faces of 128 pixels, the lecture's numbers | more than a day: meant for a GPU | not measured | not measured |
# | `smoke` | six iterations of each GAN, to test that everything runs | 20 seconds | not measured | 1 GB |
#
# `lesson` is the default on every device. For `full` put a cell with `%env GAN_PRESET=full` above all
# others; how long it takes on your GPU you learn from the forecast below, before it starts. (No GPU was available while the
# course was made; `python -m tests.benchmarks gpu` measures lessons 01, 02 and 04 on yours.)
#
# The route through the lesson, with minutes of reading and of machine time:
#
# | | section | reading | machine |
# | --- | --- | --- | --- |
# | 1 | Why faces are harder, Set-up, The training data, From PyTorch to Keras | 5 | |
# | 2 | What a convolution does | 5 | |
# | 3 | The discriminator and the generator of the lecture, What it will cost | 4 | |
# | 4 | The five steps, How to tell good from bad | 6 | |
# | 5 | The settings, Training the first GAN, What the networks of the lecture can do | 4 | 3 |
# | 6 | One step further, Reading the curves | 7 | 3 |
# | 7 | Is it plausible? Is it varied? Is it new? A walk between two faces | 5 | |
# | 8 | The long run, without waiting; Results and conclusions, Where the field went | 4 | |
# | | Asides, folded away where the notebook can: Bigger; What had to change for Keras 3 | 8 | 1 |
# | | Exercises | 20 | |
#
# Run the next cell first, wherever you are: on your own machine it finds the course, in Colab or on Kaggle it
# fetches it. You need not read it.

# %% cellView="form" jupyter={"source_hidden": true} slideshow={"slide_type": "skip"}
# @title Find or fetch the course
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = "https://github.com/gan-course/gan-course"


class SetupError(Exception):
    def _render_traceback_(self):  # shows one sentence instead of a traceback
        return [str(self)]


def find_course():
    fetched, advice = Path("gan-course").resolve(), "check the network"
    for folder in (Path("..").resolve(), Path("../..").resolve(), Path.cwd(), fetched):
        if (folder / "helpers" / "__init__.py").is_file():
            return folder, "is already here"
    if "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
        advice = "choose Settings, Turn on internet"
    elif not (importlib.util.find_spec("google") and importlib.util.find_spec("google.colab")):
        raise SetupError("Open this notebook from the folder notebooks/ of the course.")
    if (fetched / ".git").exists():  # what an interrupted attempt has left
        shutil.rmtree(fetched)
    command = ["git", "clone", "--quiet", "--depth=1", REPOSITORY, str(fetched)]
    if subprocess.run(command, capture_output=True).returncode:
        raise SetupError(f"{REPOSITORY} could not be fetched: {advice}, then run again.")
    return fetched, f"was fetched from {REPOSITORY}"


course, what = find_course()
sys.path.insert(0, str(course))
print(f"The course {what}.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Here is what the second GAN of this lesson can do when it gets more time: faces of nobody, made from random numbers. They
# are drawn, because it has learned from drawn faces. Its long run comes with the course, and near the end you see it beside
# your own run of a few minutes.

# %% slideshow={"slide_type": "-"}
from helpers.plotting import Drawing

Drawing(
    course / "notebooks" / "pictures" / "04_celeba_keras_gan.png",
    alt="64 drawn faces made by a generator of this lesson after its long run.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why faces are harder
#
# A digit is a few strokes on black. A face has many parts, and all of them have to agree: two eyes of
# one kind, hair that meets the forehead, light from one side. And there are more numbers to get right:
#
# | | lesson 02 | this lesson |
# | --- | --- | --- |
# | an example | 28 x 28 pixels, grey: 784 numbers | 64 x 64 or 128 x 128 pixels, red, green and blue: 12,288 or 49,152 numbers |
# | the noise | 100 numbers | 32 numbers, as in the lecture |
# | the layers | `Linear`: every pixel with every other | convolutions: small filters that move over the picture |
# | the library | PyTorch | Keras 3, with TensorFlow below it |
# | the two losses and the five steps | binary cross-entropy | the same |

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Set-up
#
# You may choose two things here, the preset and the seed of all random numbers. With `None` the variable `GAN_PRESET`
# decides, and where it is not set, the preset is `lesson`. (Tools such as papermill put their parameters here.)

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
preset = None  # or "smoke", "lesson", "full"
seed = 0

# %% [markdown] slideshow={"slide_type": "skip"}
# TensorFlow greets with some lines about how it was built; `quiet_start` keeps them off. The rest you
# know: device, settings and seed.

# %% slideshow={"slide_type": "skip"}
from helpers.device.keras import (
    describe_device,
    enough_memory,
    has_tensor_cores,
    peak_memory,
    pick_device,
    quiet_start,
)
from helpers.presets import PRESETS, choose_preset

with quiet_start():
    import keras
    import tensorflow as tf

tf.get_logger().setLevel("ERROR")
device = pick_device()
preset = choose_preset("04_celeba_keras_gan", preset)
keras.utils.set_random_seed(seed)
print(f"{describe_device()} | Keras {keras.__version__} | preset {preset.level} | seed {seed}")

# %% [markdown] slideshow={"slide_type": "skip"}
# At the preset `full` a GPU with *tensor cores* computes with 16-bit numbers, which is several times as fast; what that means
# stands below, in *Half the bits*. If you rather want 32 bits, write `policy = "float32"`. Everywhere else it is 32 bits anyway.

# %% slideshow={"slide_type": "skip"}
policy = "mixed_float16" if preset.level == "full" and has_tensor_cores() else "float32"
keras.config.set_dtype_policy(policy)
print(f"the layers compute with {policy}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The training data
#
# The lecture trains for 800 iterations on 10,000 faces of **CelebA**: photographs of celebrities, cut
# so that the eyes are in about the same place (Ziwei Liu, Ping Luo, Xiaogang Wang, Xiaoou Tang: *Deep
# Learning Face Attributes in the Wild*, ICCV 2015). CelebA may be used for non-commercial research only, and its
# pictures may not be passed on: whether your class counts as that, you have to decide. The preset `full` fetches it
# from Kaggle, 1.5 GB. If that does not work, it takes *Labeled Faces in the Wild* (about 230 MB); without either it
# stops and says how to go on.
#
# At the other presets the course takes faces of its own: 4,000 drawn ones. These are cartoons, **not CelebA**, and much
# easier to imitate than photographs. The line that the cell prints tells you which faces you got. The variable
# `GAN_FACES` chooses others at any preset: `celeba`, `lfw`, `drawn`, or a folder or zip file of your own pictures, 100
# or more.
#
# The last faces are *held out*: they are not used for training, so that you can compare with them.

# %% slideshow={"slide_type": "skip"}
from helpers.data.faces import load_faces

faces = load_faces(preset.images + preset.held_out, preset.size, network=preset.level == "full")
held_out = min(preset.held_out, len(faces.images) // 4)
training_faces, held_out_faces = faces.images[:-held_out], faces.images[-held_out:]
print(f"{len(training_faces):,} to train with, {len(held_out_faces)} held out")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The array lies on the disk, not in memory: only those faces are read that are asked for. Here are
# 32 of them.

# %% slideshow={"slide_type": "-"}
from helpers.plotting import plot_faces

plot_faces(training_faces[:32], columns=16, title="Real faces")

# %% [markdown] slideshow={"slide_type": "skip"}
# ### From the disk to the network
#
# Which face comes when? One table says it for the whole training: one row for each iteration, one
# column for each place in the batch. The faces are shuffled; when all have had their turn, they are
# shuffled again. The order depends on the seed alone, so a run that was cut off can go on with the
# very row that was next.

# %% slideshow={"slide_type": "skip"}
import math

import numpy as np


def plan(settings, seed=seed):
    shuffle = np.random.default_rng(seed)
    wanted, count = settings.iterations * settings.batch_size, len(training_faces)
    order = np.concatenate([shuffle.permutation(count) for _ in range(math.ceil(wanted / count))])
    return order[:wanted].reshape(settings.iterations, settings.batch_size)


# %% [markdown] slideshow={"slide_type": "skip"}
# `tf.data` makes batches of the plan while the network is busy with the batch before (`prefetch`).
# The generator will end with `tanh`, as in lesson 02, so pixels become numbers from -1 to 1.

# %% slideshow={"slide_type": "skip"}
def read(chosen):
    return training_faces[chosen]


def real_batches(settings, start=0, seed=seed):
    shape = (settings.batch_size, preset.size, preset.size, 3)

    def to_batch(chosen):
        pixels = tf.ensure_shape(tf.numpy_function(read, [chosen], tf.uint8), shape)
        return tf.cast(pixels, tf.float32) / 127.5 - 1

    rows = tf.data.Dataset.from_tensor_slices(plan(settings, seed)[start:])
    return rows.map(to_batch).prefetch(2)


for real in real_batches(preset.first).take(1):
    print(real.shape, real.dtype, f"from {np.min(real):.2f} to {np.max(real):.2f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## From PyTorch to Keras
#
# Nothing of what you learned has changed but the names, and the order in which a loss wants its inputs:
#
# | | PyTorch, lessons 01 to 03 | Keras, this lesson |
# | --- | --- | --- |
# | a network | a class with `nn.Sequential` | `Model(input, output)`: layers called one after the other |
# | fully connected | `nn.Linear(784, 1024)` | `Dense(1024)`; it finds out the 784 by itself |
# | dropout | `nn.Dropout(0.3)` | `Dropout(0.3)` |
# | last layer | `nn.Sigmoid()`, `nn.Tanh()` | `activation="sigmoid"`, `activation="tanh"` |
# | a batch of pictures | (n, channels, height, width) | (n, height, width, channels) |
# | another shape | `x.view(...)` | `Flatten()`, `Reshape(...)` |
# | the loss | `bce = nn.BCEWithLogitsLoss()` | `bce = BinaryCrossentropy(from_logits=True)` |
# | how it is called | `bce(logits, labels)` | `bce(labels, logits)`: the other way round, and no error tells you |
# | noise | `torch.randn(n, latent_dim)` | `keras.random.normal((n, latent_dim))` |
# | training or not | `network.train()`, `network.eval()` | `network(x, training=True)`, `training=False` |
# | no way back into G | `fake.detach()` | make the fakes outside the tape |
# | gradients | `loss.backward()` | `tape.gradient(loss, weights)` |
# | a step | `optimizer.step()` | `optimizer.apply(gradients, weights)` |
# | the number of weights | `p.numel()` for each `p` | `network.count_params()` |
# | the loop | `for real in run.batches(images)` | `fit`, which calls `train_step` for each batch |

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a convolution does
#
# In lesson 02 every unit of a layer had a weight of its own for every pixel. For large pictures that is a
# waste: an edge is an edge wherever it stands. A **convolution** looks for the same small pattern
# everywhere. Its *filter*, or *kernel*, is a small table of weights. Lay it on the picture, multiply each
# weight by the pixel below it, and add it all up: that is one number. Do so at every place, and the
# numbers make a new picture, called a *channel* or *feature map*.
#
# Here are three filters of 3 by 3 weights, written by hand. A network learns its own.

# %% slideshow={"slide_type": "-"}
filters = {
    "light above": [[1, 1, 1], [0, 0, 0], [-1, -1, -1]],
    "light left": [[1, 0, -1], [1, 0, -1], [1, 0, -1]],
    "edges, spots": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
}
kernel = np.stack([*filters.values()], axis=-1).astype("float32")[:, :, None]
face = training_faces[:1].mean(axis=3, keepdims=True, dtype="float32") / 127.5 - 1
answers = np.array(keras.ops.conv(face, kernel, padding="same"))
print("a face in grey", face.shape, "| three filters", kernel.shape, "| answers", answers.shape)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each filter answers in a picture of its own: white where it finds its pattern, black where it finds the
# opposite, grey where there is nothing to see.

# %% slideshow={"slide_type": "-"}
from helpers.plotting import plot_images

scaled = answers / np.abs(answers).max(axis=(1, 2))
shown = np.concatenate([face, scaled], axis=-1)[0]
plot_images(shown.transpose(2, 0, 1), ["the face", *filters], columns=4)

# %% [markdown] slideshow={"slide_type": "skip"}
# Is that all there is to it? Compute one of these numbers yourself: the pixels around a place, times the
# weights, added up.

# %% slideshow={"slide_type": "skip"}
row, column = preset.size // 2, preset.size // 3
pixels = face[0, row - 1 : row + 2, column - 1 : column + 2, 0]
by_hand = (pixels * filters["light above"]).sum()
print(f"by hand {by_hand:.4f}, by Keras {answers[0, row, column, 0]:.4f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# A face in colour has three channels, so a filter needs weights for each of them. A layer with 256 filters
# makes 256 channels, and every filter of the *next* layer has weights for all of these:

# %% slideshow={"slide_type": "skip"}
from keras import Input
from keras.layers import Conv2D

colours = Input(shape=(64, 64, 3))
for size, layer in {3: Conv2D(256, 3), 4: Conv2D(256, 4, strides=2)}.items():
    colours = layer(colours)
    print(f"filters of {size} x {size}: weights {layer.kernel.shape}, answers {colours.shape[1:]}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# How large is the answer? That depends on two settings. With `strides=2` the filter moves on by two pixels
# at a time, so it answers at half of the places in each direction. With `padding="valid"`, the default, it has
# to lie wholly on the picture; with `padding="same"` it may hang over the edge, where the picture is
# continued with zeros. For $n$ pixels, a kernel of $k$ and a stride of $s$ there are
# $\lfloor (n - k) / s \rfloor + 1$ places with `valid`, and $\lceil n / s \rceil$ with `same`:

# %% slideshow={"slide_type": "-"}
from helpers.tables import Table

rows = []
for k, s, padding in [(3, 1, "valid"), (3, 1, "same"), (4, 2, "valid"), (4, 2, "same")]:
    answer = Conv2D(1, k, strides=s, padding=padding)(Input(shape=(64, 64, 3)))
    formula = (64 - k) // s + 1 if padding == "valid" else math.ceil(64 / s)
    rows.append(
        {"kernel": k, "stride": s, "padding": padding, "Keras": answer.shape[1], "formula": formula}
    )
Table(rows, "Height and width of the answer, from 64 pixels")


# %% [markdown] slideshow={"slide_type": "slide"}
# ### And back again
#
# A generator has to go the other way, from a small picture to a large one. `Conv2DTranspose` uses its
# filter as a *stamp*: each number of the small picture is multiplied by the whole filter and put down on the
# large one. The next stamp stands `strides` pixels further on, and where stamps overlap, they are added. (In
# the end `padding="same"` trims the border, so that with a stride of 2 the side is exactly doubled.) Four by
# four numbers, one stamp after the other:

# %% slideshow={"slide_type": "-"}
def stamped(small, kernel, count, stride=2):
    large = np.zeros([stride * (side - 1) + len(kernel) for side in small.shape])
    for row, column in [*np.ndindex(small.shape)][:count]:
        top, left = stride * row, stride * column
        large[top : top + len(kernel), left : left + len(kernel)] += small[row, column] * kernel
    return large


small = np.random.default_rng(seed).uniform(size=(4, 4))
stamp = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16
stages = np.stack([stamped(small, stamp, count) for count in (1, 2, 5, 16)])
plot_images(stages / stages.max(), ["1 stamp", "2 stamps", "5 stamps", "all 16"], columns=4)

# %% [markdown] slideshow={"slide_type": "skip"}
# Keras gets the same, to the last digits of its 32-bit numbers:

# %% slideshow={"slide_type": "skip"}
from keras.layers import Conv2DTranspose

layer = Conv2DTranspose(1, 4, strides=2, padding="same", use_bias=False)
layer.build((None, 4, 4, 1))
layer.set_weights([stamp[:, :, None, None]])
by_keras = np.array(layer(small[None, :, :, None]))[0, :, :, 0]
difference = np.abs(by_keras - stages[-1][1:-1, 1:-1]).max()
print(f"4 x 4 becomes {by_keras.shape}, largest difference {difference:.0e}")
assert difference < 1e-6

# %% [markdown] slideshow={"slide_type": "subslide"}
# One trap: with a kernel of 3 and a stride of 2 some pixels get four stamps, others two or one. So even a
# picture that is the same everywhere comes out as a **checkerboard**, and the network has to learn to undo that. If
# the kernel is a multiple of the stride, every pixel gets equally many (but for the edge).

# %% slideshow={"slide_type": "-"}
even = np.ones((8, 8))
boards = [stamped(even, np.ones((side, side)), 64)[1:17, 1:17] for side in (3, 4)]
plot_images(np.stack(boards) / 4, ["kernel 3", "kernel 4"], columns=2)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The discriminator of the lecture
#
# These are the layers of the slide, to the letter: two convolutions, the second one with a stride of 2, which halves
# the picture. `LeakyReLU` multiplies negative values by 0.3 instead of cutting them off as `ReLU` does. At the end
# one `Dense` layer adds up all answers to one logit.
#
# The slide looks abridged. It has `discriminator.compile()` without an optimizer, and no `return`; and public
# notebooks with exactly this generator have four of the `Conv2D(256, 4, strides=2)`, where the slide has one. You begin with
# the slide as it is, and put the other three back in *One step further*.
#
# At the preset `full`, `narrow` is 1 and you get the 256 filters of the lecture. At the others there
# are fewer of them, and the picture is smaller: nothing else differs. As in lesson 01 the sigmoid is
# a layer of its own, because the loss will need the logit before it.

# %% slideshow={"slide_type": "subslide"}
from keras import Model
from keras.layers import Activation, Dense, Dropout, Flatten, LeakyReLU

latent_dim, channels = 32, 3


def create_discriminator(preset):
    filters = 256 // preset.narrow
    disc_input = Input(shape=(preset.size, preset.size, channels))

    x = Conv2D(filters, 3)(disc_input)
    x = LeakyReLU()(x)

    x = Conv2D(filters, 4, strides=2)(x)
    x = LeakyReLU()(x)

    x = Flatten()(x)
    x = Dropout(0.4)(x)

    logit = Dense(1, dtype="float32")(x)
    return Model(disc_input, Activation("sigmoid", dtype="float32")(logit), name="discriminator")


# %% [markdown] slideshow={"slide_type": "slide"}
# ## The generator of the lecture
#
# A `Dense` layer makes a very small picture with many channels out of the noise. Each
# `Conv2DTranspose` with `strides=2` doubles its height and width: three doublings, so the small
# picture has an eighth of the final size, 16 by 16 for 128. The last convolution makes three channels
# of it: red, green and blue.

# %% slideshow={"slide_type": "subslide"}
from keras.layers import Reshape


def create_generator(preset):
    filters, size = 256 // preset.narrow, preset.size // 8
    gen_input = Input(shape=(latent_dim,))
    x = Dense(filters // 2 * size * size)(gen_input)
    x = LeakyReLU()(x)
    x = Reshape((size, size, filters // 2))(x)

    x = Conv2D(filters, 5, padding="same")(x)
    x = LeakyReLU()(x)

    for _ in range(3):
        x = Conv2DTranspose(filters, 4, strides=2, padding="same")(x)
        x = LeakyReLU()(x)

    for _ in range(2):
        x = Conv2D(2 * filters, 5, padding="same")(x)
        x = LeakyReLU()(x)

    x = Conv2D(channels, 7, activation="tanh", padding="same", dtype="float32")(x)
    return Model(gen_input, x, name="generator")


# %% [markdown] slideshow={"slide_type": "skip"}
# The lecture's comment says that the small picture has the size of the discriminator's last
# convolution. With these layers that is not so, and nothing depends on it:

# %% slideshow={"slide_type": "skip"}
full = PRESETS["04_celeba_keras_gan"]["full"]
small = create_generator(full).layers[3]
last = create_discriminator(full).layers[3]
print(f"generator, {small.name}: {small.output.shape[1:]}")
print(f"discriminator, {last.name}: {last.output.shape[1:]}")


# %% [markdown] slideshow={"slide_type": "skip"}
# ## What it will cost
#
# Convolutions have few weights but use each of them at every place of the picture. So look at two
# numbers before you start: the **weights**, and the **multiply-adds**, which is what takes the time.
# A layer multiplies each of its weights with something once for each place where its filters stand:
# the places of its output, or those of its input if it is a transposed convolution.

# %% slideshow={"slide_type": "skip"}
def multiply_adds(layer):
    if not hasattr(layer, "kernel"):
        return 0
    where = layer.input if isinstance(layer, Conv2DTranspose) else layer.output
    return math.prod(where.shape[1:-1]) * math.prod(layer.kernel.shape)


# %% [markdown] slideshow={"slide_type": "skip"}
# And the **memory**: on the way back, training needs the outputs of all layers again, for all
# pictures of the batch; for the discriminator, in step 3, for two batches, the real and the fake one. As a rule
# they are 32-bit numbers of 4 bytes each.

# %% slideshow={"slide_type": "skip"}
def cost(name, network, settings):
    numbers = [math.prod(layer.output.shape[1:]) for layer in network.layers]
    sizes = [np.dtype(layer.compute_dtype).itemsize for layer in network.layers]
    pictures = settings.batch_size * (2 if network.name == "discriminator" else 1)
    outputs = pictures * np.dot(numbers, sizes)
    return {
        "network": name,
        "weights": f"{network.count_params():,}",
        "million multiply-adds per picture": f"{sum(map(multiply_adds, network.layers)) / 1e6:,.0f}",
        "outputs of a step in GB": float(outputs / 1e9),
    }


costs = [
    cost(f"{network.name}, {used.level}", network, used.first)
    for used in dict.fromkeys([full, preset])
    for network in (create_discriminator(used), create_generator(used))
]
Table(costs, "The networks of the lecture, and as they are used here")

# %% [markdown] slideshow={"slide_type": "skip"}
# Nearly all multiply-adds go into the two large convolutions of the generator, which work at the full size
# of the picture. How long an iteration takes, only a trial can tell; it comes before the training.
#
# Layer by layer, the shape of its output (height, width, channels) and its weights, as in lesson 02:

# %% slideshow={"slide_type": "skip"}
layers = [
    {
        "layer": type(layer).__name__,
        "output": layer.output.shape[1:],
        "weights": layer.count_params(),
    }
    for layer in create_generator(preset).layers
]
Table(layers, f"The generator at the preset {preset.level}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The five steps
#
# A `keras.Model` of your own may say what one step of `fit` does: that is `train_step`. Six things
# to notice:
#
# - Each optimizer is handed the weights of its own player. So there is no need to freeze the other.
# - A `GradientTape` remembers what is computed inside its `with`. Step 2 is outside: this is `detach`.
# - `training=True` stands everywhere. If you leave it out inside `train_step`, Keras 3 takes `False`,
#   and the dropout is switched off without a word.
# - `scale_loss` multiplies the loss if the optimizer wants it: you will need it for 16-bit numbers, at
#   the end of the lesson. Otherwise it does nothing.
# - `logits` is the discriminator without its last layer, the sigmoid. Both share their weights.
# - The *penalty* is for the second GAN: see *A discriminator that is not too steep*. For the first one it is 0, and left out.
#
# The first class is what Keras needs to know about two players; the steps are in the second one.

# %% slideshow={"slide_type": "skip"}
from helpers.base.history import COLUMNS

bce = keras.losses.BinaryCrossentropy(from_logits=True)


class Players(Model):
    def __init__(self, generator, discriminator, real_label, penalty=0.0, seed=seed):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.real_label, self.penalty = real_label, penalty
        self.logits = Model(discriminator.input, discriminator.layers[-2].output)
        self.average = keras.models.clone_model(generator)  # the same layers, weights of its own
        self.average.set_weights(generator.get_weights())
        self.random = keras.random.SeedGenerator(seed)
        self.built = True  # both players are, so `fit` need not try

    def compile(self, optimizer_d, optimizer_g, **options):
        super().compile(**options)
        self.optimizer_d, self.optimizer_g = optimizer_d, optimizer_g
        optimizer_d.build(self.discriminator.trainable_variables)
        optimizer_g.build(self.generator.trainable_variables)

    def make_noise(self, count):
        here = tf.distribute.get_replica_context()  # with several GPUs each has a share of its own
        shares = (here.num_replicas_in_sync, count, latent_dim)
        return keras.random.normal(shares, seed=self.random)[here.replica_id_in_sync_group]

    def steepness(self, real):
        with tf.GradientTape() as tape:
            tape.watch(real)
            logits = self.logits(real, training=True)
        return tf.reduce_mean(tf.reduce_sum(tape.gradient(logits, real) ** 2, axis=(1, 2, 3)))

    def penalise(self, real, every=16):
        if not self.penalty:
            return 0.0
        due = self.optimizer_d.iterations % every == 0
        return self.penalty * tf.cond(due, lambda: every * self.steepness(real), lambda: 0.0)


# %% [markdown] slideshow={"slide_type": "skip"}
# And here are the five steps, the same as in lessons 01 to 03. Both GANs of this lesson use them.

# %% slideshow={"slide_type": "subslide"}
class GAN(Players):
    def train_step(self, real):
        # 1. Choose some real examples: `fit` takes them from `real_batches`.
        count = tf.shape(real)[0]
        # 2. Generate some fakes.
        fake = self.generator(self.make_noise(count), training=True)
        # 3. Train the discriminator: real has the label 1 (or a little less), fake has the label 0.
        with tf.GradientTape() as tape:
            both = self.logits(tf.concat([real, fake], axis=0), training=True)
            real_logits, fake_logits = tf.split(both, 2)
            loss_d = bce(self.real_label * tf.ones_like(real_logits), real_logits)
            loss_d = loss_d + bce(tf.zeros_like(fake_logits), fake_logits)
            loss_d = loss_d + self.penalise(real)
            scaled = self.optimizer_d.scale_loss(loss_d)
        weights = self.discriminator.trainable_variables
        self.optimizer_d.apply(tape.gradient(scaled, weights), weights)
        # 4. Generate some more fakes: inside the tape, for now the generator learns.
        with tf.GradientTape() as tape:
            fake = self.generator(self.make_noise(count), training=True)
            # 5. Train the generator: fake has the label 1.
            loss_g = bce(tf.ones_like(fake_logits), self.logits(fake, training=True))
            scaled = self.optimizer_g.scale_loss(loss_g)
        weights = self.generator.trainable_variables
        self.optimizer_g.apply(tape.gradient(scaled, weights), weights)
        answers = [tf.reduce_mean(tf.sigmoid(logits)) for logits in (real_logits, fake_logits)]
        return dict(zip(COLUMNS, [loss_d, loss_g, *answers], strict=True))


# %% [markdown] slideshow={"slide_type": "skip"}
# Two things are left: the optimizers, and a function that puts everything together. At `full` the
# optimizer is that of the lecture; a narrower network needs larger steps, and Adam. `jit_compile`
# lets the compiler XLA join many small operations into few large ones. On a GPU that pays. On two
# CPU cores it made an iteration of these networks two to three times as slow, and Keras would turn it
# on by itself, so it has to be turned off.

# %% slideshow={"slide_type": "skip"}
from keras.optimizers import Adam, RMSprop
from keras.optimizers.schedules import InverseTimeDecay


def make_optimizer(learning_rate, beta1):
    if beta1 is None:
        schedule = InverseTimeDecay(learning_rate, 1, 1e-8)
        optimizer = RMSprop(learning_rate=schedule, clipvalue=1.0)
    else:
        optimizer = Adam(learning_rate, beta_1=beta1)
    half = keras.config.dtype_policy().name == "mixed_float16"
    return keras.optimizers.LossScaleOptimizer(optimizer) if half else optimizer


strategy = tf.distribute.get_strategy()  # one device; for more see "Several GPUs"


def new_gan(create_generator, create_discriminator, settings, preset=preset, seed=seed):
    keras.utils.set_random_seed(seed)
    with strategy.scope():
        players = create_generator(preset), create_discriminator(preset)
        gan = GAN(*players, settings.real_label, settings.penalty, seed)
        gan.compile(
            make_optimizer(settings.learning_rate_d, settings.beta1),
            make_optimizer(settings.learning_rate_g, settings.beta1),
            jit_compile=device == "gpu" and strategy.num_replicas_in_sync == 1,
        )
    return gan


# %% [markdown] slideshow={"slide_type": "skip"}
# As in lessons 01 and 02, a running *average* of the generator's weights takes no part in the game and is what you will
# look at and measure. A callback of Keras updates it after each iteration. The settings say which share of itself it keeps:
# with 99 % it is an average over about the last hundred iterations. This training is short.

# %% slideshow={"slide_type": "skip"}
class Averaging(keras.callbacks.Callback):
    def __init__(self, kept):
        super().__init__()
        self.kept = kept  # the share that stays

    def on_train_batch_end(self, batch, logs=None):
        gan = self.model
        for mean, weight in zip(gan.average.weights, gan.generator.weights, strict=True):
            mean.assign(self.kept * mean + (1 - self.kept) * weight)


# %% [markdown] slideshow={"slide_type": "skip"}
# ### Is it true that only one player changes?
#
# Do not believe it, look. Take very small networks, and a function that calls a step and counts, for each network,
# the arrays of weights that are not what they were before:

# %% slideshow={"slide_type": "skip"}
tiny = PRESETS["04_celeba_keras_gan"]["smoke"]
draw = np.random.default_rng(seed)
tiny_pictures, tiny_labels = draw.normal(size=(4, 16, 16, 3)), np.ones((4, 1))
tiny_noise = draw.normal(size=(4, latent_dim))


def changed(step, *networks):
    before = [network.get_weights() for network in networks]
    step()
    now = [network.get_weights() for network in networks]
    pairs = zip(before, now, strict=True)
    return [sum(not np.array_equal(*w) for w in zip(*p, strict=True)) for p in pairs]


# %% [markdown] slideshow={"slide_type": "skip"}
# Then give one of the players an optimizer with a learning rate of 0. Which arrays do the five steps change?

# %% slideshow={"slide_type": "skip"}
def moved(rate_d, rate_g):
    trial = GAN(create_generator(tiny), create_discriminator(tiny), real_label=1.0)
    trial.compile(RMSprop(learning_rate=rate_d), RMSprop(learning_rate=rate_g), jit_compile=False)
    real = tf.constant(tiny_pictures, tf.float32)
    return changed(lambda: trial.train_step(real), trial.discriminator, trial.generator)


movements = [
    {"optimizers": "only that of D takes steps", "changed in D, G": moved(1e-4, 0.0)},
    {"optimizers": "only that of G takes steps", "changed in D, G": moved(0.0, 1e-4)},
]
assert [line["changed in D, G"].index(0) for line in movements] == [1, 0]
Table(movements, "Arrays of weights that change in one call of train_step")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## How to tell good from bad
#
# While the first GAN trains you want to know where it stands. Losses do not tell, as you know from
# lesson 01. So decide now what to measure. For digits there was a classifier, and its features were
# the space in which the Frechet distance was taken. For faces the course has none. It takes something
# simpler, and you should know what it is:
#
# - each picture is shrunk to 16 x 16 pixels, each the mean of a square of the large picture,
# - the 32 directions in which 2,000 real faces differ most (their *principal components*) are the
#   features.
#
# So each face becomes 32 numbers, such as how bright it is or how much of it is hair. This space sees
# colours, places and large shapes. It does not see details such as the edge of an eye, and it knows
# nothing about people. A small distance in it is necessary for good faces, not enough, and it cannot be
# compared with the distances of lessons 02 and 03.

# %% slideshow={"slide_type": "skip"}
from sklearn.decomposition import PCA


def shrink(pictures):
    side = pictures.shape[1] // 16
    squares = pictures.reshape(len(pictures), 16, side, 16, side, 3)
    return squares.mean(axis=(2, 4), dtype=np.float32).reshape(len(pictures), -1) / 127.5 - 1


space = PCA(32, random_state=0).fit(shrink(training_faces[:2000]))
seen = space.explained_variance_ratio_.sum()
print(f"32 numbers hold {seen:.0%} of the variance of the small pictures.")

# %% [markdown] slideshow={"slide_type": "skip"}
# With it come three small functions: make fakes as pixels from 0 to 255, measure their distance to the
# real faces, and their *spread*. The spread is the standard deviation over the pictures, as a mean
# over all pixels, divided by that of the real faces: 1 is right, near 0 means one picture for all. (Grain
# counts as spread, too, so a value above 1 is no merit.)

# %% slideshow={"slide_type": "skip"}
from helpers.metrics.images import frechet

samples = min(preset.samples, len(training_faces) // 2)
real_features = space.transform(shrink(training_faces[:2000]))


def make_faces(generator, noise, batch=25):
    starts = range(0, len(noise), batch)
    made = [generator(noise[i : i + batch], training=False) for i in starts]
    return ((np.concatenate(made) + 1) * 127.5).round().astype(np.uint8)


def distance(pictures):
    return frechet(space.transform(shrink(pictures)), real_features, len(pictures))


def spread(pictures):
    real = training_faces[:samples]
    deviations = [p.std(axis=0, dtype=np.float32).mean() for p in (pictures, real)]
    return float(deviations[0] / deviations[1])


# %% [markdown] slideshow={"slide_type": "skip"}
# ## The settings
#
# The lecture has one GAN. You will train two, one after the other. Here are the lecture's settings, which the first GAN has at
# the preset `full`, and those of your two GANs. (`None` as `beta1` means RMSprop, as on the slides. `average` and `look_every` are
# about looking only: the lecture has no average. The `penalty` is explained with the second GAN.) Narrow networks with few iterations need larger steps, and the label 0.9 you
# know from lesson 02.

# %% slideshow={"slide_type": "skip"}
from dataclasses import asdict

of_all = {"the lecture": full.first, "your first GAN": preset.first, "your second": preset.second}
Table([{"settings": name} | asdict(s) for name, s in of_all.items()], "What each GAN gets")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Training the first GAN
#
# `fit` runs the loop, and `Run` is its *callback*: Keras calls it after each iteration. It draws the
# progress bar, keeps the history, and writes everything to `data/runs/04_celeba_keras_gan/`. If the
# session is cut off, open the notebook again and run it: `resume` goes on with the same iteration, the
# same weights, the same state of the optimizers and the same order of the faces. (In Colab files vanish with the
# session, unless you put the folder on Drive: see *Settings* in the course's README. Keras has a callback
# for this, `BackupAndRestore`; it knows nothing of the order of the data.)
#
# Now and then `Run` calls `look`: the average makes faces from the same noise, which are measured and shown.
# `Run` also keeps the weights that had the smallest distance so far. And a `Recording`
# watches both players, as in lesson 02: here with nine noise vectors, at 30 moments or fewer.

# %% slideshow={"slide_type": "skip"}
from IPython.display import DisplayHandle

from helpers.recording import Recording
from helpers.training.keras import Run

fixed_noise = np.random.default_rng(seed).normal(size=(samples, latent_dim)).astype("float32")


def look(run):
    fakes = make_faces(run.gan.average, fixed_noise[: preset.looked])
    run.keep(distance(fakes).value, run.gan.average)
    title = (
        f"Iteration {run.step}: distance {run.distances[run.step]:.0f}, spread {spread(fakes):.2f}"
    )
    run.picture.update(plot_faces(fakes[:16], columns=16, title=title))


def new_run(name, gan, settings):
    real = training_faces[:9] / 127.5 - 1
    recording = Recording("pictures", fixed_noise[:9], real, f"{name.title()} GAN", most=30)
    folder = f"04_celeba_keras_gan/{name}"
    run = Run(folder, gan, settings, seed, faces.description, look, recording)
    run.resume()
    return run


# %% [markdown] slideshow={"slide_type": "skip"}
# A GAN and its run are made in one cell. Run it again later, and both begin anew, or where a run was
# cut off.

# %% slideshow={"slide_type": "skip"}
first_gan = new_gan(create_generator, create_discriminator, preset.first)
first = new_run("first", first_gan, preset.first)


# %% [markdown] slideshow={"slide_type": "skip"}
# ### A forecast
#
# Before you start something that may take hours, let it run for four iterations, and count all but
# the first: in that one TensorFlow turns the Python of `train_step` into a graph. Nothing is wasted,
# for the training goes on from here.

# %% slideshow={"slide_type": "skip"}
def train(run, most=None):
    if run.step == run.settings.iterations:
        print("All iterations are done: run the cells above again to train anew.")
        return
    run.picture = DisplayHandle()
    run.picture.display(plot_faces(training_faces[:16], columns=16, title="Real, until fakes come"))
    batches = real_batches(run.settings, run.step)
    if most:
        batches = batches.take(most)
    callbacks = [Averaging(run.settings.average), run]
    with enough_memory():  # or one sentence says what helps
        run.gan.fit(batches, callbacks=callbacks, verbose=0, shuffle=False)


train(first, most=4)
forecast = first.forecast()
print(f"{preset.first.iterations} iterations will take about {forecast / 60:.1f} minutes here.")
print(f"So far the process has used up to {peak_memory():.1f} GB.")

# %% [markdown] slideshow={"slide_type": "skip"}
# The bar leaves out that first iteration, too, but not the looking in between: believe the line below it. If that is
# too long for you, choose another preset or a GPU. Or press Stop early: what has been learned stays, and the same cell
# goes on from there.

# %% slideshow={"slide_type": "skip"}
train(first)

# %% [markdown] slideshow={"slide_type": "skip"}
# How good was the forecast?

# %% slideshow={"slide_type": "skip"}
off = forecast / first.seconds - 1
print(f"forecast {forecast:.0f} s, needed {first.seconds:.0f} s with all the looking: {off:+.0%}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Six moments of the first GAN
#
# The nine faces of a moment come from nine noise vectors, and
# the same place is the same vector in all six.

# %% slideshow={"slide_type": "-"}
from helpers.player.contact_sheet import contact_sheet

contact_sheet(first.recording)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What the networks of the lecture can do
#
# Look at the moments one by one. At the third, nine noise vectors give nine different silhouettes. Then the differences vanish: at
# the end nearly the same face stands in all nine places, whatever the noise. You know it from lesson 02: **mode collapse**.
# And as this one face has changed on the way, their average, which is measured here, is a blurred mean. Beside it stand other
# real faces, which is what a perfect generator would get. (At other presets you may see something else.)

# %% slideshow={"slide_type": "subslide"}
fakes_at_end = make_faces(first_gan.average, fixed_noise)


def measures(name, pictures):
    values = {"Frechet distance": distance(pictures).value, "spread": spread(pictures)}
    return {"faces": name} | values


real_measures = {
    "faces": "other real ones",
    "Frechet distance": distance(fakes_at_end).floor,
    "spread": spread(held_out_faces),
}
at_its_end = measures("first GAN, at its end", fakes_at_end)
Table([at_its_end, real_measures], f"{samples} faces each, {preset.size} pixels")


# %% [markdown] slideshow={"slide_type": "skip"}
# Is it too little time, is it the settings, or the networks? That is tried out below, in *Which of the changes does it?*
# First look for weak points of these networks.
#
# How much of the picture does the discriminator see when it gives one of its answers? Each convolution
# sees as far as its filter reaches, and each stride makes all later steps larger:

# %% slideshow={"slide_type": "skip"}
def field_of_view(discriminator):
    view, stride = 1, 1
    for layer in discriminator.layers:
        if isinstance(layer, Conv2D):
            view += (layer.kernel_size[0] - 1) * stride
            stride *= layer.strides[0]
    return view


view = field_of_view(create_discriminator(preset))
print(f"Each answer is about {view} x {view} of {preset.size} x {preset.size} pixels.")


# %% [markdown] slideshow={"slide_type": "skip"}
# Then `Flatten` and `Dense` add up these answers, each with a weight of its own. So this discriminator
# judges a face patch by patch: it can say that there should be skin here and hair there, but not that
# two eyes have to match. That is one possible weakness. Another may be in the generator: eight layers with nothing that keeps
# their outputs in a useful range, and what one layer does wrong, the next ones amplify.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One step further
#
# In 2015 Alec Radford, Luke Metz and Soumith Chintala found layers with which convolutional GANs train
# well, and called them **DCGAN**. Two of their changes are enough here, with a third that is younger. The first makes the discriminator deep. Take
# the four `Conv2D(256, 4, strides=2)` of which the slide has one, and the last of them sees 46 x 46 pixels, most of
# a face of 64. (Their filters are divided by a number of their own, `narrow_new`: the new networks are so much cheaper that at the
# preset `lesson` there is time for twice as many.)

# %% slideshow={"slide_type": "skip"}
def create_deep_discriminator(preset):
    filters = 256 // preset.narrow_new
    x = disc_input = Input(shape=(preset.size, preset.size, channels))
    for _ in range(4):
        x = Conv2D(filters, 4, strides=2, padding="same")(x)
        x = LeakyReLU()(x)
    x = Flatten()(x)
    x = Dropout(0.4)(x)
    logit = Dense(1, dtype="float32")(x)
    return Model(disc_input, Activation("sigmoid", dtype="float32")(logit), name="discriminator")


print(f"field of view: {field_of_view(create_deep_discriminator(preset))} pixels")

# %% [markdown] slideshow={"slide_type": "skip"}
# The second changes the generator. `BatchNormalization` stands behind each layer but the last. It shifts and
# scales the outputs, each channel on its own, so that over a batch they have a mean of 0 and a
# deviation of 1 (and then lets the channel learn another mean and deviation). As it takes the mean
# away, a bias before it would do nothing: hence no `use_bias`. So each layer gets inputs of a known
# size, whatever the layers before it have learned. And the expensive convolutions at full size are gone: the last
# transposed convolution makes the three colours itself.
#
# In training the mean and the deviation are those of the batch; afterwards they are running averages
# that the layer has kept (over about ten batches, with `momentum=0.9`). This is one more reason to say `training=True` and `training=False`. (With
# `normalise=False` you get the same layers without it: that is for a trial below.)

# %% slideshow={"slide_type": "skip"}
from keras.layers import BatchNormalization


def create_new_generator(preset, normalise=True):
    def behind(layer):
        return LeakyReLU()(BatchNormalization(momentum=0.9)(layer) if normalise else layer)

    filters, size = 256 // preset.narrow_new, preset.size // 8
    gen_input = Input(shape=(latent_dim,))
    x = behind(Dense(4 * filters * size * size, use_bias=not normalise)(gen_input))
    x = Reshape((size, size, 4 * filters))(x)
    for width in (2 * filters, filters):
        x = Conv2DTranspose(width, 4, strides=2, padding="same", use_bias=not normalise)(x)
        x = behind(x)
    last = Conv2DTranspose(
        channels, 4, strides=2, padding="same", activation="tanh", dtype="float32"
    )
    return Model(gen_input, last(x), name="generator")


networks = create_deep_discriminator(preset), create_new_generator(preset)
new_costs = [cost(network.name, network, preset.second) for network in networks]
Table(new_costs, "The networks of the second GAN")

# %% [markdown] slideshow={"slide_type": "skip"}
# ### A discriminator that is not too steep
#
# The third change concerns the training. The generator learns from the slopes of the discriminator: in which direction does
# a fake look more real? A discriminator that jumps from *fake* to *real* between two pictures that hardly differ gives slopes
# which are huge here, next to nothing there, and different a moment later. So let it pay for being steep, and it becomes a smooth hill.
# The price is the sum of the squares of all slopes of the logit at a real picture, one for each number of the picture
# (`steepness`), times 5. It is called **R1** (Lars Mescheder, Andreas Geiger, Sebastian Nowozin: *Which Training Methods
# for GANs do actually Converge?*, ICML 2018). To learn from it needs the slope of a slope, which is expensive. So, as in StyleGAN2, it is due
# only in every 16th iteration, and counts 16 times there (`penalise`).
#
# Does it do what it says? A discriminator that only adds up, with weights $w$, has the same slopes everywhere, and they are $w$:

# %% slideshow={"slide_type": "skip"}
picture = Input(shape=tiny_pictures.shape[1:])
adding_up = Model(picture, Activation("sigmoid")(Dense(1)(Flatten()(picture))))
gan_that_adds_up = GAN(create_generator(tiny), adding_up, real_label=1.0)
by_tape = float(gan_that_adds_up.steepness(tf.constant(tiny_pictures, tf.float32)))
squared = float(np.sum(adding_up.get_weights()[0] ** 2))
print(f"steepness {by_tape:.4f}, sum of the squared weights {squared:.4f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# The five steps are the same, word for word: `GAN` does not know which networks it has. But the settings differ, too,
# as the table above says, and at the preset `lesson` so does the number of filters: the cheaper generator allows more of
# them, and more iterations. So the two runs are not a fair comparison of the networks. That comes below, in *Which of the
# changes does it?*

# %% slideshow={"slide_type": "skip"}
second_gan = new_gan(create_new_generator, create_deep_discriminator, preset.second)
second = new_run("second", second_gan, preset.second)

# %% [markdown] slideshow={"slide_type": "skip"}
# The same cell as before, with the second GAN:

# %% slideshow={"slide_type": "skip"}
train(second)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The **player** has both GANs on one clock, as in lesson 03; each has its own seconds. Drag the time to and fro: at the preset
# `lesson`, on the left nearly the same for all nine noise vectors, on the right nine people (in the still picture of a saved
# page: above and below). The border and the bar of each picture are
# the answer of that GAN's own discriminator. *Slow motion* goes through the five steps of one iteration
# of each GAN and lights the lines of `train_step`.

# %% slideshow={"slide_type": "-"}
from helpers.player import show

show(first.recording, second.recording, train_step=GAN.train_step)

# %% [markdown] slideshow={"slide_type": "subslide"}
# At first the average lags behind. Then the distance falls fast, and later slowly, up and down from one measurement to the
# next. So it pays to keep the weights of the best moment, as `Run` does. (The distance is drawn on a logarithmic
# scale, or its end could not be seen.)

# %% slideshow={"slide_type": "-"}
from helpers.plotting import plot_lines

measured = second.distances
print(f"best at iteration {second.best_step}: {measured[second.best_step]:.1f}")
plot_lines([*measured], {"second GAN": [*measured.values()]}, "iteration", "distance", "log")

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Which of the changes does it?
#
# The generator and the discriminator were changed, and the settings, too. Which of it was it? To take one part at a time is called an
# *ablation*. For a fair one take all pairs
# of networks with *equal* settings, three seeds each: batches of 16, learning rates of `4e-4` for D and `8e-4` for G, 800
# iterations. That takes long, so all have a sixteenth of the filters here, no average is taken, and nobody pays a penalty.
# `python -m data.make.faces04 trial 0 1 2` has done it. *Best* is the moment with the smallest distance, *last* the end; each
# cell has the seeds 0, 1 and 2.

# %% slideshow={"slide_type": "skip"}
from helpers.tables import read_rows

head = "800 iterations, equal settings, three seeds, 500 faces each; real to real about 2"
Table(read_rows("faces04_networks"), head)

# %% [markdown] slideshow={"slide_type": "skip"}
# Read it row by row. With these settings, too, the networks of the lecture fail with all three seeds: at the best moment there
# are blots of different shapes, at the end next to nothing differs, or there is just one colour. So it is not the settings of
# the first GAN alone. (This holds for networks as narrow as these. The lecture's own have 16 times as many filters, and
# nobody has measured them here.)
#
# The deep discriminator does not help that generator: with two seeds of three it makes the same colour of everything from the
# first measurement on. The new generator does it alone. With either discriminator it has many different faces, with every seed, and it needs a
# seventh of the time, or a tenth. And the batch normalisation? The last row has the new layers without it: a little farther
# away with two seeds of three, but no collapse. So most of the gain comes from the lean layers, those without the large
# convolutions at full size. (A spread above 1 is no merit: it is grain.)

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Reading the curves
#
# The grey lines stand where two evenly matched players end, with the label for real pictures that this
# run has had. The first GAN first:

# %% slideshow={"slide_type": "skip"}
from helpers.plotting import plot_history

plot_history(first.history, title="First GAN", real_label=preset.first.real_label)

# %% [markdown] slideshow={"slide_type": "skip"}
# And the second:

# %% slideshow={"slide_type": "skip"}
plot_history(second.history, title="Second GAN", real_label=preset.second.real_label)

# %% [markdown] slideshow={"slide_type": "skip"}
# At the preset `lesson` the curves of the first GAN swing. A likely reading: each time the generator has found something that
# is taken for real, the discriminator learns to reject just that, and the whole generator has to move on. With the second
# there is no single face to reject, and the curves are calmer: the penalty keeps the two answers of its discriminator close
# together, to the end. But they do not tell you how long the faces became better: that, only the distance told.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Is it plausible? Is it varied? Is it new?
#
# Now judge both with *fresh* noise: the best moment was chosen with the old noise, and might be best
# for that alone. These are 64 faces of the second GAN at its best moment:

# %% slideshow={"slide_type": "-"}
best_second = create_new_generator(preset)
second.load_best(best_second)
noise = np.random.default_rng(seed + 1).normal(size=(samples, latent_dim)).astype("float32")
second_fakes = make_faces(best_second, noise)
plot_faces(second_fakes[:64], columns=8, title="64 fakes")

# %% [markdown] slideshow={"slide_type": "skip"}
# And these are 16 of the first GAN, at its best moment:

# %% slideshow={"slide_type": "skip"}
best_first = create_generator(preset)
first.load_best(best_first)
first_fakes = make_faces(best_first, noise)
plot_faces(first_fakes[:16], columns=16, title="16 fakes of the first GAN")

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Is it new?
#
# Look for the training face nearest to each fake: every second face is the neighbour of the fake to
# its left.

# %% slideshow={"slide_type": "skip"}
from helpers.metrics.images import novelty

news = novelty(second_fakes[:100], training_faces, held_out_faces)
beside = np.stack([second_fakes[:8], training_faces[news.index[:8]]], axis=1)
beside = beside.reshape(16, *training_faces.shape[1:])
plot_faces(beside, 8, "Fakes and their nearest training faces", ["fake", "nearest"] * 4)

# %% [markdown] slideshow={"slide_type": "skip"}
# How near is too near? The held-out faces tell: they are no copies, and have near neighbours too. The
# distances are root mean squares over pixels, in steps of grey from 0 to 255.

# %% slideshow={"slide_type": "skip"}
news


# %% [markdown] slideshow={"slide_type": "skip"}
# Small distances would be a bad sign. The drawn faces have much in common, so the held-out ones have
# very near neighbours. The fakes have none, so they are no exact copies. But they are not clean either,
# and grain alone makes this distance large: look at the pairs, too.
#
# All in one table. The last row is what a perfect generator would get.

# %% slideshow={"slide_type": "skip"}
def all_measures(name, pictures):
    near = novelty(pictures[:100], training_faces, held_out_faces).distance
    return measures(name, pictures) | {"median distance to the nearest": float(np.median(near))}


compared = [
    all_measures("first GAN, best moment", first_fakes),
    all_measures("second GAN, best moment", second_fakes),
    real_measures | {"median distance to the nearest": float(np.median(news.fresh))},
]
nearest = len(news.distance)
results = Table(compared, f"{samples} faces each, from fresh noise (nearest: {nearest} of them)")
results

# %% [markdown] slideshow={"slide_type": "skip"}
# Is that luck? Only other seeds can tell. `python -m data.make.faces04 0 1 2` has trained the
# second GAN with three of them:

# %% slideshow={"slide_type": "skip"}
Table(read_rows("faces04_seeds"), f"The second GAN, {samples} faces each")

# %% [markdown] slideshow={"slide_type": "skip"}
# All three come to about the same distance, where real faces have about 2, and none has collapsed. How much of it is due
# to the penalty? Without it (`... faces04 plain 0 1 2`) the same networks came to 7.1, 8.6 and 6.9 with 1,200 iterations, and
# more were of no use: a run of 1,500 (seed 0) was best at 1,050. With it they are not nearer after 1,200, but the distance goes on
# falling.
#
# ## A walk between two faces
#
# Go from one noise vector to another in small steps. A generator that has learned faces by heart would
# change suddenly on the way. This one glides: a hint, and no proof.

# %% slideshow={"slide_type": "skip"}
way = np.linspace(0, 1, 10, dtype="float32").reshape(1, -1, 1)
start, end = noise[:4, None], noise[4:8, None]
points = (start + way * (end - start)).reshape(-1, latent_dim)
plot_faces(make_faces(best_second, points), 10, "Four walks, from left to right")

# %% [markdown] slideshow={"slide_type": "skip"}
# This slider goes along the four ways at once, and stops wherever you like:

# %% slideshow={"slide_type": "skip"}
from helpers.controls import walk

walk(lambda points: make_faces(best_second, points), start[:, 0], end[:, 0])

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The long run, without waiting
#
# What would more time have brought? The same networks, with the filters of the preset `lesson`, were trained on the drawn faces for
# longer, with smaller steps and a longer average. The generator of the best moment comes with the course, and the file says how
# long it took:

# %% slideshow={"slide_type": "-"}
from helpers.data.keras import load_weights
from helpers.presets import LONG_FACES

of_lesson = PRESETS["04_celeba_keras_gan"]["lesson"]
long_generator = create_new_generator(of_lesson)
facts = load_weights(long_generator, "faces_generator_long")
print(f"iteration {facts['iterations']:,} of {facts['of']:,}, batches of {LONG_FACES.batch_size}")
print(f"{facts['processor_seconds'] / 60:.0f} minutes of one processor core")

# %% [markdown] slideshow={"slide_type": "subslide"}
# 64 faces that it makes of fresh noise, none left out. It is the picture at the top of the lesson.

# %% slideshow={"slide_type": "-"} tags=["picture"]
long_fakes = make_faces(long_generator, noise)
plot_faces(long_fakes[:64], columns=8, title="64 fakes of the long run")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Real ones beside them, or rather below:

# %% slideshow={"slide_type": "-"}
plot_faces(held_out_faces[:32], columns=8, title="32 real faces, held out")

# %% [markdown] slideshow={"slide_type": "subslide"}
# And its numbers beside those of your own run: plausible, varied, new. The better the faces, the nearer they come to training
# faces; it would be a sign of copies if they came much nearer than the held-out faces of the last row. (Where your faces are others
# than the drawn ones of 64 pixels, the numbers do not fit beside yours, and the cell says so.)

# %% slideshow={"slide_type": "-"}
if preset.size == of_lesson.size and "drawn" in faces.description:
    of_long = all_measures("the long run", long_fakes)
    verdict = Table([compared[1], of_long, compared[2]], f"{samples} faces each, from fresh noise")
else:
    verdict = f"The long run has learned drawn faces of {of_lesson.size} pixels, your GAN others."
verdict

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# ## Bigger
#
# An aside, which you may skip: what you need for larger networks, several GPUs and all of CelebA.
#
# ### Half the bits
#
# GPUs with *tensor cores* (most of NVIDIA's since 2018) multiply 16-bit numbers several times as fast
# as 32-bit ones, and 16-bit outputs take half the memory. With the policy `mixed_float16` the layers
# compute with 16 bits, and the weights stay at 32. Two things make it safe: the last layers and the
# losses are in `float32`, as you saw above, and the optimizers multiply the loss before the way back
# (`scale_loss`), or small gradients would become 0. If a GPU runs out of memory, half the bits, or a smaller
# `batch_size`, is what helps. Most CPUs have no such units; there it only shows that it runs, and that the losses hardly
# differ. The trial uses a very narrow second GAN if there is no GPU.

# %% slideshow={"slide_type": "skip"}
import time
from dataclasses import replace

narrow = preset if device == "gpu" else replace(preset, narrow_new=64)


def try_policy(trial_policy):
    keras.config.set_dtype_policy(trial_policy)
    trial = new_gan(create_new_generator, create_deep_discriminator, preset.second, narrow)
    keras.config.set_dtype_policy(policy)
    trial.fit(real_batches(preset.second).take(1), verbose=0, shuffle=False)  # makes the graph
    start = time.perf_counter()
    losses = trial.fit(real_batches(preset.second).take(3), verbose=0, shuffle=False).history
    return {
        "policy": trial_policy,
        "seconds per iteration": (time.perf_counter() - start) / 3,
        "outputs of G in GB": cost("", trial.generator, preset.second)["outputs of a step in GB"],
        "loss D": losses["loss_d"][0],
    }


Table([try_policy("float32"), try_policy("mixed_float16")], f"Measured on: {describe_device()}")

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Several GPUs
#
# With one GPU or none you may skip this part and the next. A *strategy* copies the networks to every
# GPU, hands each copy its part of the batch, and adds up the gradients, so that all copies stay equal.
# It copies what is made inside its `scope`, as `new_gan` does. `ReductionToOneDevice` is a way of
# adding up that works with two optimizers in one `train_step`; with the usual one TensorFlow stops with
# an error about a placeholder. XLA would pass over it, so `new_gan` leaves XLA off where there are several copies.
# Here is a trial; where there is one device, there is one copy. (The losses that `fit` reports are divided by the
# number of copies.)

# %% slideshow={"slide_type": "skip"}
several = tf.distribute.MirroredStrategy(cross_device_ops=tf.distribute.ReductionToOneDevice())
one_device, strategy = strategy, several
copied = new_gan(create_new_generator, create_deep_discriminator, preset.second, narrow)
strategy = one_device
losses = copied.fit(real_batches(preset.second).take(2), verbose=0, shuffle=False).history
noise_of_each = several.experimental_local_results(several.run(copied.make_noise, args=(4,)))
print(f"copies: {several.num_replicas_in_sync}, loss D {losses['loss_d'][0]:.2f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# All copies have the same random state, or they would not stay equal. So each draws noise for all and takes its own
# share: look at `make_noise` again. And each copy normalises its own part of the batch; with
# `BatchNormalization(synchronized=True)` they would take mean and deviation over the whole batch. To train a GAN of
# this notebook on all your GPUs, write `strategy = several` after the first line of the cell above, and both above the cell
# that makes the GAN.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Several machines
#
# The same with `tf.distribute.MultiWorkerMirroredStrategy()`: each machine runs the same program, and the
# variable `TF_CONFIG` tells it who the others are. Two things differ. The strategy has to be made before
# TensorFlow computes anything, so it needs a program of its own, not a notebook in which you have
# trained already. And Keras wants to average what `train_step` returns along its first axis, so
# numbers have to become rows of one number:
#
# ```python
# class ManyMachines(GAN):
#     def train_step(self, real):
#         return {name: value[None] for name, value in super().train_step(real).items()}
# ```
#
# With this, two processes on one machine trained copies that stayed equal. For two machines of the
# addresses 192.0.2.1 and 192.0.2.2:

# %% slideshow={"slide_type": "skip"}
import json

machines = ["192.0.2.1:12345", "192.0.2.2:12345"]
for index, machine in enumerate(machines):
    role = {"cluster": {"worker": machines}, "task": {"type": "worker", "index": index}}
    print(f"on {machine}: TF_CONFIG='{json.dumps(role)}'")

# %% [markdown] slideshow={"slide_type": "skip"}
# ### All the faces
#
# CelebA has 202,599 faces. With `GAN_FACES=celeba`, `load_faces(None, 128)` prepares them all, and nothing else in this notebook
# changes: the array is mapped from the disk, and only the faces of the next batches are read.

# %% slideshow={"slide_type": "skip"}
one = 128 * 128 * channels
print(f"{202_599 * one / 1e9:.1f} GB on the disk, {16 * one / 1e6:.1f} MB for a batch of 16")


# %% [markdown] slideshow={"slide_type": "skip"}
# `python -m tests.benchmarks faces 202599` prepared as many pictures of that size in 8 minutes, and
# the process never had more than 227 MB.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Results and conclusions
#
# The lecture ends with four conclusions. A conclusion needs a number. Collect them from all four lessons:

# %% slideshow={"slide_type": "skip"}
def summary(run):
    return f"{run.step:,} iterations, {run.processor_seconds:.0f} s of processor time"


def of_seeds(table, column, **chosen):
    rows = [r for r in read_rows(table) if all(r[k] == v for k, v in chosen.items())]
    return ", ".join(row[column] for row in rows)


of_sine = of_seeds("steadier", "average", settings="the lecture's settings")
of_clothes = of_seeds("two_ways", "Frechet distance", way="new weights")
frechet_distances = [line["Frechet distance"] for line in compared]

# %% [markdown] slideshow={"slide_type": "skip"}
# The tables of lessons 01 to 03 have three seeds each, and so has this lesson's.

# %% slideshow={"slide_type": "skip"}
changes = [line["changed in D, G"] for line in movements]
told_and_measured = [
    ("The principle of a GAN was studied.", "04", f"step 3 changed {changes[0][0]} arrays of D "
     f"and {changes[0][1]} of G, step 5 {changes[1][0]} of D and {changes[1][1]} of G"),
    ("Tools were chosen and studied.", "04", f"Keras {keras.__version__}: forecast "
     f"{forecast:.0f} s, it took {first.seconds:.0f} s"),
    ("Several GANs were built and trained.", "04", f"first: {summary(first)}; second: "
     f"{summary(second)}"),
    ("Plausible pictures were generated.", "01", f"{of_sine} from the curve (averages)"),
    ("Plausible pictures were generated.", "02", f"Frechet distance of digits {of_seeds('seeds_02', 'Frechet distance')}"),
    ("Plausible pictures were generated.", "03", f"of clothes {of_clothes}"),
    ("Plausible pictures were generated.", "04", f"of faces {frechet_distances[1]:.0f} (the first GAN {frechet_distances[0]:.0f}, "
     f"real faces {frechet_distances[2]:.1f}), in another space"),
]  # fmt: skip

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each conclusion, and what was measured:

# %% slideshow={"slide_type": "-"}
heads = ("the lecture's conclusion", "lesson", "measured")
Table([dict(zip(heads, row, strict=True)) for row in told_and_measured], "Conclusions")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Where the field went
#
# - **GAN** (Goodfellow et al., NIPS 2014, arXiv 1406.2661): the game, and both losses of the generator.
# - **DCGAN** (Radford, Metz, Chintala, ICLR 2016, arXiv 1511.06434): the model for the second GAN (theirs
#   has batch normalisation in both players).
# - **WGAN** (Arjovsky, Chintala, Bottou, ICML 2017, arXiv 1701.07875) and **WGAN-GP** (Gulrajani et al.,
#   NIPS 2017, arXiv 1704.00028): a loss that measures how far fakes are from real examples; calmer
#   training.
# - **Frechet Inception distance** (Heusel et al., NIPS 2017, arXiv 1706.08500): the measure, in the
#   features of a large network; the same paper proposes different learning rates for the two players.
# - **Progressive growing** (Karras et al., ICLR 2018, arXiv 1710.10196): faces of 1,024 pixels, from
#   small to large.
# - **Spectral normalisation** (Miyato et al., ICLR 2018, arXiv 1802.05957): a discriminator that cannot
#   change its mind too fast.
# - **R1** (Mescheder, Geiger, Nowozin, ICML 2018, arXiv 1801.04406): the penalty of the second GAN.
# - **BigGAN** (Brock, Donahue, Simonyan, ICLR 2019, arXiv 1809.11096): large batches, a thousand classes.
# - **StyleGAN** (Karras, Laine, Aila, CVPR 2019, arXiv 1812.04948): noise that steers every layer; faces
#   that are hard to tell from photographs. (**StyleGAN2**: Karras et al., CVPR 2020, arXiv 1912.04958.)
# - **Diffusion** (Ho, Jain, Abbeel, NeurIPS 2020, arXiv 2006.11239): noise is removed in many small
#   steps; nobody plays against anybody, and training is calm. On ImageNet it overtook GANs a year later
#   (Dhariwal, Nichol, NeurIPS 2021, arXiv 2105.05233).
# - **Latent diffusion** (Rombach et al., CVPR 2022, arXiv 2112.10752): diffusion in a small space; the
#   network that leads into that space is trained with a discriminator.
# - **Fewer steps** (Sauer et al., ECCV 2024, arXiv 2311.17042): a discriminator, with a large diffusion
#   model as a second teacher, makes a diffusion model do with one to four steps. The game goes on.

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# ## Aside: What had to change for Keras 3
#
# The lecture was written for an older Keras. If you ever meet such code, here is what becomes of it, line by line:
#
# | in the lecture | here | if you leave it as it was |
# | --- | --- | --- |
# | `RMSprop(lr=.0001, ...)` | `RMSprop(learning_rate=1e-4, ...)` | an error, see below |
# | `decay=1e-8` | a schedule: `InverseTimeDecay(1e-4, 1, 1e-8)` | a warning, and no decay |
# | `activation='sigmoid'` in `Dense` | a layer of its own | nothing: with TensorFlow, Keras 3 finds the logit before the sigmoid by itself. Here you see it |
# | `discriminator.compile()`; in the code of its time then frozen in a chain of both networks | a `train_step` with two optimizers | **the discriminator learns nothing**, see below |
#
# Try the first two:

# %% slideshow={"slide_type": "skip"}
import warnings

try:
    RMSprop(lr=0.0001)
except ValueError as error:
    print("lr:", error)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    RMSprop(learning_rate=0.0001, decay=1e-8)
print("decay:", told[0].message)

# %% [markdown] slideshow={"slide_type": "skip"}
# You lose nothing with the decay: after 800 iterations it would have made the learning rate smaller
# by less than a thousandth of a percent.

# %% slideshow={"slide_type": "skip"}
decayed = float(InverseTimeDecay(1e-4, 1, 1e-8)(800))
print(f"learning rate after 800 iterations: 0.0001 less {1 - decayed / 1e-4:.5%}")


# %% [markdown] slideshow={"slide_type": "skip"}
# ### The frozen discriminator
#
# The slides show no training step for the Keras GAN. Code of that time compiles the discriminator, then freezes it
# (`trainable = False`), then compiles a chain of both networks. The plan was: `discriminator` still learns, for it was
# compiled before it was frozen, but as a part of `chain` it does not change. Keras 3 reads the flag when the step
# first runs. To see what comes of it, take the very small networks from above and count which arrays one step changes.

# %% slideshow={"slide_type": "skip"}
def two_models():
    discriminator, generator = create_discriminator(tiny), create_generator(tiny)
    discriminator.compile(RMSprop(learning_rate=1e-4), "binary_crossentropy", jit_compile=False)
    discriminator.trainable = False
    chain = Model(generator.input, discriminator(generator.output))
    chain.compile(RMSprop(learning_rate=1e-4), "binary_crossentropy", jit_compile=False)
    return discriminator, generator, chain


# %% [markdown] slideshow={"slide_type": "skip"}
# One step of each, first as in the code of its time, then with the flag set anew before every step. Keras says
# something about it, but as a warning among many:

# %% slideshow={"slide_type": "skip"}
def two_steps(name, set_flag):
    discriminator, generator, chain = two_models()
    set_flag(discriminator, True)
    step_3 = changed(
        lambda: discriminator.train_on_batch(tiny_pictures, tiny_labels), discriminator, generator
    )
    set_flag(discriminator, False)
    step_5 = changed(
        lambda: chain.train_on_batch(tiny_noise, tiny_labels), discriminator, generator
    )
    return {"form": name, "step 3 changes D, G": step_3, "step 5 changes D, G": step_5}


with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    forms = [
        two_steps("frozen once, as in the code of its time", lambda network, flag: None),
        two_steps("flag set before each step", lambda n, flag: setattr(n, "trainable", flag)),
    ]
print(*{str(w.message) for w in told if "trainable" in str(w.message)})
Table(forms, "Arrays of weights that a step changes")

# %% [markdown] slideshow={"slide_type": "skip"}
# In the first row step 3 changes nothing: the discriminator stays as it was born, and the generator
# learns to please a judge who knows nothing. The second row is right. But there is a form in which it
# cannot go wrong, since nothing is ever frozen.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# First predict, then run, then explain: write your answer into the cell with `answer = None`, run it
# and the cell below it. Before you have answered, the check says so and runs nothing. A solution is
# folded away under each exercise.

# %% slideshow={"slide_type": "skip"}
from helpers.exercises import lesson_04 as exercises

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 1. Twice the side
#
# You want faces of twice the height and width. How many times as many multiply-adds does the deep
# discriminator need for one of them? And how many times as many weights?

# %% slideshow={"slide_type": "skip"}
answer = None  # a number: how many times the multiply-adds


# %% [markdown] slideshow={"slide_type": "skip"}
# The experiment builds both and counts, without training anything.

# %% slideshow={"slide_type": "skip"}
def twice_the_side():
    sides = (preset.size, 2 * preset.size)
    small, large = (create_deep_discriminator(replace(preset, size=side)) for side in sides)
    needed = [sum(map(multiply_adds, network.layers)) for network in (small, large)]
    return needed[1] / needed[0], large.count_params() / small.count_params()


exercises.check_twice_the_side(answer, twice_the_side)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# answer = 4
# ```
#
# Twice the height and twice the width are four times the places. A convolution has the same filters
# for all places, so nearly all the weights stay.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. Ten faces
#
# A generator makes ten different faces and no other, each of them perfect. That is a mode collapse, if
# not the worst. What is its spread?
#
# - a: about 0.1
# - b: about 0.5
# - c: about 0.9

# %% slideshow={"slide_type": "skip"}
answer = None  # "a", "b" or "c"


# %% [markdown] slideshow={"slide_type": "skip"}
# The experiment takes ten real faces and repeats them.

# %% slideshow={"slide_type": "skip"}
def ten_faces():
    few = training_faces[np.arange(samples) % 10]
    return spread(few), distance(few)


exercises.check_ten_faces(answer, ten_faces)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# answer = "c"
# ```
#
# The spread asks how far apart the faces are, not how many there are. One face gives 0, but a few
# different ones are enough for nearly 1. Never trust one number alone.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. One at a time
#
# You make 16 faces from 16 noise vectors, each alone in a batch of one, and you forget to switch the
# generator from `training=True` to `training=False`. What do you get?
#
# - a: 16 different faces, the same as with `training=False`
# - b: the same face 16 times
# - c: 16 different faces, but others than with `training=False`

# %% slideshow={"slide_type": "skip"}
answer = None  # "a", "b" or "c"


# %% [markdown] slideshow={"slide_type": "skip"}
# The experiment does it with a copy, because `training=True` moves the averages that the layers keep.

# %% slideshow={"slide_type": "skip"}
def one_at_a_time(training):
    twin = create_new_generator(preset)
    twin.set_weights(best_second.get_weights())
    return np.concatenate([twin(one[None], training=training) for one in noise[:16]])


exercises.check_one_at_a_time(answer, one_at_a_time)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# answer = "b"
# ```
#
# The first normalisation compares each number with the mean of the batch. With one example in the
# batch, each number *is* the mean. So a face depends on its neighbours in the batch while the
# generator learns, and this is why the batches should not be too small.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 4. One more doubling
#
# Write the generator that makes faces of twice the side: as `create_new_generator`, from the same small picture, with one
# more doubling before the last layer, normalised too, without a bias, and as wide as the one before it. Predict first
# how many weights it needs in addition.

# %% slideshow={"slide_type": "skip"}
create_larger_generator = None  # replace this line by your function

# %% [markdown] slideshow={"slide_type": "skip"}
# The check looks at the shape and range of the faces, at the layers, and at the number of weights.

# %% slideshow={"slide_type": "skip"}
exercises.check_larger_generator(create_larger_generator, create_new_generator, preset, noise[:4])

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# def create_larger_generator(preset):
#     filters, size = 256 // preset.narrow_new, preset.size // 8
#     gen_input = Input(shape=(latent_dim,))
#     x = Dense(4 * filters * size * size, use_bias=False)(gen_input)
#     x = LeakyReLU()(BatchNormalization()(x))
#     x = Reshape((size, size, 4 * filters))(x)
#     for width in (2 * filters, filters, filters):
#         x = Conv2DTranspose(width, 4, strides=2, padding="same", use_bias=False)(x)
#         x = LeakyReLU()(BatchNormalization()(x))
#     last = Conv2DTranspose(
#         channels, 4, strides=2, padding="same", activation="tanh", dtype="float32"
#     )
#     return Model(gen_input, last(x), name="generator")
# ```
#
# One word is enough: a third width. With $n$ channels it adds $16 n^2$ weights for the filters of 4 by
# 4, and $4 n$ of the normalisation (two that it learns, two averages). To train it, load
# the faces at twice the size, and give `new_gan` a preset of that size, for the discriminator; the generator still needs
# the old one.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# - A convolution looks for the same small pattern everywhere; a transposed one stamps it. Both have few weights and need many
#   multiply-adds.
# - Keras 3 runs the same five steps: `train_step` of a `keras.Model`, two optimizers, each with the
#   weights of one player.
# - Multiply-adds, memory and four iterations tell you what a training will cost before you pay.
# - The networks of the lecture, narrowed for a laptop, did not get to varied faces: not with their own settings here, and
#   not in the trial, where all networks had equal settings and three seeds.
# - A leaner generator did, with the same data and the same five steps, and an iteration took a fraction of the time. The deep
#   discriminator and the batch normalisation counted for less.
# - A penalty for a steep discriminator does not make the faces better at once. It makes it worth while to train on.
# - A distance is worth as much as the space in which it is taken. This one sees colours and shapes; the
#   details you have to judge with your own eyes.

# %% [markdown] slideshow={"slide_type": "skip"}
# For your notes, this run in numbers:

# %% slideshow={"slide_type": "skip"}
print(f"preset {preset.level} | {describe_device()} | at most {peak_memory():.1f} GB")
results
