"""The one exception that the helpers raise for a reader's mistake; names that can be shown."""


def printable(text: str) -> str:
    """Return a text, such as a file name, on one line and without what cannot be shown."""
    signs = (sign if sign.isprintable() or sign.isspace() else "?" for sign in text)
    return " ".join("".join(signs).split())


class CourseError(Exception):
    """Says in one sentence what is wrong and what to do.

    A notebook shows that sentence alone, without a traceback: IPython asks an exception for
    `_render_traceback_` before it renders one.
    """

    def __init__(self, sentence: str) -> None:
        """Keep the sentence, whatever the names in it hold, as one line."""
        super().__init__(printable(sentence))

    def _render_traceback_(self) -> list[str]:
        return [str(self)]
