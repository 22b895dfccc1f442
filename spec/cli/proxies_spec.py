import pytest

from spec.cli.support import url_of
from websocket_driver.cli.proxies import UnusableProxy, proxy_for

PROXY = "http://127.0.0.1:3128/"


def chosen(url, **environment):
    proxy = proxy_for(url_of(url), environment)
    return None if proxy is None else proxy.href


class DescribeProxyFor:
    def it_is_none_without_a_variable(self):
        assert chosen("ws://a/") is None
        assert chosen("ws://a/", HTTP_PROXY="") is None
        assert chosen("ws://a/", HTTP_PROXY=" ") is None

    @pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
    def it_is_that_of_http_for_a_ws_url(self, name):
        assert chosen("ws://a/", **{name: PROXY}, HTTPS_PROXY="http://b/") == PROXY

    @pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
    def it_is_that_of_https_for_a_wss_url(self, name):
        assert chosen("wss://a/", **{name: PROXY}, HTTP_PROXY="http://b/") == PROXY

    def it_prefers_lower_case_and_the_most_exact(self):
        assert chosen("ws://a/", http_proxy=PROXY, HTTP_PROXY="http://b/") == PROXY
        assert chosen("ws://a/", HTTP_PROXY=PROXY, all_proxy="http://b/") == PROXY

    @pytest.mark.parametrize(
        ("text", "href"),
        [
            ("127.0.0.1:3128", "http://127.0.0.1:3128/"),
            ("u:p@proxy:3128", "http://u:p@proxy:3128/"),
            ("https://proxy", "https://proxy/"),
            (" http://proxy:3128\r", "http://proxy:3128/"),
        ],
    )
    def it_may_lack_the_scheme(self, text, href):
        assert chosen("ws://a/", HTTP_PROXY=text) == href

    def it_refuses_what_is_not_the_url_of_a_proxy(self):
        with pytest.raises(UnusableProxy) as error:
            chosen("ws://a/", HTTP_PROXY="socks5://u:secret@b:1080")
        assert str(error.value) == (
            "HTTP_PROXY in the environment: socks5://b:1080 is not a valid proxy URL, "
            ""
            "such as http://127.0.0.1:3128"
        )

    @pytest.mark.parametrize(
        ("entry", "url"),
        [
            ("*", "ws://a/"),
            ("example.com", "ws://example.com/"),
            ("Example.COM", "wss://example.com/"),
            ("example.com", "ws://chat.example.com/"),
            (".example.com", "ws://chat.example.com/"),
            ("*.example.com", "ws://chat.example.com/"),
            ("example.com:8080", "ws://example.com:8080/"),
            ("example.com:443", "wss://example.com/"),
            ("127.0.0.1", "ws://127.0.0.1:4180/"),
            ("127.0.0.1:4180", "ws://127.0.0.1:4180/"),
            ("127.0.0.0/8", "ws://127.1.2.3/"),
            ("::1", "ws://[::1]/"),
            ("[::1]", "ws://[::1]/"),
            ("[::1]:80", "ws://[::1]/"),
            ("[0:0:0:0:0:0:0:1]:80", "ws://[::1]/"),
            ("0::1", "ws://[::1]/"),
            ("127.0.0.0/8:4180", "ws://127.0.0.1:4180/"),
            ("fe80::/10", "ws://[fe80::1]/"),
            ("example.com", "ws://example.com./"),
            ("example.com.:80", "ws://chat.example.com./"),
            ("a, , b\tc", "ws://c/"),
        ],
    )
    def it_is_none_for_hosts_in_no_proxy(self, entry, url):
        for name in ("no_proxy", "NO_PROXY"):
            assert chosen(url, ALL_PROXY=PROXY, **{name: entry}) is None

    @pytest.mark.parametrize(
        ("entry", "url"),
        [
            ("", "ws://a/"),
            (".", "ws://a/"),
            ("example.com", "ws://anexample.com/"),
            ("chat.example.com", "ws://example.com/"),
            ("example.com:8080", "ws://example.com/"),
            ("127.0.0.0/8", "ws://128.0.0.1/"),
            ("127.0.0.0/8", "ws://127.example.com/"),
            ("::1", "ws://127.0.0.1/"),
            ("[::1]:81", "ws://[::1]/"),
            ("127.0.0.0/8:81", "ws://127.0.0.1/"),
            ("[::2]:80", "ws://[::1]/"),
        ],
    )
    def it_is_there_for_other_hosts(self, entry, url):
        assert chosen(url, ALL_PROXY=PROXY, NO_PROXY=entry) == PROXY
