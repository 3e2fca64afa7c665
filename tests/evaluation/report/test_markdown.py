"""Markdown reads as the texts in it, whatever they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Note, Table, Text
from toxmeter.evaluation.report.markdown import figure_files, to_markdown
from toxmeter.evaluation.report.texts import visible

TEXTS = (st.text(st.characters(exclude_categories=()), max_size=25)
         | st.text("\\`*_[]<>()#+-=.!|~&$:/1 a", max_size=12)
         | st.sampled_from(["- x", "1. x", "1) x", "# x", "> x", "```", "---", "===", "http://a.b", "www.a.b", "<b>",
                            "&amp;", "a|b", "a\\|b", "[a](b)", "![a](b)", "a  ", "\\", "__a__", "a_b_c", "~~a~~",
                            "<!-- x", "    code", "<http://a.b>", "x\n\n# y", "| a |", "+", "C #", "a\\"])
         ).filter(lambda text: bool(visible(text).strip()))


def every_block(text: str) -> list[Block]:
    return [Heading(text), Heading(text, 3), Text(text), Note("good", text), Note("bad", text), Note("missing", text),
            Table((text, text), ((text, text), (text, text)), text), Figure("figure", "<svg />", text, text, text)]


def tokens(markdown: str) -> list[Token]:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return [inner for token in parser.parse(markdown) for inner in (token, *(token.children or ()))]


def shape(markdown: str) -> list[str]:
    return [token.type for token in tokens(markdown) if token.type not in ("text", "text_special")]


def written(markdown: str) -> list[str]:
    """The text of each heading, paragraph and cell, and the alternative text of each picture."""
    found: list[str] = []
    for token in tokens(markdown):
        if token.type == "inline":
            found.append("")
        elif token.type in ("text", "text_special"):
            found[-1] += token.content
        elif token.type == "image":
            found[-1] += "".join(child.content for child in token.children or ())
    return found


@given(TEXTS)
def test_every_text_is_shown_and_none_acts(text: str) -> None:
    markdown = to_markdown(text, every_block(text), subtitle=text)
    assert shape(markdown) == shape(to_markdown("x", every_block("x"), subtitle="x"))
    shown = {part.removeprefix("Good. ").removeprefix("Take care. ").removeprefix("Not measured. ").strip(" ")
             for part in written(markdown)}
    assert shown == {visible(text).strip()}


def test_addresses_are_no_links() -> None:
    assert to_markdown("x", [Text("http://a.b and www.a.b")]).endswith("http\\://a.b and www\\.a.b\n")


def test_a_report_reads_well_as_it_is() -> None:
    blocks: list[Block] = [
        Heading("Quality"), Text("All labels, severe_toxic too."), Heading("Curves", 3), Note("missing", "no rows"),
        Table(("label", "AUC", "text"), (("toxic", "0.9", "a | b" * 9),), "Higher is better."),
        Figure("ROC Curve!", "<svg/>", "Curves", "The further up, the better.", "a curve")]
    cell = "a \\| b" * 9
    assert to_markdown("Report", blocks) == f"""\
# Report

## Quality

All labels, severe_toxic too.

### Curves

> **Not measured.** no rows

| label | AUC | text |
| :--- | ---: | :--- |
| toxic | 0.9 | {cell} |

Higher is better.

**Curves**

![a curve](figures/roc-curve.svg)

The further up, the better.
"""


@pytest.mark.parametrize(("names", "files"), [
    (["a", "a"], {0: "a", 1: "a-2"}), (["../../etc/passwd"], {0: "etc-passwd"}), (["<b>", ""], {0: "b", 1: "x"})])
def test_names_of_files_are_safe_and_differ(names: list[str], files: dict[int, str]) -> None:
    assert figure_files([Figure(name, "", "", "", "") for name in names]) == files
