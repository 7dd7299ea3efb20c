"""One file that holds a whole training run, so that it goes on as if it had never been cut off.

The file is safetensors: tensors, and a header of JSON with all the rest. Reading it runs no code.
"""

import json
import random
import zlib
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from helpers.array_file import read_file, write_file
from helpers.errors import CourseError
from helpers.files import DATA

VERSION = 1


def save_tensors(path: Path, tensors: dict[str, torch.Tensor], header: dict | None = None) -> None:
    """Write tensors of any device and a JSON header to `path`."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_file(path, tensors, header or {}, save)


def save_weights(path: Path, network: torch.nn.Module, facts: dict) -> None:
    """Write the weights of one network in half precision, with `facts` about how it was trained."""
    tensors = {name: tensor.half() for name, tensor in network.state_dict().items()}
    save_tensors(path, tensors, facts | {"checksum": _checksum(tensors, facts)})


def load_weights(network: torch.nn.Module, name: str) -> dict:
    """Fill `network` with the weights `data/<name>.safetensors` that come with the course.

    Returns the facts about their training. A missing or damaged file, or one of other layers,
    raises CourseError, and the network stays as it was.
    """
    path = DATA / f"{name}.safetensors"
    if not path.is_file():
        raise CourseError(f"{path.name} is not in the folder data/: fetch the course again.")
    try:
        tensors, facts = read_file(path, "pt")
    except CourseError:
        tensors, facts = {}, {}
    if facts.pop("checksum", None) != _checksum(tensors, facts):
        raise CourseError(f"{path.name} is damaged and was not used: fetch the course again.")
    shapes = {key: tensor.shape for key, tensor in network.state_dict().items()}
    if {key: tensor.shape for key, tensor in tensors.items()} != shapes:
        raise CourseError(f"{path.name} belongs to a network with other layers.")
    network.load_state_dict(tensors)
    return facts


def save_checkpoint(
    path: Path,
    identity: dict,
    networks: dict[str, torch.nn.Module],
    optimizers: dict[str, torch.optim.Optimizer],
    arrays: dict[str, torch.Tensor],
    numbers: dict,
) -> None:
    """Write everything that a run needs to go on.

    `identity` says which run it is (lesson, settings, seed, amount of data): only the same run may
    resume it. `arrays` and `numbers` are the caller's own (history, step, seconds).
    """
    tensors = {f"arrays/{name}": array for name, array in arrays.items()}
    groups = {}
    for name, network in networks.items():
        tensors |= {f"networks/{name}/{key}": value for key, value in network.state_dict().items()}
    for name, optimizer in optimizers.items():
        state = optimizer.state_dict()
        groups[name] = state["param_groups"]
        for index, values in state["state"].items():
            tensors |= {f"optimizers/{name}/{index}/{key}": v for key, v in values.items()}
    random_tensors, random_numbers = _random_state()
    tensors |= random_tensors
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = {
        "version": VERSION,
        "identity": identity,
        "layers": _layers(networks),
        "groups": groups,
        "random": random_numbers,
        "numbers": numbers,
    }
    header["checksum"] = _checksum(tensors, header)
    save_tensors(path, tensors, header)


def load_checkpoint(
    path: Path,
    identity: dict,
    networks: dict[str, torch.nn.Module],
    optimizers: dict[str, torch.optim.Optimizer],
) -> tuple[dict[str, torch.Tensor], dict]:
    """Put a run back as it was and return its `arrays` and `numbers`.

    A file that is damaged or belongs to another run raises CourseError before anything is changed.
    """
    tensors, header = read_file(path, "pt")
    difference = _difference(header, tensors, identity, networks, optimizers)
    if difference:
        raise CourseError(f"{path.name} {difference} and was not used.")
    for name, network in networks.items():
        network.load_state_dict(_below(tensors, f"networks/{name}/"))
    for name, optimizer in optimizers.items():
        state = {}
        for key, value in _below(tensors, f"optimizers/{name}/").items():
            index, entry = key.split("/")
            state.setdefault(int(index), {})[entry] = value
        optimizer.load_state_dict({"state": state, "param_groups": header["groups"][name]})
    _restore_random_state(tensors, header["random"])
    return _below(tensors, "arrays/"), header["numbers"]


def _difference(
    header: dict, tensors: dict, identity: dict, networks: dict, optimizers: dict
) -> str | None:
    """Say in words why this checkpoint cannot be used for this run, or return None."""
    if header.get("version") != VERSION:
        return f"was written by another version of the course ({header.get('version')})"
    if header.pop("checksum", None) != _checksum(tensors, header):
        return "is damaged"
    for key, value in identity.items():
        if header["identity"].get(key) != value:
            return f"belongs to another run ({key}: {header['identity'].get(key)}, not {value})"
    if header["layers"] != _layers(networks):
        return "belongs to networks with other layers"
    groups = {
        name: optimizer.state_dict()["param_groups"] for name, optimizer in optimizers.items()
    }
    if header["groups"] != json.loads(json.dumps(groups)):
        return "belongs to other optimizers or learning rates"
    return None


def _layers(networks: dict[str, torch.nn.Module]) -> dict[str, dict[str, list[int]]]:
    """Return the shape of each tensor of each network."""
    return {
        name: {key: list(value.shape) for key, value in network.state_dict().items()}
        for name, network in networks.items()
    }


def _checksum(tensors: dict[str, torch.Tensor], header: dict) -> int:
    """Return a CRC-32 over the header and the names, types, shapes and bytes of all tensors."""
    shapes = {name: [str(tensor.dtype), tensor.shape] for name, tensor in tensors.items()}
    value = zlib.crc32(json.dumps([header, shapes], sort_keys=True).encode())
    for name in sorted(tensors):
        value = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy(), value)
    return value


def _below(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Return the tensors whose name begins with `prefix`, without it."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _random_state() -> tuple[dict[str, torch.Tensor], dict]:
    """Return the random states of PyTorch, NumPy and Python, as tensors and as numbers."""
    name, keys, *rest = np.random.get_state()
    tensors = {
        "random/torch": torch.get_rng_state(),
        "random/numpy": torch.from_numpy(keys.astype(np.int64)),
    }
    if torch.cuda.is_available():
        for index, state in enumerate(torch.cuda.get_rng_state_all()):
            tensors[f"random/cuda/{index}"] = state
    if torch.backends.mps.is_available():
        tensors["random/mps"] = torch.mps.get_rng_state()
    return tensors, {"numpy": [name, *rest], "python": random.getstate()}


def _restore_random_state(tensors: dict[str, torch.Tensor], numbers: dict) -> None:
    """Undo `_random_state`; the state of a device that is not here now is passed over."""
    torch.set_rng_state(tensors["random/torch"])
    name, *rest = numbers["numpy"]
    np.random.set_state((name, tensors["random/numpy"].numpy().astype(np.uint32), *rest))
    version, keys, gauss = numbers["python"]
    random.setstate((version, tuple(keys), gauss))
    for index, state in _below(tensors, "random/cuda/").items():
        if int(index) < torch.cuda.device_count():
            torch.cuda.set_rng_state(state, int(index))
    if "random/mps" in tensors and torch.backends.mps.is_available():
        torch.mps.set_rng_state(tensors["random/mps"])
