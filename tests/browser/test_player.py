"""The player and the live controls in a real browser; skipped without Chromium or playwright."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

from helpers.base.colours import DARK, LIGHT
from helpers.base.history import COLUMNS
from helpers.player import show
from helpers.player.page_data import to_json
from helpers.player.slow_motion import STAGES
from helpers.recording import Recording
from helpers.recording.encoding import answers_of, places_of
from notebooks.tools.lesson import code_cells
from tests.toys import Recorded, train_step

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install playwright"
)
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
if not CHROMIUM:
    pytest.skip("no Chromium: install it or name it in CHROMIUM", allow_module_level=True)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--disable-dev-shm-usage"]  # fmt: skip
STAGE = ".stage canvas"


STAGE_AT = {stage.name: index for index, stage in enumerate(STAGES)}


@pytest.fixture(scope="module")
def recordings(one_thread):
    points = Recorded("points", planned=150, title="Points").train(150).finish()
    short = Recorded("points", planned=400, seed=1, title="Stopped").train(60).finish()
    pictures = Recorded("pictures", planned=40, title="Pictures").train(40).finish()
    return SimpleNamespace(points=points, short=short, pictures=pictures)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Opened:
    """A page with the player, and short ways to ask it things."""

    def __init__(self, page, frame=None):
        self.page, self.frame = page, frame or page

    def run(self, script):
        return self.frame.evaluate(script)

    def settle(self):
        self.run("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def until(self, condition, seconds=20):
        """Wait for a condition (playwright's own way needs eval, which the page forbids)."""
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < end, f"{condition} has not come true"
            self.page.wait_for_timeout(20)

    def pixels(self, selector=STAGE, nth=0):
        self.settle()
        return self.run(f"document.querySelectorAll('{selector}')[{nth}].toDataURL()")

    def colour(self, rgb, selector=STAGE, nth=0):
        """How many pixels of a canvas have nearly this colour."""
        self.settle()
        return self.run(
            f"""(() => {{
            const c = document.querySelectorAll('{selector}')[{nth}];
            const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
            let n = 0;
            for (let i = 0; i < d.length; i += 4) n += Math.abs(d[i] - {rgb[0]}) < 12
              && Math.abs(d[i + 1] - {rgb[1]}) < 12 && Math.abs(d[i + 2] - {rgb[2]}) < 12;
            return n; }})()"""
        )

    def index(self):
        return self.run("player.state.look ?? player.state.index")

    def text(self, selector):
        self.settle()
        return self.frame.locator(selector).first.inner_text()

    def key(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()


@pytest.fixture
def opened(browser, tmp_path):
    """Open a saved player from file:// with the network off; at the end nothing was amiss."""
    contexts, problems = [], []

    def open_it(player, width=1024, height=800, ready=True, name="run.html", **options):
        text = player if isinstance(player, str) else player.page(contact_sheet=not ready)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": height}, offline=True, **options
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: m.type == "error" and problems.append(m.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request",
            lambda r: r.url.startswith(("file:", "data:")) or problems.append(f"asked for {r.url}"),
        )
        page.goto(path.as_uri())
        if ready:
            page.wait_for_selector("body[data-ready]")
        return Opened(page)

    yield open_it
    for context in contexts:
        context.close()
    assert problems == []


def rgb(colour):
    return tuple(bytes.fromhex(colour[1:]))


REAL, FAKE, GREEN, INK, SOFT = (rgb(LIGHT[name]) for name in ("real", "fake", "g", "ink", "soft"))


def test_it_opens_at_the_first_frame_and_says_what_it_shows(opened, recordings):
    page = opened(show(recordings.points))
    assert page.index() == 0
    assert page.text("h2") == "Points"
    assert page.text("#live").startswith("Step 0 of 150")
    assert page.colour(REAL) > 500
    assert page.colour(FAKE) > 200
    assert int(page.run("document.body.dataset.ready")) < 10_000


def test_play_goes_on_pause_holds_and_the_end_stops(opened, recordings):
    page = opened(show(recordings.points))
    page.frame.click("#play")
    page.until("player.state.index >= 4")
    assert page.text("#play") == "Pause"
    page.frame.click("#play")
    held = page.index()
    picture = page.pixels()
    page.page.wait_for_timeout(400)
    assert page.index() == held
    assert page.pixels() == picture
    last = len(recordings.points.frames) - 1
    page.run(f"player.go({last - 2})")
    page.frame.select_option("#speed", "4")
    page.frame.click("#play")
    page.until("!player.state.playing")
    assert page.index() == last
    page.frame.click("#play")  # from the end it begins again
    page.until(f"player.state.index > 0 && player.state.index < {last}")
    page.frame.click("#loop")
    page.run(f"player.go({last - 1})")
    page.until("player.state.index < 20 && player.state.playing")


def test_speed_changes_how_fast_it_goes(opened, recordings):
    page = opened(show(recordings.points))
    reached = {}
    for speed in ("0.25", "4"):
        page.run("player.go(0)")
        page.frame.select_option("#speed", speed)
        page.frame.click("#play")
        page.page.wait_for_timeout(1000)
        page.frame.click("#play")
        reached[speed] = page.index()
    assert reached["4"] > 3 * max(1, reached["0.25"])


def test_time_can_be_dragged_both_ways_and_comes_back_to_the_same_picture(opened, recordings):
    page = opened(show(recordings.points))
    box = page.frame.locator("#time").bounding_box()
    y = box["y"] + box["height"] / 2
    mouse = page.page.mouse
    first = page.pixels()
    mouse.move(box["x"] + 8, y)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.8, y, steps=5)
    late, late_picture = page.index(), page.pixels()
    mouse.move(box["x"] + box["width"] * 0.3, y, steps=5)
    early = page.index()
    mouse.move(box["x"] - 5, y, steps=5)
    mouse.up()
    assert late > early > 0
    assert page.index() == 0
    assert late_picture != first
    assert page.pixels() == first


def test_keys(opened, recordings):
    page = opened(show(recordings.points))
    last = len(recordings.points.frames) - 1
    page.key("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft")
    assert page.index() == 2
    page.key("Shift+ArrowRight")
    assert page.index() == 12
    page.key("End")
    assert page.index() == last
    page.key("Home")
    assert page.index() == 0
    page.key("ArrowUp")
    assert page.run("player.state.speed") == 2
    page.key("ArrowDown", "ArrowDown")
    assert page.run("player.state.speed") == 0.5
    page.key("l")
    assert page.run("player.state.loop") is True
    page.key(" ")
    assert page.run("player.state.playing") is True
    page.key(" ")
    assert page.run("player.state.playing") is False
    page.key("s")
    assert page.run("player.slow.on") is True
    page.key("Escape")
    assert page.run("player.slow.on") is False


def test_hovering_a_curve_looks_there_and_a_click_stays(opened, recordings):
    page = opened(show(recordings.points))
    first = page.pixels()
    canvas = page.frame.locator(".charts canvas").first
    box = canvas.bounding_box()
    place = {"x": (box["width"] - 44) * 0.7, "y": 30}  # at the right stand the names of the guides
    canvas.hover(position=place)
    looked = page.index()
    step = recordings.points.frames[looked]["step"]
    assert step == pytest.approx(0.49 * 150, abs=8)  # the axis is the root of the step
    assert page.pixels() != first
    page.page.mouse.move(5, 5)
    assert page.index() == 0
    assert page.pixels() == first
    canvas.click(position=place)
    page.page.mouse.move(5, 5)
    assert page.index() == looked
    page.page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] + 5, box["y"] + 90)
    page.page.mouse.up()
    page.page.mouse.move(5, 5)
    assert page.index() == len(recordings.points.frames) - 1


