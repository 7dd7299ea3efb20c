"""What keeps a recording small: fewer frames, whole numbers for floats, pictures as sprites."""

import io
import math
from itertools import pairwise

import numpy as np
from PIL import Image

BUCKETS = 600  # the most points of a curve
CURVES = ("loss_d", "loss_g", "answer_real", "answer_fake")  # what is known of every step
UNIT = 1000  # points are kept as whole thousandths
SIDE = 64  # pictures that are larger are made smaller
QUALITIES = (90, 75, 60, 45, 30, 15, 5)  # of a WebP
SPRITE_BYTES = 9_500  # 120 frames of this size stay below 2 MB on the page


def balance(real_label: float = 1.0) -> tuple[float, float, float]:
    """Return both losses (D, G; in nats) and D's answer if fakes are just like real ones.

    The best that D can answer then is half the label of real ones (Goodfellow et al. 2014, where
    the label is 1: 2 ln 2, ln 2 and 0.5).
    """
    answer = real_label / 2
    loss_d = -real_label * math.log(answer) - (2 - real_label) * math.log(1 - answer)
    return loss_d, -math.log(answer), answer


def balance_names(real_label: float = 1.0) -> tuple[str, str, str]:
    """Return what to write beside the three lines of `balance`."""
    if real_label == 1:
        return "2 ln 2", "ln 2", "0.5"
    return tuple(f"{level:.2f}" for level in balance(real_label))


class Schedule:
    """Which steps to keep: dense at the start, then ever further apart, never more than `limit`.

    The i-th step kept is about `scale * i ** 2`. When there are too many, `scale` is multiplied
    by four and every second one goes. `steps` is how long the run is meant to be.
    """

    def __init__(self, limit: int, steps: int | None = None) -> None:
        """Start with the step 0."""
        self.limit = limit
        self.scale = steps / (limit - 2) ** 2 if steps else 0.05
        self.next = 0

    def take(self, kept: list[dict]) -> None:
        """Thin out `kept`, if its newest entry makes it too long, and say what comes next."""
        while len(kept) > self.limit:
            self.scale *= 4
            numbers = [self._number(entry["step"]) for entry in kept]
            kept[:] = [
                entry
                for i, entry in enumerate(kept)
                if i in (0, len(kept) - 1) or numbers[i] != numbers[i - 1]
            ]
        step = kept[-1]["step"] if kept else -1
        number = self._number(step) + 1 if kept else 0
        self.next = max(step + 1, int(np.ceil(self.scale * number**2)))

    def _number(self, step: int) -> int:
        return int(np.sqrt(step / self.scale) + 1e-9)


def whole(values: np.ndarray) -> np.ndarray:
    """Return coordinates as whole thousandths; -32768 stands for "not a number"."""
    values = np.asarray(values, np.float32) * UNIT
    whole = np.clip(np.nan_to_num(values).round(), -32767, 32767)
    return np.where(np.isfinite(values), whole, -32768).astype(np.int16)


def bytes_of(answers: np.ndarray) -> np.ndarray:
    """Return answers between 0 and 1 as 0 to 254; 255 stands for "not a number"."""
    answers = np.asarray(answers, np.float32)
    whole = (np.clip(np.nan_to_num(answers), 0, 1) * 254).round()
    return np.where(np.isfinite(answers), whole, 255).astype(np.uint8)


def downsampled(history: np.ndarray) -> dict[str, np.ndarray]:
    """Return at most 600 points of each column: mean, lowest and highest of equal stretches."""
    edges = np.linspace(0, len(history), min(len(history), BUCKETS) + 1).astype(int)
    stretches = list(pairwise(edges))
    curves = {"step": np.array([(a + b + 1) / 2 for a, b in stretches])}
    for number, name in enumerate(CURVES):
        column = np.where(np.isfinite(history[:, number]), history[:, number], np.nan)
        parts = [column[a:b] for a, b in stretches]
        curves[name] = np.array([(p.mean(), p.min(), p.max()) for p in parts]).reshape(-1, 3)
    return {name: values.astype(np.float32) for name, values in curves.items()}


