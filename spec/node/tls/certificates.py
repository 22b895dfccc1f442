"""Certificates for specs: an authority and the certificates that it signs, made once a run."""

import datetime
import ipaddress
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


class Pair(NamedTuple):
    """A certificate and its key, as PEM."""

    cert: str
    key: str


def _pem(key, passphrase=None):
    encryption = (
        serialization.BestAvailableEncryption(passphrase.encode())
        if passphrase
        else serialization.NoEncryption()
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    ).decode()


def make(
    subject,
    names=(),
    issuer=None,
    *,
    authority=False,
    days=(-1, 1),
    passphrase=None,
    serial=None,
    key_type="ec",
):
    """A `Pair`, signed by the pair `issuer` or by itself. `subject` is a list of attributes."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = (
        ec.generate_private_key(ec.SECP256R1())
        if key_type == "ec"
        else rsa.generate_private_key(65537, 2048)
    )
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in subject])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(now + days[0] * DAY)
        .not_valid_after(now + days[1] * DAY)
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False
        )
    # RFC 5280 4.2.1: without these, Python 3.13 and later refuse a chain.
    if authority:
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = (
            builder.add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(_usage(), critical=True)
            .add_extension(own, critical=False)
        )
    if issuer is None:
        certificate = builder.issuer_name(name).sign(key, hashes.SHA256())
    else:
        above = x509.load_pem_x509_certificate(issuer.cert.encode())
        signer = serialization.load_pem_private_key(issuer.key.encode(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        issuers = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(issuers, critical=False)
        certificate = builder.issuer_name(above.subject).sign(signer, hashes.SHA256())
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return Pair(pem, _pem(key, passphrase))


def _usage():
    """The usage of an authority's key: to sign certificates and lists of revoked ones."""
    return x509.KeyUsage(
        key_cert_sign=True,
        crl_sign=True,
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(name):
    if isinstance(name, x509.GeneralName):
        return name
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def common_name(name):
    return [(NameOID.COMMON_NAME, name)]


@lru_cache
def authority():
    return make(common_name("Test authority"), authority=True)


@lru_cache
def localhost():
    """For localhost and 127.0.0.1, signed by the authority."""
    return make(common_name("localhost"), ["localhost", "127.0.0.1"], authority())


@lru_cache
def elsewhere():
    """For other.example, signed by the authority."""
    return make(common_name("other.example"), ["other.example", "*.wild.example"], authority())


@lru_cache
def self_signed():
    return make(common_name("localhost"), ["localhost"])


@lru_cache
def expired():
    return make(common_name("localhost"), ["localhost"], authority(), days=(-3, -2))


@lru_cache
def not_yet_valid():
    return make(common_name("localhost"), ["localhost"], authority(), days=(2, 3))


@lru_cache
def encrypted():
    """A certificate whose key is encrypted with `secret`."""
    return make(common_name("localhost"), ["localhost"], authority(), passphrase="secret")


@lru_cache
def client():
    return make(common_name("a client"), ["client.example"], authority())


@lru_cache
def intermediate():
    return make(common_name("Intermediate"), (), authority(), authority=True)


@lru_cache
def behind_intermediate():
    """For localhost, signed by the intermediate authority."""
    return make(common_name("localhost"), ["localhost"], intermediate())


@lru_cache
def rsa_localhost():
    """The same as `localhost()`, with a key of RSA."""
    return make(common_name("localhost"), ["localhost", "127.0.0.1"], authority(), key_type="rsa")


def revocations(*pairs):
    """The authority's list of revoked certificates, as PEM."""
    issuer = authority()
    above = x509.load_pem_x509_certificate(issuer.cert.encode())
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(above.subject)
        .last_update(now - DAY)
        .next_update(now + DAY)
    )
    for pair in pairs:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(x509.load_pem_x509_certificate(pair.cert.encode()).serial_number)
            .revocation_date(now - DAY)
            .build()
        )
    signer = serialization.load_pem_private_key(issuer.key.encode(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    signed = builder.sign(signer, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()
