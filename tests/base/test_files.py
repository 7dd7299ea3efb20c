"""Files that come with the course are what they were, and no file is ever written by half."""

import shutil
import sys

import pytest

from helpers.base import files
from helpers.base.files import DATA, new_file, own_folder, sha256, shipped, write_sum, write_text
from helpers.tables import read_arrays, read_rows
from tests.trouble import DAMAGE, damage, refused

SHIPPED = [path.name for kind in ("npz", "safetensors", "zip") for path in DATA.glob(f"*.{kind}")]
SHIPPED += [f"measured/{path.name}" for path in (DATA / "measured").iterdir()]


def test_what_comes_with_the_course_is_sound_and_the_sums_name_nothing_else():
    assert all(shipped(name) == DATA / name for name in SHIPPED)
    names = [line.split()[1] for line in (DATA / "SHA256SUMS").read_text().splitlines()]
    assert sorted(name for name in names if "MNIST/raw/" not in name) == sorted(SHIPPED)


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("victim", ["drawn_faces.zip", "SHA256SUMS"])
def test_damaged_files_are_refused(victim, how, tmp_path, monkeypatch):
    shutil.copy(DATA / "drawn_faces.zip", tmp_path)
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(f"{sha256(DATA / 'drawn_faces.zip')}  drawn_faces.zip")
    monkeypatch.setattr(files, "DATA", tmp_path)
    assert shipped("drawn_faces.zip")
    damage(tmp_path / victim, how)
    with refused("missing or damaged"):
        shipped("drawn_faces.zip")


def test_new_file_is_there_as_a_whole_or_not_at_all(tmp_path):
    path = tmp_path / "notes.txt"
    write_text(path, "one")
    with pytest.raises(KeyboardInterrupt), new_file(path) as part:
        part.write_text("half")
        assert part.parent == tmp_path and path.read_text() == "one"
        raise KeyboardInterrupt
    assert path.read_text() == "one" and list(tmp_path.iterdir()) == [path]
    with new_file(path) as one, new_file(path) as other:  # two at a time do not meet
        one.write_text("two")
        other.write_text("three")
    assert path.read_text() == "two" and list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def test_where_data_cannot_be_written_files_go_to_a_temporary_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(files, "DATA", tmp_path / "data")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert own_folder("runs") == tmp_path / "data" / "runs" and not capsys.readouterr().out
    (tmp_path / "file").touch()
    monkeypatch.setattr(files, "DATA", tmp_path / "file")
    place = own_folder("runs")
    assert place == tmp_path / "gan-course" / "runs" and place.is_dir()
    assert str(place) in capsys.readouterr().out


def test_where_nothing_can_be_written_at_all_the_writer_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "DATA", tmp_path / "file" / "data")
    (tmp_path / "file").touch()
    monkeypatch.setattr(files.tempfile, "tempdir", str(tmp_path / "file"))
    assert own_folder("runs").name == "runs"  # and nothing is raised


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize(("read", "name"), [(read_rows, "a.csv"), (read_arrays, "a.npz")])
def test_a_damaged_table_is_refused(read, name, how, tmp_path, monkeypatch):
    path = tmp_path / "measured" / name
    path.parent.mkdir()
    shutil.copy(DATA / "measured" / f"lecture_digits{path.suffix}", path)
    (tmp_path / "SHA256SUMS").touch()
    write_sum(path, tmp_path)
    monkeypatch.setattr(files, "DATA", tmp_path)
    assert len(read("a"))
    damage(path, how)
    with refused(f"data/measured/{name} is missing or damaged"):
        read("a")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that cannot be read")
def test_an_error_of_the_disk_is_no_damage(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "DATA", tmp_path)
    (tmp_path / "a.npz").symlink_to("/proc/self/mem")  # "Input/output error"
    with refused("not to be read"):
        shipped("a.npz")