def packed(prefix: str, entries: list[dict]) -> dict[str, np.ndarray]:
    """Return frames or moments as arrays with one row for each; bytes are put end to end."""
    arrays = {}
    for name in entries[0] if entries else ():
        values = [entry[name] for entry in entries]
        if isinstance(values[0], bytes):
            arrays[f"{prefix}.{name}.ends"] = np.cumsum([len(value) for value in values])
            values = np.frombuffer(b"".join(values), np.uint8)
        arrays[f"{prefix}.{name}"] = np.asarray(values)
    return arrays


def unpacked(prefix: str, arrays: dict[str, np.ndarray]) -> list[dict]:
    """Undo `packed`."""
    columns = {}
    for key, values in arrays.items():
        name = key.removeprefix(prefix + ".")
        if name == key or name.endswith(".ends"):
            continue
        if f"{key}.ends" in arrays:
            values = [part.tobytes() for part in np.split(values, arrays[f"{key}.ends"][:-1])]
        is_plain = isinstance(values, np.ndarray) and values.ndim == 1
        columns[name] = values.tolist() if is_plain else values
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def to_pixels(pictures: np.ndarray) -> np.ndarray:
    """Return pictures as uint8 (n, height, width) or (n, height, width, 3).

    Floats are taken to lie in [-1, 1]; the channel may come first, as in PyTorch, or last.
    """
    pictures = np.asarray(pictures)
    if pictures.ndim == 4 and pictures.shape[1] in (1, 3) and pictures.shape[3] not in (1, 3):
        pictures = np.moveaxis(pictures, 1, 3)
    if pictures.ndim == 4 and pictures.shape[3] == 1:
        pictures = pictures[..., 0]
    if pictures.dtype != np.uint8:
        pictures = np.nan_to_num(pictures.astype(np.float32), nan=0.0, posinf=1.0, neginf=-1.0)
        pictures = (np.clip(pictures, -1, 1) * 127.5 + 127.5).round().astype(np.uint8)
    return pictures


def columns_of(number: int) -> int:
    """Return how many pictures stand side by side in a sprite of `number` pictures."""
    return int(np.ceil(np.sqrt(number)))


def sprite(pictures: np.ndarray) -> bytes:
    """Return pictures as one sheet: a PNG if that is small enough, else a WebP that is."""
    tiles = to_pixels(pictures)
    columns = columns_of(len(tiles))
    rows = -(-len(tiles) // columns)
    height, width = tiles.shape[1:3]
    sheet = np.zeros((rows * columns, *tiles.shape[1:]), np.uint8)
    sheet[: len(tiles)] = tiles
    sheet = sheet.reshape(rows, columns, *tiles.shape[1:]).swapaxes(1, 2)
    image = Image.fromarray(sheet.reshape(rows * height, columns * width, *tiles.shape[3:]))
    if max(height, width) > SIDE:
        scale = SIDE / max(height, width)
        size = (columns * round(width * scale), rows * round(height * scale))
        image = image.resize(size, Image.Resampling.BOX)
    data = _encoded(image, "PNG")
    for quality in QUALITIES[3 * (tiles.ndim == 4) :]:  # in colour 45 does, in half the room
        if len(data) <= SPRITE_BYTES:
            break
        data = _encoded(image, "WEBP", quality=quality, method=2)
    return data


def sprite_image(data: bytes) -> np.ndarray:
    """Return the sheet that `sprite` made as an array (height, width, 3) of uint8."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def change_sprite(before: np.ndarray, after: np.ndarray) -> tuple[bytes, float]:
    """Return the change of pictures as a sprite, gray where there is none, and its magnification.

    The magnification is such that the greatest changes are black or white.
    """
    change = np.nan_to_num(np.asarray(after, np.float32) - np.asarray(before, np.float32))
    gain = 1 / max(float(np.quantile(np.abs(change), 0.998)), 1e-6)
    return sprite(change * gain), gain


def _encoded(image: Image.Image, form: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()
