"""The web site in a real browser without a network: landing, pages, slides, search, players."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from notebooks.tools.site.lessons import NOTEBOOKS
from tests.browser.test_player import CHROMIUM, FLAGS, playwright
from tests.builder import needs_builder

pytestmark = needs_builder
NAMES = sorted(path.stem for path in NOTEBOOKS.glob("[0-9]*.ipynb"))
PAGES = [*NAMES, "index", "results", "where", "lecture", "exercises", "solutions", "search"]
RUSSIAN = ["ru/index", f"ru/{NAMES[0]}", "ru/lecture"]  # the others are made of the same parts
each_lesson = pytest.mark.parametrize("name", NAMES)
each_slides = pytest.mark.parametrize("name", [*NAMES, *(f"ru/{name}" for name in NAMES)])
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
    pictures: Math.min(999, ...[...slide.querySelectorAll("img:not(.still)")]
      .map((e) => e.clientHeight)) };
})"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from notebooks.tools.site.build import build

    folder = tmp_path_factory.mktemp("site")
    assert build(folder) == []  # no warning
    return folder


@pytest.fixture(scope="module")
def opened():
    """Opens pages in windows of their own, without a network."""
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        problems, contexts, asked = [], [], []

        def open_page(path: Path, width=1280, height=720, mark="", **options):
            context = browser.new_context(
                offline=True, viewport={"width": width, "height": height}, **options
            )
            context.set_default_timeout(180_000)  # where other work is done as well
            contexts.append(context)
            page = context.new_page()
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("console", lambda m: m.type == "error" and problems.append(m.text))
            local = ("file:", "data:", "about:", "blob:")
            page.on("request", lambda r: r.url.startswith(local) or problems.append(r.url))
            page.on("request", lambda r: asked.append(r.url))
            page.goto(path.as_uri() + mark)
            return page

        open_page.contexts, open_page.problems, open_page.asked = contexts, problems, asked
        yield open_page
        browser.close()


@pytest.fixture(autouse=True)
def nothing_amiss(opened):
    """After each test nothing has been asked of a network or gone wrong."""
    yield
    for context in opened.contexts:
        context.close()
    problems = list(opened.problems)
    opened.contexts.clear()
    opened.problems.clear()
    assert problems == []


def player(page, nth=0):
    """Return the frame of a player when it is ready."""
    handle = page.locator("iframe.gan-player").nth(nth)
    handle.scroll_into_view_if_needed()
    frame = handle.element_handle().content_frame()
    frame.wait_for_selector("body[data-ready]", state="attached")
    return frame


def until(page, condition, seconds=60):
    """Wait until a function returns something true."""
    for _ in range(10 * seconds):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it has not come true")


@each_slides
def test_every_slide_fits_and_can_be_read(opened, folder, name):
    page = opened(folder / f"{name}_slides.html")
    slides = page.evaluate(FACTS)
    assert len(slides) > 15
    for slide in slides:
        assert slide["scroll"] <= 720 and slide["wide"] == 0, slide
        assert slide["top"] >= 0 and slide["bottom"] <= 720 and slide["right"] <= 1280, slide
        assert slide["letters"] >= 16 and slide["pictures"] >= 250, slide


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


@pytest.mark.parametrize("page_name", ["01_sine_gan_slides", "01_sine_gan"])
def test_the_player_moves(opened, folder, page_name):
    page = opened(folder / f"{page_name}.html")
    if page_name.endswith("slides"):
        place = page.evaluate(
            """[...document.querySelectorAll("section")].findIndex((s) =>
            s.querySelector("iframe.gan-player"))"""
        )
        page.evaluate(f"show({place})")
    frame = player(page)
    picture = "document.querySelector('.stage canvas').toDataURL()"
    before = frame.evaluate(picture)
    if page_name.endswith("slides"):
        press(page, page.query_selector("iframe.gan-player"), "#play")
    else:
        frame.locator("#play").click()
    until(page, lambda: frame.evaluate("player.state.index") >= 2)
    assert frame.evaluate(picture) != before


def press(page, handle, selector):
    """Click with the mouse where a reader sees the button: a slide shows its player smaller."""
    frame, box = handle.content_frame(), handle.bounding_box()
    scale = box["width"] / frame.evaluate("innerWidth")
    inner = frame.evaluate(
        f"""(() => {{ const r = document.querySelector("{selector}").getBoundingClientRect();
        return [r.x + r.width / 2, r.y + r.height / 2]; }})()"""
    )
    page.mouse.click(box["x"] + scale * inner[0], box["y"] + scale * inner[1])


def stage_box(page):
    """Return where the player's picture stands in the window: top and bottom, left and right."""
    outer = page.locator("iframe.gan-player").first.bounding_box()
    inner = player(page).evaluate(
        """(() => { const r = document.querySelector(".stage canvas").getBoundingClientRect();
        return [r.top, r.bottom, r.left, r.right]; })()"""
    )
    x, y = outer["x"], outer["y"]
    return inner[0] + y, inner[1] + y, inner[2] + x, inner[3] + x


