import pytest
from hypothesis import settings

from spec.wires import make_certificate

# It has assertions, which pytest otherwise explains in specs only.
pytest.register_assert_rewrite("spec.conversation")

# How long an example takes depends on what else the machine does.
settings.register_profile("spec", deadline=None)
settings.load_profile("spec")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """The path of a certificate for localhost and 127.0.0.1, with its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))
