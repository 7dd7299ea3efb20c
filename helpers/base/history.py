"""The columns of a training history, and where two evenly matched players end."""

import math

# What is known of every training step, in this order: both losses, D's mean answers.
COLUMNS = ("loss_d", "loss_g", "answer_real", "answer_fake")


def balance(real_label: float = 1.0) -> tuple[float, float, float]:
    """Return both losses (D, G; in nats) and D's answer if fakes are just like real ones.

    The best that D can answer then is half the label of real ones (Goodfellow et al. 2014, where
    the label is 1: 2 ln 2, ln 2 and 0.5).
    """
    answer = real_label / 2
    loss_d = -real_label * math.log(answer) - (2 - real_label) * math.log(1 - answer)
    return loss_d, -math.log(answer), answer


def balance_names(real_label: float = 1.0) -> tuple[str, ...]:
    """Return what to write beside the three lines of `balance`."""
    if real_label == 1:
        return "2 ln 2", "ln 2", "0.5"
    return tuple(f"{value:.2f}" for value in balance(real_label))