@pytest.mark.parametrize("size", [(360, 740), (1024, 768), (1920, 1080)])
def test_the_landing_page_shows_a_gan_that_learns(opened, folder, size):
    width, height = size
    page = opened(folder / "index.html", width, height)
    frame = player(page)
    until(page, lambda: frame.evaluate("player.state.index") >= 5)  # nobody has pressed anything
    assert page.evaluate("scrollY") == 0
    top, bottom, left, right = stage_box(page)
    assert top >= 0 and bottom <= height and left >= 0 and right <= width
    inner = frame.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert inner <= 0 and bottom - top > 150
    frame.locator("#play").click()
    assert frame.evaluate("player.state.playing") is False


def test_who_wants_no_motion_gets_none(opened, folder):
    page = opened(folder / "index.html", reduced_motion="reduce")
    frame = player(page)
    page.wait_for_timeout(500)
    assert frame.evaluate("[player.state.playing, player.state.index]") == [False, 0]


def test_the_site_is_light(opened, folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 43e6
    opened.asked.clear()
    page = opened(folder / "index.html")
    player(page)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(500)
    asked = {Path(url.partition("#")[0].removeprefix("file://")) for url in opened.asked}
    assert {path.suffix for path in asked} >= {".css", ".js", ".webp", ".html"}
    total = sum(path.stat().st_size for path in asked)
    assert total < 1.5e6


@pytest.mark.parametrize("name", PAGES + RUSSIAN)
@pytest.mark.parametrize("width", [360, 1920])
def test_no_page_scrolls_sideways(opened, folder, name, width):
    page = opened(folder / f"{name}.html", width, 800)
    page.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES + RUSSIAN)
def test_axe_finds_nothing_serious(opened, folder, name):
    check_with_axe(opened(folder / f"{name}.html"))


# The other lessons have the same parts, and each takes long.
@pytest.mark.parametrize("name", [NAMES[0], *PAGES[len(NAMES) :]])
def test_axe_finds_nothing_serious_in_the_dark_on_a_phone(opened, folder, name):
    check_with_axe(opened(folder / f"{name}.html", 360, 740, color_scheme="dark"))


