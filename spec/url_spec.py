"""URLs are parsed as by Node's `new URL()`, except where an example states a rule of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import websocket_driver as websocket
from websocket_driver import ConfigurationError
from websocket_driver.driver.proxy import Proxy
from websocket_driver.url import (
    Url,
    parse_url,
    shown_url,
    valid_url,
    without_credentials,
    without_userinfo,
)


def url(text):
    result = parse_url(text)
    assert result is not None
    return result


class DescribeParseUrl:
    def it_takes_a_url_apart(self):
        assert parse_url("wss://Tom:Sec%20ret@Example.COM:8443/a/b;c?d=e&f#g?h") == Url(
            protocol="wss:",
            username="Tom",
            password="Sec%20ret",
            hostname="example.com",
            port="8443",
            pathname="/a/b;c",
            search="?d=e&f",
            hash="#g?h",
            href="wss://Tom:Sec%20ret@example.com:8443/a/b;c?d=e&f#g?h",
        )

    def it_takes_a_short_url_apart(self):
        assert parse_url("ws://a") == Url(
            protocol="ws:",
            username="",
            password="",
            hostname="a",
            port="",
            pathname="/",
            search="",
            hash="",
            href="ws://a/",
        )

    class DescribeTheScheme:
        @pytest.mark.parametrize("scheme", ["ws", "wss", "http", "https"])
        def it_is_one_of_four(self, scheme):
            assert url(f"{scheme}://a/").protocol == f"{scheme}:"
            assert url(f"{scheme.upper()}://a/").href == f"{scheme}://a/"

        @pytest.mark.parametrize(
            "text",
            [
                "ftp://a/",
                "wsx://a/",
                "file:///a",
                "mailto:a@b",
                "javascript:alert(1)",
                "data:,a",
                "1ws://a/",
                "w s://a/",
                "ws ://a/",
                "://a/",
                "//a/",
                "/a",
                "a",
                "a/b",
                "a:80",
                "example.com:80/chat",
                "ws//a",
                "ws",
                "",
                " ",
                "\u017fws://a/",
            ],
        )
        def it_is_no_url_with_any_other(self, text):
            assert parse_url(text) is None

        @pytest.mark.parametrize(
            "text",
            ["ws:a", "ws:/a", "ws://a", "ws:///a", "ws:////a", "ws:\\\\a", "ws:/\\a", "ws:\\a"],
        )
        def it_is_followed_by_any_number_of_slashes(self, text):
            assert url(text).href == "ws://a/"

        @pytest.mark.parametrize("text", ["ws://a", " ws://a/\n", "W\tS://A", "ws:/\n/a"])
        def it_is_followed_by_two_in_the_url_of_a_driver(self, text):
            assert valid_url(text, ("ws:", "wss:"), "WebSocket").href == "ws://a/"

        @pytest.mark.parametrize(
            "text", ["ws:a", "ws:/a", "ws:///a", "ws:\\\\a", "ws:/\\a", "ws://\\a", "ws:\\a"]
        )
        def it_is_a_mistake_in_the_url_of_a_driver_with_any_other(self, text):
            with pytest.raises(ConfigurationError) as raised:
                valid_url(text, ("ws:", "wss:"), "WebSocket")
            assert str(raised.value) == (
                f"{text} is not a valid WebSocket URL: it must begin with ws:// and a host"
            )
            with pytest.raises(ConfigurationError):
                websocket.client(text)

    class DescribeSpaceAround:
        @pytest.mark.parametrize(
            "text",
            [
                " ws://a/",
                "ws://a/ ",
                "\t\n\r ws://a/\x00\x1f",
                "w\ts://a/",
                "ws:/\n/a\r/",
                "ws://a\n",
            ],
        )
        def it_is_dropped_and_so_are_tabs_and_line_breaks_inside(self, text):
            assert url(text).href == "ws://a/"

        def it_cannot_be_used_to_smuggle_lines(self):
            assert url("ws://a/b\r\nc?d\r\ne").href == "ws://a/bc?de"

        @pytest.mark.parametrize("text", ["\u00a0ws://a/", "\u3000ws://a/"])
        def it_is_not_any_other(self, text):
            assert parse_url(text) is None

    class DescribeTheHost:
        @pytest.mark.parametrize(
            ("text", "hostname"),
            [
                ("example.com", "example.com"),
                ("EXAMPLE.Com", "example.com"),
                ("example.com.", "example.com."),
                ("example..com", "example..com"),
                (".example.com", ".example.com"),
                ("-a.com", "-a.com"),
                ("a_b.com", "a_b.com"),
                ("a!$&'()*+,;=~_-.com", "a!$&'()*+,;=~_-.com"),
                ('a"b', 'a"b'),
                ("a`b{c}", "a`b{c}"),
                ("ex%41mple.com", "example.com"),
                ("b%C3%BCcher.example", "xn--bcher-kva.example"),
                ("b\u00fccher.example", "xn--bcher-kva.example"),
                ("B\u00dcCHER.example", "xn--bcher-kva.example"),
                ("bu\u0308cher.example", "xn--bcher-kva.example"),
                ("xn--bcher-kva.example", "xn--bcher-kva.example"),
                ("\u65e5\u672c\u8a9e.jp", "xn--wgv71a119e.jp"),
                ("\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com", "example.com"),
                ("example\u3002com", "example.com"),
                ("a\u00adb.com", "ab.com"),
                ("\u2603.net", "xn--n3h.net"),
                ("%F0%9F%92%A9.la", "xn--ls8h.la"),
                # Where the older standard that Python's codec knows has another host.
                ("fa\u00df.de", "xn--fa-hia.de"),
                ("\u03b2\u03cc\u03bb\u03bf\u03c2.com", "xn--nxasmm1c.com"),
            ],
        )
        def it_is_a_name_in_lower_case_ascii(self, text, hostname):
            assert url(f"ws://{text}/").hostname == hostname
            assert url(f"ws://{text}").href == f"ws://{hostname}/"

        @pytest.mark.parametrize(
            ("text", "hostname"),
            [
                ("1.2.3.4", "1.2.3.4"),
                ("1.2.3.4.", "1.2.3.4"),
                ("1.2.3", "1.2.0.3"),
                ("1.2", "1.0.0.2"),
                ("1", "0.0.0.1"),
                ("256", "0.0.1.0"),
                ("4294967295", "255.255.255.255"),
                ("0x7f.1", "127.0.0.1"),
                ("0X7F000001", "127.0.0.1"),
                ("017700000001", "127.0.0.1"),
                ("0300.0250.1", "192.168.0.1"),
                ("%31%32%37.1", "127.0.0.1"),
                ("\uff11.\uff12.\uff13.\uff14", "1.2.3.4"),
                ("0x", "0.0.0.0"),
            ],
        )
        def it_may_be_an_ipv4_address_in_many_spellings(self, text, hostname):
            assert url(f"ws://{text}/").hostname == hostname

        @pytest.mark.parametrize(
            "text", ["1.a", "a.1b", "0x7g", "1.2.3.4a", "a.0x7g", "1.2.3.4..", "80.."]
        )
        def it_may_look_a_bit_like_one(self, text):
            assert url(f"ws://{text}/").hostname == text

        @pytest.mark.parametrize(
            "text",
            [
                "256.1.1.1",
                "1.2.3.256",
                "1.2.3.4.5",
                "4294967296",
                "1.2.3.08",
                "a.1",
                "a.0x1",
                "1..2",
            ],
        )
        def it_is_none_if_it_ends_in_a_number_and_is_no_address(self, text):
            assert parse_url(f"ws://{text}/") is None

        @pytest.mark.parametrize(
            ("text", "hostname"),
            [
                ("[::1]", "[::1]"),
                ("[::]", "[::]"),
                ("[0:0:0:0:0:0:0:1]", "[::1]"),
                ("[2001:DB8::1]", "[2001:db8::1]"),
                ("[2001:0db8:0000:0000:0000:0000:0000:0001]", "[2001:db8::1]"),
                ("[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]"),
                ("[1:0:0:4:0:0:0:8]", "[1:0:0:4::8]"),
                ("[1:0:3:4:5:6:7:8]", "[1:0:3:4:5:6:7:8]"),
                ("[::ffff:1.2.3.4]", "[::ffff:102:304]"),
                ("[::1.2.3.4]", "[::102:304]"),
                ("[64:ff9b::192.0.2.33]", "[64:ff9b::c000:221]"),
            ],
        )
        def it_may_be_an_ipv6_address(self, text, hostname):
            assert url(f"ws://{text}/").hostname == hostname
            parts = url(f"ws://{text}:8080/chat")
            assert (parts.hostname, parts.port) == (hostname, "8080")
            assert parts.host == f"{hostname}:8080"
            assert parts.href == f"ws://{hostname}:8080/chat"

        @pytest.mark.parametrize(
            "text",
            [
                "",
                ":80",
                "a:b@",
                "a b",
                "a%20b",
                "a%2fb",
                "a%zzb",
                "a%b",
                "a%",
                "a%00b",
                "a\x00b",
                "a<b",
                "a>b",
                "a^b",
                "a|b",
                "a]b",
                "a[b",
                "%ff",
                "%C3",
                "\u00ad",
                "[",
                "[]",
                "[::1",
                "::1",
                "[::1]x",
                "x[::1]",
                "[::1%eth0]",
                "[1:2:3]",
                "[1:2:3:4:5:6:7:8:9]",
                "[1::2::3]",
                "[::12345]",
                "[::1.2.3]",
                "[::1.2.3.256]",
                "[a]",
                "[1.2.3.4]",
            ],
        )
        def it_is_none_if_it_cannot_be_one(self, text):
            assert parse_url(f"ws://{text}/") is None

    class DescribeThePort:
        @pytest.mark.parametrize(
            ("text", "port", "effective"),
            [
                ("ws://a", "", 80),
                ("ws://a:80", "", 80),
                ("ws://a:443", "443", 443),
                ("wss://a", "", 443),
                ("wss://a:443", "", 443),
                ("wss://a:80", "80", 80),
                ("http://a:80", "", 80),
                ("https://a:443", "", 443),
                ("ws://a:8080", "8080", 8080),
                ("ws://a:", "", 80),
                ("ws://a:0", "0", 0),
                ("ws://a:00080", "", 80),
                ("ws://a:0008080", "8080", 8080),
                ("ws://a:65535", "65535", 65535),
            ],
        )
        def it_is_empty_if_it_is_the_default(self, text, port, effective):
            parts = url(text)
            assert (parts.port, parts.effective_port) == (port, effective)
            assert parts.host == (f"a:{port}" if port else "a")
            assert parts.href == f"{parts.protocol}//{parts.host}/"

        @pytest.mark.parametrize(
            "port",
            ["65536", "99999", "100000", "-1", "+1", "8 0", "x", "80x", "8:0", "\u0661", "0x50"],
        )
        def it_is_a_number_of_16_bits(self, port):
            assert parse_url(f"ws://a:{port}/") is None

    class DescribeTheUserInfo:
        @pytest.mark.parametrize(
            ("text", "username", "password", "href"),
            [
                ("u:p", "u", "p", "ws://u:p@a/"),
                ("u", "u", "", "ws://u@a/"),
                ("u:", "u", "", "ws://u@a/"),
                (":p", "", "p", "ws://:p@a/"),
                (":", "", "", "ws://a/"),
                ("", "", "", "ws://a/"),
                ("u:p:q", "u", "p%3Aq", "ws://u:p%3Aq@a/"),
                ("u@v:p", "u%40v", "p", "ws://u%40v:p@a/"),
                ("u:p@q", "u", "p%40q", "ws://u:p%40q@a/"),
                ("u%40:p%3a", "u%40", "p%3a", "ws://u%40:p%3a@a/"),
                ("\u00fc:\u00f6", "%C3%BC", "%C3%B6", "ws://%C3%BC:%C3%B6@a/"),
                ('u v;=[]^|"<>`{}', "u%20v%3B%3D%5B%5D%5E%7C%22%3C%3E%60%7B%7D", "", None),
                ("!$&'()*+,-._~%:%zz", "!$&'()*+,-._~%", "%zz", None),
            ],
        )
        def it_is_percent_encoded(self, text, username, password, href):
            parts = url(f"ws://{text}@a/")
            assert (parts.username, parts.password) == (username, password)
            assert href is None or parts.href == href
            assert parts.hostname == "a"

        @pytest.mark.parametrize(
            ("text", "hostname", "pathname"),
            [
                ("ws://good.example/@evil.example", "good.example", "/@evil.example"),
                ("ws://good.example\\@evil.example", "good.example", "/@evil.example"),
                ("ws://good.example?@evil.example", "good.example", "/"),
                ("ws://good.example#@evil.example", "good.example", "/"),
                ("ws://evil.example@good.example", "good.example", "/"),
                ("ws://evil.example%2f@good.example", "good.example", "/"),
            ],
        )
        def it_ends_where_browsers_end_it(self, text, hostname, pathname):
            assert (url(text).hostname, url(text).pathname) == (hostname, pathname)

    class DescribeCredentials:
        @pytest.mark.parametrize(
            ("text", "credentials"),
            [
                ("u:p", "u:p"),
                ("u%40v:p%3Aq", "u@v:p:q"),
                ("%C3%BC:%20", "\u00fc: "),
                ("\u00fc:p", "\u00fc:p"),
                ("u:%zz%", "u:%zz%"),
                ("u", "u:"),
                ("u:", "u:"),
                (":p", ":p"),
                (":", None),
                ("", None),
            ],
        )
        def it_is_percent_decoded_if_there_are_any(self, text, credentials):
            assert url(f"ws://{text}@a/").credentials == credentials

        def it_is_none_if_there_are_none(self):
            assert url("ws://a/").credentials is None

    class DescribeWithoutCredentials:
        @pytest.mark.parametrize(
            ("text", "safe"),
            [
                ("ws://a/b?c#d", "ws://a/b?c#d"),
                ("ws://user:secret@a:8080/b", "ws://a:8080/b"),
                ("ws://user@a/@b", "ws://a/@b"),
                ("ws://:secret@[::1]/", "ws://[::1]/"),
                ("ws://a@b@c/", "ws://c/"),
                ("ws://a.example@a.example/", "ws://a.example/"),
                ("ws://@a/", "ws://a/"),
            ],
        )
        def it_can_be_shown(self, text, safe):
            assert url(text).safe_href == safe
            assert url(safe).credentials is None

        def it_is_shown_in_a_debugger_too(self):
            assert repr(url("ws://user:secret@a/")) == "<Url ws://a/>"
            assert "secret" not in f"{url('ws://user:secret@a/')}"

        @pytest.mark.parametrize(
            ("text", "safe"),
            [
                ("ws://a/", "ws://a/"),
                ("", ""),
                ("a@b", "b"),
                ("ws://user:secret@a:99999/", "ws://a:99999/"),
                ("ws://user:sec/ret@a/", "ws://a/"),
                ("ws://user:sec?ret@a/", "ws://a/"),
                ("ws://user:sec#ret@a/", "ws://a/"),
                ("ws:user:secret@a", "a"),
                ("user:secret@a", "a"),
                ("ws:/user:secret@a", "ws:/a"),
                ("ws:\\\\user:secret@a", "ws:\\\\a"),
                ("  ws://user:sec\nret@a", "a"),
                ("ws://user:secret@a:b/", "ws://a:b/"),
            ],
        )
        def it_is_cut_out_of_an_invalid_url(self, text, safe):
            assert without_credentials(text) == safe

        @pytest.mark.parametrize(
            ("text", "safe"),
            [
                ("ws://user:secret@a/?b=@c", "ws://a/?b=@c"),
                ("ws://a/?b=@c", "ws://a/?b=@c"),
                ("ws://u:s@[::1]:80#@", "ws://[::1]:80#@"),
                ("ws://user:sec ret@a", "ws://a"),
                ("ws://a@b@c:80\\@", "ws://c:80\\@"),
                ("/chat?user=me@a", "/chat?user=me@a"),
                ("//user:secret@a/", "a/"),
            ],
        )
        def it_is_cut_out_of_the_url_of_a_driver(self, text, safe):
            assert shown_url(text) == safe

        @pytest.mark.parametrize(
            ("text", "safe"),
            [
                ("Location: ws://u:s@a/?b=@c", "Location: ws://a/?b=@c"),
                ("GET ws://u:s@a/ HTTP/1.1", "GET ws://a/ HTTP/1.1"),
                ("see http://a/ and http://u@b/", "see http://a/ and http://b/"),
                ("From: me@a", "From: me@a"),
            ],
        )
        def it_is_cut_out_of_other_text(self, text, safe):
            assert without_userinfo(text) == safe

        def it_keeps_bytes_that_are_not_utf_8(self):
            authorization = Proxy.url_authorization(url("ws://%C3%BC:%FF@a/"))
            assert authorization == "Basic w7w6/w=="

    class DescribeThePath:
        @pytest.mark.parametrize(
            ("text", "pathname"),
            [
                ("", "/"),
                ("/", "/"),
                ("/chat", "/chat"),
                ("/Chat/ROOM", "/Chat/ROOM"),
                ("/a/", "/a/"),
                ("//a//b/", "//a//b/"),
                ("\\a\\b", "/a/b"),
                ("/a/./b", "/a/b"),
                ("/a/../b", "/b"),
                ("/a/.", "/a/"),
                ("/a/..", "/"),
                ("/..", "/"),
                ("/../../a", "/a"),
                ("/..//a", "//a"),
                ("/a//../b", "/a/b"),
                ("/a/%2e/b", "/a/b"),
                ("/a/%2E%2e/b", "/b"),
                ("/a/.%2e", "/"),
                ("/...", "/..."),
                ("/a..", "/a.."),
                ("/a b", "/a%20b"),
                ("/\u00e4", "/%C3%A4"),
                ("/\U0001f4a9", "/%F0%9F%92%A9"),
                ("/\ud800", "/%EF%BF%BD"),
                ("/%zz%20%", "/%zz%20%"),
                ("/%C3%A4%2f", "/%C3%A4%2f"),
                ("/\x00\x1f\x7f", "/%00%1F%7F"),
                ('/"<>`{}', "/%22%3C%3E%60%7B%7D"),
                ("/|[]^", "/|[]^"),
                ("/;,:@&=+$!*'()~_-.", "/;,:@&=+$!*'()~_-."),
            ],
        )
        def it_is_normalised(self, text, pathname):
            assert url(f"ws://a{text}").pathname == pathname
            assert url(f"ws://a{text}?q").href == f"ws://a{pathname}?q"

    class DescribeTheQuery:
        @pytest.mark.parametrize(
            ("text", "search"),
            [
                ("", ""),
                ("?", ""),
                ("?a=b&c", "?a=b&c"),
                ("?a?b", "?a?b"),
                ("?a/../b\\c", "?a/../b\\c"),
                ("?a b", "?a%20b"),
                ("?\u00e4", "?%C3%A4"),
                ("?\ud800", "?%EF%BF%BD"),
                ("?'\"<>", "?%27%22%3C%3E"),
                ("?`{}|^[]", "?`{}|^[]"),
                ("?%zz", "?%zz"),
                ("?a#b?c", "?a"),
                ("#a?b", ""),
            ],
        )
        def it_is_percent_encoded(self, text, search):
            assert url(f"ws://a/{text}").search == search
            assert url(f"ws://a{text}").search == search

        def it_leaves_its_sign_in_the_whole(self):
            assert url("ws://a?").href == "ws://a/?"

    class DescribeTheFragment:
        @pytest.mark.parametrize(
            ("text", "hash"),
            [
                ("", ""),
                ("#", ""),
                ("#a", "#a"),
                ("#a#b?c/d", "#a#b?c/d"),
                ("#a b", "#a%20b"),
                ("#\u00e4", "#%C3%A4"),
                ('#"<>`', "#%22%3C%3E%60"),
                ("#'{}|^[]\\", "#'{}|^[]\\"),
            ],
        )
        def it_is_percent_encoded(self, text, hash):
            assert url(f"ws://a/{text}").hash == hash
            assert url(f"ws://a/?b{text}").search == "?b"

        def it_leaves_its_sign_in_the_whole(self):
            assert url("ws://a#").href == "ws://a/#"
            assert url("ws://a?#").href == "ws://a/?#"

    class DescribeAnyText:
        PIECES = (
            "ws:|http:|//|/|\\|?|#|@|:|[|]|::1|1.2.3.4|.|a|B|..|%2e|%20|%|\u00fc| |\t|\r\n|80|08"
            '|0x7f|-|"|<|{|^|\x00|\x7f|\u3002|\u00ad|xn--|\ud800'
        )
        pieces = st.sampled_from([*PIECES.split("|"), "|"])

        @given(st.lists(pieces, max_size=12).map("".join))
        def it_is_a_url_that_is_safe_to_send_or_none(self, text):
            for parts in (parse_url(text), parse_url("ws://" + text)):
                if parts is not None:
                    assert parts.href.isascii()
                    assert not set(parts.href) & set(map(chr, range(0x21)))
                    assert parts.pathname.startswith("/")
                    assert 0 <= parts.effective_port <= 0xFFFF

        @given(st.lists(pieces, max_size=12).map("".join))
        def it_is_the_same_when_it_is_parsed_again(self, text):
            parts = parse_url("ws://" + text)
            if parts is not None:
                assert parse_url(parts.href) == parts

        @given(st.text(max_size=30))
        def it_raises_nothing(self, text):
            parse_url(text)
            parse_url("ws://" + text)


class DescribeValidUrl:
    @pytest.mark.parametrize(
        "url",
        [
            "",
            "ws://",
            "http://a/",
            "ws://a b/",
            "ws://a:99999/",
            None,
            5,
            b"ws://a/",
            ["ws://a/"],
        ],
    )
    def it_raises_for_anything_else(self, url):
        with pytest.raises(ConfigurationError) as raised:
            valid_url(url, ("ws:", "wss:"), "WebSocket")
        shown = url if isinstance(url, str) else repr(url)
        assert str(raised.value) == f"{shown} is not a valid WebSocket URL"

    @pytest.mark.parametrize(
        "url",
        [
            "http://user:secret@a/",
            "ws://user:secret@a:99999/",
            "ws://user:sec/ret@a:99999/",
            "ws:/user:secret@a/",
            "user:secret@a",
            "ws://user:secret@a b/",
            parse_url("http://user:secret@a/"),
        ],
    )
    def it_shows_no_credentials(self, url):
        for use in (
            lambda: valid_url(url, ("ws:",), "WebSocket"),
            lambda: websocket.client(url),
            lambda: websocket.client("ws://a/").proxy("ws://user:secret@a b/"),
        ):
            with pytest.raises(ConfigurationError) as raised:
                use()
            assert "is not a valid" in str(raised.value)
            assert "user" not in repr(raised.value)
            assert "ret" not in repr(raised.value)

    def it_takes_an_object_with_href(self):
        parts = parse_url("ws://a/b")
        assert valid_url(parts, ("ws:",), "WebSocket") == parts
