"""Whether the site's builder is here; requirements.txt alone does not bring it."""

from importlib.util import find_spec

import pytest

needs_builder = pytest.mark.skipif(
    not all(map(find_spec, ("furo", "latex2mathml", "myst_nb"))),
    reason="no site builder: pip install -r notebooks/tools/site/requirements.txt",
)
