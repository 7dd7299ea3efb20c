"""Every colour of the course: of its figures, and of the player's page, by light and by dark.

Real and fake are two of Okabe and Ito's, which readers with the common colour-vision deficiencies
tell apart. They never stand alone: real and fake also differ in marker and in line style.
"""

NEUTRAL = "#555555"  # guides in figures, which are on white only
_COLOURS = {  # by light and by dark
    "real": ("#0072B2", "#3FA7E0"),
    "fake": ("#D55E00", "#F58A3C"),
    "undecided": ("#EDEDED", "#3a4048"),  # the answer 0.5, between fake and real
    "d": ("#8A3D77", "#E29BCB"),  # the discriminator's own curve on the page
    "g": ("#00795A", "#3CCB9F"),  # the generator's, and the grid that it bends
    "paper": ("#ffffff", "#15181c"),
    "panel": ("#f4f5f7", "#1f2429"),
    "ink": ("#1b1f24", "#eceff2"),
    "soft": ("#57606a", "#a9b3bd"),
    "line": ("#c9d0d8", "#434b54"),
    "lit": ("#fff1b8", "#5b4a10"),  # the lines of code that are at work
    "lit-soft": ("#fdf8e4", "#2f2b1b"),  # the step to which they belong
}
LIGHT, DARK = ({name: pair[i] for name, pair in _COLOURS.items()} for i in (0, 1))
