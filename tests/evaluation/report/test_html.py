"""The page shows every text and runs none; seen in a real browser where there is one."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Note, Table, Text
from toxmeter.evaluation.report.figures import bars, world
from toxmeter.evaluation.report.html import to_html
from toxmeter.evaluation.report.texts import visible

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
EVIL = '"><script>document.title = "run"</script><img src=x onerror=alert(1)>\' \u202e\x00\ud800 &amp; </style></svg>'
TEXTS = st.text(st.characters(exclude_categories=()), max_size=30) | st.sampled_from(
    ["<script>alert(1)</script>", '"><img src=x onerror=y>', "' onclick='x", "</title>", "&lt;", "{title}", "<!--",
     "]]>", "javascript:x", "</style>", "\u202e<b>\ud800"])


class Page(HTMLParser):
    """Tags with the names of their attributes, and the texts, entities resolved."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def every_block(text: str, svg: str = '<svg role="img"></svg>') -> list[Block]:
    return [Text(text), Heading(text), Heading(text, 3), Note("good", text), Note("bad", text), Note("missing", text),
            Table((text, text), ((text, text), (text, text)), text or "x"), Heading("Next"),
            Figure("figure", svg, text, text, text)]


@given(TEXTS)
def test_every_text_is_shown_and_none_acts(text: str) -> None:
    page = Page(to_html(text, every_block(text), subtitle=text or "x"))
    assert page.tags == Page(to_html("x", every_block("x"), subtitle="x")).tags
    assert page.text.count(visible(text)) >= 16
    assert ("aria-label", visible(text)) in page.attributes


def test_ids_differ_and_links_lead_to_them() -> None:
    blocks: list[Block] = [Heading("Same"), Heading("Same"), Heading("Part", 3), Heading("block 4"), Text("x")]
    page = Page(to_html("x", blocks))
    ids = [value for name, value in page.attributes if name == "id"]
    assert ids == ["same", "same-2", "part", "block-4"]
    assert [value for name, value in page.attributes if name == "href"] == [f"#{each}" for each in ids]


def test_one_section_needs_no_contents() -> None:
    assert "<nav" not in to_html("x", [Heading("Only")])
    assert "<nav" not in to_html("x", [])


def test_the_policy_allows_the_own_style_sheet_only() -> None:
    page = to_html("x", [])
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_nothing_is_fetched() -> None:
    page = to_html("x", every_block("x", world({"DEU": 0.5}, "score")))
    assert set(re.findall(r"https?://[^\"' ]*", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<(script|link|img|iframe|object|base)\b|\ssrc=|@import|url\(", page)


def browse(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What Chromium makes of a page; ``--headless`` writes to a profile beside it."""
    assert BROWSER
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
               "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync",
               "--enable-logging=stderr", f"--user-data-dir={page.parent / 'profile'}", *options, page.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, cwd=page.parent)


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no chromium here")
def test_a_browser_shows_it_light_and_dark_and_complains_of_nothing(tmp_path: Path) -> None:
    from PIL import Image

    page = tmp_path / "report.html"
    page.write_text(to_html(EVIL, every_block(EVIL, bars({EVIL: 0.5}, EVIL)), subtitle="s"), "utf-8")
    seen = browse(page, "--dump-dom")
    assert "CONSOLE" not in seen.stderr
    assert "<title>&quot;&gt;" in seen.stdout or "<title>\"&gt;&lt;script" in seen.stdout
    assert "<script" not in seen.stdout
    assert "<img" not in seen.stdout
    for scheme, corner in ((1, (255, 255, 255)), (0, (20, 23, 28))):
        settings = f"--blink-settings=preferredColorScheme={scheme}"
        browse(page, settings, "--window-size=900,900", "--screenshot=page.png")
        with Image.open(tmp_path / "page.png") as image:
            assert image.convert("RGB").getpixel((3, 3)) == corner
            assert len(image.convert("RGB").getcolors(900 * 900) or ()) > 50  # something is there


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no chromium here")
def test_a_script_that_came_through_would_not_run(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    svg = '<svg ><script>document.title = "run"</script></svg><img src="https://example.invalid/x.png">'
    page.write_text(to_html("title", [Figure("a", svg, "", "", "")]), "utf-8")
    seen = browse(page, "--dump-dom")
    assert "<title>title</title>" in seen.stdout
    assert "Content Security Policy" in seen.stderr
