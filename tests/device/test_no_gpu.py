"""Lessons 01 to 03 on a GPU that is not there: PyTorch's device `meta` refuses tensors of the CPU.

It computes shapes and types alone, so that what leaves it is made up here.
"""

from functools import partial

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from helpers.training.pytorch import Run
from notebooks.tools import lesson as tools

aten = torch.ops.aten
# Up to these words: where a recorded run has ended, and its players are looked at.
LESSONS = {
    "01_sine_gan": "def accuracy",
    "02_mnist_gan": "plot_film(",
    "03_fashion_gan": "in warm_run.batches(",
}


class MadeUp(TorchDispatchMode):
    """Numbers from -1 to 1 for all that leaves the device."""

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        first, options = arguments[0] if arguments else None, options or {}
        if isinstance(first, torch.Tensor) and first.is_meta:
            if function is aten._to_copy.default and options.get("device") == torch.device("cpu"):
                shown = torch.zeros(first.shape, dtype=options.get("dtype") or first.dtype)
                return shown.uniform_(-1, 1) if shown.is_floating_point() else shown
            if function is aten._local_scalar_dense.default:
                return 0.0 if first.is_floating_point() else 0
            if function is aten.equal.default:
                return False
        return function(*arguments, **options)


pytestmark = pytest.mark.filterwarnings("ignore:.*which is a no-op")  # weights from a file


@pytest.fixture
def gpu(smoke, monkeypatch):
    """Take `meta` for a GPU, as far as it goes."""
    adam = torch.optim.Adam
    monkeypatch.setenv("GAN_DEVICE", "meta")
    monkeypatch.setattr(torch.optim, "Adam", lambda *a, fused, **k: adam(*a, **k))
    monkeypatch.setattr(torch.Tensor, "__format__", lambda self, how: format(self.item(), how))
    # What a lesson asserts is about numbers.
    monkeypatch.setattr(tools, "compile", partial(compile, optimize=1), raising=False)
    with MadeUp():
        yield


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_leaves_no_tensor_on_the_cpu(lesson, gpu, monkeypatch):
    monkeypatch.setattr(Run, "seconds_between_saves", 0)
    names = tools.run_cells(lesson, until=LESSONS[lesson])
    run = names["run"]
    assert run.step == run.total > 2 and run.recording.done == run.step
    for network in run.networks.values():
        assert all(tensor.is_meta for tensor in network.parameters())


def test_a_run_that_was_cut_off_goes_on(gpu):
    names = tools.run_cells("01_sine_gan", until="def new_gan")
    preset, data, train_step = (names[name] for name in ("preset", "real_points", "train_step"))
    for last in (1, 9):
        run = Run("cut_off", preset, names["new_gan"](preset), seed=0)
        run.resume()
        assert run.step == (0 if last == 1 else 1)
        for real in run.batches(data):
            run.record(train_step(run.gan, real))
            if run.step == last:
                break
    assert run.step == 9 and len(run.history["loss_d"]) == 9


@pytest.mark.parametrize("place", ["def make_noise", "def train_step"])
def test_a_tensor_on_the_cpu_would_be_found(place, gpu):
    names = tools.run_cells("02_mnist_gan", until="def train_step")
    gan, real = names["new_gan"](names["preset"]), names["images"][:2]
    names["train_step"](gan, real)
    (cell,) = (cell for cell in tools.code_cells("02_mnist_gan") if place in cell)
    assert ", device=device" in cell
    exec(cell.replace(", device=device", ""), names)
    gan = names["new_gan"](names["preset"])
    with pytest.raises(RuntimeError, match="device"):
        names["train_step"](gan, real)
