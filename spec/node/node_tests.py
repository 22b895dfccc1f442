"""Node's own test files (version 20, test/parallel), and what became of each.

    python -m spec.node.node_tests     prints the table

A file is carried over if an example of ours names it in its docstring. Of the others, COVERED says
which class of examples checks what the file checks, and OUT_OF_SCOPE why there is none. Names are
without `test-` and `.js`; `*` stands for any characters.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAME = re.compile(r"\btest-([A-Za-z0-9.-]*?[A-Za-z0-9])(?:\.js)?(?=[\s,;)\"]|\.\s)")

# By spec file and class.
COVERED: dict[str, dict[str, str]] = {
    "http/server_spec.py": {
        "DescribeCreateServer": """
            http-listening http-methods http-server http-server-keep-alive-defaults
            http-server-options-* http-server-timeouts-validation
        """,
        "DescribeRequests": "http http-server-method.query http-wget",
        "DescribeBodies": """
            http-chunked http-dump-req-when-res-ends http-incoming-message-options
            http-no-read-no-dump http-pause http-pause-no-dump http-pause-resume-one-end
            http-server-consumed-timeout http-server-de-chunked-trailer
        """,
        "DescribeAborts": """
            http-abort-before-end http-abort-client http-abort-queued
            http-server-incomingmessage-destroy
        """,
        "DescribeKeepAlive": """
            http-keep-alive http-keep-alive-close-on-header http-keep-alive-drop-requests
            http-keep-alive-max-requests http-keep-alive-pipeline-max-requests
            http-keep-alive-timeout http-keep-alive-timeout-*
            http-server-keep-alive-max-requests-null http-server-keep-alive-timeout
            http-server-keep-alive-timeout-slow-* http-server-keepalive-*
            http-server-stale-close http-should-keep-alive
        """,
        "DescribePipelining": """
            http-highwatermark http-pipeline-assertionerror-finish http-pipeline-flood
            http-pipeline-requests-connection-leak http-pipeline-socket-parser-typeerror
        """,
        "DescribeExpect": """
            http-expect-continue http-expect-continue-reuse-race http-expect-handling
        """,
        "DescribeErrorsOfClients": """
            http-conn-reset http-parser-bad-ref http-server-client-error-message
            http-server-connections-checking-leak http-server-destroy-socket-on-client-error
            http-server-reject-chunked-with-content-length http-server-unconsume
            http-socket-error-listeners
        """,
        "DescribeTimeLimits": """
            http-server-clear-timer http-server-headers-timeout-*
            http-server-headers-timeout-keepalive http-server-request-timeout-*
            http-server-request-timeouts-*
        """,
        "DescribeOfQuietConnections": """
            http-outgoing-settimeout http-server-async-dispose http-set-timeout
            http-set-timeout-server http-timeout http-timeout-overflow
        """,
        "DescribeClosing": """
            http-server-close-all http-server-close-destroy-timeout http-server-close-idle
            http-server-close-idle-wait-* http-server-connection-list-when-close
        """,
        "DescribeOtherStreams": "http-generic-streams http-unix-socket*",
    },
    "http/response_spec.py": {
        "DescribeHeaders": """
            http-automatic-headers http-date-header http-flush-headers
            http-flush-response-headers http-header-read http-header-validators
            http-invalidheaderfield2 http-mutable-headers http-outgoing-proto
            http-outgoing-renderHeaders http-response-multiheaders http-response-splitting
            http-set-cookies http-set-header-chain
        """,
        "DescribeWriteHead": """
            http-head-response-has-no-body http-head-response-has-no-body-end
            http-head-throw-on-response-body-write http-response-no-headers
            http-response-status-message http-response-writehead-returns-this http-status-code
            http-status-message http-write-head http-write-head-2
        """,
        "DescribeInterimResponses": "http-early-hints* http-information-headers",
        "DescribeBody": """
            http-byteswritten http-content-length http-content-length-mismatch
            http-default-encoding http-full-response http-hex-write http-no-content-length
            http-outgoing-buffer http-outgoing-end-cork http-outgoing-end-multiple
            http-outgoing-end-types http-outgoing-first-chunk-singlebyte-encoding
            http-outgoing-write-types http-pipe-fs http-res-write-after-end
            http-res-write-end-dont-take-array http-response-cork http-server-write-after-end
            http-server-write-end-after-end http-set-trailers http-zerolengthbuffer
            outgoing-message-pipe
        """,
        "DescribeDestroy": """
            http-outgoing-destroy http-outgoing-destroyed http-outgoing-finished
            http-req-res-close http-response-close outgoing-message-destroy
        """,
    },
    "http/upgrade_spec.py": {
        "DescribeUpgrade": """
            http-parser-freed-before-upgrade http-server-delete-parser
            http-server-request-timeout-upgrade http-upgrade-advertise http-upgrade-binary
            http-upgrade-server http-upgrade-server2
        """,
        "DescribeConnect": "http-after-connect http-connect http-connect-req-res",
    },
    "http/headers_spec.py": {
        "DescribeHeadersOfRequests": """
            http-incoming-matchKnownFields http-multi-line-headers
            http-request-join-authorization-headers http-server-non-utf8-header
        """,
        "DescribeNames": "http-common",
    },
    "http/parser_spec.py": {
        "DescribeLimits": """
            http-header-overflow http-invalid-path-chars http-max-header-size*
            http-max-headers-count http-rawheaders-limit
        """,
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
            tls-client-abort tls-client-abort2 tls-client-auth tls-client-destroy-soon
            tls-client-reject* tls-connect-allow-half-open-option tls-connect-stream-writes
            tls-destroy-stream* tls-getcipher tls-handshake-nohang tls-hello-parser-failure
            tls-net-socket-keepalive* tls-no-sslv23 tls-no-sslv3 tls-peer-certificate
            tls-server-verify tls-socket-default-options tls-socket-destroy
            tls-socket-failed-handshake-emits-error tls-timeout-server tls-timeout-server-2
            tls-tlswrap-segfault* tls-wrap-econnreset-pipe tls-write-error
        """,
    },
    "tls/connecting_spec.py": {
        "DescribeConnect": """
            double-tls-client double-tls-server tls-connect tls-connect-address-family
            tls-connect-no-host tls-connect-pipe tls-delayed-attach tls-generic-stream
            tls-inception tls-js-stream tls-lookup tls-over-http-tunnel tls-socket-close
            tls-starttls-server tls-streamwrap-buffersize tls-transport-destroy-after-own-gc
            tls-use-after-free-regression
        """,
    },
    "tls/server_spec.py": {
        "DescribeServer": """
            tls-handshake-exception tls-server-connection-server
            tls-server-failed-handshake-emits-clienterror tls-server-parent-constructor-options
            tls-tlswrap-clienterror
        """,
    },
    "tls/identity_spec.py": {
        "DescribeCheckServerIdentity": "tls-check-server-identity",
    },
    "tls/certificates_spec.py": {
        "DescribeDescribe": """
            tls-cert-ext-encoding tls-parse-cert-string tls-peer-certificate-encoding
            tls-translate-peer-certificate
        """,
    },
    "tls/contexts_spec.py": {
        "DescribeContexts": "tls-addca tls-no-rsa-key tls-server-setkeycert",
    },
    "tls/identities_spec.py": {
        "DescribeIdentities": "tls-multi-key tls-peer-certificate-multi-keys",
    },
    "tls/suites_spec.py": {
        "DescribeCiphers": "tls-cipher-list tls-set-ciphers tls-set-ciphers-error",
        "DescribeCurve": "tls-ecdh tls-ecdh-auto tls-ecdh-multiple",
    },
    "tls/secure_context_spec.py": {
        "DescribeSecureContext": "tls-connect-secure-context tls-secure-context-usage-order",
        "DescribeAddContext": "tls-add-context tls-sni-servername",
        "DescribeSNICallback": "tls-sni-option tls-socket-snicallback-without-server",
    },
    "tls/session_spec.py": {
        "DescribeSessions": "tls-client-resume* tls-secure-session",
    },
}