def test_a_layer_brings_and_takes_its_own_colour(opened, recordings):
    page = opened(show(recordings.points))
    page.run("player.go(999)")
    page.frame.locator('input[name="map"]').uncheck()
    colours = {"real": REAL, "fakes": FAKE, "grid": GREEN, "arrows": INK}
    for layer, colour in colours.items():
        box = page.frame.locator(f'input[name="{layer}"]')
        box.check()
        on, on_picture = page.colour(colour), page.pixels()
        box.uncheck()
        assert page.colour(colour) < 0.5 * on, layer
        box.check()
        assert page.pixels() == on_picture, layer


def test_the_map_has_signs_that_need_no_colour(opened, recordings):
    page = opened(show(recordings.points))
    page.run("player.go(999)")
    for name in ("real", "fakes", "arrows"):
        page.frame.locator(f'input[name="{name}"]').uncheck()
    with_map = page.pixels()
    assert page.colour(SOFT) > 100  # the signs - and +, in the soft colour of text
    page.frame.locator('input[name="map"]').uncheck()
    assert page.pixels() != with_map


def test_the_map_is_drawn_the_right_way_round(opened, recordings):
    page = opened(show(recordings.points))
    page.run("player.go(999)")
    for name in ("real", "fakes", "arrows"):
        page.frame.locator(f'input[name="{name}"]').uncheck()
    page.settle()
    answers = recordings.points.frames[-1]["map"].astype(int)  # its first row is the lowest
    for axis in (0, 1):
        difference = (answers - np.flip(answers, axis))[4:-4, 4:-4]
        row, column = (i + 4 for i in np.unravel_index(difference.argmax(), difference.shape))
        mirrored = (39 - row, column) if axis == 0 else (row, 39 - column)
        blue = []
        for r, c in ((row, column), mirrored):
            pixel = page.run(
                f"""(() => {{ const c = document.querySelector("{STAGE}");
                return [...c.getContext("2d").getImageData(
                  Math.round({c / 39} * (c.width - 1)), Math.round({1 - r / 39} * (c.height - 1)),
                  1, 1).data]; }})()"""
            )
            blue.append(pixel[2] - pixel[0])
        assert blue[0] > blue[1]  # bluer where the answer is higher


