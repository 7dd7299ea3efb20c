"""Weights of networks as files that are handed on (safetensors): reading them runs no code."""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save

from helpers.base.errors import CourseError
from helpers.base.files import new_file, shipped


def save_tensors(path: Path, tensors: dict[str, torch.Tensor], facts: dict | None = None) -> None:
    """Write tensors of any device to `path`, with `facts` in the header."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with new_file(path) as part:
        part.write_bytes(save(tensors, metadata={"header": json.dumps(facts or {})}))


def save_weights(path: Path, network: torch.nn.Module, facts: dict) -> None:
    """Write the weights of one network in half precision, with `facts` about how it was trained."""
    tensors = {name: tensor.half() for name, tensor in network.state_dict().items()}
    save_tensors(path, tensors, facts)


def load_weights(network: torch.nn.Module, name: str) -> dict:
    """Fill `network` with weights that come with the course; return facts about their training.

    A missing or damaged `data/<name>.safetensors`, or one of other layers, raises CourseError.
    """
    with safe_open(shipped(f"{name}.safetensors"), framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        facts = json.loads(file.metadata()["header"])
    shapes = {key: tensor.shape for key, tensor in network.state_dict().items()}
    if {key: tensor.shape for key, tensor in tensors.items()} != shapes:
        raise CourseError(f"{name} belongs to a network with other layers.")
    network.load_state_dict(tensors)
    return facts
