"""The one exception that the helpers raise for a reader's mistake."""


class CourseError(Exception):
    """Says in one sentence what is wrong and what to do.

    A notebook shows that sentence alone, without a traceback: IPython asks an exception for
    `_render_traceback_` before it renders one.
    """

    def _render_traceback_(self) -> list[str]:
        return [str(self)]
