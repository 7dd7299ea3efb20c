"""Makes the course's web site: `python -m notebooks.tools.site FOLDER`.

__main__   the command, and what it may overwrite
build      the whole site: sources, Sphinx, slides, players, downloads
lessons    a notebook, checked, and as the source of its page
slides     a notebook as slides; lecture_path says which cells stand on which
results    plausible, varied, new: the numbers, from the notebooks' outputs
sheets     the exercises on paper: questions, and apart from them solutions
extension  what the pages need of Sphinx: formulas as MathML, folded asides, the landing page
look       templates, styles and the one script
"""
