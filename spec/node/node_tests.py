"""Node's own test files (version 20, test/parallel), and where each is covered.

    python -m spec.node.node_tests     prints the table

A file is carried over if an example of this package names it in its docstring. For the others,
COVERED lists the class of examples that checks the same, and OUT_OF_SCOPE the reason why none does.
Names are without `test-` and `.js`; `*` stands for any characters.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAME = re.compile(r"\btest-([A-Za-z0-9.-]*?[A-Za-z0-9])(?:\.js)?(?=[\s,;)\"]|\.\s)")

# The files that are covered, by spec file and class.
COVERED: dict[str, dict[str, str]] = {
    "http/server_spec.py": {
        "DescribeRequests": "http http-request-host-header",
        "DescribeBodies": """
            http-default-encoding http-no-read-no-dump http-pause
            http-server-consumed-timeout
        """,
        "DescribeAborts": "http-server-incomingmessage-destroy",
        "DescribeKeepAlive": """
            http-keep-alive http-server-keep-alive-timeout-slow-client-headers
            http-server-keep-alive-timeout-slow-server
        """,
        "DescribePipelining": """
            http-highwatermark http-incoming-pipelined-socket-destroy
            http-pipeline-assertionerror-finish http-pipeline-flood
            http-pipeline-requests-connection-leak
        """,
        "DescribeExpect": "http-expect-continue http-expect-handling",
        "DescribeErrorsOfClients": "http-exceptions",
        "DescribeTimeLimits": """
            http-keep-alive-empty-line http-server-headers-timeout-*
            http-server-request-timeout-* http-server-request-timeouts-*
            http-slow-headers http-slow-headers-keepalive
        """,
        "DescribeClosing": """
            http-server-close-all http-server-close-idle
            http-server-close-idle-wait-*
        """,
    },
    "http/response_spec.py": {
        "DescribeHeaders": "http-flush-response-headers http-set-header-chain",
        "DescribeWriteHead": """
            http-response-writehead-returns-this http-status-code
            http-status-message
        """,
        "DescribeBody": """
            http-chunked http-hex-write http-res-write-after-end
            http-server-write-after-end http-server-write-end-after-end
            http-zerolengthbuffer
        """,
        "DescribeDestroy": "http-response-close outgoing-message-destroy",
    },
    "http/upgrade_spec.py": {
        "DescribeUpgrade": "http-server-request-timeout-upgrade",
    },
    "http/headers_spec.py": {
        "DescribeHeadersOfRequests": "http-incoming-matchKnownFields",
        "DescribeNames": "http-common http-header-validators http-invalidheaderfield2",
    },
    "net/socket_spec.py": {
        "DescribeConnecting": "net-dns-lookup",
        "DescribeHappyEyeballs": "net-autoselectfamily-ipv4first",
        "DescribeAddresses": "net-remote-address-port",
        "DescribeData": "net-pingpong-delay net-write-fully-async-*",
        "DescribeReset": "net-connect-reset-until-connected net-socket-reset-twice",
        "DescribeOptions": """
            net-keepalive net-persistent-keepalive net-persistent-nodelay
            net-persistent-ref-unref net-socket-setnodelay
        """,
    },
    "net/address_spec.py": {
        "DescribeIsIp": "net-isip net-isipv4 net-isipv6",
    },
    "stream_spec.py": {
        "DescribePipe": "stream-pipe-flow",
    },
    "readable_spec.py": {
        "DescribeRead": "stream-readable-large-hwm",
        "DescribeTheEventReadable": "stream-readable-no-unneeded-readable stream2-basic",
    },
    "tls/socket_spec.py": {
        "DescribeTLSSocket": """
            tls-client-abort tls-client-destroy-soon tls-client-reject*
            tls-close-error tls-connect-stream-writes tls-destroy-stream*
            tls-getcipher tls-hello-parser-failure tls-no-sslv3 tls-server-verify
            tls-socket-failed-handshake-emits-error tls-timeout-server
            tls-timeout-server-2 tls-write-error
        """,
    },
    "tls/connecting_spec.py": {
        "DescribeConnect": """
            double-tls-client tls-connect-address-family tls-connect-pipe
            tls-generic-stream tls-inception tls-js-stream tls-over-http-tunnel
            tls-socket-close
        """,
    },
    "tls/server_spec.py": {
        "DescribeServer": "tls-handshake-exception tls-server-failed-handshake-emits-clienterror",
    },
    "tls/identity_spec.py": {
        "DescribeCheckServerIdentity": "tls-check-server-identity",
    },
    "tls/certificates_spec.py": {
        "DescribeDescribe": """
            tls-cert-ext-encoding tls-peer-certificate-encoding
            tls-peer-certificate-multi-keys
        """,
    },
    "tls/contexts_spec.py": {
        "DescribeContexts": "tls-cert-regression tls-key-mismatch tls-no-rsa-key",
    },
    "tls/identities_spec.py": {
        "DescribeIdentities": "tls-multi-key",
    },
    "tls/suites_spec.py": {
        "DescribeCiphers": "tls-set-ciphers-error",
        "DescribeCurve": "tls-ecdh tls-ecdh-auto tls-ecdh-multiple",
    },
    "tls/secure_context_spec.py": {
        "DescribeSecureContext": "tls-connect-secure-context tls-secure-context-usage-order",
        "DescribeAddContext": "tls-add-context",
        "DescribeSNICallback": "tls-socket-snicallback-without-server",
    },
    "tls/session_spec.py": {
        "DescribeSessions": "tls-client-resume* tls-secure-session",
        "DescribeDetailedCertificates": "tls-peer-certificate",
    },
}

# The files that are out of scope, by reason.
OUT_OF_SCOPE: dict[str, str] = {
    "the HTTP client: see docs/migrating-from-node.md": """
        http-abort-before-end http-abort-queued http-abort-stream-end http-addrequest-* http-agent*
        http-allow-req-after-204-res http-autoselectfamily http-buffer-sanity
        http-catch-uncaughtexception http-client* http-conn-reset http-correct-hostname
        http-createConnection http-debug http-decoded-auth http-default-port
        http-destroyed-socket-write2 http-dns-* http-dont-set-* http-expect-continue-reuse-race
        http-extra-response http-flush-headers http-get* http-host-headers
        http-hostname-typechecking http-incoming-message-options http-information-headers
        http-invalid-path-chars http-invalid-urls http-keepalive-* http-localaddress*
        http-max-sockets http-multi-line-headers http-no-content-length http-nodelay
        http-parser-finish-* http-pause-resume-one-end http-perf_hooks http-proxy* http-request*
        http-response-no-headers http-response-status-message http-response-timeout
        http-should-keep-alive http-sync-write-error-during-continue http-timeout
        http-timeout-client-warning http-timeout-overflow http-upgrade-agent http-upgrade-binary
        http-upgrade-client* http-url.parse* http2-* https-abortcontroller https-agent*
        https-autoselectfamily https-client* https-eof-for-eom https-expect-continue-reuse-race
        https-host-headers https-hwm https-localaddress* https-request-arguments
        https-selfsigned-no-keycertsign-no-crash https-socket-options https-strict
    """,
    "what a program around a driver does not call": """
        event-capture-rejections event-emitter-*-leak* event-emitter-max-listeners* event-target*
        eventemitter-asyncresource events-add-abort-listener events-customevent
        events-getmaxlisteners events-list events-static-geteventlisteners eventtarget*
        http-chunk-problem http-full-response
        http-incoming-message-connection-setter http-outgoing-buffer http-outgoing-finished
        http-outgoing-internal-headers http-outgoing-message-capture-rejection
        http-outgoing-message-inheritance http-outgoing-proto http-outgoing-renderHeaders
        http-outgoing-settimeout http-pipe-fs http-server-async-dispose
        http-server-capture-rejections http-server-response-standalone https-server-async-dispose
        stream-*-objectmode* stream-compose* stream-duplex-from stream-filter stream-map
        stream-pipeline-* stream-readable-aborted stream-readable-didRead stream-readable-dispose
        stream-readable-from-web* stream-readable-next-no-null stream-readable-strategy-*
        stream-readable-to-web* stream-reduce stream-toArray stream-transform-* timers-*-promisified
        timers-api-refs timers-destroyed timers-dispose timers-enroll* timers-linked-list
        timers-nan-duration-* timers-negative-duration-* timers-not-emit-duration-zero
        timers-priority-queue timers-process-tampering timers-promises* timers-this
        timers-to-primitive timers-unenroll* timers-unrefed-in-beforeexit
        tls-client-getephemeralkeyinfo tls-disable-renegotiation tls-error-servername
        tls-exportkeyingmaterial tls-external-accessor tls-finished tls-get-ca-certificates-*
        tls-getcertificate-x509 tls-keylog-* tls-max-send-fragment tls-reinitialize-listeners
        tls-root-certificates tls-securepair-* tls-server-connection-server
        tls-streamwrap-buffersize
    """,
    "Python's ssl has no place for it: the option raises an error": """
        https-pfx https-resume-after-renew tls-alpn-callback tls-client-allow-partial-trust-chain
        tls-client-mindhsize tls-client-renegotiation-* tls-clientcertengine-* tls-dhe
        tls-enable-trace* tls-honorcipherorder tls-invalid-pfx tls-keyengine-* tls-legacy-pfx
        tls-multi-pfx tls-no-sslv23 tls-ocsp-callback tls-pfx-* tls-psk-* tls-server-setkeycert
        tls-session-cache tls-session-timeout* tls-set-sigalgs tls-ticket*
    """,
    "another choice, documented in docs/": """
        event-emitter-add-listeners event-emitter-error-monitor event-emitter-method-names
        http-keep-alive-timeout-buffer http-keep-alive-timeout-race-condition http-max-header-size
        http-max-headers-count http-rawheaders-limit https-max-headers-count
        stream-pipe-without-listenerCount stream-readable-with-unimplemented-* tls-cnnic-whitelist
        tls-env-* tls-ip-servername-forbidden tls-socket-default-options
        tls-startcom-wosign-whitelist
    """,
    "an option that raises an error here: see docs/migrating-from-node.md": """
        http-head-throw-on-response-body-write http-insecure-parser*
        http-server-options-incoming-message http-server-options-server-response
        https-insecure-parse-per-stream https-server-options-incoming-message
        https-server-options-server-response
    """,
    "Node's processes, memory and internals": """
        *-abort-controller *-domain *-gc *-leak *-memleak *-no-abort http-parser*
        http-parser-bad-ref http-parser-freed-before-upgrade http-same-map http-server-clear-timer
        http-server-close-destroy-timeout http-server-connection-list-when-close
        http-server-connections-checking-leak http-server-delete-parser http-server-keepalive-req-gc
        http-set-max-idle-http-parser https-server-close-destroy-timeout
        https-server-connections-checking-leak net-access-byteswritten net-blocklist
        net-child-process-* net-connect-call-socket-connect net-connect-memleak
        net-connect-options-fd net-deprecated-* net-end-close net-internal
        net-listen-after-destroying-stdin net-listen-exclusive-* net-listen-fd* net-normalize-args
        net-onread-* net-perf_hooks net-reuseport net-server-async-dispose net-server-blocklist
        net-server-capture-rejection net-server-close-before-ipc-response net-server-connections*
        net-server-drop-connections-* net-server-listen-handle net-server-listen-options-signal
        net-server-simultaneous-accepts-* net-socket-no-halfopen-enforcer
        net-socket-write-after-close next-tick-domain next-tick-when-exiting stream-base-*
        stream-wrap* timers-clearImmediate-als timers-timeout-to-interval timers-unref-active
        timers-unref-remove-* tls-addca tls-alert* tls-async-cb-after-socket-end tls-canonical-ip
        tls-cipher-list tls-cli-* tls-client-default-ciphers tls-error-stack tls-handshake-nohang
        tls-onread-static-buffer tls-parse-cert-string tls-retain-handle-no-abort
        tls-secure-context-* tls-socket-destroy tls-tlswrap-segfault* tls-translate-peer-certificate
        tls-transport-destroy-after-own-gc tls-wrap-no-abort tls-writewrap-leak
    """,
    "a default of the process": """
        net-autoselectfamily-*
    """,
}


@cache
def carried_over() -> dict[str, set[str]]:
    """The files that examples name in their docstrings, each with the spec files."""
    found: dict[str, set[str]] = {}
    for path in sorted(HERE.rglob("*_spec.py")):
        for match in NAME.finditer(path.read_text()):
            found.setdefault(match[1], set()).add(path.relative_to(HERE).as_posix())
    return found


def fate(name: str) -> str:
    """The entry for a file: where it was carried over, which specs cover it, or why neither."""
    specs = carried_over().get(name)
    if specs:
        return f"carried over: {', '.join(sorted(specs))}"
    for spec, classes in COVERED.items():
        for described, names in classes.items():
            if any(fnmatchcase(name, pattern) for pattern in names.split()):
                return f"covered: {spec}::{described}"
    for reason, names in OUT_OF_SCOPE.items():
        if any(fnmatchcase(name, pattern) for pattern in names.split()):
            return f"out of scope: {reason}"
    return "not considered"


def rows() -> list[tuple[str, str]]:
    """All names and patterns, sorted, each with its entry."""
    names = {*carried_over()}
    for classes in COVERED.values():
        for listed in classes.values():
            names.update(listed.split())
    for listed in OUT_OF_SCOPE.values():
        names.update(listed.split())
    return [(name, fate(name)) for name in sorted(names)]


if __name__ == "__main__":
    for name, result in rows():
        print(f"test-{name}: {result}")
