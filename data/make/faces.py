"""Draws the cartoon faces of drawn_faces.zip; drawn_faces.md tells how to run it again."""

import argparse
import io
import random
import zipfile
from pathlib import Path

import python_avatars as avatars
import resvg_py
from PIL import Image

from helpers.base.files import DATA, write_sum

SIZE = 128
COUNT = 4000
SEED = 4
TARGET = DATA / "drawn_faces.zip"
# The part of the drawing that is kept: the head in the middle, as in a cut-out portrait.
VIEW = "18 -4 228 228"
BACKGROUND = "#DDE3EC"

# From light to dark. A face gets a tone anywhere between two neighbours.
SKIN = ("#FFDBB4", "#EDB98A", "#D08B5B", "#AE5D29", "#614335")
HAIR_COLORS = (
    "#2C1B18",
    "#4A312C",
    "#724133",
    "#A55728",
    "#B58143",
    "#D6B370",
    "#ECDCBF",
    "#C93305",
    "#E8E1E1",
)
CLOTHES_COLORS = ("#262E33", "#5199E4", "#25557C", "#929598", "#3C4F5C", "#A7FFC4", "#FF5C5C")

# Only parts of the Avataaars library: the package holds some from elsewhere, under other terms.
SHORT_HAIR = (
    "NONE",
    "CAESAR",
    "CAESAR_SIDE_PART",
    "FRIZZLE",
    "SHAGGY",
    "SHORT_CURLY",
    "SHORT_DREADS_1",
    "SHORT_DREADS_2",
    "SHORT_FLAT",
    "SHORT_ROUND",
    "SHORT_WAVED",
    "SIDES",
)
LONG_HAIR = (
    "BIG_HAIR",
    "BOB",
    "BUN",
    "CURLY",
    "CURVY",
    "DREADS",
    "LONG_NOT_TOO_LONG",
    "MIA_WALLACE",
    "SHAGGY_MULLET",
    "STRAIGHT_1",
    "STRAIGHT_STRAND",
)
HATS = ("HIJAB", "TURBAN")
# A part that stands here twice is drawn twice as often.
EYES = ("DEFAULT", "DEFAULT", "DEFAULT", "DEFAULT", "SIDE", "SQUINT", "HAPPY", "CLOSED", "WINK")
EYEBROWS = (
    "DEFAULT",
    "DEFAULT",
    "DEFAULT_NATURAL",
    "DEFAULT_NATURAL",
    "FLAT_NATURAL",
    "RAISED_EXCITED",
    "RAISED_EXCITED_NATURAL",
    "UP_DOWN",
    "UP_DOWN_NATURAL",
    "SAD_CONCERNED",
)
MOUTHS = (
    "DEFAULT",
    "DEFAULT",
    "DEFAULT",
    "SMILE",
    "SMILE",
    "TWINKLE",
    "TWINKLE",
    "SERIOUS",
    "DISBELIEF",
    "SAD",
)
GLASSES = ("PRESCRIPTION_1", "PRESCRIPTION_2", "ROUND", "ROUND", "SUNGLASSES", "WAYFARERS")
BEARDS = ("BEARD_LIGHT", "BEARD_MEDIUM", "BEARD_MAGESTIC", "MOUSTACHE_FANCY", "MOUSTACHE_MAGNUM")
CLOTHES = (
    "BLAZER_SHIRT",
    "COLLAR_SWEATER",
    "HOODIE",
    "SHIRT_CREW_NECK",
    "SHIRT_SCOOP_NECK",
    "SHIRT_V_NECK",
)


def between(first: str, second: str, share: float) -> str:
    """Return the colour that lies `share` of the way from one colour to another."""
    pairs = [(int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def random_face(dice: random.Random) -> avatars.Avatar:
    """Return one person, every part drawn by lot; beards go with short hair only."""
    shade = dice.uniform(0, len(SKIN) - 1.001)
    skin = between(SKIN[int(shade)], SKIN[int(shade) + 1], shade % 1)
    hair = between(dice.choice(HAIR_COLORS), dice.choice(HAIR_COLORS), dice.uniform(0, 0.25))
    kind = dice.random()
    beard = "NONE"
    if kind < 0.05:
        top = avatars.HatType[dice.choice(HATS)]
    elif kind < 0.5:
        top = avatars.HairType[dice.choice(LONG_HAIR)]
    else:
        top = avatars.HairType[dice.choice(SHORT_HAIR)]
        beard = dice.choice(BEARDS) if dice.random() < 0.35 else "NONE"
    return avatars.Avatar(
        style=avatars.AvatarStyle.TRANSPARENT,
        top=top,
        hat_color=dice.choice(CLOTHES_COLORS),
        eyebrows=avatars.EyebrowType[dice.choice(EYEBROWS)],
        eyes=avatars.EyeType[dice.choice(EYES)],
        nose=avatars.NoseType.DEFAULT,
        mouth=avatars.MouthType[dice.choice(MOUTHS)],
        facial_hair=avatars.FacialHairType[beard],
        skin_color=skin,
        hair_color=hair,
        facial_hair_color=hair,
        accessory=avatars.AccessoryType[dice.choice(GLASSES) if dice.random() < 0.25 else "NONE"],
        clothing=avatars.ClothingType[dice.choice(CLOTHES)],
        clothing_color=dice.choice(CLOTHES_COLORS),
    )


def draw(face: avatars.Avatar) -> Image.Image:
    """Return the face as a picture of SIZE x SIZE pixels on the plain background."""
    svg = face.render().replace('viewBox="0 0 264 280"', f'viewBox="{VIEW}"', 1)
    svg = svg.replace('width="264px" height="280px"', f'width="{SIZE}px" height="{SIZE}px"', 1)
    png = resvg_py.svg_to_bytes(svg_string=svg, background=BACKGROUND, skip_system_fonts=True)
    picture = Image.open(io.BytesIO(bytes(png))).convert("RGB")
    if picture.size != (SIZE, SIZE):
        raise ValueError(f"the drawing came out as {picture.size}: has python_avatars changed?")
    return picture


def main() -> None:
    """Draw `--count` different faces, one WebP file for each, into one zip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    dice = random.Random(SEED)
    seen: set[bytes] = set()
    with zipfile.ZipFile(arguments.out, "w", zipfile.ZIP_STORED) as archive:
        while len(seen) < arguments.count:
            picture = draw(random_face(dice))
            if picture.tobytes() in seen:
                continue
            seen.add(picture.tobytes())
            packed = io.BytesIO()
            picture.save(packed, "WEBP", lossless=True, quality=75, method=4)
            # A fixed date: the same faces give the same file.
            archive.writestr(zipfile.ZipInfo(f"{len(seen):06d}.webp"), packed.getvalue())
    if arguments.out == TARGET:
        write_sum(TARGET, DATA)
    print(f"{len(seen)} faces, {arguments.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
