"""What all checks share: a check prints a verdict that begins with one of three words.

While the answer is None nothing is run. An experiment comes from the notebook and is called without
an argument, unless the check says otherwise.
"""

import math
import textwrap
from collections.abc import Callable
from functools import wraps
from typing import Any

RIGHT, WRONG, OPEN = "Right.", "Not yet.", "Not answered yet."


class _Wrong(Exception):
    """Ends a check with the verdict that something is wrong."""


def need(condition: object, otherwise: str) -> None:
    """End the check that is running with the verdict `otherwise` unless the condition is true."""
    if not condition:
        raise _Wrong(otherwise)


def exercise(check: Callable) -> Callable:
    """Make a check run nothing while its first argument, the answer, is None."""

    @wraps(check)
    def checked(answer: object, *arguments: object) -> None:
        if answer is None:
            return print(OPEN)
        try:
            check(answer, *arguments)
        except _Wrong as wrong:
            tell(False, str(wrong))

    return checked


def number_in(answer: Any) -> float:
    """Return an answer (a number, a tensor of one number, a text) as a float; NaN if it is none."""
    try:
        return float(answer)
    except (TypeError, ValueError, RuntimeError):
        return math.nan


def letter(one: bool, other: bool) -> str:
    """Return a for both, b for the one, c for the other, d for neither."""
    return "abcd"[2 * (not one) + (not other)]


def compare(right: bool | str, answer: object, measured: str, why: str) -> None:
    """Say whether a prediction came true (or is the right letter), what was measured, and why."""
    if isinstance(right, str):
        right = str(answer).strip().lower() == right
    tell(right, f"You predicted {answer}. Measured: {measured}.\n{why}")


def tell(right: bool, text: str) -> None:
    """Print a verdict, in lines that need no scrolling."""
    lines = f"{RIGHT if right else WRONG} {text}".splitlines()
    print("\n".join(textwrap.fill(line, 100) for line in lines))


def count_weights(network: Any) -> int:
    """Return the number of weights of a PyTorch network."""
    return sum(weights.numel() for weights in network.parameters())
