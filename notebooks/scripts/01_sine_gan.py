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
# # 01 · A GAN that learns a sine
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gan-course/gan-course/blob/main/notebooks/01_sine_gan.ipynb) [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/gan-course/gan-course/blob/main/notebooks/01_sine_gan.ipynb)
#
# In this lesson two small neural networks play against each other. One invents points; the other
# tries to tell them from the points on a sine curve. Neither is ever given the formula of the
# sine, and after half a minute the invented points lie close to it. The course rebuilds a lecture, step by step:
# *the lecture's* layers are those of its slides, and *the lecture's* settings, in this lesson, those of the article
# that it follows.

# %% [markdown] slideshow={"slide_type": "skip"}
# | preset | what it does | two CPU cores | a GPU | memory |
# | --- | --- | --- | --- | --- |
# | `lesson` (the default), `full` | one training with the lecture's settings, short ones in the asides | 1 to 2 minutes, half a minute of it for the training | the same: this lesson trains on the CPU | 1 GB |
# | `smoke` | a few training steps, to test that everything runs | 10 seconds | the same | 1 GB |
#
# A *preset* is a set of settings. To choose one yourself, put a cell with `%env GAN_PRESET=smoke`, for
# example, above all others.
#
# The route through the lesson, with minutes of reading; the training takes half a minute, the asides together a
# minute more:
#
# | | section | minutes |
# | --- | --- | --- |
# | 1 | What you are going to build, Set-up, The training data | 4 |
# | 2 | The discriminator, The generator | 3 |
# | 3 | The two losses | 4 |
# | 4 | The five steps, Training | 5 |
# | 5 | See it learn, Reading the curves | 4 |
# | 6 | Did it work? What would make it better | 5 |
# | 7 | Inside the generator | 3 |
# | | Asides: an experiment and nine questions that learners ask, two of them on the way; folded away, open what you like | 17 |
# | | Exercises | 20 |
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
# This is where you will end up. The circles are points on the sine; the crosses were made from
# random numbers, by a network that has never seen the formula.

# %% slideshow={"slide_type": "-"}
from helpers.plotting import Drawing

