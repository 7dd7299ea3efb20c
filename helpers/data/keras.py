"""Weights of Keras networks as files that are handed on; `weights` does it for PyTorch."""

import json
from pathlib import Path

import keras
import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from helpers.base.errors import CourseError
from helpers.base.files import new_file, shipped


def save_weights(path: Path, network: keras.Model, facts: dict) -> None:
    """Write the weights of one network in half precision, with `facts` about how it was trained."""
    arrays = {f"{n:02} {w.name}": w.numpy().astype(np.float16) for n, w in _numbered(network)}
    with new_file(path) as part:
        part.write_bytes(save(arrays, metadata={"header": json.dumps(facts)}))


def load_weights(network: keras.Model, name: str) -> dict:
    """Fill `network` with weights that come with the course; return facts about their training.

    A missing or damaged `data/<name>.safetensors`, or one of other layers, raises CourseError.
    """
    with safe_open(shipped(f"{name}.safetensors"), framework="np") as file:
        arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        facts = json.loads(file.metadata()["header"])
    shapes = {f"{n:02} {w.name}": tuple(w.shape) for n, w in _numbered(network)}
    if {key: array.shape for key, array in arrays.items()} != shapes:
        raise CourseError(f"{name} belongs to a network with other layers.")
    network.set_weights([arrays[key].astype(np.float32) for key in shapes])
    return facts


def _numbered(network: keras.Model) -> enumerate:
    return enumerate(network.weights)  # Keras counts on in the names of layers, and numbers stay