def test_the_grid_of_noise_folds(opened, recordings):
    page = opened(show(recordings.points))
    page.run("player.go(999)")
    page.frame.locator('input[name="grid"]').check()
    landed = page.pixels()
    page.frame.locator(".morph input").evaluate(
        "(e) => { e.value = 0; e.dispatchEvent(new Event('input')); }"
    )
    assert page.pixels() != landed
    page.frame.click(".morph button")
    page.until("document.querySelector('.morph input').value === '1'")
    assert page.pixels() == landed


def test_hover_tells_coordinates_and_the_answer_of_d(opened, recordings):
    page = opened(show(recordings.points))
    page.run("player.go(999)")
    page.frame.locator('input[name="fakes"]').uncheck()
    canvas = page.frame.locator(STAGE)
    box = canvas.bounding_box()
    left, bottom, right, top = (float(v) for v in recordings.points.box)
    canvas.hover(position={"x": box["width"] * 20 / 39, "y": box["height"] * 9 / 39})
    text = page.text(".tip")
    answer = answers_of(recordings.points.frames[-1]["map"])[30, 20]
    assert (
        f"D says {answer:.2f}"[:-1] in text
    )  # the pointer stands on a whole pixel: last digit off
    x, y = (float(part) for part in text[text.index("(") + 1 : text.index(")")].split(","))
    assert x == pytest.approx(left + (right - left) * 20 / 39, abs=0.03)
    assert y == pytest.approx(top - (top - bottom) * 9 / 39, abs=0.03)
    page.page.mouse.move(5, 5)
    assert page.frame.locator(".tip").is_hidden()


def test_hover_on_a_fake_names_it_and_its_noise(opened, recordings):
    page = opened(show(recordings.points))
    page.run("player.go(999)")
    frame, box = recordings.points.frames[-1], page.frame.locator(STAGE).bounding_box()
    left, bottom, right, top = recordings.points.box
    x, y = places_of(frame["fakes"])[5]
    place = {
        "x": float((x - left) / (right - left)) * box["width"],
        "y": float((top - y) / (top - bottom)) * box["height"],
    }
    page.frame.locator(STAGE).hover(position=place)
    text = page.text(".tip")
    assert text.startswith("fake ")
    number = int(text.split(":")[0].split()[1]) - 1
    assert np.hypot(*(places_of(frame["fakes"])[number] - [x, y])) < 0.2
    z = recordings.points.noise[number]
    assert f"from noise ({z[0]:.2f}, {z[1]:.2f})" in text


