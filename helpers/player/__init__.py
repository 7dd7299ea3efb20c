"""Shows recordings.

player         `show`: one page without network or server, in a cell or as a file
page_data      what of a recording goes on the page
slow_motion    one training step in eleven stages, and the lines of code that they light
contact_sheet  six moments as an ordinary picture
web            the page itself: page.html, and its scripts views.js (what is drawn), charts.js
               (curves), slow_motion.js (one training step), clock.js (time, keys, start)
"""

from helpers.player.player import show

__all__ = ["show"]
