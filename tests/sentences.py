"""What every message to the reader has to be."""


def is_one_sentence(text: str) -> bool:
    """Tell whether a text is one line that ends as a sentence does, and no traceback."""
    text = text.strip()
    return bool(text) and "\n" not in text and text.endswith(".") and "Traceback" not in text