pictures = course / "notebooks" / "pictures"
Drawing(
    pictures / "01_sine_gan.png",
    alt="1,024 real points on a sine and as many fake ones close to it.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you are going to build
#
# A **generative adversarial network** (GAN) trains a *generative model*: one that makes new examples. It is
# made of two networks, usually deep ones, with opposite aims.
#
# - The **generator** turns random numbers, called *noise*, into new examples: here into points,
#   later into digits, clothes and faces. What it makes is called **fake**.
# - The **discriminator** looks at one example and answers one question: *how likely is this one
#   real*, that is, taken from the training data? Its answer is a number between 0 and 1.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The discriminator is trained to answer correctly. The generator is trained to make the discriminator
# answer 1. It never sees a real example: all it learns, it learns from the discriminator's answers and their gradients.
#
# In the picture, solid arrows are data; dashed arrows are what each player learns from.

# %% slideshow={"slide_type": "-"}
Drawing(
    pictures / "two_players.svg",
    alt="Noise goes into the generator, which makes a fake. The discriminator gets fakes and real "
    "examples and answers each with a number from 0 (fake) to 1 (real). Both players learn from it.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# What is this good for? A trained generator makes as many new examples as you like: pictures that nobody
# has taken. Other GANs start from a picture instead of noise and make, for example, a sharper one.
#
# The idea comes from Ian Goodfellow and colleagues (*Generative Adversarial Nets*, NIPS
# 2014, arXiv 1406.2661). The lecture, given by students, follows an article (Renato Candido,
# *Generative Adversarial Networks: Build Your First Models*, Real Python). The lecture's four aims are
# yours:
#
# | aim | where you meet it |
# | --- | --- |
# | study how a GAN works | this lesson: every formula of the lecture, computed |
# | build one | each lesson: the networks and the training step are in the notebook |
# | train it | points here, digits in 02, clothes in 03, faces in 04 |
# | analyse the result | the end of each lesson: *is it plausible? is it varied? is it new?* |
#
# The tools are Python 3 with PyTorch (lessons 01 to 03) and Keras (lesson 04), the data sets MNIST,
# Fashion-MNIST and (from Kaggle) CelebA, and Google Colab or your own computer.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Set-up
#
# You may choose two things here, the preset and the seed of all random numbers. With `None` the variable `GAN_PRESET`
# decides, and where it is not set, the preset is `lesson`. (Tools such as papermill put their parameters here.)

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
preset = None  # or "smoke", "lesson", "full"
seed = 1

# %% [markdown] slideshow={"slide_type": "skip"}
# The next cell finds the device, looks up the settings and sets the seed: the same seed on the
# same machine gives the same numbers. These networks are so small that a GPU, or a second CPU thread,
# would mostly wait, so this lesson stays on one thread of the CPU.

# %% slideshow={"slide_type": "skip"}
import torch

from helpers.device.pytorch import describe_device, pick_device, seed_everything
from helpers.presets import choose_preset

torch.set_num_threads(1)
device = pick_device(small_network=True)
preset = choose_preset("01_sine_gan", preset)
seed = seed_everything(seed)
print(f"{describe_device(device)} | preset {preset.level} | seed {seed}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The training data
#
# Real examples are points $(x, \sin x)$. The $x$ of each is drawn uniformly from $[0, 2\pi]$, so stretches of $x$
# of the same length get about the same number of points. There are 1,024 of them, as in the article that the
# lecture follows.

# %% slideshow={"slide_type": "-"}
import math

x = 2 * math.pi * torch.rand(1024, device=device)
real_points = torch.stack([x, torch.sin(x)], dim=1)
real_points.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# You know that these points follow a formula. The networks do not: to them it is just a cloud of points.

# %% slideshow={"slide_type": "-"}
from helpers.plotting import plot_points

plot_points(real_points.cpu(), title="The training data")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The discriminator
#
# The discriminator takes a point, two numbers, and gives one answer. These are the layers of the
# lecture, to the letter:
#
# - `Linear` and `ReLU` in turn let it bend the border between real and fake,
# - `Dropout` switches each value off with a probability of 30 % while it trains, which makes it harder
#   to learn the 1,024 points by heart,
# - `Sigmoid` squeezes the last number into the range from 0 to 1.
#
# The number *before* the sigmoid is called the **logit**. You will soon need it, so the class can
# give you that one too.

# %% slideshow={"slide_type": "subslide"}
from torch import nn


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(2, 256),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(256, 128),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(128, 64),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(64, 1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.model(x)

    def logits(self, x):
        return self.model[:-1](x)


discriminator = Discriminator().to(device)


# %% [markdown] slideshow={"slide_type": "skip"}
# To ask a discriminator for its opinion, switch dropout off (`eval`) and on again afterwards
# (`train`). Nothing is learned here, so PyTorch need not keep track of gradients.

# %% slideshow={"slide_type": "skip"}
@torch.no_grad()
def judge(discriminator, points):
    discriminator.eval()
    answers = discriminator(points.to(device))
    discriminator.train()
    return answers.cpu()


# %% [markdown] slideshow={"slide_type": "subslide"}
# Ask the untrained discriminator about the whole plane. Its weights are small random numbers, so its
# logits are not far from 0, and the sigmoid of 0 is 0.5: *I have no idea.*

# %% slideshow={"slide_type": "-"}
from helpers.plotting import plane_grid, plot_answers

plane = torch.from_numpy(plane_grid())
plot_answers(
    plane,
    judge(discriminator, plane),
    real=real_points.cpu(),
    title="Before training: no opinion",
)


# %% [markdown] slideshow={"slide_type": "slide"}
# ## The generator
#
# The generator takes noise and gives a point. Again these are the layers of the lecture. Noise is a
# vector of `latent_dim` random numbers from the normal distribution, here two. (All possible noise vectors
# together are called the *latent space*.) There is no sigmoid at the end: a point may lie anywhere.

# %% slideshow={"slide_type": "subslide"}
class Generator(nn.Module):
    def __init__(self, latent_dim=2):
        super().__init__()
        self.latent_dim = latent_dim
        self.model = nn.Sequential(
            nn.Linear(latent_dim, 16),
            nn.ReLU(),
            nn.Linear(16, 32),
            nn.ReLU(),
            nn.Linear(32, 2),
        )

    def forward(self, x):
        return self.model(x)


generator = Generator().to(device)


# %% [markdown] slideshow={"slide_type": "skip"}
# You will often want fakes to look at. This makes them without keeping track of gradients.

# %% slideshow={"slide_type": "skip"}
@torch.no_grad()
def generate(generator, noise):
    return generator(noise).cpu()


# %% [markdown] slideshow={"slide_type": "subslide"}
# Where do 1,024 noise vectors end up before training? All in a heap near (0, 0), where the sine begins,
# and nothing like a curve. And the discriminator has no opinion about them either.

# %% slideshow={"slide_type": "-"}
untrained = generate(generator, torch.randn(1024, 2, device=device))
opinion = judge(discriminator, untrained).mean()
print(f"The untrained discriminator answers {opinion:.3f} on average.")
plot_points(real_points.cpu(), untrained, title="Before training")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The loss: binary cross-entropy
#
# How wrong is an answer? Let $t$ be the *label*, 1 for real and 0 for fake, and let $a$ be the
# answer, a number between 0 and 1. **Binary cross-entropy** is
#
# $$\text{loss} = -t \cdot \log(a) - (1 - t) \cdot \log(1 - a)$$
#
# with the natural logarithm (the loss is then measured in *nats*). Only one of the two terms counts: the first if
# $t = 1$, the second if $t = 0$. Suppose the discriminator answers 0.8 to a real example and 0.3 to a fake one. Compute
# both losses by hand, as the lecture does.

# %% slideshow={"slide_type": "-"}
answer_real, label_real = torch.tensor(0.8), 1
answer_fake, label_fake = torch.tensor(0.3), 0

loss_real = -label_real * torch.log(answer_real) - (1 - label_real) * torch.log(1 - answer_real)
loss_fake = -label_fake * torch.log(answer_fake) - (1 - label_fake) * torch.log(1 - answer_fake)
print(f"loss on real {loss_real:.4f}, loss on fake {loss_fake:.4f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# PyTorch has this formula as `BCELoss`, which returns the mean over several examples. An `assert` stops the
# notebook if its claim is false; the claim here is that both agree.

# %% slideshow={"slide_type": "skip"}
binary_cross_entropy = nn.BCELoss()
assert torch.isclose(loss_real, binary_cross_entropy(answer_real, torch.tensor(1.0)))
assert torch.isclose(loss_fake, binary_cross_entropy(answer_fake, torch.tensor(0.0)))

# %% [markdown] slideshow={"slide_type": "subslide"}
# The discriminator's loss is the sum of both. As $t = 1$ for real and $t = 0$ for fake, two of the
# four terms are zero, and what is left is the short formula of the lecture, with $a_\text{real}$ for
# the answer on the real example and $a_\text{fake}$ for the answer on the fake one:
#
# $$\text{loss}_D = -\log(a_\text{real}) - \log(1 - a_\text{fake})$$
#
# (On the slides the labels are $tr$ and $tf$, and the two answers are called *real* and *fake*.)

# %% slideshow={"slide_type": "-"}
loss_d = loss_real + loss_fake
assert torch.isclose(loss_d, -torch.log(answer_real) - torch.log(1 - answer_fake))
print(f"loss of the discriminator {loss_d:.4f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The picture shows both terms. An answer that is right and sure costs next to nothing, a wrong one
# costs much, and being *sure and wrong* costs without limit. An undecided answer, 0.5, costs $\ln 2$ on
# each side, so a discriminator that knows nothing has the loss $2 \ln 2$. Remember this number.

# %% slideshow={"slide_type": "-"}
from helpers.plotting import plot_lines

answers = torch.linspace(0.01, 0.99, 99)
losses = {
    "real example: -log(a)": -torch.log(answers),
    "fake: -log(1 - a)": -torch.log(1 - answers),
}
assert math.isclose(-math.log(0.5) - math.log(1 - 0.5), 2 * math.log(2))
print(f"2 ln 2 = {2 * math.log(2):.4f}")
plot_lines(answers, losses, "answer a of the discriminator", "loss (nats)")

# %% [markdown] slideshow={"slide_type": "subslide"}
# In the training you will use `BCEWithLogitsLoss`: the same formula, but it takes the logit and does the
# sigmoid itself. On paper that makes no difference; for a computer it is safer (an aside shows why). This is
# what `Discriminator` has `logits` for. Here both ways agree:

# %% slideshow={"slide_type": "-"}
bce = nn.BCEWithLogitsLoss()
some_logits, some_labels = torch.linspace(-8, 8, 50), torch.arange(50) % 2.0
two_steps = binary_cross_entropy(torch.sigmoid(some_logits), some_labels)
assert torch.isclose(two_steps, bce(some_logits, some_labels))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The generator's loss
#
# The generator wants the discriminator to answer 1 to its fakes. So its loss is the same formula with the label
# $t = 1$ on fakes, and again only one term is left:
#
# $$\text{loss}_G = -\log(a_\text{fake})$$
#
# A fake with the label 1: is that not a lie? It is not a statement about the fake, it is the
# generator's *aim*. (This form is called the *non-saturating* loss; the section below tells why.)

# %% slideshow={"slide_type": "-"}
loss_g = binary_cross_entropy(answer_fake, torch.tensor(1.0))
assert torch.isclose(loss_g, -torch.log(answer_fake))
print(f"loss of the generator {loss_g:.4f}")

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "slide"}
# ### Why not the opposite of the discriminator's loss?
#
# You might think of a simpler aim. The discriminator minimises $-\log(1 - a_\text{fake})$; the generator
# could maximise it, that is, minimise $\log(1 - a_\text{fake})$. This is the loss of the *minimax game*, in which
# one player maximises what the other minimises. Both losses want the same, but one teaches better. On its way back
# to the generator every gradient passes the logit $z$ of the fake, where $a = \operatorname{sigmoid}(z)$, and is
# multiplied by one of these two (that is the chain rule):
#
# $$\frac{d}{dz}\bigl(-\log a\bigr) = a - 1 \qquad\qquad \frac{d}{dz} \log(1 - a) = -a$$

# %% slideshow={"slide_type": "skip"}
z = torch.linspace(-6, 6, 121, requires_grad=True)
a = torch.sigmoid(z)
(slope,) = torch.autograd.grad(-torch.log(a).sum(), z, retain_graph=True)
(slope_saturating,) = torch.autograd.grad(torch.log(1 - a).sum(), z)
assert torch.allclose(slope, a - 1, atol=1e-6)
assert torch.allclose(slope_saturating, -a, atol=1e-6)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Early in training the discriminator may win easily: then its logits for fakes are far below 0.
# There the first loss, $-\log a$, has a strong gradient, and the other one has nearly none: it *saturates*.
# (The optimizer that you will use, Adam, hides a part of this, because it rescales the gradient. Lesson 02
# puts it to the test.)

# %% slideshow={"slide_type": "-"}
slopes = {"-log(a), used here": slope.abs(), "log(1 - a), saturating": slope_saturating.abs()}
plot_lines(z.detach(), slopes, "logit of a fake (below 0: called fake)", "size of the gradient")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The five steps
#
# The lecture trains a GAN in five steps, over and over:
#
# 1. Choose some real examples from the training data.
# 2. Generate some fakes.
# 3. Train the discriminator on both. Only the discriminator's weights change: real examples have
#    the label 1, fakes the label 0.
# 4. Generate some more fakes.
# 5. Train the generator with the whole GAN, on fakes alone. Only the generator's weights change: all
#    fakes have the label 1. The gradient flows through the discriminator, and it tells the generator in
#    which direction to move each fake.
#
# All five together are one *training step*. It needs both players, and for each an *optimizer*, which
# changes the weights of that player and of no other. So put the four together. A GAN can also draw the
# noise that its generator takes.

# %% slideshow={"slide_type": "-"}
from dataclasses import dataclass


@dataclass
class GAN:
    generator: nn.Module
    discriminator: nn.Module
    optimizer_g: torch.optim.Optimizer
    optimizer_d: torch.optim.Optimizer

    def make_noise(self, count):
        return torch.randn(count, self.generator.latent_dim, device=device)


# %% [markdown] slideshow={"slide_type": "skip"}
# Here is one to try things out with: the two players from above, with the optimizer and the learning
# rate of the article that the lecture follows. Adam adapts how far each weight moves; `fused` only
# makes it faster.

# %% slideshow={"slide_type": "skip"}
trial = GAN(
    generator,
    discriminator,
    optimizer_g=torch.optim.Adam(generator.parameters(), lr=0.001, fused=True),
    optimizer_d=torch.optim.Adam(discriminator.parameters(), lr=0.001, fused=True),
)


# %% [markdown] slideshow={"slide_type": "skip"}
# And here are the five steps in Python. Five things need a word:
#
# - `real_label` is the label of real examples. It is 1, as in the lecture; lesson 02 tries another.
# - `detach` in step 2 hands the fakes over as plain numbers: step 3 does not train the generator, so
#   there is no need to follow them back into it.
# - `torch.cat` in step 3 sends real and fake through the discriminator together, which is faster, and
#   `chunk` splits the answers again.
# - `requires_grad_(False)` in step 5: the discriminator only passes the gradient on. Its own weights do not
#   change now, so PyTorch need not compute their gradients.
# - The last line returns four numbers to look at: both losses, and the mean answers on real and fake.

# %% slideshow={"slide_type": "subslide"}
def train_step(gan, real, real_label=1.0):
    # 1. Choose some real examples: the loop below chooses them.
    ones = torch.ones(len(real), 1, device=device)
    # 2. Generate some fakes.
    fake = gan.generator(gan.make_noise(len(real))).detach()
    # 3. Train the discriminator: real has the label 1 (or a little less), fake has the label 0.
    real_logits, fake_logits = gan.discriminator.logits(torch.cat([real, fake])).chunk(2)
    loss_d = bce(real_logits, real_label * ones) + bce(fake_logits, 0 * ones)
    gan.optimizer_d.zero_grad()
    loss_d.backward()
    gan.optimizer_d.step()
    # 4. Generate some more fakes.
    fake = gan.generator(gan.make_noise(len(real)))
    # 5. Train the generator: fake has the label 1.
    gan.discriminator.requires_grad_(False)
    loss_g = bce(gan.discriminator.logits(fake), ones)
    gan.optimizer_g.zero_grad()
    loss_g.backward()
    gan.optimizer_g.step()
    gan.discriminator.requires_grad_(True)
    return loss_d, loss_g, real_logits.sigmoid().mean(), fake_logits.sigmoid().mean()


# %% [markdown] slideshow={"slide_type": "subslide"}
# Call it once, with the first 32 points. Both losses are near the values of two players who know
# nothing: $2 \ln 2$ for the discriminator, $\ln 2$ for the generator.

# %% slideshow={"slide_type": "-"}
loss_d, loss_g, *_ = train_step(trial, real_points[:32])
print(f"loss D {loss_d:.3f} (2 ln 2 = {2 * math.log(2):.3f})")
print(f"loss G {loss_g:.3f} (  ln 2 = {math.log(2):.3f})")

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "slide"}
# ### Is it true that only one player changes?
#
# See for yourself. Two small functions: one copies all the weights of a GAN, the other names the
# players whose weights differ between two copies.

# %% slideshow={"slide_type": "-"}
from torch.nn.utils import parameters_to_vector


def weights_of(gan):
    players = {"discriminator": gan.discriminator, "generator": gan.generator}
    return {name: parameters_to_vector(p.parameters()).clone() for name, p in players.items()}


def moved(before, after):
    return [name for name in before if not torch.equal(before[name], after[name])]


# %% [markdown] slideshow={"slide_type": "subslide"}
# PyTorch can call a function of yours after each step of an optimizer, in the middle of `train_step`.
# Here it copies the weights.

# %% slideshow={"slide_type": "-"}
copies = [weights_of(trial)]
observers = [
    optimizer.register_step_post_hook(lambda *_: copies.append(weights_of(trial)))
    for optimizer in (trial.optimizer_d, trial.optimizer_g)
]
train_step(trial, real_points[32:64])
for observer in observers:
    observer.remove()
start, after_step_3, after_step_5 = copies
print("moved in step 3:", *moved(start, after_step_3))
print("moved in step 5:", *moved(after_step_3, after_step_5))
assert moved(start, after_step_3) == ["discriminator"]
assert moved(after_step_3, after_step_5) == ["generator"]

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Training
#
# Training is a loop around the five steps. Go through the real points in batches, in a new order each
# time; one such pass through all of them is an **epoch**. These are the settings of the article, here
# called *the lecture's*: batches of 32 points, learning rates of 0.001, 300 epochs. Run one epoch, to see
# that nothing more is needed:

# %% slideshow={"slide_type": "-"}
batch_size, epochs = 32, 1  # the lecture: 300 epochs

for epoch in range(epochs):
    shuffled = real_points[torch.randperm(len(real_points))]
    for real in shuffled.split(batch_size):
        loss_d, loss_g, *_ = train_step(trial, real)
    print(f"epoch {epoch + 1}: loss D {loss_d:.3f}, loss G {loss_g:.3f}")


# %% [markdown] slideshow={"slide_type": "subslide"}
# That loop would do. (The discriminator is far ahead now; that will change.) `Run` is the same loop with three
# things around it:
#
# - it draws a progress bar, and pressing Stop ends it without losing anything,
# - it writes down both losses and both mean answers of every step,
# - it saves what you train to `data/runs/01_sine_gan/`, and `resume` goes on from a run that was cut off.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The experiments have changed the players of `trial`. A function makes new ones, always from the same
# seed, with the learning rates of the preset.

# %% slideshow={"slide_type": "-"}
def new_gan(preset, seed=seed, create_generator=Generator):
    seed_everything(seed)
    generator, discriminator = create_generator().to(device), Discriminator().to(device)
    adam = torch.optim.Adam
    return GAN(
        generator,
        discriminator,
        adam(generator.parameters(), lr=preset.learning_rate_g, fused=True),
        adam(discriminator.parameters(), lr=preset.learning_rate_d, fused=True),
    )


# %% [markdown] slideshow={"slide_type": "subslide"}
# Now a GAN and its run, with the lecture's settings. Two onlookers come along, and neither changes anything. One,
# the `Recording`, looks at both players every now and then, always with the same 256 noise vectors, so that you can
# follow them. The other is a running *average* of the generator's weights over about the last thousand steps (an
# *exponential moving average*): you will see what that is good for.

# %% slideshow={"slide_type": "-"}
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from helpers.recording import Recording
from helpers.training.pytorch import Run

fixed_noise = trial.make_noise(256)
gan = new_gan(preset)
average = AveragedModel(gan.generator, multi_avg_fn=get_ema_multi_avg_fn(0.999))
recording = Recording("points", fixed_noise, real_points, title="The lecture's settings")
run = Run("01_sine_gan", preset, gan, seed, "1,024 points on a sine", recording, average)
run.resume()

# %% [markdown] slideshow={"slide_type": "subslide"}
# The training: `batches` goes through the epochs, `record` writes down what `train_step` returns. Press
# Stop whenever you like: run the cell again, and it goes on from there.

# %% slideshow={"slide_type": "-"}
for real in run.batches(real_points[: preset.images]):  # all points, but for `smoke`
    run.record(train_step(gan, real))
    average.update_parameters(gan.generator)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Here is what became of the heap of points, and what the trained discriminator answers all over the plane.
# It rejects nearly all of it. Along most of the curve its answer is near 0.5, white on the map: there it does not tell real
# from fake. (The black line is where it answers exactly 0.5.) At the right end it also calls places real that are
# far from the curve.
# Where neither real points nor fakes come any more, nothing corrects it, and its answer means little.

# %% slideshow={"slide_type": "-"}
fake_points = generate(gan.generator, gan.make_noise(2000))
plot_answers(
    plane,
    judge(gan.discriminator, plane),
    real=real_points[:200].cpu(),
    fake=fake_points[:200],
    title="After training: 200 real and 200 fake points",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## See it learn
#
# And here is how it went. Press *Play*, or drag the time slider back and forth: the crosses are what the
# generator makes of the 256 noise vectors, the colours are the answers of the discriminator, with
# its decision boundary (the answer 0.5) in black, and the arrows show where the generator is told to move its
# fakes. *Slow motion* takes one training step (an *iteration*) apart, with your own
# lines of `train_step` beside it. *Coverage* is the share of 20 equal stretches of $x$ that the fakes reach, near
# the curve or not; more about it below. (Without a running notebook, as on GitHub, you see six
# moments.)

# %% slideshow={"slide_type": "subslide"}
from helpers.player import show

show(run.recording, train_step=train_step)

# %% [markdown] slideshow={"slide_type": "skip"}
# To keep it or to send it to somebody, write `show(run.recording).save("my_run.html")`: one file that
# any browser opens, offline and without Python.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Reading the curves
#
# On the left you see both losses, on the right the mean answers on real and on fake points. (Each curve is a
# running mean over 2 % of the steps, so it begins a little late.) The dotted lines are the values of a
# discriminator that cannot tell real from fake any more: it answers
# 0.5 to everything, so its loss is $2 \ln 2$ and the generator's is $\ln 2$. A perfect generator would
# end on these lines (the *equilibrium* of the game), but bad fakes and a weak discriminator can lie there,
# too. And the curves never settle: each player keeps answering the other's last move.

# %% slideshow={"slide_type": "-"}
from helpers.plotting import plot_history, plot_progress

history = run.history
plot_history(history)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now the trap. In other courses you have learned that a falling loss means progress. Put the losses and the
# fakes on one time axis: at the top the two losses, at the bottom how far the 256 recorded fakes are from the
# curve, as a
# mean of $|y - \sin x|$. (The time axis is stretched at the beginning, where most happens.)

# %% slideshow={"slide_type": "-"}
from helpers.metrics.points import distance_to_curve
from helpers.recording.encoding import places_of

frames = run.recording.frames
distances = [distance_to_curve(places_of(frame["fakes"])) for frame in frames]
plot_progress(history, [frame["step"] for frame in frames], distances, "distance to the curve")

# %% [markdown] slideshow={"slide_type": "subslide"}
# After the first tenth of the steps the losses go up and down within a narrow band and end about where they were
# then, while the distance, with ups and downs, falls until about step 6,000. Each loss is measured against the
# other player, and the other player
# changes, too. So a loss cannot tell you
# whether the fakes are good: look at them, and measure them. (One number is not enough either: at the very
# beginning the distance is small, because the heap lies where the sine begins.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Did it work?
#
# Three questions end every lesson: *is it plausible? is it varied? is it new?* For points the first
# two have simple measures:
#
# - **Plausible:** the mean of $|y - \sin x|$ over the fakes, that is, how far they are above or
#   below the curve. And the share of fakes whose $x$ is in $[0, 2\pi]$, where the real points are.
# - **Varied:** cut $[0, 2\pi]$ into 20 equal bins. A fair generator puts a twentieth of its points
#   into each. *Coverage* is the share of bins that get at least a quarter of that.
#
# The table takes 2,000 fresh fakes. (The player has only 256, where one bin more or less is chance.) It has the same
# numbers for fresh real points, which is what a perfect generator would get. And set
# yourself a bar before you look, or any result will please you: at most 0.06 from the curve, at least
# 99 % inside, all 20 bins covered.

# %% slideshow={"slide_type": "-"}
from helpers.metrics.points import coverage, share_inside
from helpers.tables import Table

fresh_x = 2 * math.pi * torch.rand(2000)
fresh_points = torch.stack([fresh_x, torch.sin(fresh_x)], dim=1)


def measure(name, points):
    return {
        "2,000 points": name,
        "distance to the curve": distance_to_curve(points),
        "share inside": share_inside(points),
        "share of bins covered": coverage(points),
    }


average_points = generate(average, gan.make_noise(2000))
measured = [
    measure("the generator", fake_points),
    measure("its average", average_points),
    measure("fresh real", fresh_points),
]
results = Table(measured, "Plausible and varied?")
results


# %% [markdown] slideshow={"slide_type": "skip"}
# Do they clear the bar?

# %% slideshow={"slide_type": "skip"}
def passes(row):
    return {
        "distance to the curve": row["distance to the curve"] <= 0.06,
        "share inside": row["share inside"] >= 0.99,
        "share of bins covered": row["share of bins covered"] == 1,
    }


for row in measured[:2]:
    missed = [name for name, passed in passes(row).items() if not passed]
    print(f"{row['2,000 points']} missed: {', '.join(missed) or 'nothing'}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# And this is what the average makes. It is not perfect: at the right end some fakes leave the curve. A mean over
# all points hides that.

# %% slideshow={"slide_type": "-"} tags=["picture"]
plot_points(real_points.cpu(), average_points[:1024], title="Real and fake points")

# %% [markdown] slideshow={"slide_type": "skip"}
# The third question, *is it new?*, has no useful answer here: every point on the curve is close to one of
# the 1,024. Lesson 02 will ask it in earnest: there a
# generator could learn pictures by heart, through the gradients of a discriminator that knows them by heart.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What would make it better
#
# The last step is one moment of an endless chase: a little later the points would lie a little differently.
# The usual explanation is that the generator's weights swing to and fro around a good place, and that in their average
# these swings largely cancel. What about smaller learning rates, or more time? We have tried it beforehand, with three
# seeds each (`python -m data.make.steadier 0 1 2` repeats it; you need not).
#
# The columns *generator* and *average* have the distance after the last step, a number for each seed. As one step is only one
# moment, the other columns take twenty moments of the last 2,000 steps: *mean of 20* is the mean distance over them and over
# the seeds, *spread* is its standard deviation over the moments, for each seed.

# %% slideshow={"slide_type": "subslide"}
from helpers.tables import Table, read_rows

Table(read_rows("steadier"), "Distance to the curve, three seeds")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Compare the means of twenty moments: with every
# setting the average is at least twice as close to the curve, and with every seed at least four times as steady.
# Averaging helps most. Half the learning rates alone are no gain: in the same number of steps they make less
# progress, and with 50 % more steps they end about where the lecture's rates ended. More epochs lower both means.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Inside the generator
#
# A generator is a function: the same noise always gives the same point. Its noise is a pair of
# numbers, so you can draw *all* of it, as a plane. Put a square grid on this plane and look where the
# average puts it: the generator squeezes the plane into a thin strip and lays that along the sine, at the right end
# beyond it.

# %% slideshow={"slide_type": "-"}
from helpers.plotting import plot_mapping

ticks = torch.linspace(-2.5, 2.5, 21, device=device)
noise_grid = torch.cartesian_prod(ticks, ticks)
landing = generate(average, noise_grid)
plot_mapping(noise_grid.cpu(), landing)

# %% [markdown] slideshow={"slide_type": "skip"}
# Now go from one noise vector to another along a straight line, and look at ten places on it. The points walk
# along the curve and do not leave it. The generator is a continuous function, so it cannot jump; and noise like
# this occurs in training, too, so the discriminator has judged what the generator made of it. (These points are the
# average's, which it has never seen.) Here the real points are in
# one piece. Where they come in separate kinds, like digits, the path has to cross a gap: lesson 02 looks at what it
# meets there.

# %% slideshow={"slide_type": "skip"}
left, right = torch.tensor([-1.5, 1.0], device=device), torch.tensor([1.5, -1.0], device=device)
way = left + torch.linspace(0, 1, 10, device=device).unsqueeze(1) * (right - left)
points_on_the_way = generate(average, way)
print(f"distance to the curve on the way: {distance_to_curve(points_on_the_way):.3f}")
plot_mapping(noise_grid.cpu(), landing, way.cpu(), points_on_the_way)

# %% [markdown] slideshow={"slide_type": "skip"}
# Now choose the noise yourself. The two sliders are the two numbers of one noise vector:

# %% slideshow={"slide_type": "skip"}
from helpers.controls import directions


def show_one(noise):
    return plot_mapping(noise_grid.cpu(), landing, noise.cpu(), generate(average, noise))


directions(show_one, torch.zeros(2, device=device), places=(0, 1))


# %% [markdown] slideshow={"slide_type": "skip"}
# ## Asides
#
# An experiment, and seven questions that learners ask. You can go on without reading them, but run their cells: the
# exercises use their functions. Where the notebook can fold sections, they are folded: click on the arrow beside a
# heading to open it. Some train new
# players, with this function: it returns 1,000 fakes and, for each step, the mean answers on real and on fake.

# %% slideshow={"slide_type": "skip"}
def try_out(steps, step=train_step, data=real_points, preset=preset, **options):
    gan, data, answers = new_gan(preset, **options), data.to(device), []
    for _ in range(steps):
        batch = data[torch.randint(len(data), (32,), device=device)]
        answers.append(torch.stack(step(gan, batch)[2:]).detach().cpu())
    fakes = generate(gan.generator, gan.make_noise(1000))
    return fakes, torch.stack(answers) if answers else None


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "slide"}
# ### One player at a time
#
# Why do both have to learn? Let one of them rest. With a learning rate of 0 the five
# steps run as before, but the weights of that player stay where they are. The other one learns with the
# lecture's learning rate.

# %% slideshow={"slide_type": "skip"}
def train_alone(gan, player, steps):
    rate_d = preset.learning_rate_d if player in ("discriminator", "both") else 0.0
    rate_g = preset.learning_rate_g if player in ("generator", "both") else 0.0
    gan.optimizer_d.param_groups[0]["lr"] = rate_d
    gan.optimizer_g.param_groups[0]["lr"] = rate_g
    for _ in range(steps):
        chosen = torch.randint(len(real_points), (preset.batch_size,), device=device)
        train_step(gan, real_points[chosen])


# %% [markdown] slideshow={"slide_type": "skip"}
# After each stage, keep the map of the discriminator, the fakes of the 256 recorded noise vectors (so one bin more
# or less is chance), and some numbers.

# %% slideshow={"slide_type": "skip"}
def look_at(gan, stage):
    fake, answers = generate(gan.generator, fixed_noise), judge(gan.discriminator, plane)
    row = {"stage": stage, "share of bins covered": coverage(fake)}
    row["spread (standard deviation of x)"] = float(fake[:, 0].std())
    return answers, fake, row | {"answer on fakes": float(judge(gan.discriminator, fake).mean())}


# %% [markdown] slideshow={"slide_type": "skip"}
# Begin with a copy of the two players that you have trained. First the generator learns alone,
# then the discriminator alone, then both go on.

# %% slideshow={"slide_type": "skip"}
from copy import deepcopy

plan = {
    "1. G alone, 1,000 steps": ("generator", 1000),
    "2. G alone, 5,000 more": ("generator", 5000),
    "3. D alone, 100 steps": ("discriminator", 100),
    "4. both, 1,000 steps": ("both", 1000),
    "5. both, 2,000 more": ("both", 2000),
}
unequal = deepcopy(gan)
stages = {"at the start": look_at(unequal, "at the start")}
for stage, (player, steps) in plan.items():
    train_alone(unequal, player, 2 if preset.level == "smoke" else steps)
    stages[stage] = look_at(unequal, stage)

# %% [markdown] slideshow={"slide_type": "skip"}
# Look at the crosses, from one stage to the next. In the third map they are all in one small heap, on the way down
# to the lowest point of the curve:

# %% slideshow={"slide_type": "-"}
from helpers.plotting import plot_stages

maps = {stage: (answers, fake) for stage, (answers, fake, _) in stages.items()}
plot_stages(plane, maps, real=real_points[:40].cpu())

# %% [markdown] slideshow={"slide_type": "skip"}
# Alone, the generator at first hardly leaves the curve: the discriminator's opinions were mild along most of it. But
# there is *some* place that it likes better than what is around it, and step by step the fakes move there,
# whatever their noise, even those that began on the higher hill at the right end: all fakes are made by the same
# weights, so what suits most of them carries the others along. This is called **mode collapse**, and it is no
# mistake of the generator: nobody is left who
# would tell it that the place is crowded. As soon as the discriminator may learn, it calls the crowded place fake,
# and the rest of the curve real, with most of the plane above it and to its right, even where no real point has
# ever been:
# it sees fakes at one place only. And when both learn again, the fakes leave the place and spread, though it takes them a while. The
# table has the numbers:

# %% slideshow={"slide_type": "skip"}
Table([row for *_, row in stages.values()], "One player at a time")

# %% [markdown] slideshow={"slide_type": "skip"}
# Where did the fakes meet in stage 2? The discriminator of that stage is still the one that you trained. Ask it three
# things: its mean answer to these fakes, its highest answer within half a unit of them, and its mean answer to real points.

# %% slideshow={"slide_type": "skip"}
answers, fake, _ = stages["2. G alone, 5,000 more"]
heap = fake.mean(dim=0)
near = (plane - heap).norm(dim=1) < 0.5
print("the fakes are around ({:.2f}, {:.2f})".format(*heap))
print(f"mean answer on them {judge(gan.discriminator, fake).mean():.2f}")
print(f"highest answer near them {answers[near].max():.2f}")
print(f"mean answer on real points {judge(gan.discriminator, real_points).mean():.2f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# So they sit on a small hill, as near to its top as this grid can tell, and higher than the curve is on average. It is only
# a local top: at the right end of the curve the answers are higher still.

# %% [markdown] slideshow={"slide_type": "skip"}
# Try it yourself, in any order. Each button goes on from where the players stand now.

# %% slideshow={"slide_type": "skip"}
from helpers.controls import buttons


def show_players():
    answers, fake, _ = look_at(unequal, "now")
    return plot_answers(plane, answers, real_points[:200].cpu(), fake)


buttons(
    {
        "train D only": lambda: train_alone(unequal, "discriminator", 200),
        "train G only": lambda: train_alone(unequal, "generator", 200),
        "train both": lambda: train_alone(unequal, "both", 200),
    },
    show_players,
)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# ### Sigmoid and logarithm in one go
#
# On paper, sigmoid and logarithm are two steps. In a computer the two steps can fail. Take a fake that the
# discriminator is *very* sure is real: the logit is 20. Its sigmoid is so close to 1
# that a 32-bit number cannot tell the difference, and the logarithm of $1 - 1$ is minus infinity.

# %% slideshow={"slide_type": "skip"}
logit, fake_label = torch.tensor(20.0, requires_grad=True), torch.tensor(0.0)
in_two_steps = -torch.log(1 - torch.sigmoid(logit))
print(f"sigmoid {torch.sigmoid(logit):.10f}, loss in two steps {in_two_steps:.1f}")
assert torch.isinf(in_two_steps)

# %% [markdown] slideshow={"slide_type": "skip"}
# `BCELoss` hides the infinity: it never returns more than 100. But the slope of the sigmoid is 0 here, so no
# gradient reaches the logit, and the discriminator would learn nothing from its worst mistake. Done in one go,
# from the logit, the loss is right and so is the gradient. That is `BCEWithLogitsLoss`, and it is why the class above has
# `logits`. The sigmoid of the lecture is still in the network: you use it whenever you want an
# answer, and the loss contains it.

# %% slideshow={"slide_type": "skip"}
losses_of_two_kinds = {
    "Sigmoid, then BCELoss": binary_cross_entropy(torch.sigmoid(logit), fake_label),
    "BCEWithLogitsLoss": bce(logit, fake_label),
}
for name, loss in losses_of_two_kinds.items():
    (gradient,) = torch.autograd.grad(loss, logit)
    print(f"{name:22} loss {loss:5.1f}, gradient {gradient:.1f}")


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# ### What `detach` saves
#
# Often you read that without `detach` step 3 would train the generator. It would not: `optimizer_d`
# does not know the generator's weights. What `detach` saves is work, namely the way back through the
# generator. The gradients of the discriminator are the same with and without it. (Without it the
# generator would get gradients, too; the `zero_grad` of step 5 removes them.)

# %% slideshow={"slide_type": "skip"}
def gradients_of_step_3(gan, detach):
    torch.manual_seed(seed)  # the same noise and the same dropout each time
    fake = gan.generator(gan.make_noise(32))
    logits = gan.discriminator.logits(fake.detach() if detach else fake)
    gan.discriminator.zero_grad()
    bce(logits, torch.zeros_like(logits)).backward()
    return torch.cat([p.grad.flatten() for p in gan.discriminator.parameters()])


with_detach, without = (gradients_of_step_3(trial, detach) for detach in (True, False))
assert torch.equal(with_detach, without)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# ### Why step 4 makes new fakes
#
# Could the generator not learn from the answers of step 3? Their fakes were detached, but that is not
# all. Step 3 has changed the discriminator, so its old answers are out of date. And PyTorch throws away
# what it needs for gradients as soon as they are computed. So step 5 needs new *answers*. New *noise* it
# does not need: many programs show the fakes of step 2 once more. The lecture makes new ones. If you try
# it with the old answers, you meet an error that many people meet:

# %% slideshow={"slide_type": "skip"}
fake = trial.generator(trial.make_noise(32))
old_logits = trial.discriminator.logits(fake)
bce(old_logits, torch.zeros_like(old_logits)).backward()  # step 3
answers_are_used_up = False
try:
    bce(old_logits, torch.ones_like(old_logits)).backward()  # step 5 with the old answers
except RuntimeError as error:
    print(str(error).split(" (")[0])
    answers_are_used_up = True
assert answers_are_used_up


# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# ### Why no accuracy?
#
# A classifier is judged by its share of right answers. The discriminator is one, so count: an answer
# above 0.5 is right for a real point, one below 0.5 for a fake.

# %% slideshow={"slide_type": "skip"}
def accuracy(discriminator, real, fake):
    right_on_real = (judge(discriminator, real) > 0.5).float().mean()
    right_on_fake = (judge(discriminator, fake) < 0.5).float().mean()
    return float((right_on_real + right_on_fake) / 2)


share = accuracy(gan.discriminator, real_points, fake_points)
print(f"right answers after training: {share:.0%}")

# %% [markdown] slideshow={"slide_type": "skip"}
# Tossing a coin gives 50 %. A number near it can mean two things: good fakes, or a weak discriminator. Like
# the losses it compares two players, and does not tell how good the fakes are.

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# ### How good could the discriminator be?
#
# Suppose that real points come up at some place with the density $p$ and fakes with the density $q$. Then the
# best answer there is $p / (p + q)$ (Goodfellow et al. 2014): 0.5 where both are equally frequent, 1 where there are
# no fakes. Within small cells you can count both: cut the plane, draw 200,000 real points and as many fakes, and
# compare with what the trained discriminator says in the middle of each cell.

# %% slideshow={"slide_type": "skip"}
import numpy as np

many_x = 2 * math.pi * torch.rand(200_000)
many_real = torch.stack([many_x, torch.sin(many_x)], dim=1).numpy()
many_fakes = generate(gan.generator, gan.make_noise(200_000)).numpy()
edges = np.linspace(-0.5, 6.75, 59), np.linspace(-1.5, 1.5, 31)
p, q = (np.histogram2d(*points.T, bins=edges)[0] for points in (many_real, many_fakes))
middles = [(edge[1:] + edge[:-1]) / 2 for edge in edges]
cells = torch.tensor(np.stack(np.meshgrid(*middles, indexing="ij"), axis=-1), dtype=torch.float32)

# %% [markdown] slideshow={"slide_type": "skip"}
# Compare them where there is something to count, in cells with at least 50 points. If both said the same
# everywhere, the mean difference would be 0 and the correlation 1.

# %% slideshow={"slide_type": "skip"}
counted = p + q >= 50
best_answers = (p / np.maximum(p + q, 1))[counted]


def compare_with_best(discriminator):
    answers = judge(discriminator, cells[torch.from_numpy(counted)]).numpy()[:, 0]
    difference = np.abs(best_answers - answers).mean()
    together = np.corrcoef(best_answers, answers)[0, 1]
    print(f"{counted.sum()} cells, mean difference {difference:.2f}, correlation {together:.2f}")


compare_with_best(gan.discriminator)

# %% [markdown] slideshow={"slide_type": "skip"}
# It is nowhere near the best possible discriminator that knows only the cell! Such a discriminator could tell most
# fakes by their place, for they lie a
# little beside the curve. But it would take time to learn that, and the generator does not wait. Let it wait: in a copy of this GAN
# let the discriminator learn alone for 1,000 steps, and compare again.

# %% slideshow={"slide_type": "skip"}
from copy import deepcopy

patient = deepcopy(gan)
train_alone(patient, "discriminator", 1000)
compare_with_best(patient.discriminator)

# %% [markdown] slideshow={"slide_type": "skip"}
# Now the two agree much better: with more time the discriminator comes closer to the best for these cells. In the
# game it gets no such time. (With ever smaller cells the best one would tell nearly all fakes: real points lie exactly on a line.)

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# ### How large must the noise be?
#
# The lecture gives two noise dimensions to points and 100 to digits. Is there a rule? Here are 1, 2 and 8
# noise dimensions, with two seeds each. The training is short, so do not expect points as good as those above.

# %% slideshow={"slide_type": "skip"}
from functools import partial

short = 3 if preset.level == "smoke" else 2000


def try_noise(latent_dim, create_generator=Generator):
    row = {"noise dimensions": latent_dim}
    for number in (seed, seed + 1):
        create = partial(create_generator, latent_dim)
        fakes, _ = try_out(short, seed=number, create_generator=create)
        row |= {f"distance, seed {number}": distance_to_curve(fakes)}
        row |= {f"share of bins, seed {number}": coverage(fakes)}
    return row


of_noise = [try_noise(latent_dim) for latent_dim in (1, 2, 8)]
Table(of_noise, f"Noise of different sizes, {short:,} steps each")


# %% [markdown] slideshow={"slide_type": "skip"}
# There is no winner: what is best with one seed is not best with the other. The points lie on a line, so one
# number is enough to name a place on it, and in these trials eight do no clear harm. *Fewer* numbers than there are things that vary would be hard: with a single
# number a generator can only draw a line, so to fill a square it would have to wind that line all over it. In a picture
# much more can vary, and the lessons to come use more numbers. How large the numbers themselves should be is
# another question: the first exercise of lesson 02 asks it.

# %% [markdown] jp-MarkdownHeadingCollapsed=true slideshow={"slide_type": "skip"}
# ### Why dropout in the discriminator only?
#
# The discriminator has dropout so that it is harder for it to learn the training data by heart. The generator never
# sees the training data. What does dropout do to it? Put one behind each `ReLU`, and give the generator
# the same noise 1,000 times:

# %% slideshow={"slide_type": "skip"}
class DropoutGenerator(Generator):
    def __init__(self, latent_dim=2):
        super().__init__(latent_dim)
        first, relu, second, relu, third = self.model
        dropout = nn.Dropout(0.3)
        self.model = nn.Sequential(first, relu, dropout, second, relu, dropout, third)


one_vector = torch.randn(1, 2, device=device).expand(1000, -1)
different = DropoutGenerator().to(device)(one_vector).unique(dim=0)
print(f"one noise vector, 1,000 times: {len(different):,} different points")

# %% [markdown] slideshow={"slide_type": "skip"}
# So dropout is a source of randomness apart from the noise: the generator has to make a good point whatever
# is switched off. Train both with the same two seeds:

# %% slideshow={"slide_type": "skip"}
with_dropout = try_noise(2, create_generator=DropoutGenerator)
rows = [
    {"generator": "without dropout"} | of_noise[1],
    {"generator": "with dropout"} | with_dropout,
]
Table(rows, f"Dropout in the generator, {short:,} steps each")

# %% [markdown] slideshow={"slide_type": "skip"}
# In these two short runs its points are nearer to the curve and reach fewer parts of it: more *plausible*, less
# *varied*. (Two seeds at one moment each are a hint, not a proof.) Some GANs that turn one picture into another
# have dropout in the generator on purpose, in the
# place of noise (Isola et al., CVPR 2017, arXiv 1611.07004).

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# First predict, then run, then explain. Write your answer into the cell with `answer = None`, run it
# and the cell below it: a check measures what is asked and compares. Until you have answered, it says so and runs
# nothing. A solution is folded away under each exercise. Some use `try_out` from the
# asides, which trains a new GAN.

# %% slideshow={"slide_type": "skip"}
from helpers.exercises import lesson_01 as exercises

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 1. Real with the label 0.9
#
# In lesson 02 real examples will get the label 0.9 instead of 1; fakes keep the label 0. A
# discriminator answers 0.5 to everything. What is its loss, real and fake together? With the label 1
# it was $2 \ln 2 = 1.3863$.

# %% slideshow={"slide_type": "skip"}
answer = None  # a number


# %% [markdown] slideshow={"slide_type": "skip"}
# The experiment asks PyTorch. The logit of the answer 0.5 is 0.

# %% slideshow={"slide_type": "skip"}
def undecided_loss():
    logits, labels = torch.zeros(32, 1), torch.full((32, 1), 0.9)
    return bce(logits, labels) + bce(logits, torch.zeros(32, 1))


exercises.check_undecided_loss(answer, undecided_loss)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# answer = 2 * math.log(2)
# ```
#
# The same as before: $-0.9 \ln 0.5 - 0.1 \ln 0.5 = \ln 2$. At the answer 0.5 the label does not matter.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. Where does the randomness come from?
#
# You give the generator the *same* noise vector 1,000 times, and you ask the discriminator 1,000 times
# about the *same* point, both as they are while they train. Who gives the same result each time?
#
# - a: both
# - b: only the generator
# - c: only the discriminator
# - d: neither

# %% slideshow={"slide_type": "skip"}
answer = None  # "a", "b", "c" or "d"


# %% [markdown] slideshow={"slide_type": "skip"}
# The experiment counts how many different points and answers there are.

# %% slideshow={"slide_type": "skip"}
@torch.no_grad()
def same_again():
    noise, point = gan.make_noise(1), real_points[:1]
    points = torch.cat([gan.generator(noise) for _ in range(1000)])
    answers = torch.cat([gan.discriminator(point) for _ in range(1000)])
    return len(points.unique(dim=0)), len(answers.unique())


exercises.check_same_again(answer, same_again)


# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# answer = "b"
# ```
#
# All the randomness in a fake comes from its noise. The discriminator has dropout, which is random, too.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. The loss that saturates
#
# Write the generator's *other* loss, the mean of $\log(1 - a_\text{fake})$, as a function of the
# logits. Which will have the larger gradient for early fakes, this loss or $-\log(a_\text{fake})$? The check prints
# the factor.

# %% slideshow={"slide_type": "skip"}
def saturating_loss(fake_logits):
    return None  # your code


# %% [markdown] slideshow={"slide_type": "skip"}
# The check compares your values and gradients with the formula. Then it takes early fakes: for 200
# steps only the discriminator learns, because the generator's learning rate is 0.

# %% slideshow={"slide_type": "skip"}
from dataclasses import replace


def early_logits():
    _, answers = try_out(200, preset=replace(preset, learning_rate_g=0))
    return torch.logit(answers[-20:, 1:])


exercises.check_saturating_loss(saturating_loss, early_logits)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# def saturating_loss(fake_logits):
#     return -bce(fake_logits, torch.zeros_like(fake_logits))
# ```
#
# The discriminator's loss on fakes is $-\log(1 - a_\text{fake})$, so the minus sign makes the
# generator want the opposite. With respect to the logit, its slope is $-a$, that of $-\log(a)$ is
# $a - 1$. In this experiment, where the generator stands still, the
# discriminator gives fakes almost 0, so the second is about $1/a$ times as large; in the training above $a$ was larger.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 4. Swap the labels
#
# Let 0 mean real and 1 mean fake, from now on, for both players. Predict what the generator will
# learn: the sine, something else, nothing? Then copy `train_step` into the next cell, call the copy
# `swapped_step` and change what has to be changed.

# %% slideshow={"slide_type": "skip"}
swapped_step = None  # replace this line by your function

# %% [markdown] slideshow={"slide_type": "skip"}
# The check trains 500 steps with your function. It looks at the answers, and at the bins of the sine
# that the fakes reach.

# %% slideshow={"slide_type": "skip"}
exercises.check_swapped_labels(swapped_step, try_out)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# def swapped_step(gan, real):
#     ones = torch.ones(len(real), 1, device=device)
#     fake = gan.generator(gan.make_noise(len(real))).detach()
#     real_logits, fake_logits = gan.discriminator.logits(torch.cat([real, fake])).chunk(2)
#     loss_d = bce(real_logits, 0 * ones) + bce(fake_logits, ones)  # changed, twice
#     gan.optimizer_d.zero_grad()
#     loss_d.backward()
#     gan.optimizer_d.step()
#     fake = gan.generator(gan.make_noise(len(real)))
#     gan.discriminator.requires_grad_(False)
#     loss_g = bce(gan.discriminator.logits(fake), 0 * ones)  # changed
#     gan.optimizer_g.zero_grad()
#     loss_g.backward()
#     gan.optimizer_g.step()
#     gan.discriminator.requires_grad_(True)
#     return loss_d, loss_g, real_logits.sigmoid().mean(), fake_logits.sigmoid().mean()
# ```
#
# The generator learns the sine as before: the labels are names for two sides. If you forget the
# generator's label, it aims at fake, and runs away from everything real.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 5. Another curve
#
# Which cells of this notebook know that the points come from a sine? Make at least 200 points of
# another curve as a tensor of the shape (n, 2): for example a parabola. Choose one that is in one piece and not
# closed; that is easiest for a generator that lays the plane of noise along it.

# %% slideshow={"slide_type": "skip"}
my_points = None  # a tensor of the shape (n, 2)

# %% [markdown] slideshow={"slide_type": "skip"}
# The check trains 1,000 steps with your points and measures how far they are from the nearest fake,
# before and after.

# %% slideshow={"slide_type": "skip"}
exercises.check_own_curve(my_points, try_out)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# my_x = 4 * torch.rand(1024) - 2
# my_points = torch.stack([my_x, my_x**2], dim=1)
# ```
#
# None of the cells that train: only those that draw the real points, and those that measure. To see what the GAN
# has made
# of your curve, run `plot_points(my_points, try_out(1000, data=my_points)[0])` in a new cell.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# - A GAN is two networks: the generator turns noise into fakes, the discriminator says how real an
#   example looks. Both learn from its answers; for the fakes they have opposite aims.
# - Both losses are binary cross-entropy. The discriminator gets real examples with the label 1 and
#   fakes with 0; the generator gets fakes with 1.
# - Five steps, over and over; in step 3 only the discriminator changes, in step 5 only the generator.
#   When the generator learned alone, all its fakes ended up in one place.
# - The losses do not tell you whether the fakes are good. Look at the fakes, and measure them beside real
#   data.
# - This GAN did not come to rest. An average of the generator's weights came closer to the curve than the
#   generator itself, and stayed there.
#
# **Next:** [02 · Handwritten digits](02_mnist_gan.ipynb). The same five steps, with pictures instead of points.
