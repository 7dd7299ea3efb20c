"""The offline copy in a real browser without a network: its slides, pages, players and formulas."""

from pathlib import Path

import pytest

from notebooks.tools.offline import NOTEBOOKS, build
from tests.browser.test_player import CHROMIUM, FLAGS, playwright

NAMES = sorted(path.stem for path in NOTEBOOKS.glob("[0-9]*.ipynb"))
each_lesson = pytest.mark.parametrize("name", NAMES)
FACTS = """[...document.querySelectorAll("section")].map((slide) => {
  const rects = [...slide.querySelectorAll("h1, h2, h3, p, li, pre, table, math, img, iframe")]
    .map((e) => e.getBoundingClientRect());
  const size = (e) => parseFloat(getComputedStyle(e).fontSize);
  return { text: slide.innerText.slice(0, 60), scroll: slide.scrollHeight,
    top: Math.min(...rects.map((r) => r.top)), bottom: Math.max(...rects.map((r) => r.bottom)),
    right: Math.max(...rects.map((r) => r.right)),
    letters: Math.min(99, ...[...slide.querySelectorAll("pre, p, li, td")].map(size)),
    wide: Math.max(0, ...[...slide.querySelectorAll("pre")]
      .map((e) => e.scrollWidth - e.clientWidth)),
    pictures: Math.min(999, ...[...slide.querySelectorAll("img")].map((e) => e.clientHeight)) };
})"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offline")
    written = build(folder)
    assert sum(path.stat().st_size for path in written) < 25e6
    return folder


@pytest.fixture(scope="module")
def opened():
    """Opens a page of 1280 x 720 pixels; at the end, nothing may have been asked or gone wrong."""
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(offline=True, viewport={"width": 1280, "height": 720})
        context.set_default_timeout(60_000)
        problems = []

        def open_page(path: Path):
            page = context.new_page()
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("console", lambda m: m.type == "error" and problems.append(m.text))
            local = ("file:", "data:", "about:", "blob:")
            page.on("request", lambda r: r.url.startswith(local) or problems.append(r.url))
            page.goto(path.as_uri())
            for frame in page.query_selector_all("iframe.gan-player"):
                frame.content_frame().wait_for_selector("body[data-ready]")
            assert problems == []
            return page

        yield open_page
        assert problems == []
        browser.close()


@each_lesson
def test_every_slide_fits_and_can_be_read(opened, folder, name):
    page = opened(folder / f"{name}_slides.html")
    slides = page.evaluate(FACTS)
    assert len(slides) > 15
    for slide in slides:
        assert slide["scroll"] <= 720 and slide["wide"] == 0, slide
        assert slide["top"] >= 0 and slide["bottom"] <= 720 and slide["right"] <= 1280, slide
        assert slide["letters"] >= 16 and slide["pictures"] >= 250, slide
    page.close()


def test_keys_turn_the_slides(opened, folder):
    page = opened(folder / "01_sine_gan_slides.html")

    def shown():
        return page.evaluate(
            """[...document.querySelectorAll("section")].map((s, i) => [i + 1, getComputedStyle(s)
            .visibility]).filter((s) => s[1] === "visible").map((s) => s[0])"""
        )

    assert shown() == [1]
    for key, place in (("PageDown", 2), (" ", 3), ("ArrowLeft", 2), ("Home", 1), ("PageUp", 1)):
        page.keyboard.press(key)
        assert shown() == [place]
    page.keyboard.press("End")
    last = page.evaluate("document.querySelectorAll('section').length")
    assert shown() == [last] and page.inner_text("#place") == f"{last} / {last}"
    page.reload()
    assert shown() == [last]
    page.set_viewport_size({"width": 1920, "height": 900})
    box = page.locator("main").bounding_box()
    assert (round(box["height"]), round(box["width"])) == (900, 1600)
    page.close()


@pytest.mark.parametrize("page_name", ["01_sine_gan_slides", "01_sine_gan"])
def test_the_player_moves(opened, folder, page_name):
    page = opened(folder / f"{page_name}.html")
    handle = page.query_selector("iframe.gan-player")
    if page_name.endswith("slides"):
        place = page.evaluate(
            """[...document.querySelectorAll("section")].findIndex((s) =>
            s.querySelector("iframe.gan-player"))"""
        )
        page.evaluate(f"show({place})")
    frame = handle.content_frame()
    picture = "document.querySelector('.stage canvas').toDataURL()"
    before = frame.evaluate(picture)
    handle.scroll_into_view_if_needed()
    press(page, handle, "#play")
    for _ in range(200):
        page.wait_for_timeout(100)
        if frame.evaluate("player.state.index") >= 2:
            break
    assert frame.evaluate(picture) != before
    page.close()


def press(page, handle, selector):
    """Click with the mouse where a reader sees the button: a slide shows its player smaller."""
    frame, box = handle.content_frame(), handle.bounding_box()
    scale = box["width"] / frame.evaluate("innerWidth")
    inner = frame.evaluate(
        f"""(() => {{ const r = document.querySelector("{selector}").getBoundingClientRect();
        return [r.x + r.width / 2, r.y + r.height / 2]; }})()"""
    )
    page.mouse.click(box["x"] + scale * inner[0], box["y"] + scale * inner[1])


@each_lesson
def test_pages_are_whole(opened, folder, name):
    page = opened(folder / f"{name}.html")
    text = page.evaluate(
        """(() => { for (const e of document.querySelectorAll("pre, code")) e.remove();
        return document.body.innerText; })()"""
    )
    assert "$" not in text and "\\" not in text
    if name == "01_sine_gan":
        sizes = page.evaluate(
            "[...document.querySelectorAll('math')].map((e) => e.getBoundingClientRect().width)"
        )
        assert len(sizes) > 20 and min(sizes) > 5
    nameless = page.evaluate("document.querySelectorAll('img:not([alt]), img[alt=\"\"]').length")
    assert nameless == 0
    page.close()


def test_all_links_lead_somewhere(opened, folder):
    for path in sorted(folder.glob("*.html")):
        page = opened(path)
        links = page.evaluate("[...document.querySelectorAll('a')].map((a) => a.href)")
        page.close()
        for link in links:
            target, _, anchor = link.partition("#")
            if target.startswith("file:") and anchor and target != path.as_uri():
                page = opened(folder / Path(target).name)
                assert page.evaluate(
                    "(name) => !!document.getElementById(decodeURIComponent(name))", anchor
                ), link
                page.close()
            elif target.startswith("file:"):
                assert (folder / Path(target).name).exists(), link
