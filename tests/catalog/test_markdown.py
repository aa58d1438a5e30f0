"""A stranger's README in a page of ours: it shows, and it does nothing."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.catalog import markdown

TAGS = {"h1", "h2", "h3", "h4", "h5", "h6", "p", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li"}
TAGS |= {"hr", "br", "a", "table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"a": {"href", "rel"}, "code": {"class"}, "ol": {"start"}, "th": {"style"}, "td": {"style"}}


class Seen(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def check(html: str) -> None:
    for tag, attributes in Seen(html).tags:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES.get(tag, set())
        if tag == "a":
            assert (attributes["href"] or "").lower().startswith(("http://", "https://"))
        if "style" in attributes:
            assert (attributes["style"] or "").startswith("text-align:")


def test_a_readme_reads_as_it_was_meant() -> None:
    html = markdown.safe(
        "# Pods\n\nLooks at *pods*, see [docs](https://example.org/a?b=1&c).\n\n- one\n\n"
        "|a|\n|-|\n|1|\n\n```sh\nls\n```\n"
    )
    assert "<h1>Pods</h1>" in html
    assert '<a href="https://example.org/a?b=1&amp;c" rel="nofollow noopener noreferrer">docs</a>' in html
    assert "<td>1</td>" in html
    assert '<code class="language-sh">ls' in html
    check(html)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "hello <b onclick=alert(1)>x</b> <!-- c --> <svg/onload=x>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x) [y](file:///etc/passwd) [z](//evil.example/x)",
        "![x](https://evil.example/track.png)",
        "[![badge](https://evil.example/b.svg)](javascript:x)",
        "<javascript:alert(1)>",
        '[x](https://a.b/"onmouseover="alert(1))',
        "[x]: javascript:alert(1)\n\n[x]",
        '```"><script>\nx\n```',
        "| <script> |\n|-|\n| [x](javascript:y) |",
        "[relative](../../admin) [root](/api/v1/catalog)",
    ],
)
def test_what_would_act_is_shown_as_text_or_left_out(text: str) -> None:
    html = markdown.safe(text)
    check(html)
    assert "<script" not in html
    assert "<img" not in html


def test_the_words_of_a_link_that_leads_nowhere_stay() -> None:
    html = markdown.safe("[the words](../admin) ![a picture](https://evil.example/p.png)")
    assert html == "<p>the words a picture</p>\n"


@given(st.text(alphabet=st.sampled_from("<>[]()!\"'`*_:/\\#|-&;\n javscriptonehf="), max_size=200))
def test_no_text_makes_a_tag_that_is_not_known_to_be_harmless(text: str) -> None:
    check(markdown.safe(text))


def test_a_readme_of_brackets_only_is_read_in_no_time() -> None:
    check(markdown.safe("[" * 20_000 + "(" * 20_000))
