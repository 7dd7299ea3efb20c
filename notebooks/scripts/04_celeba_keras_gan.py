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
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gan-course/gan-course/blob/main/notebooks/04_celeba_keras_gan.ipynb)
#
# The hardest lesson: pictures of faces, in colour, with convolutional networks, in another library.
# First you train the networks of the lecture and measure what they can do. Then you go one step
# further, with the same data and the same five steps, and measure again. You need lessons 01 and 02.

# %% [markdown] slideshow={"slide_type": "skip"}
# | preset | what it does | two CPU cores | a GPU | memory |
# | --- | --- | --- | --- | --- |
# | `lesson` (the default) | faces of 64 pixels, an eighth of the filters | 7 to 12 minutes, nearly all for the two trainings | not measured | 1.5 GB |
# | `full` | faces of 128 pixels, the lecture's numbers | more than a day: meant for a GPU | not measured | not measured |
# | `smoke` | six iterations of each GAN, to test that everything runs | 20 seconds | not measured | 1 GB |
#
# `lesson` is the default on every device. For `full` put a cell with `%env GAN_PRESET=full` above all
# others; how long it takes on your GPU you learn from the forecast below, before it starts.
#
# Run the next cell first, wherever you are: on your own machine it finds the course, in Colab it
# fetches it. You need not read it.

# %% cellView="form" jupyter={"source_hidden": true} slideshow={"slide_type": "skip"}
# @title Find or fetch the course
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = "https://github.com/gan-course/gan-course"


class SetupError(Exception):
    def _render_traceback_(self):  # shows one sentence instead of a traceback
        return [str(self)]


def find_course():
    local, fetched = Path("..").resolve(), Path("gan-course").resolve()
    for folder in (local, fetched):
        if (folder / "helpers" / "__init__.py").is_file():
            return folder, "is already here"
    if not (importlib.util.find_spec("google") and importlib.util.find_spec("google.colab")):
        raise SetupError("Open this notebook from the folder notebooks/ of the course.")
    shutil.rmtree(fetched, ignore_errors=True)  # what an interrupted attempt may have left
    command = ["git", "clone", "--quiet", "--depth=1", REPOSITORY, str(fetched)]
    if subprocess.run(command, capture_output=True).returncode:
        raise SetupError(f"{REPOSITORY} could not be fetched: check the network, then run again.")
    return fetched, f"was fetched from {REPOSITORY}"


