"""Every colour of the course: of its figures, and of the player's page, by light and by dark.

Real and fake are two of Okabe and Ito's, which readers with the common colour-vision deficiencies
tell apart. They never stand alone: real and fake also differ in marker and in line style.
"""

NEUTRAL = "#555555"  # guides in figures, which are on white only
LIGHT = {
    "real": "#0072B2",
    "fake": "#D55E00",
    "undecided": "#EDEDED",  # the answer 0.5, between fake and real
    "d": "#8A3D77",  # the discriminator's own curve on the page
    "g": "#00795A",  # the generator's, and the grid that it bends
    "paper": "#ffffff",
    "panel": "#f4f5f7",
    "ink": "#1b1f24",
    "soft": "#57606a",
    "line": "#c9d0d8",
    "lit": "#fff1b8",  # the lines of code that are at work
    "lit-soft": "#fdf8e4",  # the step to which they belong
}
DARK = {
    "real": "#3FA7E0",
    "fake": "#F58A3C",
    "undecided": "#3a4048",
    "d": "#E29BCB",
    "g": "#3CCB9F",
    "paper": "#15181c",
    "panel": "#1f2429",
    "ink": "#eceff2",
    "soft": "#a9b3bd",
    "line": "#434b54",
    "lit": "#5b4a10",
    "lit-soft": "#2f2b1b",
}
