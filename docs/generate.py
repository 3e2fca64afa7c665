"""Writes what the code already says into the documents: options of the command line, fields of recipes, data presets.

    python docs/generate.py [--check]

docs/cli.md is written as a whole, docs/recipes.md between its markers. With ``--check`` nothing is written, and
the exit status is 1 where a document is not up to date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import typer.main

from toxmeter.cli import app
from toxmeter.cli.recipes import overview
from toxmeter.data.presets import PRESETS, Preset
from toxmeter.recipe.describe import TableDoc, tables

DOCS = Path(__file__).parent
NOTE = "written by `make docs`"


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def code(text: str) -> str:
    """Text as inline code, if there is any."""
    return f"`{text}`" if text else ""


def prose(text: str) -> str:
    """Help as Markdown: what it sets line by line becomes a block of its own."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(f"```text\n{dedent(each.partition(chr(10))[2])}\n```" if each.startswith("\b") else each
                       for each in paragraphs)


def parameter(param: Any) -> str:  # noqa: ANN401 - typer's classes, whose home moved between its versions
    """A row for an argument or an option: how it is written, its default, what it does."""
    hint = re.search(r"\s*\[default: (.*)\]", param.help or "")
    default = "required" if param.required else hint[1] if hint else code(str(param.default or ""))
    if param.param_type_name == "argument":
        written = code(param.metavar or param.name.upper())
    elif param.is_flag:
        written = ", ".join(map(code, [*param.opts, *param.secondary_opts]))
    else:
        value = param.metavar or param.type.name.upper()
        written = ", ".join(code(f"{option} {value}") for option in param.opts)
    return row(written, default, (param.help or "").replace(hint[0] if hint else "\0", ""))


def command(name: str, known: Any) -> Iterator[str]:  # noqa: ANN401
    """The section of a command, and those of the commands below it."""
    yield f"{'#' * (name.count(' ') + 1)} {name}"
    yield prose(known.help or "")
    if known.params:
        head = [row("argument or option", "default", "meaning"), row("---", "---", "---")]
        yield "\n".join([*head, *map(parameter, known.params)])
    for below, inner in getattr(known, "commands", {}).items():
        yield from command(f"{name} {below}", inner)


def fields(table: TableDoc) -> str:
    """The section of a table of a recipe."""
    when = f", where `model.format = \"{table.when}\"`" if table.when else ""
    title = f"### {code(table.header) or 'At the top of the file'}{when}"
    rows = [row(code(field.name), field.holds, field.default if field.default == "required" else code(field.default),
                field.meaning) for field in table.fields]
    head = [row("field", "holds", "default", "meaning"), row("---", "---", "---", "---")]
    return "\n".join([title, "", table.meaning, "", *head, *rows])


def preset_row(name: str, preset: Preset) -> str:
    """A row for a data preset: its file, what it says, whose it is and what to beware of."""
    files = "in the package" if preset.files[0].startswith("package:") else " or ".join(map(code, preset.files))
    hub = f", hub: {code(preset.hub.repository)}" if preset.hub else ""
    labels = ", ".join(map(code, preset.labels.names)) if preset.labels else "none, for `keep_out`"
    return row(code(name), files + hub, labels, preset.licence, preset.source, preset.traps)


def cli_page() -> str:
    """docs/cli.md."""
    sections = "\n\n".join(command("toxmeter", typer.main.get_command(app)))
    return f"<!-- {NOTE} from the program itself -->\n{sections}\n"


def recipes_page(old: str) -> str:
    """docs/recipes.md, with its generated parts anew."""
    header, *shipped = overview()
    parts = {
        "recipes": "\n".join([row(*header), row(*["---"] * len(header)),
                              *(row(code(name), labels, code(base.strip("-")), what)
                                for name, labels, base, what in shipped)]),
        "presets": "\n".join([row("preset", "file below `--data`", "labels", "licence", "source", "beware of"),
                              row(*["---"] * 6), *(preset_row(*each) for each in PRESETS.items())]),
        "fields": "\n\n".join(map(fields, tables())),
    }
    for name, text in parts.items():
        begin, end = f"<!-- {name}: {NOTE} -->", f"<!-- end of {name} -->"
        head, rest = old.split(begin)
        old = f"{head}{begin}\n{text}\n{end}{rest.split(end)[1]}"
    return old


def main() -> int:
    """Write or check."""
    recipes = DOCS / "recipes.md"
    pages = {DOCS / "cli.md": cli_page(), recipes: recipes_page(recipes.read_text("utf-8"))}
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv[1:]:
        if stale:
            sys.stderr.write(f"out of date, run make docs: {', '.join(path.name for path in stale)}\n")
        return int(bool(stale))
    for path in stale:
        path.write_text(pages[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
