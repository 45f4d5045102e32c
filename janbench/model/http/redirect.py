"""What a redirect means for a load test: it is a failure that names the address to use instead.

No redirect is followed. It would carry credentials to a host that nobody named, go past the timing
proxy, and turn a POST into a GET.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit, urlunsplit

STATUSES = (301, 302, 303, 307, 308)
_MOST = 200
_NOT_OF_URLS = re.compile(r"[^!-~]")


def redirect_message(status: int, url: str, location: str) -> str:
    """Return `status 307: redirects to URL`; `url` is what was requested."""
    return f"status {status}: redirects to {destination(url, location)}"


def redirect_hint(base: str, path: str, location: str) -> str:
    """Return what to do about a redirect of `path` under `base`."""
    found, asked = destination(base + path, location), base + path
    if found.rstrip("/") == asked.rstrip("/"):
        return "The two differ in the slash at the end: the server's path is not the flavour's."
    if path != "/" and found.endswith(path):
        return f"Set base (--base, BASE or target.base) to {found.removesuffix(path)}"
    return (
        "Redirects are not followed: set base (--base, BASE or target.base) to the address that"
        " answers by itself."
    )


def destination(url: str, location: str) -> str:
    """Return where a redirect leads, fit to be shown: without login, query or odd characters."""
    try:
        parts = urlsplit(urljoin(url, location))
        shown = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:  # such as half an IPv6 address
        shown = location.partition("?")[0].rpartition("@")[2]
    return _NOT_OF_URLS.sub("?", shown)[:_MOST] or "nowhere"
