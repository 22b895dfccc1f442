import pytest

from spec.wires import make_certificate


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """The path of a certificate for localhost and 127.0.0.1, with its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))
