"""URLs, keys and proxies: what can't work is refused in one sentence, without a key in it."""

from __future__ import annotations

import pytest

from janbench.config.connecting import base_url, header_value, refuse_forward_proxy
from janbench.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://a.example", "http://a.example"),
        ("HTTPS://A.example/v/", "https://A.example/v"),
        ("http://[::1]:8787/", "http://[::1]:8787"),
    ],
)
def test_base_url(url: str, plain: str) -> None:
    assert base_url(url) == plain


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://[::1:8787", "not a valid URL"),
        ("http://::1]:8787", "not a valid URL"),
        ("http://::1:8787", "no valid port"),
        ("http://[::1]x:1", "not a valid URL"),
        ("http://[::zz]:1", "not a valid URL"),
        ("http://a:port", "no valid port"),
        ("http://a:99999", "no valid port"),
        ("http://", "must be an http:// or https:// URL"),
        ("ftp://a", "must be an http:// or https:// URL"),
        ("a.example", "must be an http:// or https:// URL"),
        ("http://a b", "blanks"),
        ("http://a/?k=v", "query"),
        ("http://me:secret@a", "user name"),
        ("http://me:secret@[::1", "not a valid URL"),
    ],
)
def test_bad_base_urls(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r"^BASE ") as caught:
        base_url(url)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3


@pytest.mark.parametrize("key", ["", "sk-1234", "two words", "~!#"])
def test_keys_that_a_header_carries(key: str) -> None:
    assert header_value("API_KEY", key) == key


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("sk-1234\n", "line break"),
        ("sk-1234\r\n", "line break"),
        (" sk-1234", "blank"),
        ("sk-12\n34", "line break"),
        ("sk-12\x0034", "control character"),
        ("sk-1234é", "beyond ASCII"),
        ("sk-12ключ34", "beyond ASCII"),
        ("“sk-1234”", "beyond ASCII"),
    ],
)
def test_keys_that_no_header_carries(key: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r"^API_KEY ") as caught:
        header_value("API_KEY", key)
    assert words in str(caught.value)
    assert "1234" not in str(caught.value)
    assert "sk" not in str(caught.value)


PROXY = {"HTTPS_PROXY": "http://u:pw@proxy:3128", "HTTP_PROXY": "http://u:pw@proxy:3128"}


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("https://api.example.com", PROXY),
        ("http://api.example.com", PROXY),
        ("https://api.example.com", {"https_proxy": "proxy:1"}),
        ("https://api.example.com", {**PROXY, "NO_PROXY": "example.org, api.example.com:444"}),
        ("https://myexample.com", {**PROXY, "NO_PROXY": "example.com"}),
        ("https://10.1.2.3", {**PROXY, "NO_PROXY": "10.2.0.0/16"}),
        ("https://example.com", {**PROXY, "NO_PROXY": ".example.com"}),
    ],
)
def test_a_forward_proxy_is_refused(url: str, environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="NO_PROXY") as caught:
        refuse_forward_proxy(url, environment)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("https://api.example.com", {}),
        ("https://api.example.com", {"HTTPS_PROXY": ""}),
        ("https://api.example.com", {"HTTP_PROXY": "http://proxy"}),
        ("http://127.0.0.1:8787", PROXY),
        ("http://localhost:8787", PROXY),
        ("http://[::1]:8787", PROXY),
        ("https://api.example.com", {**PROXY, "NO_PROXY": "*"}),
        ("https://api.example.com", {**PROXY, "NO_PROXY": "other, example.com"}),
        ("https://api.example.com", {**PROXY, "no_proxy": ".example.com"}),
        ("https://api.example.com", {**PROXY, "NO_PROXY": "*.example.com"}),
        ("https://api.example.com", {**PROXY, "NO_PROXY": "api.example.com:443"}),
        ("https://10.2.3.4", {**PROXY, "NO_PROXY": "10.2.0.0/16"}),
    ],
)
def test_no_proxy_applies(url: str, environment: dict[str, str]) -> None:
    refuse_forward_proxy(url, environment)
