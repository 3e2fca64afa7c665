"""Blocks as one HTML page that can be mailed: no script, no file beside it, nothing fetched.

Every text is escaped, and what is invisible but acts is spelled out. A content policy forbids all but the
page's own style sheet, so that a mistake here would show but not act. Only the SVG of a figure is taken as
it is; ``figures.py`` makes it. This module writes no files.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from toxmeter.evaluation.report.blocks import Figure, Heading, Note, Table, Text
from toxmeter.evaluation.report.markdown import NOTES
from toxmeter.evaluation.report.texts import slugs, visible, wordy_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxmeter.evaluation.report.blocks import Block

__all__ = ["to_html"]

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
{subtitle}
</header>
{contents}
<main>
{body}
</main>
</body>
</html>
"""
_SCROLLS = 'class="scroll" tabindex="0"'  # what scrolls must be reached by keyboard too


def to_html(title: str, blocks: Sequence[Block], *, subtitle: str = "") -> str:
    """The report as one page, with a table of contents where it has two sections or more."""
    anchors = _anchors(blocks)
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _PAGE.format(
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        title=_text(title), style=style, subtitle=f"<p>{_text(subtitle)}</p>" if subtitle else "",
        contents=_contents(blocks, anchors),
        body="\n".join(_block(block, anchor) for block, anchor in zip(blocks, anchors, strict=True)))


@cache
def _style() -> str:
    return (files("toxmeter.evaluation.report") / "page.css").read_text("utf-8")


def _text(text: str) -> str:
    """A text for the inside of an element or a quoted attribute."""
    return escape(visible(text), quote=True)


def _anchors(blocks: Sequence[Block]) -> list[str]:
    """An id for each block; headings have theirs from their text."""
    return slugs(block.text if isinstance(block, Heading) else f"block {place}" for place, block in enumerate(blocks))


def _contents(blocks: Sequence[Block], anchors: Sequence[str]) -> str:
    """Links to the headings, those of level 3 inside the item of the section before them."""
    links = [(block.level, f'<a href="#{anchor}">{_text(block.text)}</a>')
             for block, anchor in zip(blocks, anchors, strict=True) if isinstance(block, Heading)]
    if len(links) < 2:
        return ""
    items: list[list[str]] = []
    for level, link in links:
        if level == 2 or not items:
            items.append([link])
        else:
            items[-1].append(f'<span class="part">{link}</span>')
    listed = "\n".join(f"<li>{' '.join(item)}</li>" for item in items)
    return f'<nav aria-label="Contents">\n<ul>\n{listed}\n</ul>\n</nav>'


def _block(block: Block, anchor: str) -> str:
    match block:
        case Heading():
            return f'<h{block.level} id="{anchor}">{_text(block.text)}</h{block.level}>'
        case Text():
            return f"<p>{_text(block.text)}</p>"
        case Note():
            return f'<p class="note {block.kind}"><strong>{NOTES[block.kind]}.</strong> {_text(block.text)}</p>'
        case Table():
            return _table(block)
        case Figure():
            return _figure(block)


def _table(table: Table) -> str:
    left = wordy_columns(table)
    head = "".join(_cell("th", cell, column in left, "col") for column, cell in enumerate(table.columns))
    rows = "\n".join("<tr>" + "".join(
        _cell("td" if column else "th", cell, column in left, "" if column else "row")
        for column, cell in enumerate(row)) + "</tr>" for row in table.rows)
    caption = f"\n<figcaption>{_text(table.caption)}</figcaption>" if table.caption else ""
    return (f'<figure class="table"><div {_SCROLLS}><table>\n<thead><tr>{head}</tr></thead>\n'
            f"<tbody>\n{rows}\n</tbody>\n</table></div>{caption}</figure>")


def _cell(tag: str, text: str, left: bool, scope: str) -> str:
    return (f"<{tag}" + (f' scope="{scope}"' if scope else "") + (' class="left"' if left else "")
            + f">{_text(text)}</{tag}>")


def _figure(figure: Figure) -> str:
    svg = figure.svg.replace("<svg ", f'<svg aria-label="{_text(figure.alt)}" ', 1)
    return (f'<figure class="plot">\n<p class="title">{_text(figure.title)}</p>\n'
            f"<div {_SCROLLS}>{svg}</div>\n<figcaption>{_text(figure.caption)}</figcaption>\n</figure>")