def test_slow_motion_walks_through_the_five_steps_with_their_lines(opened, recordings):
    player = show(recordings.points, train_step=train_step)
    page = opened(player, reduced_motion="reduce")  # or one would have to wait for what moves
    page.frame.click("#slowly")
    seen, pictures = [], {}
    for name in STAGE_AT:
        step = page.run(
            "[...document.querySelectorAll('#stages > li')].findIndex((l) => l.ariaCurrent) + 1"
        )
        seen.append((step, page.text("#who"), page.run(
            "[...document.querySelectorAll('#code .lit')].map((l) => l.textContent.trim())"
        )))  # fmt: skip
        pictures[name] = page.pixels()
        page.key("ArrowRight")
    assert [step for step, _, _ in seen] == [1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 5]
    changes = [who for _, who, _ in seen if who != "No weight changes."]
    assert changes == ["D's weights change.", "G's weights change."]
    lit = {name: " ".join(lines) for name, (_, _, lines) in zip(STAGE_AT, seen, strict=True)}
    assert "loss_d.backward()" in lit["d_gradients"]
    assert "loss_g" not in lit["d_gradients"]
    assert lit["d_update"] == "gan.optimizer_d.step()"
    assert lit["fresh_fakes"].startswith("fake = gan.generator(")
    assert "gan.discriminator.logits(fake)" in lit["g_answers"]
    assert lit["g_gradients"] == "loss_g.backward()"
    assert lit["g_update"] == "gan.optimizer_g.step()"
    same = ("d_loss", "g_answers", "g_loss")  # as the stage before: nothing moves on the plane
    for before, after in pairwise(pictures):
        if after not in same:
            assert pictures[before] != pictures[after], after
    first = page.text(".reading")
    assert first.startswith("Iteration 1:")
    page.frame.select_option("#moment", "2")
    page.settle()
    assert page.text(".reading").startswith("Iteration 150:")
    page.key("Home")
    assert page.run("player.slow.stage.name") == "batch"
    page.key("Escape")
    assert page.frame.locator("#slow").is_hidden()


def test_slow_motion_plays_by_itself(opened, recordings):
    page = opened(show(recordings.points))
    page.frame.click("#slowly")
    page.frame.select_option("#speed", "4")
    page.frame.click("#play")
    page.until("!['batch', 'fakes'].includes(player.slow.stage.name)")
    page.frame.click("#play")
    assert "puts your own lines here" in page.run("document.getElementById('code').textContent")


def test_pictures_a_tile_is_enlarged_and_followed(opened, recordings):
    page = opened(show(recordings.pictures))
    box = page.frame.locator(STAGE).bounding_box()
    assert page.frame.locator(".follow").is_hidden()
    page.frame.locator(STAGE).click(position={"x": box["width"] * 0.6, "y": box["height"] * 0.4})
    assert page.frame.locator(".follow").is_visible()
    assert page.text(".follow p").startswith("Picture 7.")
    small, big = page.pixels(), page.pixels(".follow canvas")
    page.run("player.go(999)")
    assert page.pixels() != small
    assert page.pixels(".follow canvas") != big
    answer = recordings.pictures.frames[-1]["answers"][6] / 254
    assert f"at the end {answer:.2f}" in page.text(".follow p")
    page.frame.select_option(".layers select", "-1")
    assert page.frame.locator(".follow").is_hidden()


def test_pictures_borders_and_real_examples_are_layers(opened, recordings):
    page = opened(show(recordings.pictures))
    with_border = page.pixels()
    page.frame.locator('input[name="border"]').uncheck()
    assert page.pixels() != with_border
    page.frame.locator('input[name="real"]').check()
    page.settle()
    box = page.frame.locator(STAGE).bounding_box()
    assert box["width"] > 1.8 * box["height"]
    page.frame.locator(STAGE).hover(position={"x": 10, "y": 10})
    assert page.text(".tip").startswith("picture 1: D says")


def test_pictures_slow_motion(opened, recordings):
    page = opened(show(recordings.pictures, train_step=train_step))
    page.frame.click("#slowly")
    pictures = []
    for stage in ("batch", "d_answers", "g_update"):
        page.run(f"player.setStage({STAGE_AT[stage]})")
        pictures.append(page.pixels())
    assert len(set(pictures)) == 3
    assert "times enlarged" in page.text(".reading")


