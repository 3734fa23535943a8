"""Reading feeds: the usual kinds, and hostile XML."""

import pytest

from flowstudio.errors import StepError
from flowstudio.nodes.outgoing.feeds import read_feed

URL = "https://news.test/feeds/all.xml"

RSS = b"""<?xml version="1.0"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/rss.dtd">
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
     xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>News</title><link>https://news.test</link>
<item><title>Tea &amp;amp; <![CDATA[<b>cake</b>]]></title><link>/a?x=1&amp;y=2</link>
  <pubDate>Tue, 03 Feb 2026 10:00:00 +0200</pubDate><guid isPermaLink="false">id-1</guid>
  <description>&lt;p&gt;First&lt;/p&gt;&lt;script&gt;evil()&lt;/script&gt;&lt;p&gt;a &amp;lt; b&lt;/p&gt;</description></item>
<item><title>Two</title><link>javascript:alert(1)</link><dc:date>2026-02-03</dc:date>
  <content:encoded><![CDATA[<p>Only <em>here</em></p>]]></content:encoded></item>
<item><description/></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Blog</title>
<entry><title type="html">&lt;i&gt;Grüße&lt;/i&gt;</title><id>urn:1</id>
  <link rel="self" href="https://x.test/self"/><link rel="alternate" href="../one"/>
  <published>2026-02-03T10:00:00Z</published><updated>2026-03-03T10:00:00Z</updated>
  <summary>Kurz</summary><content type="html">lang</content></entry>
<entry><title>Two</title><id>urn:2</id><link href="https://x.test/2"/>
  <updated>2026-02-03T23:30:00-01:00</updated>
  <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Deep <b>text</b></p></div></content></entry>
</feed>""".encode()

RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel/><item><title>Old</title><link>http://old.test/1</link></item></rdf:RDF>"""


def test_rss_is_read():
    assert read_feed(RSS, URL, 10) == [
        {
            "title": "Tea & cake",
            "link": "https://news.test/a?x=1&y=2",
            "published": "2026-02-03T08:00:00+00:00",
            "summary": "First a < b",
            "id": "id-1",
        },
        {
            "title": "Two",
            "link": "",
            "published": "2026-02-03T00:00:00+00:00",
            "summary": "Only here",
            "id": "",
        },
        {"title": "", "link": "", "published": None, "summary": "", "id": ""},
    ]


def test_atom_is_read():
    assert read_feed(ATOM, URL, 10) == [
        {
            "title": "Grüße",
            "link": "https://news.test/one",
            "published": "2026-02-03T10:00:00+00:00",
            "summary": "Kurz",
            "id": "urn:1",
        },
        {
            "title": "Two",
            "link": "https://x.test/2",
            "published": "2026-02-04T00:30:00+00:00",
            "summary": "Deep text",
            "id": "urn:2",
        },
    ]


def test_rss_1_is_read():
    assert [entry["link"] for entry in read_feed(RDF, URL, 10)] == ["http://old.test/1"]


def test_reading_stops_at_the_limit():
    broken_after_one = RSS[: RSS.index(b"<item>", RSS.index(b"</item>"))] + b"<oops"
    assert len(read_feed(broken_after_one, URL, 1)) == 1
    with pytest.raises(StepError):
        read_feed(broken_after_one, URL, 2)


def test_a_feed_without_entries_is_an_empty_list():
    assert read_feed(b"<rss><channel/></rss>", URL, 10) == []


@pytest.mark.parametrize("when", ["", "soon", "2026-99-99", "Tue, 99 Feb 2026", "9" * 5000, "0001-01-01T00:00:00+23:00"])  # fmt: skip
def test_a_date_that_does_not_read_is_null(when):
    feed = f"<rss><item><pubDate>{when}</pubDate></item></rss>".encode()
    assert read_feed(feed, URL, 1)[0]["published"] is None


LAUGHS = '<!DOCTYPE rss [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "billion laughs": LAUGHS + "]><rss><item><title>&i;</title></item></rss>",
    "external entity": '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<rss><item><title>&x;</title></item></rss>",
    "parameter entity": '<!DOCTYPE rss [<!ENTITY % x SYSTEM "http://evil.test/x.dtd"> %x;]><rss/>',
    "unparsed entity": '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd" NDATA gif>]><rss/>',
}


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: f"A28d-{name}")
def test_a28d_a_feed_that_declares_entities_is_refused(name):
    with pytest.raises(StepError, match="declares XML entities") as caught:
        read_feed(HOSTILE[name].encode(), URL, 10)
    assert not caught.value.retryable
    assert "root:" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no element found"),
        (b"not xml", "syntax error"),
        (b"<html><body/></html>", "its root is <html>, not rss"),
        (b"<rss><item></rss>", "mismatched tag"),
        (b"<rss><item><title>&undefined;</title></item></rss>", "undefined entity"),
        (b"<rss>" + b"<a/>" * 200_001 + b"</rss>", "more than 200,000 elements"),
        (b'<?xml version="1.0" encoding="x-none"?><rss/>', "unknown encoding"),
        (b"\xff\xfe\x00", "not a feed"),
    ],
)
def test_what_is_no_feed_is_an_error_that_says_so(content, reason):
    with pytest.raises(StepError, match=reason) as caught:
        read_feed(content, f"{URL}?key=hidden", 10)
    assert URL in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "piece", ["<", "<a", "<!--", "<![CDATA[", "&", "<script>", "</script", "&#"]
)
def test_a_summary_of_hostile_markup_stays_short_and_plain(piece):
    text = (piece * 200_000)[:1_000_000].replace("&", "&amp;").replace("<", "&lt;")
    [entry] = read_feed(
        f"<rss><item><description>{text}</description></item></rss>".encode(), URL, 1
    )
    assert len(entry["summary"]) <= 20_000


def test_deep_nesting_is_survived():
    content = b"<rss><item>" + b"<a>" * 90_000 + b"x" + b"</a>" * 90_000 + b"</item></rss>"
    assert read_feed(content, URL, 1)[0]["title"] == ""
