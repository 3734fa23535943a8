"""Where a browser may be sent after signing in."""

import pytest

from flowstudio.security.redirects import safe_next

LOCAL = [
    "/",
    "/runs",
    "/runs/0190-ab?tab=steps&q=a%20b#step-2",
    "/invitation?token=abc_-.~",
    "/workflows/caf%C3%A9",
    "/search?q=//evil.example",
    "/search?next=https://evil.example",
    "/a:b@c",
    "/runs/",
]
ELSEWHERE = [
    None,
    "",
    " ",
    "runs",
    "evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https://evil.example",
    "HTTPS://EVIL.EXAMPLE/",
    "http://127.0.0.1:3000/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "%2f%2fevil.example",
    "%2F%2Fevil.example",
    "/%2fevil.example",
    "/%2F%2Fevil.example",
    "/%5cevil.example",
    "/%5C%5Cevil.example",
    "/%252fevil.example",
    "/%255cevil.example",
    "/%25252fevil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "/%09/evil.example",
    "/%0d%0aLocation:%20https://evil.example",
    "/%00",
    "\t//evil.example",
    " //evil.example",
    " /runs",
    "/ /evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/../evil.example",
    "/%2e%2e//evil.example",
    "/%2e/evil",
    "/runs//evil.example",
    "/runs/../../evil",
    "?next=//evil.example",
    "#//evil.example",
    "@evil.example",
    ":80",
    "/\uff0fevil.example",
    "/\u3002evil",
    "/" + "a" * 1_000,
    "/<script>",
    '/"onload="x',
    "/api",
    "/api/v1/auth/oauth/github/start",
    "/%61pi/v1/auth/logout",
]


@pytest.mark.parametrize("path", LOCAL)
def test_a_page_of_this_site_is_kept_as_it_is(path):
    assert safe_next(path) == path


@pytest.mark.parametrize("address", ELSEWHERE)
def test_a18_whatever_is_not_plainly_a_page_of_this_site_becomes_the_first_page(address):
    assert safe_next(address) == "/"