def test_side_by_side_lengths_mean_the_same(opened, recordings):
    page = opened(show(recordings.points, recordings.short))
    assert page.run("player.views[0].longest === player.views[1].longest")
    assert page.run("player.views[0].longest > 0")
    assert page.run("player.charts[0].top === player.charts[3].top")


def test_two_recordings_run_on_one_clock(opened, recordings):
    page = opened(show(recordings.points, recordings.pictures))
    assert page.frame.locator("h2").all_inner_texts() == ["Points", "Pictures"]
    one, other = page.pixels(nth=0), page.pixels(nth=1)
    page.frame.locator(STAGE).first.click()
    page.key("End")
    assert page.pixels(nth=0) != one
    assert page.pixels(nth=1) != other
    assert page.run("player.times.at(-1)") == 150
    assert "Step 150 of 150" in page.text("#live")
    assert "Step 40 of 40" in page.text("#live")  # the shorter one stays at its end
    page.run("player.go(3)")
    step = page.run("player.times[3]")
    assert page.run(f"player.views.every((v) => v.raw.steps[v.frameAt({step})] <= {step})")
    page.frame.click("#slowly")
    page.run(f"player.setStage({STAGE_AT['d_update']})")
    assert page.text("#who") == "D's weights change."


IN_A_CELL = """<!doctype html><style>* {{ color: red !important; font-size: 40px }}
button {{ display: none }}</style><body>{}</body>"""


def coloured(title, colour, steps):
    """A run whose fakes go from gray to a colour; its networks are plain functions of arrays."""
    end, done = np.float32(colour) / 127.5 - 1, 0
    recording = Recording("pictures", np.zeros((9, 2)), None, title, steps, most=10)

    def generator(noise):
        return np.broadcast_to(done / steps * end, (len(noise), 16, 16, 3))

    def discriminator(fakes):
        return np.full(len(fakes), 0.5)

    for done in range(steps + 1):
        recording.watch(done, generator, discriminator) if done < steps else None
    history = {name: np.zeros(steps) for name in COLUMNS}
    return recording.finish(history, generator, discriminator)


def test_pictures_in_colour_side_by_side(opened):
    red, green = (210, 40, 60), (30, 170, 70)
    runs = coloured("Red", red, 20), coloured("Green", green, 40)
    cell = next(c for c in code_cells("04_celeba_keras_gan") if "def train_step" in c)
    page = opened(show(*runs, train_step=cell[cell.index("    def train_step") :]))
    assert [page.colour(c, nth=n) for n in (0, 1) for c in (red, green)] == [0] * 4
    page.key("End")
    shown = [page.colour(c, nth=n) > 10_000 for n in (0, 1) for c in (red, green)]
    assert shown == [True, False, False, True]
    assert page.run("player.times.length") > len(runs[0].frames) == 10
    page.key("s")
    lines = {
        "d_answers": "both = self.logits(",
        "d_update": "self.optimizer_d.apply(tape.gradient(",
    }
    for stage, begins in lines.items():
        page.run(f"player.setStage({STAGE_AT[stage]})")
        assert page.text("#code .lit").strip().startswith(begins)
    # the change from gray, enlarged until one of r, g, b is at its end
    page.run(f"player.setStage({STAGE_AT['g_update']})")
    changes = [page.colour(c, nth=n) > 10_000 for n in (0, 1) for c in ((248, 0, 29), (0, 183, 52))]
    assert changes == [True, False, False, True]


def test_in_a_sandboxed_frame_as_in_a_notebook(opened, recordings):
    html = show(recordings.points)._repr_html_()
    assert 'sandbox="allow-scripts"' in html
    page = opened(IN_A_CELL.format(html), ready=False, width=420)  # narrow: it needs to grow
    handle = page.page.wait_for_selector("iframe.gan-player")
    frame = handle.content_frame()
    frame.wait_for_selector("body[data-ready]")
    inner = Opened(page.page, frame)
    assert frame.locator("#play").is_visible()  # the cell's style stays outside
    needed = inner.run("document.querySelector('main').offsetHeight")
    assert needed > 800
    page.page.wait_for_function(f"document.querySelector('iframe').offsetHeight >= {needed}")
    before = inner.pixels()
    frame.click("#play")
    inner.until("player.state.index >= 3")
    frame.click("#play")
    assert inner.pixels() != before
    now = inner.index()
    inner.key("ArrowLeft")
    assert inner.index() == now - 1
    assert (
        inner.run("(() => { try { return parent.document.title; } catch { return 'no'; } })()")
        == "no"
    )


