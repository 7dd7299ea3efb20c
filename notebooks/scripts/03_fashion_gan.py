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
# # 03 · The same GAN on clothes
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gan-course/gan-course/blob/main/notebooks/03_fashion_gan.ipynb) [![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/gan-course/gan-course/blob/main/notebooks/03_fashion_gan.ipynb)
#
# *Everything depends on the input data*, says the lecture, and gives its GAN pictures of clothes instead of
# digits. *The result is rather plausible*, it adds. You do the same here, with the settings of lesson 02, and
# check. In the first of two trainings nothing is new but the data, so you see what comes from the data. You need
# lesson 02.

# %% [markdown] slideshow={"slide_type": "skip"}
# | preset | what it does | two CPU cores | a GPU | memory |
# | --- | --- | --- | --- | --- |
# | `lesson` (the default) | two trainings of 9 epochs each | 4 to 8 minutes, 3 to 6 of them for the training | not measured | 1.5 GB |
# | `full` | two trainings of 50 epochs, with the lecture's own settings | half an hour to an hour | not measured | 1.5 GB |
# | `smoke` | a few training steps, to test that everything runs | 10 seconds | not measured | 1 GB |
#
# `lesson` is the default on every device, so that text and numbers agree; a GPU should make it faster. To choose another
# preset, put a cell with `%env GAN_PRESET=full`, for example, above all others.
#
# The route through the lesson, with minutes of reading and of machine time:
#
# | | section | reading | machine |
# | --- | --- | --- | --- |
# | 1 | Set-up, The training data | 2 | |
# | 2 | The same two networks, Before training, The same five steps: run them, you know them | 1 | |
# | 3 | The first way: new weights | 2 | 2 to 3 |
# | 4 | The second way: go on from the digits | 2 | 2 to 3 |
# | 5 | Is it plausible? Is it varied? Is it new? | 5 | 1 |
# | 6 | What a discriminator knows | 3 | |
# | | Aside: Bring your own data | 3 | 1 |
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
# This is where the lesson ends up. The first row is real. Nobody has ever sewn what the four rows below it show:
# they were made from random numbers.

# %% slideshow={"slide_type": "-"}
from helpers.plotting import Drawing

Drawing(
    course / "notebooks" / "pictures" / "03_fashion_gan.png",
    alt="Above 16 real pieces of clothing, below them 64 made by the trained generator of this lesson.",
)

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Set-up
#
# You may choose two things here, the preset and the seed of all random numbers. With `None` the variable `GAN_PRESET`
# decides, and where it is not set, the preset is `lesson`. (Tools such as papermill put their parameters here.)

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
preset = None  # or "smoke", "lesson", "full"
seed = 0

# %% [markdown] slideshow={"slide_type": "skip"}
# In what trains the GAN only three names differ from lesson 02: that of the lesson (in the next cell), of the data
# (in the cell after it) and of the recording. The networks, the training step and the loop are those of lesson 02,
# word for word. What you know you may run without reading it again.

# %% slideshow={"slide_type": "skip"}
import torch

from helpers.device.pytorch import describe_device, pick_device, seed_everything
from helpers.presets import choose_preset

lesson = "03_fashion_gan"
torch.set_float32_matmul_precision("medium")
device = pick_device()
preset = choose_preset(lesson, preset)
seed = seed_everything(seed)
print(f"{describe_device(device)} | preset {preset.level} | seed {seed}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The training data
#
# Fashion-MNIST was put together by Zalando Research (licence MIT) as a replacement for MNIST in the same format:
# 70,000 grey pictures of 28 by 28 pixels, in ten classes. What they show could hardly differ more.

# %% slideshow={"slide_type": "skip"}
from helpers.data.mnist import load_pictures

data = load_pictures("clothes", preset)
data.images.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# One example of each class. As before, the GAN will never see the names.

# %% slideshow={"slide_type": "-"}
from helpers.plotting import plot_images

first = [int((data.labels == number).nonzero()[0]) for number in range(10)]
plot_images(data.images[first], data.class_names, columns=5, title="Real clothes")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Lines have become areas: a digit is a white stroke on black, but a pullover fills the picture, and
# its greys matter. Two numbers show this: the mean pixel and the share of pixels that are neither
# nearly black nor nearly white:

# %% slideshow={"slide_type": "-"}
digits = load_pictures("digits", preset)
for name, pictures in {"digits": digits.images, "clothes": data.images}.items():
    grey = ((pictures > 25) & (pictures < 230)).float().mean()
    print(f"{name:8} mean pixel {pictures.float().mean():.0f} of 255, share of greys {grey:.2f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# Again the pixels are scaled to the range of the generator's `Tanh`.

# %% slideshow={"slide_type": "skip"}
images = (data.images.float() / 127.5 - 1).unsqueeze(1).to(device)
assert images.min() == -1 and images.max() == 1
print(tuple(images.shape), images.dtype)

# %% [markdown] slideshow={"slide_type": "skip"}
# ## The same two networks
#
# The discriminator, to the letter:

# %% slideshow={"slide_type": "skip"}
from torch import nn


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(784, 1024),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(1024, 512),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(512, 256),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(256, 1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        x = x.view(x.size(0), 784)
        output = self.model(x)
        return output

    def logits(self, x):
        x = x.view(x.size(0), 784)
        return self.model[:-1](x)


# %% [markdown] slideshow={"slide_type": "skip"}
# The generator, to the letter:

# %% slideshow={"slide_type": "skip"}
class Generator(nn.Module):
    def __init__(self, latent_dim=100):
        super().__init__()
        self.latent_dim = latent_dim
        self.model = nn.Sequential(
            nn.Linear(latent_dim, 256),
            nn.ReLU(),
            nn.Linear(256, 512),
            nn.ReLU(),
            nn.Linear(512, 1024),
            nn.ReLU(),
            nn.Linear(1024, 784),
            nn.Tanh(),
        )

    def forward(self, x):
        output = self.model(x)
        return output.view(x.size(0), 1, 28, 28)


# %% [markdown] slideshow={"slide_type": "skip"}
# Both players with an optimizer each:

# %% slideshow={"slide_type": "skip"}
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
# A function that makes them, always from the same seed:

# %% slideshow={"slide_type": "skip"}
def new_gan(preset, seed=seed):
    seed_everything(seed)
    generator, discriminator = Generator().to(device), Discriminator().to(device)
    betas = (preset.beta1, 0.999)
    adam = torch.optim.Adam
    return GAN(
        generator,
        discriminator,
        adam(generator.parameters(), preset.learning_rate_g, betas, fused=True),
        adam(discriminator.parameters(), preset.learning_rate_d, betas, fused=True),
    )


# %% [markdown] slideshow={"slide_type": "skip"}
# And the two small functions: make fakes, ask for answers.

# %% slideshow={"slide_type": "skip"}
@torch.no_grad()
def generate(generator, noise):
    return generator(noise).cpu()


@torch.no_grad()
def judge(discriminator, pictures):
    discriminator.eval()
    answers = discriminator(pictures.to(device))
    discriminator.train()
    return answers.cpu()


# %% [markdown] slideshow={"slide_type": "skip"}
# ## Before training
#
# The untrained generator makes the same grey clouds as in lesson 02: with the same seed it has the
# same weights, and it has not seen any data yet.

# %% slideshow={"slide_type": "skip"}
untrained = new_gan(preset)
fixed_noise = untrained.make_noise(16)
clouds = generate(untrained.generator, fixed_noise)
on_fake = judge(untrained.discriminator, clouds).mean()
on_real = judge(untrained.discriminator, images[:1000]).mean()
print(f"The untrained discriminator answers {on_fake:.2f} to fakes, {on_real:.2f} to real.")
plot_images(clouds, title="Before training")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## The same five steps

# %% slideshow={"slide_type": "skip"}
bce = nn.BCEWithLogitsLoss()


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


# %% [markdown] slideshow={"slide_type": "slide"}
# ## The first way: new weights
#
# The lecture loads clothes "into the GAN already created". That can mean two things. The first: take
# the same layers and the same settings, but begin with new random weights.

# %% slideshow={"slide_type": "skip"}
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from helpers.recording import Recording
from helpers.training.pytorch import Run

gan = new_gan(preset)
fixed_noise = gan.make_noise(16)
average = AveragedModel(gan.generator, multi_avg_fn=get_ema_multi_avg_fn(preset.average))
recording = Recording("pictures", fixed_noise, images[:16], title="From new weights")
run = Run(lesson, preset, gan, seed, data.source, recording, average)
run.resume()

# %% [markdown] slideshow={"slide_type": "skip"}
# As before: press Stop whenever you like, and run the cell again to go on.

# %% slideshow={"slide_type": "skip"}
from IPython.display import DisplayHandle

picture = DisplayHandle()
picture.display(plot_images(clouds))
for real in run.batches(images):
    run.record(train_step(gan, real, preset.real_label))
    average.update_parameters(gan.generator)
    if run.epoch_ends:
        run.keep(generate(gan.generator, fixed_noise))
        picture.update(plot_images(run.kept[run.epoch], title=f"After epoch {run.epoch}"))

# %% [markdown] slideshow={"slide_type": "subslide"}
# From the first epoch to the last: the outlines are there after one epoch; fine detail hardly follows. A row may still
# turn into another piece of clothing, for nothing tells the generator to stay with one.

# %% slideshow={"slide_type": "-"}
from helpers.plotting import plot_film

plot_film(run.kept)

# %% [markdown] slideshow={"slide_type": "skip"}
# As with the digits, the curves do not say what is being learned, nor how well. But they look different: in this
# run the gap between the answers closes within about the first 1,000 steps, and both losses come to the grey lines of a
# discriminator that cannot decide, the generator's more slowly.

# %% slideshow={"slide_type": "skip"}
from helpers.plotting import plot_history

plot_history(run.history, real_label=preset.real_label)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The second way: go on from the digits
#
# The other meaning: keep the weights too (a *warm start*). Let a GAN that has learned digits go on, with clothes as
# its real pictures. The course has the players of a training on digits for 30 epochs: the
# discriminator, and the average of its generator. Load their weights into a new GAN, and give its run a name of its own.

# %% slideshow={"slide_type": "skip"}
from helpers.data.weights import load_weights

warm_gan = new_gan(preset)
load_weights(warm_gan.generator, "digits_generator_long")
load_weights(warm_gan.discriminator, "digits_discriminator_long")
started_as = generate(warm_gan.generator, fixed_noise)
averaging = get_ema_multi_avg_fn(preset.average)
warm_average = AveragedModel(warm_gan.generator, multi_avg_fn=averaging)
warm_recording = Recording("pictures", fixed_noise, images[:16], title="From the digits' weights")
warm_run = Run(
    f"{lesson}/from_digits", preset, warm_gan, seed, data.source, warm_recording, warm_average
)
warm_run.resume()

# %% [markdown] slideshow={"slide_type": "subslide"}
# With these weights the same sixteen noise vectors give digits. The discriminator, too, knows only digits: it
# has never seen a piece of clothing.

# %% slideshow={"slide_type": "-"}
plot_images(started_as, title="The generator of the digits")

# %% [markdown] slideshow={"slide_type": "skip"}
# Now give it clothes. It is the same loop. Watch the first epochs: how long does it remember the
# digits?

# %% slideshow={"slide_type": "skip"}
picture = DisplayHandle()
picture.display(plot_images(started_as))
for real in warm_run.batches(images):
    warm_run.record(train_step(warm_gan, real, preset.real_label))
    warm_average.update_parameters(warm_gan.generator)
    if warm_run.epoch_ends:
        warm_run.keep(generate(warm_gan.generator, fixed_noise))
        title = f"After epoch {warm_run.epoch}"
        picture.update(plot_images(warm_run.kept[warm_run.epoch], title=title))

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each row is one noise vector (six of the sixteen): on the left is the digit that it gave before. After the first
# epoch hardly a digit is left; the player below shows how they go.

# %% slideshow={"slide_type": "-"}
plot_film({0: started_as} | warm_run.kept)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Both ways side by side: on the left clothes emerge from grey noise, on the right from digits (in the still
# picture of a saved page: above and below). Here you see how soon the digits are gone. Press *Play*, or drag the time.

# %% slideshow={"slide_type": "subslide"}
from helpers.player import show

show(run.recording, warm_run.recording, train_step=train_step, frames=40)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Is it plausible? Is it varied? Is it new?
#
# Here is another small classifier, trained on the labels of Fashion-MNIST. Clothes are harder to tell apart than
# digits: a shirt and a pullover look much alike at 28 by 28 pixels.

# %% slideshow={"slide_type": "-"}
from helpers.metrics.classifier import load_classifier

classifier = load_classifier("clothes")
test_images = (data.test_images.float() / 127.5 - 1).unsqueeze(1)
_, chances = classifier(test_images)
accuracy = (chances.argmax(axis=1) == data.test_labels.numpy()).mean()
print(f"{accuracy:.1%} of {len(test_images):,} test pictures are classified correctly")

# %% [markdown] slideshow={"slide_type": "skip"}
# The same measures as in lesson 02 for both ways, from the same noise.

# %% slideshow={"slide_type": "skip"}
from helpers.metrics.images import evaluate

noise = gan.make_noise(200 if preset.level == "smoke" else 10_000)
ways = {"new weights": average, "from the digits": warm_average}
fakes = {name: generate(network, noise) for name, network in ways.items()}
results = {name: evaluate(classifier, made, images.cpu()) for name, made in fakes.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# Both ways in one table. The last row is measured with other real pictures in place of the fakes.

# %% slideshow={"slide_type": "-"}
from helpers.tables import Table


def summary(name, result):
    return {
        "generator": name,
        "Frechet distance": result.frechet.value,
        "precision": result.precision,
        "recall": result.recall,
        "share of classes covered": float(result.classes.covered),
        "entropy (bits)": result.classes.entropy,
    }


rows = [summary(name, result) for name, result in results.items()]
last = results["new weights"]
real = last.frechet.floor, last.real_precision, last.real_recall
real += float(last.real_classes.covered), last.real_classes.entropy
rows.append(dict(zip(rows[0], ("real pictures", *real), strict=True)))
samples = f"{last.frechet.samples:,} pictures each (precision, recall: {last.compared:,})"
Table(rows, f"Two ways to the same clothes, {samples}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The lecture calls its clothes *rather plausible*. For yours the precision agrees, as far as it goes: in the classifier's
# features most fakes lie among the real pictures. (Numbers of two classifiers, such as those of lesson 02 and these, may
# not be compared.) But look at the recall. Few real pictures lie among the fakes, though
# every class is covered. Precision alone would not have told you. But what is missing, whole forms or only fine
# detail?

# %% [markdown] slideshow={"slide_type": "skip"}
# Try it with pictures that surely have every form: real test pictures, once blurred a little, once with grain: every
# pixel a little brighter or darker than it was.

# %% slideshow={"slide_type": "skip"}
from torchvision.transforms.functional import gaussian_blur

pictures = test_images[: len(noise)]
grainy = (pictures + 0.1 * torch.randn_like(pictures)).clamp(-1, 1)
controls = {"real, blurred": gaussian_blur(pictures, kernel_size=3), "real, with grain": grainy}
controls = {name: evaluate(classifier, seen, images.cpu()) for name, seen in controls.items()}
Table([summary(*row) for row in (controls | results).items()], f"Two controls, {samples}")

# %% [markdown] slideshow={"slide_type": "skip"}
# Every form is there, and yet most of the recall of the blurred ones is gone, with little loss of precision. Grain costs
# both. So a low recall tells you that the fakes lack something or have something too much, but not what: whole forms may
# be missing, or only sharpness, or there may be grain.

# %% [markdown] slideshow={"slide_type": "skip"}
# As for the two ways: in this table the digits' players end ahead. Is that luck? We have trained both ways with
# three seeds, on
# one CPU thread (`python -m data.make.two_ways 0 1 2` repeats it):

# %% slideshow={"slide_type": "skip"}
from helpers.tables import read_rows

Table(read_rows("two_ways"), "Two ways to clothes, averages, 10,000 fakes each")

# %% [markdown] slideshow={"slide_type": "skip"}
# It is not the luck of one seed: after the same nine epochs of clothes the digits' players are ahead with every
# seed, in distance, precision and recall. But all three start from the same training on digits, 30 epochs that the
# others did not have. The table does not tell what it is in the old weights that helps.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Here are 16 real pieces of clothing, and below them 64 fakes of the first way, made by the average. (The pictures during the
# training are the generator's own, and have more grain: single pixels that are too bright or too dark.)

# %% slideshow={"slide_type": "-"} tags=["picture"]
both = torch.cat([images[:16].cpu(), fakes["new weights"][:64]])
plot_images(both, columns=16, names=["real", *4 * ["fake"]])

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Which classes does the generator favour?
#
# A fair generator would make each class as often as it occurs among the real pictures. Count what the classifier sees.

# %% slideshow={"slide_type": "skip"}
counts = {way: (*result.classes.counts, result.classes.none) for way, result in results.items()}
real_classes = results["new weights"].real_classes
counts["real pictures"] = (*real_classes.counts, real_classes.none)
rows = [
    {"class": name} | {way: f"{count[index] / sum(count):.0%}" for way, count in counts.items()}
    for index, name in enumerate((*data.class_names, "none of them"))
]
Table(rows, "Share of each class among fakes and among real pictures")

# %% [markdown] slideshow={"slide_type": "skip"}
# The classifier sees too many shirts and too few pullovers in both, and with new weights hardly half of the sandals. (Do
# not trust this too far: it easily confuses shirts with T-shirts, coats and pullovers, and blur alone made the counts of
# real pictures as uneven, as their entropy in the table above shows.) The last row counts pictures that it does not take for clothing. No
# class
# is left out altogether, so the low recall must come mostly from *within* the classes: forms that are never made, fine
# detail that is lost, or grain. Look at
# eight real shirts, and at eight fakes that the classifier takes for shirts: where are the patterns, buttons and collars?

# %% slideshow={"slide_type": "skip"}
shirt = data.class_names.index("shirt")
_, chances = classifier(fakes["new weights"])
fake_shirts = fakes["new weights"][torch.from_numpy(chances.argmax(axis=1) == shirt)][:8]
real_shirts = images[data.labels == shirt][:8].cpu()
plot_images(torch.cat([real_shirts, fake_shirts]), names=["real shirts", "fake shirts"])

# %% [markdown] slideshow={"slide_type": "skip"}
# ### What longer training and other settings bring
#
# The best recipe of lesson 02, 38 epochs and noise that is 1.2 times as wide, has been tried on clothes, too. All rows
# are averages.

# %% slideshow={"slide_type": "skip"}
best = Generator().to(device)
load_weights(best, "clothes_generator_best")
of_best = evaluate(classifier, generate(best, noise), images.cpu())
rows = [summary(*row) for row in (results | {"the best": of_best}).items()]
Table(rows, f"Your two ways and the best recipe, {samples}")

# %% [markdown] slideshow={"slide_type": "skip"}
# The best is ahead in distance and most of all in recall; in precision it is not. It had more epochs on clothes, other
# settings and wider noise: the table does not tell which of them helped. Its recall is still far from that of real clothes.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Is it new?
#
# Every second picture is the training picture that is nearest to the fake on its left.

# %% slideshow={"slide_type": "skip"}
from helpers.metrics.images import novelty

made = fakes["new weights"]
news = novelty(made[:200], images.cpu(), test_images[:200])
pairs = torch.stack([made[:8], images[news.index[:8]].cpu()], dim=1).flatten(0, 1)
plot_images(
    pairs, ["fake", "nearest"] * 8, columns=8, title="Fakes and their nearest training pictures"
)

# %% [markdown] slideshow={"slide_type": "skip"}
# As in lesson 02, compare with real pictures that were not in the training data:

# %% slideshow={"slide_type": "skip"}
news

# %% [markdown] slideshow={"slide_type": "skip"}
# The fakes are about as far from the training pictures as unseen real clothes are, and hardly any is nearer to a
# training picture than 99 % of those are: no sign of copies. (Grain alone puts some distance between a copy and its
# model, so look at the pairs, too.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Digits beside clothes
#
# Two generators that come with the course, made by this recipe: one for digits and one for clothes. The
# layers, the losses, the settings, the number of steps and the noise are the same. Only the data differ, and with
# them everything that you see.

# %% slideshow={"slide_type": "-"}
makers = {name: Generator().to(device) for name in ("digits", "clothes")}
for name, maker in makers.items():
    print(f"{name}: {load_weights(maker, f'{name}_generator_best')['steps']:,} steps")
both = torch.cat([generate(maker, noise[:16]) for maker in makers.values()])
plot_images(both, columns=16, names=list(makers))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a discriminator knows
#
# The generator shows what it has learned. What has the discriminator learned? Ask the digits' discriminator
# and the clothes' discriminator about digits, clothes, noise, the fakes of the average of its
# generator, and one picture that is all white. (The digits' players have had 30 epochs with other settings, the clothes'
# players 9.)
# Before you look: what will the digits' discriminator
# say about a pullover? And about the white picture?

# %% slideshow={"slide_type": "skip"}
digit_judge, digit_maker = Discriminator().to(device), Generator().to(device)
load_weights(digit_judge, "digits_discriminator_long")
load_weights(digit_maker, "digits_generator_long")
judges = {"digits": (digit_judge, digit_maker), "clothes": (gan.discriminator, average)}
shown = {
    "digits": (digits.test_images[:1000].float() / 127.5 - 1).unsqueeze(1),
    "clothes": test_images[:1000],
    "noise": torch.rand(1000, 1, 28, 28) * 2 - 1,
    "all white": torch.ones(1, 1, 28, 28),
}

# %% [markdown] slideshow={"slide_type": "skip"}
# The digits and the clothes are from the test sets, so no discriminator has seen them in training. Remember
# that 0.45 is the answer of one that cannot decide.

# %% slideshow={"slide_type": "subslide"}
rows = []
for trained_on, (network, maker) in judges.items():
    row = {"trained on": trained_on}
    row |= {name: float(judge(network, seen).mean()) for name, seen in shown.items()}
    rows.append(
        row
        | {"its generator's average": float(judge(network, generate(maker, noise[:1000])).mean())}
    )
Table(rows, "Mean answer of the discriminator (0 fake, 1 real)")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The digits' discriminator gives the white picture more than it gives digits on average! So a high answer does not mean *a
# digit*. It was trained on digits against *the generator's fakes*, and hardly any fake can have been all white: nobody has
# told it what to think of that. For clothes its answer is low, though it has never met any. For noise it is low,
# too. Perhaps the grain of its own fakes has taught it that; but the discriminator of the clothes has met grain as well,
# and to noise it answers hardly less than to clothes.
#
# The discriminator of the clothes, that of the first way, answers about 0.45, *undecided*, to nearly everything: to clothes
# and to its fakes, as its loss in the curves above says, too, but also to digits. That does not make the fakes good: their
# recall is low. It only says that this discriminator hardly tells anything apart any more. A discriminator learns only to tell the data from the fakes of the moment; elsewhere its answer means
# little.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Bring your own data
#
# The GAN takes whatever has 28 by 28 grey pixels. `load_images` makes such a data set from a folder of pictures: it
# cuts out the middle square, makes it small and grey, and leaves out whatever is not a picture.
# To try it, here is a folder with drawn faces, and two files that will not do.

# %% slideshow={"slide_type": "skip"}
import zipfile
from tempfile import mkdtemp

folder = Path(mkdtemp()) / "my_pictures"
with zipfile.ZipFile(course / "data" / "drawn_faces.zip") as archive:
    archive.extractall(folder, archive.namelist()[: 200 if preset.level == "smoke" else None])
for name in ("broken.jpg", "notes.txt"):
    (folder / name).write_text("This is no picture.")

# %% [markdown] slideshow={"slide_type": "skip"}
# One call makes a data set of it, and says what it left out and why; a text file is passed over. Put
# the path of a folder of your own in its place, with a few hundred pictures or more. In Colab upload a
# zip file (the folder symbol on the left) and unpack it with `!unzip -q my.zip -d my_pictures`.

# %% slideshow={"slide_type": "skip"}
from helpers.data.own import load_images

own = load_images(folder, size=28, channels=1)
plot_images(own.images[:16], title="Your own data")

# %% [markdown] slideshow={"slide_type": "skip"}
# And the same layers, with new weights, learn faces:

# %% slideshow={"slide_type": "skip"}
from dataclasses import replace

own_images = (own.images.float() / 127.5 - 1).unsqueeze(1).to(device)
own_preset = replace(preset, epochs=1 if preset.level == "smoke" else 20)
own_gan = new_gan(own_preset)
own_run = Run(f"{lesson}/own_data", own_preset, own_gan, seed, own.source)
for real in own_run.batches(own_images):
    own_run.record(train_step(own_gan, real, own_preset.real_label))
plot_images(generate(own_gan.generator, fixed_noise), title="Faces, by the same layers")

# %% [markdown] slideshow={"slide_type": "skip"}
# After this short training there are heads, shoulders and different hair, but hardly a face. Can these layers do no
# better, or was it just too little training? (No average was taken, either.) The pictures of one moment do not tell:
# train it longer, and look again.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# First predict, then run, then explain: write your answer into the cell with `answer = None`, run it
# and the cell below it. Before you have answered, the check says so and runs nothing. A solution is
# folded away under each exercise.

# %% slideshow={"slide_type": "skip"}
from helpers.exercises import lesson_03 as exercises

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 1. Mirror writing
#
# You know what the digits' discriminator says to clothes and to noise. Now it gets digits again, but
# changed: once mirrored, once as negatives, black on white. Which of them still get more than half of
# the mean answer that digits get?
#
# - a: both
# - b: only the mirrored ones
# - c: only the negatives
# - d: neither

# %% slideshow={"slide_type": "skip"}
answer = None  # "a", "b", "c" or "d"


# %% [markdown] slideshow={"slide_type": "skip"}
# The experiment asks it about 1,000 pictures of each kind.

# %% slideshow={"slide_type": "skip"}
def mirror_writing():
    pictures = shown["digits"]
    changed = {"digits": pictures, "mirrored": pictures.flip(3), "negative": -pictures}
    changed["noise"] = shown["noise"]
    return {name: float(judge(digit_judge, seen).mean()) for name, seen in changed.items()}


exercises.check_mirror_writing(answer, mirror_writing)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# answer = "b"
# ```
#
# It has learned how its fakes differ from digits, and which way round they are seems to matter little: on average
# mirrored digits get nearly as much, because the strokes are of the same kind, white on black. A negative is unlike
# both the digits and the fakes, and there
# its answer could have been anything. For negatives it is low on average, though not for all; for the white picture it was
# high.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. Nine of ten
#
# A generator makes perfect clothes of nine classes, but never a bag. Which number falls by more than 5 % of
# its value, compared with a generator that makes all ten?
#
# - a: precision and recall
# - b: only precision
# - c: only recall
# - d: neither

# %% slideshow={"slide_type": "skip"}
answer = None  # "a", "b", "c" or "d"


# %% [markdown] slideshow={"slide_type": "skip"}
# The experiment judges 1,000 real test pictures, with the bags and without them.

# %% slideshow={"slide_type": "skip"}
def nine_of_ten(missing):
    bag = data.class_names.index("bag")
    chosen = data.test_labels != bag if missing else data.test_labels >= 0
    return evaluate(classifier, test_images[chosen][:1000], images.cpu())


exercises.check_nine_of_ten(answer, nine_of_ten)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# answer = "c"
# ```
#
# What is made is real, so the precision stays. A tenth of the real pictures cannot be made, and the recall
# loses about a tenth. Both ways of the lesson had a low recall with all ten classes: there, most of the
# fault lies *within* the classes: forms, detail or grain.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. Scrambled pixels
#
# Somebody has moved the 784 pixels of every picture to other places, in the same way for all: you
# cannot recognise anything any more. Could this GAN learn such pictures just as well as the others? You
# need not train it to find out. Make a copy of the digits' discriminator which answers scrambled
# digits exactly as the original answers digits, only by moving weights to other places. Below,
# `order[i]` says where pixel `i` of the scrambled picture was before.

# %% slideshow={"slide_type": "skip"}
order = torch.randperm(784, device=device)
scrambled = shown["digits"].to(device).flatten(1)[:, order].view(-1, 1, 28, 28)
plot_images(scrambled[:16].cpu(), columns=16, title="Scrambled digits")

# %% [markdown] slideshow={"slide_type": "skip"}
# Which layer meets the pixels, and where does its weight matrix have one column for each of them?

# %% slideshow={"slide_type": "skip"}
rewired = None  # a discriminator

# %% [markdown] slideshow={"slide_type": "skip"}
# The check compares weights and answers.

# %% slideshow={"slide_type": "skip"}
exercises.check_rewired(rewired, digit_judge, shown["digits"].to(device), order)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# import copy
#
# rewired = copy.deepcopy(digit_judge)
# with torch.no_grad():
#     rewired.model[0].weight.copy_(digit_judge.model[0].weight[:, order])
# ```
#
# For a layer that connects every pixel with every unit, a picture is a list of numbers in any order. In the
# generator's last layer, move the rows and the biases. Weights that are random at the beginning
# are as likely in one order as in another, so the GAN learns scrambled clothes as well as others.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 4. In colour
#
# With `channels=3`, `load_images` gives you colour. Then a picture is (3, 28, 28): red, green and blue.
# Predict first: how many layers of each player have to change, and how many weights will each have? Then
# write both networks. As before, the discriminator needs `forward` and `logits`.

# %% slideshow={"slide_type": "skip"}
ColourGenerator = None  # replace this line by your class
ColourDiscriminator = None  # and this one

# %% [markdown] slideshow={"slide_type": "skip"}
# The check looks at shapes, range, colours and numbers of weights.

# %% slideshow={"slide_type": "skip"}
exercises.check_colour(
    (ColourGenerator, ColourDiscriminator),
    (Generator().to(device), Discriminator().to(device)),
    fixed_noise,
)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# class ColourGenerator(Generator):
#     def __init__(self):
#         super().__init__()
#         self.model[-2] = nn.Linear(1024, 3 * 784)
#
#     def forward(self, x):
#         return self.model(x).view(x.size(0), 3, 28, 28)
#
#
# class ColourDiscriminator(Discriminator):
#     def __init__(self):
#         super().__init__()
#         self.model[0] = nn.Linear(3 * 784, 1024)
#
#     def forward(self, x):
#         return self.logits(x).sigmoid()
#
#     def logits(self, x):
#         return self.model[:-1](x.view(x.size(0), 3 * 784))
# ```
#
# One layer of each player changes, and every `view`. There are 2 x 784 new numbers in a picture, and each of them gets
# 1,024 weights; those that the generator makes have a bias, too.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# - The layers, losses and steps that made digits in lesson 02 can also make clothes, and the outlines
#   of heads.
# - "Load clothes into the GAN already created" can mean new weights or the digits' weights. In
#   this run the digits' weights, trained for 30 epochs before, gave the better clothes.
# - All ten classes were made, and most fakes pass as plausible in the classifier's features, but the recall is low:
#   forms or fine detail of real clothes are missing, or there is grain.
# - A discriminator is trained only on its data and its opponent's fakes. Its answer to anything else means
#   little: the digits' discriminator gave a white picture a higher answer than real digits on average.
#
# **Next:** [04 · Faces, in Keras](04_celeba_keras_gan.ipynb). In colour, larger, with other networks.
