"""What all checks share: a check prints a verdict that begins with one of three words.

An experiment comes from the notebook and is called without an argument, unless the check says
otherwise.
"""

import textwrap
from collections.abc import Callable
from functools import wraps
from typing import Any

RIGHT, WRONG, OPEN = "Right.", "Not yet.", "Not answered yet."


class _Wrong(Exception):
    """Ends a check with the verdict that something is wrong."""


def exercise(check: Callable) -> Callable:
    """Let a check print what it returns as right, or what it needs as wrong.

    Nothing is run while its first argument, the answer, is None.
    """

    @wraps(check)
    def checked(answer: object, *arguments: object) -> None:
        try:
            text = None if answer is None else check(answer, *arguments)
            verdict = f"{RIGHT} {text}" if text else OPEN
        except _Wrong as wrong:
            verdict = f"{WRONG} {wrong}"
        print("\n".join(textwrap.fill(line, 100) for line in verdict.splitlines()))

    return checked


def need(condition: object, otherwise: str) -> None:
    """End the check that is running with the verdict `otherwise` unless the condition is true."""
    if not condition:
        raise _Wrong(otherwise)


def need_same(text: str, found: object, wanted: object) -> None:
    """End the check unless both are equal; `text` says what is found, with two pairs of braces."""
    need(found == wanted, text.format(found, wanted))


def compare(right: bool | str, answer: object, measured: str, why: str) -> str:
    """Say whether a prediction came true (or is the right letter), what was measured, and why."""
    if isinstance(right, str):
        right = str(answer).strip().lower() == right
    told = f"You predicted {answer}. Measured: {measured}.\n{why}"
    need(right, told)
    return told


def near(answer: Any, number: float, tolerance: float) -> bool:
    """Tell whether an answer (a number, a tensor of one number, a text) is near a number."""
    try:
        return abs(float(answer) - number) <= tolerance
    except (TypeError, ValueError, RuntimeError):
        return False


def letter(one: bool, other: bool) -> str:
    """Return a for both, b for the one, c for the other, d for neither."""
    return "abcd"[2 * (not one) + (not other)]


def count_weights(network: Any) -> int:
    """Return the number of weights of a PyTorch network."""
    return sum(weights.numel() for weights in network.parameters())