def test_the_page_may_not_reach_the_network(browser, recordings, tmp_path):
    context = browser.new_context()
    page = context.new_page()
    page.goto(show(recordings.points).save(tmp_path / "run.html").as_uri())
    page.wait_for_selector("body[data-ready]")
    answer = page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'in', (e) => e.message)")
    assert answer == "Failed to fetch"
    violations = page.evaluate(
        """new Promise((done) => {
          addEventListener("securitypolicyviolation", (e) => done(e.violatedDirective));
          fetch("http://127.0.0.1:9/").catch(() => 0); setTimeout(() => done("none"), 2000); })"""
    )
    assert violations == "connect-src"
    context.close()


def test_without_javascript_six_moments_stand_there(opened, recordings):
    page = opened(show(recordings.points), ready=False, java_script_enabled=False)
    picture = page.page.locator("noscript img")
    assert picture.is_visible()
    assert "from step 0 to step 150" in picture.get_attribute("alt")
    assert picture.bounding_box()["width"] > 300


@pytest.mark.parametrize("which", ["points", "pictures", "both"])
def test_nothing_sticks_out_at_any_width_in_light_and_dark(opened, recordings, which):
    one, other = recordings.points, recordings.pictures
    chosen = {"points": (one,), "pictures": (other,), "both": (one, other)}[which]
    page = opened(show(*chosen, train_step=train_step), color_scheme="light")
    for width in (360, 1024, 1920):
        page.page.set_viewport_size({"width": width, "height": 800})
        colours = []
        for scheme in ("light", "dark"):
            page.page.emulate_media(color_scheme=scheme)
            page.settle()
            colours.append(page.run("getComputedStyle(document.body).backgroundColor"))
            for _ in range(2):  # as it opens, and in slow motion
                assert page.run("document.documentElement.scrollWidth") <= width
                outside = page.run(
                    "[...document.querySelectorAll('button, select, input[type=range]')].filter("
                    "(e) => e.offsetParent && e.getBoundingClientRect().right > innerWidth).length"
                )
                assert outside == 0
                page.frame.click("#slowly")
                page.settle()
        assert colours == [f"rgb{rgb(theme['paper'])}" for theme in (LIGHT, DARK)]


def test_light_and_dark_can_be_changed(opened, recordings):
    page = opened(show(recordings.points))
    light = page.pixels()
    page.frame.click("#theme")
    assert page.pixels() != light
    page.frame.click("#theme")
    assert page.pixels() == light


def test_reduced_motion_is_respected(opened, recordings):
    page = opened(show(recordings.points), reduced_motion="reduce")
    page.frame.locator('input[name="grid"]').check()
    page.run("player.views[0].setMorph(0)")
    page.frame.click(".morph button")
    assert page.run("player.views[0].morph") == 1  # at once
    page.frame.click("#play")
    page.page.wait_for_timeout(1100)
    page.frame.click("#play")
    assert 1 <= page.index() <= 4


def test_readers_who_do_not_see_are_told(opened, recordings):
    page = opened(show(recordings.points, train_step=train_step))
    unnamed = page.run(
        """[...document.querySelectorAll("button, select, input, canvas, svg[role]")].filter((e) =>
        !(e.ariaLabel || e.textContent.trim() || e.title || e.labels?.[0]?.textContent.trim()))
        .map((e) => e.outerHTML)"""
    )
    assert unnamed == []
    assert page.run("document.getElementById('live').ariaLive") == "polite"
    first, label = page.text("#live"), page.frame.locator(STAGE).get_attribute("aria-label")
    page.key("End")
    assert page.text("#live") != first
    assert page.frame.locator(STAGE).get_attribute("aria-label") != label
    assert "Coverage" in page.text("#live")
    value = page.frame.locator("#time").get_attribute("aria-valuetext")
    assert value.startswith("step 150")
    page.frame.click("#slowly")
    assert page.text("#live").startswith("Step 1 of 5")


