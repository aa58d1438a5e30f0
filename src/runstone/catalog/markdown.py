"""A stranger's Markdown as HTML that may stand in a page of ours.

HTML in it is shown as text, since markdown-it with ``html`` off escapes it. Images are left out but for their text:
they would tell their server who reads the page. Only links to the web remain; others would lead to a page of ours.
"""

import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

_WEB = re.compile(r"https?://[^\s]+", re.IGNORECASE)
_CAP = 64 * 1024
"""Characters that are rendered: the worst text of that length takes a second."""


def safe(text: str) -> str:
    """The HTML of a Markdown text: headings, lists, tables, code, links to the web, and nothing that acts."""
    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = reader.parse(text[:_CAP])
    for token in tokens:
        if token.children:
            token.children = _inline(token.children)
    rendered: str = reader.renderer.render(tokens, reader.options, {})
    return rendered


def _inline(tokens: Sequence[Token]) -> list[Token]:
    found: list[Token] = []
    open_links: list[bool] = []
    for token in tokens:
        if token.type == "image":
            found.append(_text(token.content))
        elif token.type == "link_open":
            kept = bool(_WEB.fullmatch(str(token.attrs.get("href", ""))))
            open_links.append(kept)
            found += [_link(token)] if kept else []
        elif token.type == "link_close":
            found += [token] if open_links and open_links.pop() else []
        else:
            found.append(token)
    return found


def _link(token: Token) -> Token:
    attributes: dict[str, Any] = {"href": token.attrs["href"], "rel": "nofollow noopener noreferrer"}
    token.attrs = attributes
    return token


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