@each_lesson
def test_axe_finds_nothing_serious_on_slides(opened, folder, name):
    check_with_axe(opened(folder / f"{name}_slides.html"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_players(opened, folder, scheme):
    for path in sorted((folder / "players").glob("*.html")):
        page = opened(path, color_scheme=scheme, bypass_csp=True)  # so that axe may run in it
        page.wait_for_selector("body[data-ready]")
        check_with_axe(page)


def check_with_axe(page):
    spec = find_spec("axe_playwright_python")
    if not spec:
        pytest.skip("no axe: pip install axe-playwright-python")
    page.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
    page.evaluate(Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate(
        """axe.run({ iframes: false, preload: false, resultTypes: ["violations"] }).then((result) =>
        result.violations.map((v) => [v.impact, v.id, v.nodes.map((n) => n.html.slice(0, 150))]))"""
    )
    assert [finding for finding in found if finding[0] in ("serious", "critical")] == []


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
            """[...document.querySelectorAll('math')].filter((e) => e.checkVisibility())
            .map((e) => e.getBoundingClientRect().width)"""
        )
        assert len(sizes) > 20 and min(sizes) > 5
    nameless = page.evaluate(
        "document.querySelectorAll('article img:not([alt]), article img[alt=\"\"]').length"
    )
    assert nameless == 0
    ways = page.locator(".related-pages a").all_inner_texts()
    assert any("Next" in way for way in ways) and any("Previous" in way for way in ways)
    assert page.locator(".toc-tree a").count() > 10


def test_each_language_leads_to_the_same_section_of_the_other(opened, folder):
    page = opened(folder / "02_mnist_gan.html")
    page.evaluate("location.hash = 'The-settings'")
    for language, heading in (("ru", "Настройки"), ("en", "The settings")):
        until(page, lambda: page.evaluate("scrollY") > 1000)  # it glides
        page.wait_for_timeout(1000)
        page.locator("a.twin").first.click()
        page.wait_for_url("**#The-settings")
        assert page.evaluate("document.documentElement.lang") == language
        place = page.locator(f"h2:has-text('{heading}')")
        until(page, lambda place=place: 0 <= place.bounding_box()["y"] < 240)
    page = opened(folder / "02_mnist_gan_slides.html", mark="#5")
    page.locator("#twin").click()
    page.wait_for_url("**/ru/02_mnist_gan_slides.html#5")
    assert page.inner_text("#place").startswith("5 / ")
    for name in PAGES:
        page = opened(folder / "ru" / f"{name}.html")
        english = page.locator("a.twin").first.evaluate("(link) => link.href")
        assert english == (folder / f"{name}.html").as_uri()


def test_search_finds_a_word_and_leads_there(opened, folder):
    page = opened(folder / "01_sine_gan.html")
    page.locator(".sidebar-search").fill("mode collapse")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a")
    links = page.locator("#search-results li a").all()
    wanted = next(link for link in links if "02" in link.inner_text())
    wanted.click()
    page.wait_for_url("**/02_mnist_gan.html**")
    assert "ollapse" in page.inner_text("article")


def test_the_theme_reaches_pages_and_players(opened, folder):
    page = opened(folder / "index.html", color_scheme="light")
    frame = player(page)
    page.locator("button.look").click()
    until(page, lambda: frame.evaluate("document.documentElement.dataset.theme") == "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"
    page.goto((folder / "01_sine_gan.html").as_uri())  # remembered
    assert page.evaluate("document.body.dataset.theme") == "dark"
    theme = "document.documentElement.dataset.theme"
    until(page, lambda: player(page).evaluate(theme) == "dark")


def test_asides_are_folded_and_a_link_opens_its_own(opened, folder):
    page = opened(folder / "01_sine_gan.html")
    shown = "[...document.querySelectorAll('.aside > details')].map((e) => e.open)"
    assert page.evaluate(shown).count(True) == 0 and len(page.evaluate(shown)) == 10
    assert page.locator(".exercise").count() == 5
    page = opened(folder / "01_sine_gan.html", mark="#Why-no-accuracy?")
    assert page.evaluate(shown).count(True) == 1
    assert page.locator("text=A classifier is judged").is_visible()
    page.keyboard.press("Tab")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert all(page.evaluate(shown))


def test_on_paper_pictures_stand_in_place_of_players(opened, folder):
    for name in ("index", "01_sine_gan", "01_sine_gan_slides"):
        page = opened(folder / f"{name}.html")
        page.emulate_media(media="print")
        assert not page.locator("iframe.gan-player").first.is_visible()
        page.locator("img.still").first.wait_for(timeout=60_000)  # it is loaded when it is needed
        assert page.evaluate("document.querySelector('img.still').naturalWidth") > 500
        assert page.pdf()


def test_tables_fit_on_paper(opened, folder):
    for name in ("lecture", "where", "results"):
        page = opened(folder / f"{name}.html", width=690)  # A4 without its margins
        page.emulate_media(media="print")
        widths = page.evaluate(
            "[...document.querySelectorAll('table')].map((e) => e.getBoundingClientRect().right)"
        )
        assert len(widths) > 2 and max(widths) <= 690


def test_drawers_open_with_the_keyboard(opened, folder):
    page = opened(folder / "02_mnist_gan.html", 360, 740)
    for _ in range(9):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('button.drawer')"):
            break
    page.keyboard.press("Enter")
    until(page, lambda: page.locator(".sidebar-tree a").first.bounding_box()["x"] >= 0)
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    page.keyboard.press("Escape")
    until(page, lambda: page.locator(".sidebar-tree a").first.bounding_box()["x"] < 0)


def test_all_links_lead_somewhere(opened, folder):
    paths = [*folder.glob("*.html"), *folder.glob("ru/*.html")]
    pages = {path: opened(path) for path in sorted(paths)}
    count = 0
    for name, page in pages.items():
        links = page.evaluate("[...document.querySelectorAll('a[href]')].map((a) => a.href)")
        for link in links:
            target, _, anchor = link.partition("#")
            if not target.startswith("file:"):
                continue
            path = Path(target.removeprefix("file://"))
            assert path.is_relative_to(folder) and path.exists(), (name, link)
            if anchor and path in pages:
                found = "(name) => !!document.getElementById(decodeURIComponent(name))"
                is_slide = path.name.endswith("_slides.html")
                assert is_slide or pages[path].evaluate(found, anchor), (name, link)
                count += 1
    assert count > 200  # those of Where to find what, for one