def test_broken_and_unfinished_runs_are_shown_as_far_as_they_go(opened, recordings):
    page = opened(show(recordings.short))
    assert "stopped at step 60 of 400" in page.text(".warning")
    run = Recorded("points", planned=20).train(10)
    for network in run.players:
        for parameter in network.parameters():
            parameter.data.fill_(float("nan"))
    page = opened(show(run.train(10).finish()), name="nan.html")
    assert "From step 11 on the losses are not numbers" in page.text(".warning")
    page.key("End")
    assert "not a number" in page.text("#live")
    assert page.colour(REAL) > 500  # the rest is still drawn
    page.frame.click("#slowly")
    for stage in STAGE_AT.values():
        page.run(f"player.setStage({stage})")
        page.settle()


def test_one_frame_is_shown_and_said(opened):
    run = Recorded("points")
    run.recording.watch(0, *run.players)
    page = opened(show(run.recording))
    assert "Only one frame" in page.text(".warning")
    assert page.frame.locator("#play").is_disabled()
    assert page.frame.locator("#slowly").is_disabled()
    page.key("ArrowRight", "End", " ", "s")
    assert page.index() == 0


@pytest.mark.parametrize("kind", ["html", "slides", "classic"])
def test_in_an_exported_notebook(browser, recordings, tmp_path, monkeypatch, kind):
    """Offline, the scripts that nbconvert's own page asks for are missing; the player is not."""
    nbformat = pytest.importorskip("nbformat")
    nbconvert = pytest.importorskip("nbconvert")
    player = show(recordings.points)
    shown = []

    def display(data, raw=False):
        data, about = (data, {}) if raw else DisplayFormatter().format(data)
        text = {k: to_json(v) if isinstance(v, bytes) else v for k, v in data.items()}
        shown.append((text, about))

    monkeypatch.setattr("IPython.display.display", display)
    player._ipython_display_()
    outputs = [nbformat.v4.new_output("display_data", d, metadata=m) for d, m in shown]
    cell = nbformat.v4.new_code_cell("show(recording)", outputs=outputs)
    cell.metadata["slideshow"] = {"slide_type": "slide"}
    notebook = nbformat.v4.new_notebook(cells=[cell])
    exporter = {
        "html": nbconvert.HTMLExporter(),
        "slides": nbconvert.SlidesExporter(),
        "classic": nbconvert.HTMLExporter(template_name="classic"),
    }[kind]
    path = tmp_path / f"lesson.{kind}.html"
    path.write_text(exporter.from_notebook_node(notebook)[0], encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    errors = []
    page.on(
        "console",
        lambda m: m.type == "error" and "srcdoc" in str(m.location) and errors.append(m.text),
    )
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    alt = page.locator("img[src^='data:image/png']").first.get_attribute("alt")
    if kind == "classic":  # the other templates of nbconvert drop the alt text of any picture
        assert "from step 0 to step 150" in alt
    frame = page.wait_for_selector("iframe.gan-player", state="attached").content_frame()
    frame.wait_for_selector("body[data-ready]", state="attached")
    inner = Opened(page, frame)
    before = inner.run("document.querySelector('.stage canvas').toDataURL()")
    inner.run("(player.go(40), player.drawNow())")
    assert inner.run("document.querySelector('.stage canvas').toDataURL()") != before
    assert errors == []
    context.close()


CELLS = (
    """
from tests.toys import Recorded, train_step
from helpers.player import show
show(Recorded("points", planned=40).train(40).finish(), train_step=train_step)
""",
    """
import numpy as np
from helpers import controls
def draw(noise):
    return np.broadcast_to(np.asarray(noise).reshape(-1, 1, 1, 1), (2, 1, 8, 8))
controls.directions(draw, np.zeros(2), places=(0, 1), reach=1.0)
""",
    """
state = np.zeros(2)
def brighter():
    state[0] += 0.5
controls.buttons({"brighter": brighter}, lambda: draw(state))
""",
)


@pytest.fixture
def jupyterlab(tmp_path):
    """A JupyterLab of its own on a free port of this machine, with a notebook in its folder."""
    pytest.importorskip("jupyterlab")
    nbformat = pytest.importorskip("nbformat")
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    (tmp_path / "work").mkdir()
    nbformat.write(notebook, tmp_path / "work" / "t.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = {name: str(tmp_path) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "HOME")}  # fmt: skip
    settings = tmp_path / "lab/user-settings/@jupyterlab"
    (settings / "apputils-extension").mkdir(parents=True)
    (settings / "apputils-extension/notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}'
    )
    root = Path(__file__).parents[2]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        "--IdentityProvider.token=t", f"--ServerApp.root_dir={tmp_path / 'work'}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    environment = {**os.environ, **home, "PYTHONPATH": str(root)}
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    yield f"http://127.0.0.1:{port}", tmp_path / "log"
    server.terminate()
    server.wait(20)


def asked(url, seconds=60):
    """Ask the server until it answers with something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)
        except OSError:
            time.sleep(0.3)
    raise AssertionError("the server of the test does not answer")


def live_controls_change_their_own_picture(page):
    page.wait_for_function("document.querySelectorAll('.jupyter-widgets img').length === 2")

    def pictures():
        return page.evaluate(
            """Promise.all([...document.querySelectorAll(".jupyter-widgets img")].map((i) =>
            fetch(i.src).then((r) => r.arrayBuffer()).then((b) => new Uint8Array(b).join())))"""
        )

    def changed_after(act):
        before, end = pictures(), time.monotonic() + 30
        act()
        while (now := pictures()) == before:
            assert time.monotonic() < end, "no picture has changed"
            page.wait_for_timeout(50)
        return [a != b for a, b in zip(before, now, strict=True)]

    handle = page.locator(".widget-slider .noUi-handle").first
    handle.scroll_into_view_if_needed()

    def slide():
        handle.click()
        page.keyboard.press("ArrowRight")

    assert changed_after(slide) == [True, False]
    assert page.locator(".widget-readout").first.inner_text() == "0.05"
    assert changed_after(lambda: page.click("button:has-text('brighter')")) == [False, True]
    page.wait_for_selector("text=Last: brighter (press 1).")
    assert page.locator("text=number 1: 0.05, number 2: 0.00").count() == 1


def test_in_jupyterlab_after_run_all(browser, jupyterlab):
    address, log = jupyterlab
    asked(f"{address}/api/status?token=t")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    problems, abroad = [], []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: "srcdoc" in str(m.location) and problems.append(m.text))
    here = (address, "data:", "blob:", "ws:", "about:")
    page.on("request", lambda r: r.url.startswith(here) or abroad.append(r.url))
    page.goto(f"{address}/lab/tree/t.ipynb?token=t&reset")
    end = time.monotonic() + 90
    while True:  # "Run All" before the kernel is connected would run nothing
        sessions = asked(f"{address}/api/sessions?token=t")
        if any(
            s["kernel"]["execution_state"] == "idle" and s["kernel"]["connections"]
            for s in sessions
        ):
            break
        assert time.monotonic() < end, log.read_text()[-2000:]
        time.sleep(0.3)
    page.click("text=Run >> nth=0")
    page.click("text=Run All Cells")
    frame = page.wait_for_selector(".jp-OutputArea-output iframe.gan-player").content_frame()
    frame.wait_for_selector("body[data-ready]")
    inner = Opened(page, frame)
    before = inner.pixels()
    frame.click("#play")
    inner.until("player.state.index >= 2")
    frame.click("#play")
    assert inner.pixels() != before
    frame.click("#slowly")
    assert inner.text("#live").startswith("Step 1 of 5")
    assert "# 1. real examples" in inner.text("#code")
    still = page.get_attribute(".jp-RenderedImage img", "src")  # Lab itself drops its alt text
    assert still.startswith("data:image/png")
    needed = inner.run("document.querySelector('main').offsetHeight")
    assert page.evaluate("document.querySelector('iframe.gan-player').offsetHeight") >= needed
    live_controls_change_their_own_picture(page)
    assert problems == []
    assert abroad == []
    context.close()
