"""The device for Keras with TensorFlow, what it is in words, its memory, and a quiet start."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from helpers.base.errors import CourseError
from helpers.base.variables import variable


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Choose TensorFlow for Keras; keep off what the C++ parts of both write past Python inside.

    What the reader has set for Keras (keras.json and variables) counts again afterwards.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    with (
        tempfile.TemporaryDirectory() as home,
        open(os.devnull, "wb") as nowhere,
        os.fdopen(os.dup(2), "wb") as kept,
    ):
        theirs = {name: os.environ.pop(name) for name in [*os.environ] if name.startswith("KERAS_")}
        os.environ.update(KERAS_BACKEND="tensorflow", KERAS_HOME=home)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept.fileno(), 2)
            del os.environ["KERAS_BACKEND"], os.environ["KERAS_HOME"]
            os.environ.update(theirs)


def pick_device() -> str:
    """Choose the device and return "gpu" or "cpu".

    `GAN_DEVICE` decides (cpu, cuda, cuda:1, mps), else a GPU if there is one. Other GPUs are
    hidden, and memory is taken as it is needed. A device that this machine lacks, or a change
    after something was computed, raises CourseError.
    """
    with quiet_start():
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
    choices = {"cpu": []} | {f"cuda:{number}": [gpu] for number, gpu in enumerate(gpus)}
    if gpus:
        choices |= {"cuda": gpus[:1], "mps": gpus[:1]}
    if wanted := variable("GAN_DEVICE"):
        if wanted not in choices:
            known = f"choose {', '.join(choices)}, or leave it unset"
            raise CourseError(f"GAN_DEVICE={wanted} is not available here: {known}.")
        gpus = choices[wanted]
    try:
        tf.config.set_visible_devices(gpus, "GPU")
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    except (RuntimeError, ValueError):
        advice = "restart the kernel, then run from the top"
        raise CourseError(f"The device cannot be changed any more: {advice}.") from None
    return "gpu" if gpus else "cpu"


def has_tensor_cores() -> bool:
    """Tell whether all GPUs in use multiply 16-bit numbers much faster than 32-bit ones.

    NVIDIA's do from compute capability 7.0 on (Volta, 2017).
    """
    import tensorflow as tf

    gpus = tf.config.get_visible_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    return bool(gpus) and all(d.get("compute_capability", (0, 0)) >= (7, 0) for d in details)


@contextlib.contextmanager
def enough_memory() -> Iterator[None]:
    """Raise CourseError with what helps where TensorFlow finds too little memory."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.ResourceExhaustedError:
        advice = "restart the kernel, then take 16 bits (`policy`) or a smaller batch"
        where = "helpers/presets.py has `batch_size`"
        raise CourseError(f"The memory is too small for this batch: {advice}; {where}.") from None


def describe_device() -> str:
    """Return the device in words, such as "Tesla T4" or "CPU, 2 threads"."""
    import tensorflow as tf

    gpus = tf.config.get_visible_devices("GPU")
    if gpus:
        name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
        return name if len(gpus) == 1 else f"{len(gpus)} x {name}"
    threads = tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count()
    return f"CPU, {threads} thread{'s' if threads != 1 else ''}"


def peak_memory() -> float:
    """Return the most memory in GB that this process has had so far: the GPU's, else the CPU's."""
    import tensorflow as tf

    if tf.config.get_visible_devices("GPU"):
        return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 1e9
    if sys.platform == "win32":
        import psutil  # comes with Jupyter

        return psutil.Process().memory_info().peak_wset / 1e9
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
