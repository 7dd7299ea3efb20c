"""Shows recordings.

player         `show`: one page without network or server, in a cell or as a file
page_data      what of a recording goes on the page
slow_motion    one training step in eleven stages, and the lines of code that they light
contact_sheet  six moments as an ordinary picture
web            the page itself; page.html says which of its scripts does what
"""

from helpers.player.player import show

__all__ = ["show"]
