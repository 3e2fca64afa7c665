"""``toxmeter models``: what is shipped, how large, how good, under which licence.

``describe`` reads it from the manifest; nothing is measured or loaded here.
"""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toxmeter.cli.terminal import printable, table

if TYPE_CHECKING:
    from toxmeter.artifact import Artifact

__all__ = ["HELP", "describe", "models"]

HELP = """
List the shipped models; with NAME, or the folder of a model, show one in detail.

\b
  toxmeter models
  toxmeter models nano
  toxmeter models --json
"""


def models(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Shipped model, or folder of one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the models that are shipped, or one of them."""
    from toxmeter.models.catalog import artifact_of, shipped

    if name is not None:
        facts = describe(artifact_of(name))
        lines = [json.dumps(facts, indent=2)] if as_json else _detail(facts)
    else:
        rows = [describe(artifact_of(each)) for each in shipped()]
        lines = [json.dumps(rows, indent=2)] if as_json else _overview(rows)
    typer.echo("\n".join(lines))


def describe(artifact: "Artifact") -> dict[str, Any]:
    """What a user wants to know of a saved model, as plain JSON values."""
    from toxmeter.artifact import CARD

    manifest = artifact.manifest
    headline = manifest.metrics.get("headline")
    return {
        "name": manifest.name,
        "version": artifact.version,
        "bytes": artifact.size,
        "format": manifest.format,
        "kind": manifest.labels.kind,
        "labels": list(manifest.labels.names),
        "toxic": list(manifest.labels.toxic),
        "thresholds": dict(manifest.thresholds),
        "headline": dict(headline) if isinstance(headline, dict) else {},
        "licence": manifest.licence,
        "data": dict(manifest.data),
        "libraries": dict(manifest.libraries),
        "card": str(artifact.path / CARD),
    }


def _overview(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return ["no model is shipped with this installation"]
    cells = [[row["name"], row["version"], _size(row["bytes"]), row["licence"], ", ".join(row["labels"]),
              _numbers(row["headline"])] for row in rows]
    return table([["name", "version", "size", "licence", "labels", "metrics"], *_clean(cells)])


def _detail(facts: dict[str, Any]) -> list[str]:
    told = {
        "version": facts["version"],
        "size": _size(facts["bytes"]),
        "format": facts["format"],
        "licence": facts["licence"],
        "labels": f"{', '.join(facts['labels'])} ({facts['kind']})",
        "toxic": ", ".join(facts["toxic"]) or "none declared",
        "thresholds": _numbers(facts["thresholds"]),
        "metrics": _numbers(facts["headline"]),
        "data": _brief(facts["data"]),
        "made with": _brief(facts["libraries"]),
        "card": facts["card"],
    }
    return table(_clean([[key, value or "-"] for key, value in told.items()]))


def _numbers(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
                     for key, value in values.items())


def _brief(values: dict[str, Any]) -> str:
    """Top-level facts on one line; what is nested in them is told by the card."""
    return ", ".join(f"{key} {value}" if isinstance(value, (str, int, float)) else str(key)
                     for key, value in values.items())


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _clean(rows: list[list[str]]) -> list[list[str]]:
    return [[printable(str(cell)) for cell in row] for row in rows]
