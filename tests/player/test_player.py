"""The player's page as text: complete in itself, small, and safe from what it shows."""

import copy
import re

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

from helpers.base.errors import CourseError
from helpers.player import show
from helpers.player.contact_sheet import contact_sheet
from helpers.player.page_data import page_data
from helpers.player.player import VERSION, data_of, page_of
from helpers.recording import Recording
from tests.toys import Recorded, train_step

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def recordings(one_thread):
    return {
        "points": Recorded("points", planned=200).train(200).finish(),
        "pictures": Recorded("pictures", planned=60).train(60).finish(),
    }


@pytest.fixture
def points(recordings):
    return copy.deepcopy(recordings["points"])


def test_the_page_is_complete_in_itself_and_its_words_cannot_break_out(points):
    points.title = '</script><script>alert("x")</script>'
    page = show(points, train_step=train_step).page(contact_sheet=True)
    assert "<script>alert" not in page
    assert not re.search(r"https?://|//cdn|@import|url\((?!#)|^import |^export ", page, re.M)
    for mark in ("/*LIGHT*/", "/*DARK*/", "/*DATA*/", "/*SCRIPTS*/", "<!--CONTACT SHEET-->"):
        assert mark not in page
    assert "# 3. the discriminator learns" in page
    assert "<script>alert" not in show(points)._repr_html_()


@pytest.mark.parametrize("kind", ["points", "pictures"])
def test_a_page_stays_below_two_megabytes_and_has_no_more_frames_than_wanted(kind, recordings):
    recording = recordings[kind]
    assert len(show(recording, recording).page()) < 2_000_000
    steps = page_data(recording, 60)["steps"]
    assert len(steps) <= 60 and steps[-1] == recording.frames[-1]["step"]


def test_a_saved_page_stands_in_the_place_of_the_old_one(points, tmp_path):
    path = tmp_path / "run.html"
    path.write_text("old")
    assert show(points).save(str(path)) == path
    assert "from step 0 to step 200" in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_the_page_draws_the_lines_of_the_label_that_the_run_has(points):
    page = page_data(points)
    assert [level["label"] for level in page["levels"].values()] == ["2 ln 2", "ln 2", "0.5"]
    assert page["levels"]["loss_g"]["value"] == pytest.approx(np.log(2))
    assert "(0.693 if D cannot tell)" in page["moments"][0]["captions"]["g_loss"]
    points.real_label = 0.9
    page = page_data(points)
    assert [level["label"] for level in page["levels"].values()] == ["1.38", "0.80", "0.45"]
    assert "(0.799 if D cannot tell)" in page["moments"][0]["captions"]["g_loss"]


def test_what_is_broken_or_missing_is_said(points):
    points.broken_at, points.planned, points.frames = 121, 400, points.frames[:1]
    warning = page_data(points)["warning"]
    assert all(word in warning for word in ("step 121 on", "of 400", "one frame"))
    with pytest.raises(CourseError, match="no frame yet"):
        show(Recording("points", np.zeros((4, 2)), real=np.zeros((4, 2))))
    with pytest.raises(CourseError, match="takes recordings"):
        show("run.npz")


def test_a_cell_gets_the_player_and_an_ordinary_picture_with_alt_text(points, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    show(points)._ipython_display_()
    player, picture = shown
    assert 'sandbox="allow-scripts"' in player["text/html"]
    data, about = DisplayFormatter().format(picture)
    assert set(data) == {"image/png", "text/plain"}
    assert "from step 0 to step 200" in about["image/png"]["alt"]


def test_the_figure_of_six_moments_has_six_panels(recordings):
    picture = contact_sheet(*recordings.values())
    axes = picture.figure.axes
    assert len(axes) == 12 and picture.alt
    assert [axes[i].get_title() for i in (0, 5)] == ["step 0", "step 200"]


def test_what_a_cell_shows_can_be_played_by_the_page_of_today(points):
    player = show(points, train_step=train_step)
    shown = player._repr_html_()
    assert page_of(data_of(shown)) == player.page()
    assert data_of(shown.replace(f'"version": {VERSION}, ', ""))["recordings"]  # the first ones
    for other in (shown.replace('"version": 1', '"version": 0'), "<p>nothing</p>"):
        with pytest.raises(CourseError, match="another version"):
            data_of(other)
