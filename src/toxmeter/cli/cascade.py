"""``toxmeter cascade``: a fast model that answers where it is sure, and a better one for all other texts.

The work is ``toxmeter.evaluation.cascade``; this module reads the texts and shows what was measured.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toxmeter.cli.options import TextOption, check_text, scoring
from toxmeter.cli.progress import progress
from toxmeter.cli.terminal import printable, table

if TYPE_CHECKING:
    from toxmeter.data.tables import Table

__all__ = ["HELP", "cascade"]

HELP = """
Put two models together: FIRST, a fast one, answers where it is sure that a text is harmless, SECOND all the rest.

DATA has texts such as will be scored; they need no labels, and should be new to both models. Most of them choose how
sure FIRST must be, so that at any threshold from 0.3 to 0.9 no more than --flips of the texts are decided otherwise
than by SECOND alone. The others measure it. Of text that is longer than SECOND reads at once, it reads those windows
that FIRST is not sure of, but for some that are far from the worst. OUTPUT names both models, it does not hold them; it
keeps the thresholds and named scales of SECOND.

\b
  toxmeter cascade nano mini comments.csv --output runs/cascade
  toxmeter cascade runs/nano runs/mini comments.csv -o runs/mine --text comment_text --flips 0.01
  toxmeter score new.csv --model runs/cascade      with a column that says which model gave the scores

With the defaults 998 texts are needed to choose, about 1,450 in all; with more of them, FIRST may answer more.

Needs: pip install 'toxmeter[evaluate]'
"""


def cascade(
    first: Annotated[str, typer.Argument(metavar="FIRST", help="The fast model: shipped, or an artifact folder.")],
    second: Annotated[str, typer.Argument(metavar="SECOND", help="The better model, with the same labels.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Texts: .csv, .tsv, .jsonl or .parquet, or a folder of"
                                         " such.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Artifact folder to write.")],
    text: TextOption = "text",
    flips: Annotated[float, typer.Option("--flips", help="Largest share of texts that may be decided otherwise than by"
                                         " SECOND.")] = 0.003,
    confidence: Annotated[float, typer.Option("--confidence", help="That the share is no larger in other texts like"
                                              " these; 0.5 goes by those that were seen.")] = 0.95,
    held_out: Annotated[float, typer.Option("--held-out", help="Share of the texts that only measure.")] = 0.3,
    seed: Annotated[int, typer.Option("--seed", help="Of the split.")] = 0,
    name: Annotated[str, typer.Option("--name", help="Name of the cascade.")] = "cascade",
    force: Annotated[bool, typer.Option("--force", help="Replace an artifact that is there already.")] = False,
) -> None:
    """Make a cascade; see ``HELP``."""
    from toxmeter.evaluation.cache import CachedScorer, cache_folder
    from toxmeter.evaluation.cascade import fit_cascade, speed_up, split_texts
    from toxmeter.evaluation.cascade_artifact import check_cascade, write_cascade
    from toxmeter.models.cascade import CascadeScorer
    from toxmeter.models.catalog import load

    artifacts = check_cascade(first, second, output, name=name, replace_output=force)
    fast, slow = (load(artifact.path) for artifact in artifacts)
    read = _read(data, text)
    texts = read.texts(text)
    choosing, measuring = split_texts(texts, held_out=held_out, seed=seed)
    with progress() as tell, CachedScorer(slow, cache_folder(), progress=scoring(tell, slow.version)) as cached:
        deferral, report = fit_cascade(fast, cached, choosing, measuring, flips=flips, confidence=confidence)
        tell("measuring speed", 0.0)
        report["speed"] = speed_up(CascadeScorer(fast, slow, deferral), texts, seed=seed)
        tell("measuring speed", 1.0)
    origin = {"file": data.resolve().name, "rows": len(texts), "sha256": read.sha256, "column": text,
              "held_out": held_out, "seed": seed}
    written = write_cascade(*artifacts, deferral, report, output, name=name, data=origin, replace_output=force)
    typer.echo(printable("\n".join(_summary(report)), keep="\n"))
    typer.echo(printable(f"{written.version} in {written.path}"))


def _read(path: Path, text: str) -> "Table":
    from toxmeter.data.tables import data_files, read_table

    check_text(path, text)
    return read_table(path, data_files(path), [text])


def _summary(report: Mapping[str, Any]) -> list[str]:
    """What was found on the texts that only measure."""
    held, speed = report["held_out"], report["speed"]
    first, second = (report[stage].partition("@")[0] for stage in ("first", "second"))
    rows = [[decision, _share(each["share"]), "-" if each["threshold"] is None else f"{each['threshold']:g}"]
            for decision, each in held["flips"].items()]
    return [*table([["decision", "texts that flip [95 %]", "at threshold"], *rows]),
            f"{first} answers {_share(held['answered'], 1)} of {held['texts']:,} texts held out,"
            f" {second} reads {held['read']:.0%} of their characters; {report['chosen']['texts']:,} others chose",
            f"{speed['cascade']:,.0f} texts/s here, {speed['times_as_fast']:.1f} times {second} alone"
            f" ({speed['second']:,.0f})"]


def _share(figure: Mapping[str, float], digits: int = 2) -> str:
    value, low, high = (f"{figure[end]:.{digits}%}" for end in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
