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


def pytest_collection_finish(session):
    """Start lesson 04, a minute in a process of its own. pytest-xdist runs it in its turn."""
    config = session.config
    if config.option.collectonly or hasattr(config, "workerinput"):
        return
    for item in session.items:
        if item.name == "test_lesson_04_where_pytorch_is_not_loaded":
            process, _ = item.module.start()
            config.add_cleanup(process.kill)  # if the session ends before its time