course, what = find_course()
sys.path.insert(0, str(course))
print(f"The course {what}.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Here is where this lesson arrives: faces of nobody, made from random numbers by the second GAN, at
# the preset `lesson`.

# %% slideshow={"slide_type": "-"}
from helpers.plotting import Drawing

Drawing(
    course / "notebooks" / "pictures" / "04_celeba_keras_gan.png",
    alt="64 drawn faces made by the trained generator of this lesson.",
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
# TensorFlow greets with some lines about how it was built; `quiet_start` keeps them off. The rest you
# know: device, settings, and the seed of all random numbers.

# %% slideshow={"slide_type": "skip"}
from helpers.device.keras import describe_device, peak_memory, pick_device, quiet_start
from helpers.presets import PRESETS, choose_preset

with quiet_start():
    import keras
    import tensorflow as tf

tf.get_logger().setLevel("ERROR")
device = pick_device()
preset = choose_preset("04_celeba_keras_gan")
seed = 0
keras.utils.set_random_seed(seed)
print(f"{describe_device()} | Keras {keras.__version__} | preset {preset.level} | seed {seed}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The training data
#
# The lecture trains for 800 iterations on 10,000 faces of **CelebA**: photographs of celebrities, cut
# so that the eyes are in about the same place (Ziwei Liu, Ping Luo, Xiaogang Wang, Xiaoou Tang: *Deep
# Learning Face Attributes in the Wild*, ICCV 2015). Its terms allow non-commercial research only, and
# the pictures may not be passed on: whether your class counts as that, you have to decide. The preset
# `full` fetches them from Kaggle, 1.4 GB.
#
# If that does not work, and at the other presets, the course takes faces of its own: 4,000 drawn
# ones. These are cartoons, **not CelebA**, and much easier to imitate than photographs. The line that
# the cell prints tells you which faces you got. To use your own, set the variable `GAN_FACES` to a
# folder of pictures.
#
# The last faces are *held out*: they are not used for training, so that you can compare with them.

# %% slideshow={"slide_type": "skip"}
from helpers.base.errors import CourseError
from helpers.data.faces import load_faces

faces = load_faces(preset.images + preset.held_out, preset.size, network=preset.level == "full")
if len(faces.images) < 100:
    raise CourseError(f"{len(faces.images)} faces are too few: this lesson needs 100 or more.")
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
# ## The discriminator of the lecture
#
# These are the layers of the lecture, to the letter. A **convolution** `Conv2D(256, 3)` moves 256
# filters of 3 by 3 pixels over the picture; each filter answers at each place. With `strides=2` it
# takes every second place only, so the picture is halved. `LeakyReLU` multiplies negative values by 0.3
# instead of cutting them off as `ReLU` does. At the end one `Dense` layer adds up all answers to one
# logit.
#
# At the preset `full`, `narrow` is 1 and you get the 256 filters of the lecture. At the others there
# are fewer of them, and the picture is smaller: nothing else differs. As in lesson 01 the sigmoid is
# a layer of its own, because the loss will need the logit before it.

# %% slideshow={"slide_type": "subslide"}
from keras import Input, Model
from keras.layers import Activation, Conv2D, Dense, Dropout, Flatten, LeakyReLU

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
from keras.layers import Conv2DTranspose, Reshape


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
# pictures of the batch. As a rule they are 32-bit numbers of 4 bytes each.

# %% slideshow={"slide_type": "skip"}
from helpers.tables import Table


def cost(name, network, settings):
    numbers = [math.prod(layer.output.shape[1:]) for layer in network.layers]
    sizes = [np.dtype(layer.compute_dtype).itemsize for layer in network.layers]
    outputs = settings.batch_size * np.dot(numbers, sizes)
    return {
        "network": name,
        "weights": f"{network.count_params():,}",
        "million multiply-adds per picture": f"{sum(map(multiply_adds, network.layers)) / 1e6:,.0f}",
        "outputs of a batch in GB": float(outputs / 1e9),
    }


costs = [
    cost(f"{network.name}, {used.level}", network, used.first)
    for used in dict.fromkeys([full, preset])
    for network in (create_discriminator(used), create_generator(used))
]
Table(costs, "The networks of the lecture, and as they are used here")

# %% [markdown] slideshow={"slide_type": "skip"}
# Nearly all multiply-adds go into the two large convolutions of the generator, which work at the full size
# of the picture. How long an iteration takes, only a trial can tell. It comes in a minute, when there
# is something to run.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## What had to change for Keras 3
#
# The lecture was written for an older Keras. Line by line:
#
# | in the lecture | here | if you leave it as it was |
# | --- | --- | --- |
# | `RMSprop(lr=.0001, ...)` | `RMSprop(learning_rate=1e-4, ...)` | an error, see below |
# | `decay=1e-8` | a schedule: `InverseTimeDecay(1e-4, 1, 1e-8)` | a warning, and no decay |
# | `activation='sigmoid'` in `Dense` | a layer of its own | nothing: with TensorFlow, Keras 3 finds the logit before the sigmoid by itself. Here you see it |
# | `discriminator.compile()`, then frozen in a chain of both networks | a `train_step` with two optimizers | **the discriminator learns nothing**, see below |
#
# Try the first two:

# %% slideshow={"slide_type": "skip"}
import warnings

from keras.optimizers import RMSprop

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
from keras.optimizers.schedules import InverseTimeDecay

decayed = float(InverseTimeDecay(1e-4, 1, 1e-8)(800))
print(f"learning rate after 800 iterations: 0.0001 less {1 - decayed / 1e-4:.5%}")

# %% [markdown] slideshow={"slide_type": "skip"}
# ### The frozen discriminator
#
# The classical Keras GAN compiles the discriminator, then freezes it (`trainable = False`), then
# compiles a chain of both networks. The plan was: `discriminator` still learns, for it was compiled
# before it was frozen, but as a part of `chain` it does not change. Keras 3 reads the flag when the step
# first runs. To see what comes of it, take very small networks and count the arrays of weights that one
# step changes.

# %% slideshow={"slide_type": "skip"}
from keras.optimizers import Adam

tiny = PRESETS["04_celeba_keras_gan"]["smoke"]
draw = np.random.default_rng(seed)
tiny_pictures, tiny_labels = draw.normal(size=(4, 16, 16, 3)), np.ones((4, 1))
tiny_noise = draw.normal(size=(4, latent_dim))


def two_models():
    discriminator, generator = create_discriminator(tiny), create_generator(tiny)
    discriminator.compile(RMSprop(learning_rate=1e-4), "binary_crossentropy", jit_compile=False)
    discriminator.trainable = False
    chain = Model(generator.input, discriminator(generator.output))
    chain.compile(RMSprop(learning_rate=1e-4), "binary_crossentropy", jit_compile=False)
    return discriminator, generator, chain


# %% [markdown] slideshow={"slide_type": "skip"}
# This function calls a step and counts, for each network, the arrays of weights that are not what they
# were before:

# %% slideshow={"slide_type": "skip"}
def changed(step, *networks):
    before = [network.get_weights() for network in networks]
    step()
    now = [network.get_weights() for network in networks]
    pairs = zip(before, now, strict=True)
    return [sum(not np.array_equal(*w) for w in zip(*p, strict=True)) for p in pairs]


# %% [markdown] slideshow={"slide_type": "skip"}
# One step of each, first as in the lecture, then with the flag set anew before every step. Keras says
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
        two_steps("frozen once, as in the lecture", lambda network, flag: None),
        two_steps("flag set before each step", lambda n, flag: setattr(n, "trainable", flag)),
    ]
print(*{str(w.message) for w in told if "trainable" in str(w.message)})
Table(forms, "Arrays of weights that a step changes")

# %% [markdown] slideshow={"slide_type": "skip"}
# In the first row step 3 changes nothing: the discriminator stays as it was born, and the generator
# learns to please a judge who knows nothing. The second row is right. But there is a form in which it
# cannot go wrong, since nothing is ever frozen.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The five steps
#
# A `keras.Model` of your own may say what one step of `fit` does: that is `train_step`. Five things
# to notice:
#
# - Each optimizer is handed the weights of its own player. So there is no need to freeze the other.
# - A `GradientTape` remembers what is computed inside its `with`. Step 2 is outside: this is `detach`.
# - `training=True` stands everywhere. If you leave it out inside `train_step`, Keras 3 takes `False`,
#   and the dropout is switched off without a word.
# - `scale_loss` multiplies the loss if the optimizer wants it: you will need it for 16-bit numbers, at
#   the end of the lesson. Otherwise it does nothing.
# - `logits` is the discriminator without its last layer, the sigmoid. Both share their weights.
#
# The first class is what Keras needs to know about two players; the steps are in the second one.

# %% slideshow={"slide_type": "skip"}
from helpers.base.history import COLUMNS

bce = keras.losses.BinaryCrossentropy(from_logits=True)


class Players(Model):
    def __init__(self, generator, discriminator, real_label, seed=seed):
        super().__init__()
        self.generator, self.discriminator, self.real_label = generator, discriminator, real_label
        self.logits = Model(discriminator.input, discriminator.layers[-2].output)
        self.random = keras.random.SeedGenerator(seed)
        self.built = True  # both players are, so `fit` need not try

    def compile(self, optimizer_d, optimizer_g, **options):
        super().compile(**options)
        self.optimizer_d, self.optimizer_g = optimizer_d, optimizer_g
        optimizer_d.build(self.discriminator.trainable_variables)
        optimizer_g.build(self.generator.trainable_variables)

    def make_noise(self, count):
        return keras.random.normal((count, latent_dim), seed=self.random)


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
def make_optimizer(learning_rate, beta1):
    if beta1 is None:
        schedule = InverseTimeDecay(learning_rate, 1, 1e-8)
        optimizer = RMSprop(learning_rate=schedule, clipvalue=1.0)
    else:
        optimizer = Adam(learning_rate, beta_1=beta1)
    half = keras.config.dtype_policy().name == "mixed_float16"
    return keras.optimizers.LossScaleOptimizer(optimizer) if half else optimizer


def new_gan(create_generator, create_discriminator, settings, preset=preset, seed=seed):
    keras.utils.set_random_seed(seed)
    players = create_generator(preset), create_discriminator(preset)
    gan = GAN(*players, settings.real_label, seed)
    gan.compile(
        make_optimizer(settings.learning_rate_d, settings.beta1),
        make_optimizer(settings.learning_rate_g, settings.beta1),
        jit_compile=device == "gpu",
    )
    return gan


# %% [markdown] slideshow={"slide_type": "skip"}
# ### Is it true that only one player changes?
#
# Do not believe it, look: give one of the players an optimizer with a learning rate of 0, and count
# again which arrays of weights the five steps change.

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


def generate(generator, noise, batch=25):
    starts = range(0, len(noise), batch)
    made = [generator(noise[i : i + batch], training=False) for i in starts]
    return ((np.concatenate(made) + 1) * 127.5).round().astype(np.uint8)


def distance(pictures):
    return frechet(space.transform(shrink(pictures)), real_features, samples)


def spread(pictures):
    real = training_faces[:samples]
    deviations = [p.std(axis=0, dtype=np.float32).mean() for p in (pictures, real)]
    return float(deviations[0] / deviations[1])


# %% [markdown] slideshow={"slide_type": "skip"}
# ## Training the first GAN
#
# `fit` runs the loop, and `Run` is its *callback*: Keras calls it after each iteration. It draws the
# progress bar, keeps the history, and writes everything to `data/runs/04_celeba_keras_gan/`. If the
# session is cut off, open the notebook again and run it: `resume` goes on with the same iteration, the
# same weights, the same state of the optimizers and the same order of the faces. (Keras has a callback
# for this, `BackupAndRestore`; it knows nothing of the order of the data.)
#
# Now and then `Run` calls `look`: it makes faces from the same noise, measures them, and shows some.
# `Run` also keeps the weights of the generator that had the smallest distance so far. And a `Recording`
# watches both players, as in lesson 02: here with nine noise vectors, at 30 moments or fewer.

# %% slideshow={"slide_type": "skip"}
from IPython.display import DisplayHandle

from helpers.recording import Recording
from helpers.training.keras import Run

fixed_noise = np.random.default_rng(seed).normal(size=(samples, latent_dim)).astype("float32")


def look(run):
    fakes = generate(run.gan.generator, fixed_noise)
    run.keep(distance(fakes).value)
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
    run.gan.fit(batches, callbacks=[run], verbose=0, shuffle=False)


train(first, most=4)
forecast = first.forecast()
print(f"{preset.first.iterations} iterations will take about {forecast / 60:.1f} minutes here.")
print(f"So far the process has used up to {peak_memory():.1f} GB.")

# %% [markdown] slideshow={"slide_type": "skip"}
# The bar above counts the slow first iteration, too: believe the line below it. If that is too long for
# you, choose another preset or a GPU. Or press Stop early: what has been learned stays, and the same cell
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
# Look at the nine faces of each moment. After some time there is a face, and it is the same one in all
# nine places: the noise makes hardly any difference. And from one moment to the next this one face
# gives way to another. You know it from lesson 02: **mode collapse**. Here are its measures, beside those
# of other real faces, which is what a perfect generator would get:

# %% slideshow={"slide_type": "subslide"}
fakes_at_end = generate(first_gan.generator, fixed_noise)


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
# So with these settings the networks of the lecture can draw a face, but not *different* faces. Did more
# time help?

# %% slideshow={"slide_type": "skip"}
print(f"smallest distance after {first.best_step} of {first.step} iterations")


# %% [markdown] slideshow={"slide_type": "skip"}
# In this run it did not: from then on the one face only wandered. What may make it hard for these
# networks?
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
# two eyes have to match. That is one possible weakness. Another may be in the generator: nothing keeps
# the outputs
# of its layers in a useful range, and what one layer does wrong, the next ones amplify.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One step further
#
# In 2015 Alec Radford, Luke Metz and Soumith Chintala found layers with which convolutional GANs train
# well, and called them **DCGAN**. Two of their changes are enough here. The first makes the
# discriminator deep: four convolutions with stride 2, so that the last ones see 46 x 46 pixels, most of
# a face of 64.

# %% slideshow={"slide_type": "skip"}
def create_deep_discriminator(preset):
    filters = 256 // preset.narrow
    x = disc_input = Input(shape=(preset.size, preset.size, channels))
    for width in (filters, filters, 2 * filters, 2 * filters):
        x = Conv2D(width, 4, strides=2, padding="same")(x)
        x = LeakyReLU()(x)
    x = Flatten()(x)
    x = Dropout(0.4)(x)
    logit = Dense(1, dtype="float32")(x)
    return Model(disc_input, Activation("sigmoid", dtype="float32")(logit), name="discriminator")


print(f"field of view: {field_of_view(create_deep_discriminator(preset))} pixels")

# %% [markdown] slideshow={"slide_type": "skip"}
# The second puts `BatchNormalization` behind each layer of the generator but the last. It shifts and
# scales the outputs, each channel on its own, so that over a batch they have a mean of 0 and a
# deviation of 1 (and then lets the channel learn another mean and deviation). As it takes the mean
# away, a bias before it would do nothing: hence `use_bias=False`. So each layer gets inputs of a known
# size, whatever the layers before it have learned. And a third change comes with it: the expensive
# convolutions at full size are gone.
#
# In training the mean and the deviation are those of the batch; afterwards they are running averages
# that the layer has kept. This is one more reason to say `training=True` and `training=False`.

# %% slideshow={"slide_type": "skip"}
from keras.layers import BatchNormalization


def create_normalised_generator(preset):
    filters, size = 256 // preset.narrow, preset.size // 8
    gen_input = Input(shape=(latent_dim,))
    x = Dense(2 * filters * size * size, use_bias=False)(gen_input)
    x = BatchNormalization()(x)
    x = LeakyReLU()(x)
    x = Reshape((size, size, 2 * filters))(x)
    for width in (2 * filters, filters, filters):
        x = Conv2DTranspose(width, 4, strides=2, padding="same", use_bias=False)(x)
        x = BatchNormalization()(x)
        x = LeakyReLU()(x)
    x = Conv2D(channels, 5, activation="tanh", padding="same", dtype="float32")(x)
    return Model(gen_input, x, name="generator")


networks = create_deep_discriminator(preset), create_normalised_generator(preset)
new_costs = [cost(network.name, network, preset.second) for network in networks]
Table(new_costs, "The networks of the second GAN")

# %% [markdown] slideshow={"slide_type": "skip"}
# The five steps are the same, word for word: `GAN` does not know which networks it has. The settings
# differ, too. The batches are larger, because the mean of a batch is worth more if the batch is not too
# small; the learning rates are smaller, and there are more iterations.

# %% slideshow={"slide_type": "skip"}
from dataclasses import asdict

both = {"first GAN": preset.first, "second GAN": preset.second}
Table([{"settings": name} | asdict(s) for name, s in both.items()], "What each GAN gets")

# %% [markdown] slideshow={"slide_type": "skip"}
# So the two runs are not a fair comparison of the networks. That comes below, in *Which of the changes
# does it?*

# %% slideshow={"slide_type": "skip"}
second_gan = new_gan(create_normalised_generator, create_deep_discriminator, preset.second)
second = new_run("second", second_gan, preset.second)

# %% [markdown] slideshow={"slide_type": "skip"}
# The same cell as before, with the second GAN:

# %% slideshow={"slide_type": "skip"}
train(second)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The **player** has both GANs on one clock, as in lesson 03. Drag the time to and fro: on the left one
# face for all nine noise vectors, on the right nine people (in the still picture of a saved page: above
# and below). The border and the bar of each picture are
# the answer of that GAN's own discriminator. *Slow motion* goes through the five steps of one iteration
# of each GAN and lights the lines of `train_step`.

# %% slideshow={"slide_type": "-"}
from helpers.player import show

show(first.recording, second.recording, train_step=GAN.train_step)

# %% [markdown] slideshow={"slide_type": "subslide"}
# At first the distance jumps: pale nothings are farther from real faces than the grey of iteration 0.
# Then it falls, at the end with small ups and downs. Two players that answer each other's last step do
# not go straight downhill, and a small change of the generator can shift the colours of all its faces
# at once. So it pays to keep the weights of the best moment, as `Run` does.

# %% slideshow={"slide_type": "-"}
from helpers.plotting import plot_lines

measured = second.distances
print(f"best at iteration {second.best_step}: {measured[second.best_step]:.1f}")
plot_lines([*measured], {"second GAN": [*measured.values()]}, "iteration", "Frechet distance")

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Which of the changes does it?
#
# The generator and the discriminator were changed. Which one was it? Train all four pairs of networks
# in the same way and for the same number of iterations. That takes long, so here they have a sixteenth
# of the filters, batches of 16, the settings of the second GAN otherwise, and 300 iterations, too few
# for a clear face. `python -m data.make.faces04 rows 0` has done that and written down what came
# out; `best` is the moment with the smallest distance.

# %% slideshow={"slide_type": "skip"}
from helpers.tables import read_rows

head = "300 iterations, one seed, 500 faces each; real to real about 2"
Table(read_rows("faces04_networks"), head)

# %% [markdown] slideshow={"slide_type": "skip"}
# In so short a training the new generator does it: the distance falls from 56 to 24 and from 74 to 42,
# in about a third of the processor time. But look at the first row, too: the networks of the lecture,
# narrower than above but with the settings of the second GAN, get a spread of 0.82, and do not collapse in
# these 300 iterations. So the settings of the first GAN probably have a part in its collapse. (But grain
# counts as spread, too.)
#
# The new generator differs from the lecture's in two ways, the batch normalisation and the missing
# convolutions, and the table does not tell these apart. (The time is saved by the missing
# convolutions.) The deep discriminator makes it worse so early, with either generator. It pays later:
# `python -m data.make.faces04 pair 0 "new generator"` trained the new generator against the
# discriminator of the lecture with the settings of the lesson, 800 iterations, and ended at a distance
# of 16.5, where both changes together come to 11.4. (One seed is not many.)

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
# The curves of the first GAN swing. A likely reading: each time the generator has found a face that is
# taken for real, the discriminator learns to reject that very face, and the whole generator has to move
# on. With the second GAN there is no single face to reject, and the curves are calm. But they do not tell
# you that its faces became better for a long time: that, only the distance told.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Is it plausible? Is it varied? Is it new?
#
# Now judge both with *fresh* noise: the best moment was chosen with the old noise, and might be best
# for that alone. These are 64 faces of the second GAN at its best moment:

# %% slideshow={"slide_type": "-"} tags=["picture"]
best_second = create_normalised_generator(preset)
second.load_best(best_second)
noise = np.random.default_rng(seed + 1).normal(size=(samples, latent_dim)).astype("float32")
second_fakes = generate(best_second, noise)
plot_faces(second_fakes[:64], columns=8, title="64 fakes")

# %% [markdown] slideshow={"slide_type": "skip"}
# And these are 16 of the first GAN, at its best moment:

# %% slideshow={"slide_type": "skip"}
best_first = create_generator(preset)
first.load_best(best_first)
first_fakes = generate(best_first, noise)
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
# All three come to about the same distance, between 11 and 12, where real faces have 2, and none has
# collapsed.
#
# ## A walk between two faces
#
# Go from one noise vector to another in small steps. A generator that has learned faces by heart would
# change suddenly on the way. This one glides: a hint, and no proof.

# %% slideshow={"slide_type": "skip"}
way = np.linspace(0, 1, 10, dtype="float32").reshape(1, -1, 1)
start, end = noise[:4, None], noise[4:8, None]
points = (start + way * (end - start)).reshape(-1, latent_dim)
plot_faces(generate(best_second, points), 10, "Four walks, from left to right")

# %% [markdown] slideshow={"slide_type": "skip"}
# This slider goes along the four ways at once, and stops wherever you like:

# %% slideshow={"slide_type": "skip"}
from helpers.controls import walk

walk(lambda points: generate(best_second, points), start[:, 0], end[:, 0])

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Bigger
#
# ### Half the bits
#
# GPUs with *tensor cores* (most of NVIDIA's since 2018) multiply 16-bit numbers several times as fast
# as 32-bit ones, and 16-bit outputs take half the memory. With the policy `mixed_float16` the layers
# compute with 16 bits, and the weights stay at 32. Two things make it safe: the last layers and the
# losses are in `float32`, as you saw above, and the optimizers multiply the loss before the way back
# (`scale_loss`), or small gradients would become 0. Most CPUs have no such units; there it only shows
# that it runs. The trial uses a very narrow second GAN if there is no GPU.

# %% slideshow={"slide_type": "skip"}
import time
from dataclasses import replace

narrow = preset if device == "gpu" else replace(preset, narrow=64)


def try_policy(policy):
    keras.config.set_dtype_policy(policy)
    trial = new_gan(create_normalised_generator, create_deep_discriminator, preset.second, narrow)
    keras.config.set_dtype_policy("float32")
    trial.fit(real_batches(preset.second).take(1), verbose=0, shuffle=False)  # makes the graph
    start = time.perf_counter()
    losses = trial.fit(real_batches(preset.second).take(3), verbose=0, shuffle=False).history
    return {
        "policy": policy,
        "seconds per iteration": (time.perf_counter() - start) / 3,
        "outputs of G in GB": cost("", trial.generator, preset.second)["outputs of a batch in GB"],
        "loss D": losses["loss_d"][0],
    }


Table([try_policy("float32"), try_policy("mixed_float16")], f"Measured on: {describe_device()}")

# %% [markdown] slideshow={"slide_type": "skip"}
# To train a GAN of this notebook so, write `keras.config.set_dtype_policy("mixed_float16")` above the
# cell that makes it.
#
# ### Several GPUs
#
# With one GPU or none you may skip this part and the next. A *strategy* copies the networks to every
# GPU, hands each copy its part of the batch, and adds up the gradients, so that all copies stay equal.
# It copies what is made inside its `scope`; the rest stays as it is. `ReductionToOneDevice` is a way of
# adding up that works with two optimizers in one `train_step`; with the usual one TensorFlow stops with
# an error about a placeholder. Where there is one device, there is one copy. (The losses that `fit`
# reports are then divided by the number of copies.)

# %% slideshow={"slide_type": "skip"}
strategy = tf.distribute.MirroredStrategy(cross_device_ops=tf.distribute.ReductionToOneDevice())
with strategy.scope():
    copied = new_gan(create_normalised_generator, create_deep_discriminator, preset.second, narrow)
losses = copied.fit(real_batches(preset.second).take(2), verbose=0, shuffle=False).history
print(f"copies: {strategy.num_replicas_in_sync}, loss D {losses['loss_d'][0]:.2f}")

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
# CelebA has 202,599 faces. `load_faces(None, 128)` prepares them all, and nothing else in this notebook
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
# The lecture ends with four conclusions. A conclusion needs a number. Here are those of this run:

# %% slideshow={"slide_type": "subslide"}
def summary(run):
    return f"{run.step:,} iterations, {run.processor_seconds:.0f} s of processor time"


frechet_distances = [line["Frechet distance"] for line in compared]
changes = [line["changed in D, G"] for line in movements]
conclusions = {
    "The principle of a GAN was studied.": f"Step 3 changed {changes[0][0]} arrays of D and "
    f"{changes[0][1]} of G, step 5 {changes[1][0]} of D and {changes[1][1]} of G.",
    "Tools were chosen and studied.": f"Keras {keras.__version__}: the forecast was "
    f"{forecast:.0f} s, and it took {first.seconds:.0f} s.",
    "Several GANs were built and trained.": f"First: {summary(first)}; second: {summary(second)}.",
    "Plausible pictures were generated.": f"Frechet distance {frechet_distances[1]:.0f}, of the first "
    f"GAN {frechet_distances[0]:.0f}, of real faces {frechet_distances[2]:.1f}; spread "
    f"{compared[1]['spread']:.2f} of the real one.",
}
told_and_measured = [
    {"the lecture's conclusion": told, "here": number} for told, number in conclusions.items()
]
Table(told_and_measured, "Conclusions")

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
# - **BigGAN** (Brock, Donahue, Simonyan, ICLR 2019, arXiv 1809.11096): large batches, a thousand classes.
# - **StyleGAN** (Karras, Laine, Aila, CVPR 2019, arXiv 1812.04948): noise that steers every layer; faces
#   that are hard to tell from photographs.
# - **Diffusion** (Ho, Jain, Abbeel, NeurIPS 2020, arXiv 2006.11239): noise is removed in many small
#   steps; nobody plays against anybody, and training is calm. On ImageNet it overtook GANs a year later
#   (Dhariwal, Nichol, NeurIPS 2021, arXiv 2105.05233).
# - **Latent diffusion** (Rombach et al., CVPR 2022, arXiv 2112.10752): diffusion in a small space; the
#   network that leads into that space is trained with a discriminator.
# - **Fewer steps** (Sauer et al., ECCV 2024, arXiv 2311.17042): a discriminator, with a large diffusion
#   model as a second teacher, makes a diffusion model do with one to four steps. The game goes on.

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
    twin = create_normalised_generator(preset)
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
# Write the generator that makes faces of twice the side: as `create_normalised_generator`, from the
# same small picture, with one more doubling after the others, normalised too, without a bias, and as
# wide as the last one. Predict first how many weights it needs in addition.

# %% slideshow={"slide_type": "skip"}
create_larger_generator = None  # replace this line by your function

# %% [markdown] slideshow={"slide_type": "skip"}
# The check looks at the shape and range of the faces, at the layers, and at the number of weights.

# %% slideshow={"slide_type": "skip"}
exercises.check_larger_generator(
    create_larger_generator, create_normalised_generator, preset, noise[:4]
)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# def create_larger_generator(preset):
#     filters, size = 256 // preset.narrow, preset.size // 8
#     gen_input = Input(shape=(latent_dim,))
#     x = Dense(2 * filters * size * size, use_bias=False)(gen_input)
#     x = BatchNormalization()(x)
#     x = LeakyReLU()(x)
#     x = Reshape((size, size, 2 * filters))(x)
#     for width in (2 * filters, filters, filters, filters):
#         x = Conv2DTranspose(width, 4, strides=2, padding="same", use_bias=False)(x)
#         x = BatchNormalization()(x)
#         x = LeakyReLU()(x)
#     x = Conv2D(channels, 5, activation="tanh", padding="same", dtype="float32")(x)
#     return Model(gen_input, x, name="generator")
# ```
#
# One word is enough: a fourth width. With $n$ channels it adds $16 n^2$ weights for the filters of 4 by
# 4, and $4 n$ of the normalisation (two that it learns, two averages). To train it, give `new_gan` a
# preset of twice the size for the discriminator, and load the faces at that size.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# - Keras 3 runs the same five steps: `train_step` of a `keras.Model`, two optimizers, each with the
#   weights of one player. In the lecture's form, compiled and then frozen, today's discriminator learns
#   nothing.
# - Multiply-adds, memory and four iterations tell you what a training will cost before you pay.
# - The networks of the lecture, narrowed for a laptop and with the settings of the first GAN, drew one
#   face for all noise: mode collapse.
# - A deep discriminator and a generator with batch normalisation, with the same data and the same five
#   steps, draw many different faces. In a short training the new generator did more of it than the deep
#   discriminator; its batch normalisation was not tested alone.
# - A distance is worth as much as the space in which it is taken. This one sees colours and shapes; the
#   details you have to judge with your own eyes.

# %% [markdown] slideshow={"slide_type": "skip"}
# For your notes, this run in numbers:

# %% slideshow={"slide_type": "skip"}
print(f"preset {preset.level} | {describe_device()} | at most {peak_memory():.1f} GB")
results
