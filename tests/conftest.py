"""Lets the tests of lesson 04, a minute in a process of their own, run beside all others."""


def pytest_collection_finish(session):
    """Start them first. Under pytest-xdist each worker would, so there they have their turn."""
    config = session.config
    if config.option.collectonly or hasattr(config, "workerinput"):
        return
    for item in session.items:
        if item.name == "test_lesson_04_where_pytorch_is_not_loaded":
            process, _ = item.module.start()
            config.add_cleanup(process.kill)  # if the session ends before its time
