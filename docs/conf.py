"""How Sphinx builds the site: `make docs` puts it into site/, which needs no network."""

import re

from websocket_driver import __version__

project = "websocket-driver"
version = release = __version__
project_copyright = "the authors, Apache License 2.0"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
myst_heading_anchors = 3

# Several modules have a `Server`, and a signature names the one next to it.
suppress_warnings = ["ref.python"]

html_theme = "furo"
html_title = f"websocket-driver {__version__}"
html_show_sphinx = False
html_copy_source = False
html_static_path = ["_static"]
html_extra_path = ["llms.txt"]
# What one copies from a console is what was typed.
copybutton_prompt_text = "$ "
copybutton_exclude = ".linenos, .gp, .go"
html_css_files = ["style.css"]
pygments_style = "default"
pygments_dark_style = "github-dark"

# Docstrings are written as the pages are: what stands between single backticks is code.
default_role = "code"
add_module_names = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False


def skip_member(app, what, name, obj, skip, options):
    """Leaves out the Node spellings and the classes that are there under a second name."""
    return True if re.match("[a-z]+[A-Z]", name) or isinstance(obj, type) else None


def mend_signature(app, what, name, obj, options, signature, result):
    """Leaves out what drivers pass to each other, and the brackets that Sphinx puts around dots."""
    signature = (signature or "").replace("[[...], ", "[..., ").replace("Options | ", "")
    return re.sub(r"\*, _streams: .*? = None, ", "", signature) or None, result


def setup(app):
    app.connect("autodoc-skip-member", skip_member)
    app.connect("autodoc-process-signature", mend_signature)
