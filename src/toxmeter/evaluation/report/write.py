"""A report as files: JSON for machines, Markdown with its figures, and one HTML page.

Each file is whole or not there, an older report in the folder is replaced, and other files stay. This
module does not decide what is in a report.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from toxmeter.errors import InputError
from toxmeter.evaluation.report.blocks import Figure
from toxmeter.evaluation.report.html import to_html
from toxmeter.evaluation.report.markdown import figure_files, to_markdown
from toxmeter.evaluation.report.svg import standalone
from toxmeter.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from toxmeter.evaluation.report.blocks import Block

__all__ = ["write_report"]

_SHOWN = re.compile(r"^!\[.*\]\((figures/[a-z0-9-]+\.svg)\)$", re.MULTILINE)


def write_report(
    folder: Path, report: Mapping[str, Any], title: str, blocks: Sequence[Block], *, subtitle: str = ""
) -> None:
    """Write ``report.json``, ``report.md`` with ``figures/*.svg``, and ``report.html``.

    Args:
        folder: made where it is missing. Figures of an older report in it that are no longer shown are removed.
        report: plain JSON values, in the order in which they are written.
        title: of the Markdown and the page.
        blocks: what those two show.
        subtitle: below the title.

    Raises:
        InputError: when the folder cannot be made or written, for instance because it is a file.
        ValueError: when the report has NaN or an infinity, which JSON has not; nothing is written then.
    """
    names = figure_files(blocks)
    markdown = to_markdown(title, blocks, subtitle=subtitle)
    written = {f"figures/{names[place]}.svg": standalone(block.svg)
               for place, block in enumerate(blocks) if isinstance(block, Figure)}
    written |= {"report.md": markdown, "report.html": to_html(title, blocks, subtitle=subtitle),
                "report.json": json.dumps(report, indent=1, allow_nan=False) + "\n"}
    try:
        older = _figures_of(folder / "report.md")
        for name, text in written.items():
            write_whole(folder / name, text)
        for name in older - written.keys():
            (folder / name).unlink(missing_ok=True)
    except OSError as err:
        raise InputError(f"{folder}: no report can be written here ({err.strerror or err}); name a folder that"
                         " can be made and written") from err


def _figures_of(markdown: Path) -> set[str]:
    """The figures that an older report shows."""
    return set(_SHOWN.findall(markdown.read_text("utf-8", "replace"))) if markdown.is_file() else set()
