"""`ssl.SSLContext`s from Node's options."""

import os
import ssl
import stat
import tempfile
from pathlib import Path

import pytest

from spec.node.tls import certificates
from websocket_driver.errors import ConfigurationError
from websocket_driver.node.tls.contexts import MAX_CONTEXTS, context_for, settings_for
from websocket_driver.node.tls.reasons import reason


def client(**options):
    return context_for(settings_for(server_side=False, verify_mode=ssl.CERT_REQUIRED, **options))


def server(**options):
    return context_for(settings_for(server_side=True, verify_mode=ssl.CERT_NONE, **options))


def subjects(context):
    return [dict(pair for (pair,) in cert["subject"]) for cert in context.get_ca_certs()]


@pytest.fixture
def files(tmp_path):
    pair = certificates.localhost()
    (tmp_path / "cert.pem").write_text(pair.cert)
    (tmp_path / "key.pem").write_text(pair.key)
    (tmp_path / "both.pem").write_text(pair.key + pair.cert)
    (tmp_path / "ca.pem").write_text("Ünser\n" + certificates.authority().cert)
    (tmp_path / "empty.pem").write_text("nothing\n")
    return tmp_path


class DescribeContexts:
    class DescribeVerification:
        def it_checks_names_where_certificates_are_verified(self):
            context = client()
            assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
            none = context_for(settings_for(server_side=False, verify_mode=ssl.CERT_NONE))
            assert (none.verify_mode, none.check_hostname) == (ssl.CERT_NONE, False)

        def it_trusts_the_authorities_of_the_system_by_default(self, tmp_path, monkeypatch):
            # A context loads authorities from the folder while it is used. This one is empty.
            monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
            assert client().get_ca_certs() == ssl.create_default_context().get_ca_certs()

        def it_finds_them_where_the_environment_says_now(self, files, monkeypatch):
            client()
            monkeypatch.setenv("SSL_CERT_FILE", str(files / "ca.pem"))
            monkeypatch.setenv("SSL_CERT_DIR", str(files))
            assert {"commonName": "Test authority"} in subjects(client())

        def it_trusts_only_those_of_the_option_ca(self, files):
            pem = certificates.authority().cert
            other = certificates.make(certificates.common_name("Other"), authority=True)
            expected = [{"commonName": "Test authority"}]
            assert subjects(client(ca=pem)) == expected
            assert subjects(client(ca=pem.encode())) == expected
            assert subjects(client(ca=bytearray(pem.encode()))) == expected
            assert subjects(client(ca=files / "ca.pem")) == expected
            assert subjects(client(ca=str(files / "ca.pem"))) == expected
            assert len(subjects(client(ca=[pem, other.cert]))) == 2
            assert len(subjects(client(ca=pem + other.cert))) == 2

        def it_uses_the_authorities_on_a_server_that_asks_for_certificates(self):
            settings = settings_for(
                server_side=True,
                verify_mode=ssl.CERT_OPTIONAL,
                cert=certificates.localhost().cert,
                key=certificates.localhost().key,
                ca=certificates.authority().cert,
            )
            assert subjects(context_for(settings)) == [{"commonName": "Test authority"}]

    class DescribeCertificate:
        def it_is_taken_from_text_bytes_or_a_file(self, files):
            pair = certificates.localhost()
            server(cert=pair.cert, key=pair.key)
            server(cert=pair.cert.encode(), key=memoryview(pair.key.encode()))
            server(cert=pair.key + pair.cert)
            server(cert=files / "both.pem")
            server(cert=str(files / "cert.pem"), key=os.fsencode(files / "key.pem"))
            server(cert=files / "cert.pem", key=pair.key)
            server(cert=pair.cert, key=files / "key.pem")

        def it_may_have_an_encrypted_key(self):
            pair = certificates.encrypted()
            server(cert=pair.cert, key=pair.key, passphrase="secret")
            with pytest.raises(ConfigurationError, match="passphrase is missing"):
                server(cert=pair.cert, key=pair.key)
            with pytest.raises(ConfigurationError, match=r"cannot be used: .*"):
                server(cert=pair.cert, key=pair.key, passphrase="wrong")

        def it_leaves_no_key_behind(self, tmp_path, monkeypatch):
            modes = []

            class Folder(tempfile.TemporaryDirectory[str]):
                def cleanup(self):
                    (path,) = Path(self.name).iterdir()
                    modes.append((stat.S_IMODE(path.stat().st_mode), path.parent.parent))
                    super().cleanup()

            monkeypatch.setattr(tempfile, "TemporaryDirectory", Folder)
            monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
            pair = certificates.make(certificates.common_name("localhost"))
            server(cert=pair.cert, key=pair.key)
            with pytest.raises(ConfigurationError):
                server(cert=pair.cert, key=certificates.localhost().key)
            assert modes == ([(0o600, tmp_path)] * 2 if os.name == "posix" else modes)
            assert list(tmp_path.iterdir()) == []

        @pytest.mark.parametrize(
            "options, message",
            [
                ({"key": certificates.localhost().key}, "key needs cert"),
                (
                    {
                        "cert": certificates.localhost().cert,
                        "key": certificates.authority().key,
                    },
                    "cert and key cannot be used: key values mismatch",
                ),
                ({"cert": certificates.localhost().cert}, "cert and key cannot be used: .+"),
                ({"cert": "-----BEGIN nothing"}, "cert and key cannot be used: .+"),
                ({"cert": "first\nsecond"}, "cert is neither PEM .* nor the path of a file"),
                ({"cert": b"0\x82\n"}, "cert is neither PEM .* nor the path of a file"),
                ({"cert": "x", "passphrase": 1}, "passphrase must be str, not int"),
                ({"cert": 5}, "cert must be PEM or the path of a file, not int"),
            ],
        )
        def it_is_refused_with_a_reason(self, options, message):
            with pytest.raises((ConfigurationError, TypeError), match=f"^{message}$"):
                server(**options)

        def it_is_refused_if_the_file_is_not_there_or_has_none(self, files):
            with pytest.raises(FileNotFoundError):
                client(ca="no-such-file.pem")
            with pytest.raises(
                ConfigurationError, match=r"^ca: there is no PEM .* in .*empty.pem$"
            ):
                client(ca=files / "empty.pem")
            with pytest.raises(
                ConfigurationError, match=r"^ca: no certificate in .*key.pem \(.+\)$"
            ):
                client(ca=files / "key.pem")
            with pytest.raises(ConfigurationError, match=r"^ca: no certificate \(.+\)$"):
                client(ca="-----BEGIN")

    class DescribeVersions:
        def it_begins_at_tls_1_2(self):
            assert client().minimum_version == ssl.TLSVersion.TLSv1_2
            assert client().options & ssl.OP_NO_RENEGOTIATION

        def it_takes_nodes_names(self):
            context = client(min_version="TLSv1.2", max_version="TLSv1.2")
            assert context.minimum_version == ssl.TLSVersion.TLSv1_2
            assert context.maximum_version == ssl.TLSVersion.TLSv1_2
            assert client(min_version="TLSv1.3").minimum_version == ssl.TLSVersion.TLSv1_3

        @pytest.mark.parametrize("name", ["min_version", "max_version"])
        @pytest.mark.parametrize("value", ["1.2", "TLSv2", 771, ["TLSv1.2"]])
        def it_refuses_other_names(self, name, value):
            with pytest.raises(ConfigurationError, match=f"^{name} must be one of TLSv1, .*, not "):
                client(**{name: value})

        def it_refuses_a_lowest_above_the_highest(self):
            text = "^min_version TLSv1.3 is above max_version TLSv1.2$"
            with pytest.raises(ConfigurationError, match=text):
                client(min_version="TLSv1.3", max_version="TLSv1.2")

    class DescribeProtocols:
        @pytest.mark.parametrize("value", ["h2", {"h2"}, 5, ["h2", 5]])
        def it_must_be_a_list_of_strings(self, value):
            with pytest.raises(TypeError, match=r"^alpn_protocols must be a list"):
                client(alpn_protocols=value)

        @pytest.mark.parametrize("name", ["", "x" * 256, "é", b"\xff"])
        def it_must_have_names_that_can_be_sent(self, name):
            with pytest.raises(
                ConfigurationError, match=r"^alpn_protocols: .* is not 1 to 255 ASCII"
            ):
                client(alpn_protocols=[name])

        def it_takes_text_and_bytes(self):
            settings = settings_for(
                server_side=False, verify_mode=ssl.CERT_NONE, alpn_protocols=("h2", b"x")
            )
            assert settings.protocols == ("h2", "x")
            context_for(settings)

    class DescribeSharing:
        def it_is_the_same_for_the_same_options(self, files):
            ca = certificates.authority().cert
            assert client(ca=ca) is client(ca=ca.encode())
            assert client(ca=ca) is not client(ca=ca, alpn_protocols=["h2"])
            first = client(ca=files / "ca.pem")
            assert first is client(ca=files / "ca.pem")

        def it_notices_a_new_file(self, files):
            first = client(ca=files / "ca.pem")
            other = certificates.make(certificates.common_name("Other"), authority=True)
            (files / "ca.pem").write_text(other.cert)
            assert subjects(first) != subjects(client(ca=files / "ca.pem"))

        def it_has_a_bound(self):
            for number in range(MAX_CONTEXTS + 5):
                client(alpn_protocols=[str(number)])
            assert context_for.cache_info().currsize == MAX_CONTEXTS

    class DescribeReason:
        @pytest.mark.parametrize(
            "arguments",
            [
                (1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)"),
                (1, "[SSL] wrong version number (_ssl.c:1006)"),
                ("wrong version number",),
            ],
        )
        def it_is_in_openssls_words(self, arguments):
            assert reason(ssl.SSLError(*arguments)) == "wrong version number"
