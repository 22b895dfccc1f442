"""For specs that use real sockets: certificates, programs, and waits with a timeout."""

import asyncio
import datetime
import ipaddress
import os
import re
import socket
import ssl
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from websocket_driver.node import net

ROOT = Path(__file__).parent.parent
PATIENCE = float(os.environ.get("PATIENCE", 15))


def run(main):
    """Runs the coroutine function `main` on its own loop, with a timeout."""

    async def bounded():
        return await asyncio.wait_for(main(), PATIENCE)

    return asyncio.run(bounded())


def event(emitter, name):
    """A future for the arguments of the next `name` event."""
    future = asyncio.get_running_loop().create_future()

    def settle(*args):
        if not future.done():
            future.set_result(args)

    emitter.once(name, settle)
    return future


def bound(server: net.Server) -> net.Address:
    """The address of a server that listens on TCP."""
    address = server.address()
    assert isinstance(address, net.Address)
    return address


def make_certificate(folder: Path) -> Path:
    """A self-signed certificate for localhost, and its key, in one file."""
    # Here, because the specs of the group `core` run where it has no wheels.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "localhost.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


def server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def client_context(certificate):
    return ssl.create_default_context(cafile=str(certificate))


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens, for programs that do not print theirs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def program(*arguments, **environment):
    """A Python program of this repository that is running; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-W", "always", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def port_of(process):
    """The port in the first line that a server prints."""
    line = process.stdout.readline()
    assert line, process.stderr.read()
    match = re.search(r":(\d+)", line)
    assert match, line
    return int(match[1])


def finish(process, status=0):
    """The output of a program that has ended by itself and printed no error."""
    output, errors = process.communicate(timeout=PATIENCE)
    assert errors == ""
    assert process.returncode == status
    return output
