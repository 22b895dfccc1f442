"""`tls.create_secure_context`: key, certificates and the like, for connections to come."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...spelling import spelled_options
from .contexts import Settings, context_for, settings_for
from .unsupported import without_unsupported

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .context_options import SecureContextOptions

# The options of a SecureContext.
SECURE_CONTEXT_OPTIONS = (
    "key",
    "cert",
    "ca",
    "crl",
    "passphrase",
    "min_version",
    "max_version",
    "ciphers",
    "ecdh_curve",
)


class SecureContext:
    """The result of `create_secure_context()`, for the option `secure_context`, for
    `server.add_context()` and for `sni_callback`.

    Whether certificates are verified, and which protocols are offered, is up to the connections.
    """

    __slots__ = ("_settings",)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def has_certificate(self) -> bool:
        """True if a server can use it."""
        return bool(self._settings.certs)

    def for_connections(
        self,
        *,
        server_side: bool,
        verify_mode: ssl.VerifyMode,
        protocols: tuple[str, ...] = (),
        checks_name: bool = True,
    ) -> ssl.SSLContext:
        """The `ssl.SSLContext` for connections of one kind, which share it."""
        return context_for(
            self._settings._replace(
                server_side=server_side,
                verify_mode=verify_mode,
                protocols=protocols,
                checks_name=checks_name,
            )
        )


def create_secure_context(
    options: SecureContextOptions | None = None, **more: Unpack[SecureContextOptions]
) -> SecureContext:
    """A `SecureContext` with the options `key`, `cert`, `ca`, `crl`, `passphrase`, `min_version`,
    `max_version`, `ciphers` and `ecdh_curve`.

    Raises `TypeError` or `ConfigurationError` for options that cannot be used, and `OSError` for
    files that cannot be read.
    """
    chosen = spelled_options(
        without_unsupported(options) if isinstance(options, Mapping) else options,
        SECURE_CONTEXT_OPTIONS,
        **without_unsupported(more),
    )
    settings = settings_for(server_side=False, verify_mode=ssl.CERT_NONE, **chosen)
    context = SecureContext(settings)
    # What does not fit together is reported here. Authorities are loaded to verify with them.
    verifies = settings.ca or settings.crl
    context.for_connections(
        server_side=context.has_certificate,
        verify_mode=ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE,
    )
    return context


createSecureContext = create_secure_context
