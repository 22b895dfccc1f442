"""How Sphinx builds the site: `make docs` puts it into site/, which needs no network."""

import re

from docutils import nodes

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
html_favicon = "_static/favicon.svg"
html_extra_path = ["llms.txt"]
# Only the typed commands of a console are copied.
copybutton_prompt_text = "$ "
copybutton_exclude = ".linenos, .gp, .go"
html_css_files = ["style.css"]
pygments_style = "default"
pygments_dark_style = "github-dark"

# In docstrings, as on the pages, text between single backticks is code.
default_role = "code"
add_module_names = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False


# Methods that the modules of the package call on each other. They are not part of the API.
INTERNAL = {
    "accept",
    "accept_from",
    "connected_by",
    "connection_destroyed",
    "cut_off",
    "detach",
    "drain_messages",
    "drop",
    "emit_through",
    "finish",
    "has_ended",
    "leaves_alone",
    "limit",
    "messages_wanted",
    "parse_url",
    "pipe_listener",
    "pipes_into",
    "push",
    "received",
    "received_all",
    "serve",
    "stop_flowing",
    "take_over",
    "url_authorization",
    "wait_for",
    "wire_ended",
    "wire_freed",
}


# Classes that a program receives, and does not construct.
RECEIVED = {"Duplex", "IO", "Immediate", "IncomingMessage", "Messages", "ServerResponse", "Timeout"}


def skip_member(app, what, name, obj, skip, options):
    """Omits Node spellings, internal methods, and classes that are aliases."""
    if re.match("[a-z]+[A-Z]", name) or name in INTERNAL or isinstance(obj, type):
        return True
    return None


def mend_signature(app, what, name, obj, options, signature, result):
    """Omits the type `Options`, internal parameters, the parameters of classes in `RECEIVED`, and
    the brackets that Sphinx adds around dots."""
    if what == "class" and name.rpartition(".")[2] in RECEIVED:
        return "", None
    signature = (signature or "").replace("[[...], ", "[..., ")
    signature = re.sub(r"\bOptions \| ", "", signature)
    return re.sub(r"\*, _streams: .*? = None, ", "", signature) or None, result


# Further words for the index, and so for the search, by page and heading. The search has no numbers
# of its own.
KEYWORDS = {
    "comparison": {"# Comparison": "compare with websockets", "## Speed": "latency, performance"},
    "debugging": {
        "## The handshake is refused": "200, 301, 302, 308, 400, 401, 407, 426, 502, 503",
        "## It closes with 1006": "1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011",
        "## Memory grows": "memory leak",
        "## It is slow": "latency, performance",
    },
    "deployment": {"## Python servers": "Django, FastAPI, Flask, Starlette"},
    "faq": {
        "### How do I send JSON, or an object?": "send JSON",
        "### How do I get the path and the query of the URL?": "query string",
        "### How do I limit the time for connecting?": "connect timeout, timeout",
        "### How do I limit the size of messages?": "limit message size, message size, max size",
        "### How do I know that a client has disconnected?": "disconnect, connection lost",
        "### How do I check the origin of a request?": "check origin, CORS",
        "### How do I set a header, a cookie, or `Authorization`?": "set cookie, set header",
        "### How do I get the IP address of the client?": "client IP, IP address, nginx client IP",
        "### Which close codes may I send?": "close codes",
        "### Are messages compressed (permessage-deflate)?": "compress, compression",
        "### Which versions are supported?": "Python version, supported versions",
    },
    "flow-control": {"# Flow control": "back-pressure, backpressure"},
    "proxies-and-tls": {"## A server with TLS": "SSL certificate"},
    "recipes": {
        "## Heartbeat": "keepalive, ping interval, ping timeout",
        "## Authentication": "authentication token, JWT, read a cookie",
        "## Testing": "mock, pytest, test a handler",
    },
}


def add_keywords(app, page, source):
    for heading, words in KEYWORDS.get(page, {}).items():
        before, found, after = source[0].partition(f"{heading}\n")
        if not found:
            raise ValueError(f"{page}.md has no heading {heading!r}")
        source[0] = f"{before}{found}\n```{{index}} {words}\n```\n{after}"


def put_github_anchors_first(app, doctree):
    """Makes GitHub's anchors those of the site. Sphinx's own, which differ for "Node's `http`",
    still work."""
    for section in doctree.findall(nodes.section):
        if slug := section.get("slug"):
            section["ids"] = [slug, *(name for name in section["ids"] if name != slug)]


def setup(app):
    # Before the handlers that collect tables of contents and labels, whose priority is 500.
    app.connect("doctree-read", put_github_anchors_first, priority=100)
    app.connect("source-read", add_keywords)
    app.connect("autodoc-skip-member", skip_member)
    app.connect("autodoc-process-signature", mend_signature)