# By reason.
OUT_OF_SCOPE: dict[str, str] = {
    "the HTTP client: see docs/migrating-from-node.md": """
        http-abort-stream-end http-addrequest-* http-agent* http-allow-req-after-204-res
        http-autoselectfamily http-buffer-sanity http-client* http-correct-hostname
        http-createConnection http-debug http-decoded-auth http-default-port
        http-destroyed-socket-write2 http-dns-* http-dont-set-* http-eof-on-connect
        http-extra-response http-get* http-host-headers http-hostname-typechecking
        http-information-processing http-insecure-parser* http-invalid-urls http-keepalive-*
        http-localaddress* http-max-sockets http-nodelay http-parser-finish-*
        http-perf_hooks http-proxy* http-request* http-response-timeout
        http-set-max-idle-http-parser http-upgrade-agent http-upgrade-client*
        http-url.parse* http2-*
    """,
    "what a program around a driver does not call": """
        event-capture-rejections event-emitter-*-leak* event-emitter-error-monitor
        event-emitter-max-listeners* event-target* eventemitter-asyncresource
        events-add-abort-listener events-customevent events-getmaxlisteners events-list
        events-static-geteventlisteners eventtarget* http-catch-uncaughtexception
        http-incoming-message-connection-setter http-outgoing-finish-writable
        http-outgoing-internal-headers http-outgoing-message-capture-rejection
        http-outgoing-message-inheritance http-server-response-standalone
        http-socket-encoding-error http-sync-write-error-during-continue
        http-writable-true-after-close stream-*-objectmode* stream-compose*
        stream-duplex-from stream-filter stream-map stream-pipeline-*
        stream-readable-aborted stream-readable-didRead stream-readable-dispose
        stream-readable-next-no-null
        stream-readable-from-web* stream-readable-strategy-* stream-readable-to-web*
        stream-reduce stream-toArray stream-transform-* timers-*-promisified
        timers-api-refs timers-destroyed timers-dispose timers-enroll* timers-linked-list
        timers-nan-duration-* timers-negative-duration-* timers-not-emit-duration-zero
        timers-priority-queue timers-process-tampering timers-promises* timers-this
        timers-to-primitive timers-unenroll* timers-unrefed-in-beforeexit
        tls-client-getephemeralkeyinfo tls-disable-renegotiation tls-exportkeyingmaterial
        tls-external-accessor tls-finished tls-get-ca-certificates-* tls-getcertificate-x509
        tls-keylog-* tls-max-send-fragment tls-reinitialize-listeners tls-root-certificates
        tls-securepair-*
    """,
    "Python's ssl has no place for it: the option raises an error": """
        tls-alpn-callback tls-client-allow-partial-trust-chain tls-client-mindhsize
        tls-client-renegotiation-* tls-clientcertengine-* tls-dhe tls-enable-trace*
        tls-honorcipherorder tls-invalid-pfx tls-keyengine-* tls-legacy-pfx tls-multi-pfx
        tls-ocsp-callback tls-pfx-* tls-psk-* tls-session-cache tls-session-timeout*
        tls-set-sigalgs tls-ticket*
    """,
    "another choice, in docs/proxies-and-tls.md or docs/differences.md": """
        event-emitter-add-listeners event-emitter-method-names
        event-emitter-remove-all-listeners event-emitter-remove-listeners
        stream-readable-with-unimplemented-* stream-pipe-without-listenerCount
        tls-cnnic-whitelist tls-env-* tls-ip-servername-forbidden
        tls-startcom-wosign-whitelist
    """,
    "a default of the process, or an event of each address that is tried": """
        net-autoselectfamily-*
    """,
    "Node's processes, memory and internals": """
        net-access-byteswritten net-connect-call-socket-connect net-end-close
        net-server-close-before-ipc-response net-server-connections*
        net-server-drop-connections-* net-server-listen-handle
        net-server-simultaneous-accepts-* net-socket-no-halfopen-enforcer
        net-socket-write-after-close timers-clearImmediate-als timers-timeout-to-interval
        timers-unref-active timers-unref-remove-*
        *-abort-controller *-domain *-gc *-leak *-memleak *-no-abort http-parser*
        http-server-options-highwatermark net-blocklist net-child-process-*
        net-connect-memleak net-connect-options-fd net-deprecated-* net-internal
        net-listen-after-destroying-stdin net-listen-exclusive-* net-listen-fd* net-normalize-args
        net-onread-* net-perf_hooks net-reuseport net-server-async-dispose net-server-blocklist
        net-server-capture-rejection net-server-listen-options-signal next-tick-domain
        next-tick-when-exiting stream-base-* stream-wrap* tls-alert* tls-async-cb-after-socket-end
        tls-cli-* tls-error-stack tls-onread-static-buffer tls-retain-handle-no-abort
        tls-secure-context-* tls-wrap-no-abort tls-writewrap-leak
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
    """What became of a file: where it was carried over, what covers it, or why neither."""
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
    """All names and patterns, sorted, each with what became of it."""
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
