"""Pictures of any range and any order of channels as pixels, and many of them as a sheet."""

import numpy as np
import torch

from helpers.base.arrays import to_pixels, to_sheet


def test_channels_may_come_first_or_last_and_colours_stay():
    red = np.full((4, 3, 10, 10), -1.0)
    red[:, 0] = 1.0
    for pictures in (red, np.moveaxis(red, 1, 3), torch.tensor(red, requires_grad=True)):
        assert to_pixels(pictures).shape == (4, 10, 10, 3)
        assert to_pixels(pictures)[0, 0, 0].tolist() == [255, 0, 0]
    assert to_pixels(np.full((1, 4, 4), np.nan)).tolist() == [[[128] * 4] * 4]


def test_a_sheet_is_filled_row_by_row():
    tiles = np.arange(3, dtype=np.uint8).reshape(3, 1, 1).repeat(2, axis=2)
    assert to_sheet(tiles, 2, empty=9).tolist() == [[0, 0, 1, 1], [2, 2, 9, 9]]
    assert to_sheet(np.zeros((3, 4, 5, 3)), 3).shape == (4, 15, 3)
