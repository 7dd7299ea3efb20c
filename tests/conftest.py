"""What all tests share; and the tests of lesson 04 run beside all others."""

import pytest


@pytest.fixture(scope="module")
def one_thread():
    """Let PyTorch use one thread: faster for small networks, and sums in a fixed order."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """Let lessons run for a few steps, with their files in a temporary folder."""
    folder = tmp_path_factory.mktemp("runs")
    wanted = {"PRESET": "smoke", "DEVICE": "cpu", "FACES": "drawn", "RUNS": str(folder)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in wanted.items():
            patch.setenv(f"GAN_{name}", value)
        yield folder


@pytest.fixture(scope="session", autouse=True)
def lesson_04(request):
    """Start lesson 04, a minute in a process of its own, with the first test after the notebooks.

    pytest-xdist runs it in its turn.
    """
    wanted = "test_lesson_04_where_pytorch_is_not_loaded"
    items = () if hasattr(request.config, "workerinput") else request.session.items
    started = [item.module.start()[0] for item in items if item.name == wanted]
    yield
    for process in started:  # if the session ends before its time
        process.kill()
