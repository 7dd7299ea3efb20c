"""One trial: what it ended in, in this process or in one that may be killed."""

import contextlib
import hashlib
import io
import multiprocessing
import os
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import forkserver
from pathlib import Path

from helpers.base.errors import CourseError
from tests.trouble import is_one_sentence

DATA, SENTENCE, TRACEBACK, LOST = ENDS = ("data", "one sentence", "tracebacks", "lost")
PATIENCE = 120  # seconds for a trial in a process of its own

# Progress bars have a lock each, which a process that is killed does not clear away.
os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")
_processes = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")


def pay_for_imports(*modules: str) -> None:
    """Start the process from which all others are forked, with these modules.

    It has to start where `tests` is found: a module that it misses it leaves out in silence. Both
    frameworks have no threads yet when they are only imported, so that forking is safe.
    """
    if os.name == "posix":
        _processes.set_forkserver_preload([*modules])
        forkserver.ensure_running()


class Lost(Exception):
    """Something of the user's has changed or is gone, or a wrong result came in silence."""


@dataclass
class Kind:
    """What the trials of one kind ended in."""

    name: str
    ends: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)  # what ended badly, in a line each

    def add(self, end: str, told: str, what: str) -> None:
        self.ends[end] += 1
        if end in (TRACEBACK, LOST):
            self.problems.append(f"{self.name}, {what}: {end}: {told}")

    def row(self) -> list[str]:
        return [self.name, *map(str, (self.ends.total(), *(self.ends[end] for end in ENDS)))]


def end_of(trial: Callable[..., str | None], *arguments: object) -> tuple[str, str]:
    """Return what a trial ended in, and the words.

    A trial returns "" where it found the right data, else the sentence that the course has said
    instead of giving them; or it raises what the course has raised.
    """
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            told = trial(*arguments)
    except Lost as problem:
        return LOST, str(problem)
    except CourseError as problem:
        told = str(problem)
    except (Exception, SystemExit):
        return TRACEBACK, " / ".join(traceback.format_exc().strip().splitlines()[-5:])
    if not told:
        return DATA, ""
    return (SENTENCE, told) if is_one_sentence(told) else (TRACEBACK, f"no sentence: {told!r}")


@contextlib.contextmanager
def process(target: Callable, *arguments: object) -> Iterator:
    """Give a process that runs `target`; it does not outlive the block."""
    child = _processes.Process(target=target, args=arguments)
    child.start()
    try:
        yield child
    finally:
        child.kill()
        child.join()


def _send(pipe, task, arguments) -> None:
    pipe.send(task(*arguments))


def from_process(task: Callable, *arguments: object) -> list[tuple[str, str, str]]:
    """Return what a function returns in a process of its own, whose death counts as a traceback."""
    ours, theirs = _processes.Pipe(duplex=False)
    with process(_send, theirs, task, arguments) as child:
        theirs.close()
        try:
            if ours.poll(PATIENCE):
                return ours.recv()
            return [(TRACEBACK, f"not done after {PATIENCE} s", "")]
        except EOFError:
            child.join(5)
            return [(TRACEBACK, f"the process ended with code {child.exitcode}", "")]


def _alone(trial: Callable, *arguments: object) -> list[tuple[str, str, str]]:
    return [(*end_of(trial, *arguments), "")]


def end_apart(trial: Callable, *arguments: object) -> tuple[str, str]:
    """Do as `end_of` in a process of its own."""
    return from_process(_alone, trial, *arguments)[0][:2]


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Give an empty folder, in which the trial also stands."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="gan-drill-", ignore_cleanup_errors=True) as name:
        os.chdir(name)
        try:
            yield Path(name).resolve()
        finally:
            os.chdir(here)


def contents(place: Path) -> dict[str, str]:
    """Return a digest of each file below a folder."""
    digests = {}
    for path in sorted(place.rglob("*")):
        name = ascii(path.relative_to(place))
        digests[name] = ""
        if path.is_file():
            digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return digests


@contextlib.contextmanager
def untouched(place: Path) -> Iterator[None]:
    """Raise Lost if anything in a folder of the user's is changed, added or gone."""
    before = contents(place)
    try:
        yield
    finally:
        if changed := sorted(set(before.items()) ^ set(contents(place).items())):
            raise Lost(f"changed in the user's folder: {changed[:3]}")


def expect(right: object, what: str) -> None:
    """Raise Lost unless a result is the right one."""
    if not right:
        raise Lost(what)


@contextlib.contextmanager
def variables(**values: str | None) -> Iterator[None]:
    """Set environment variables, or take them away (None), inside."""
    before = {name: os.environ.get(name) for name in values}
    try:
        _set(values)
        yield
    finally:
        _set(before)


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
