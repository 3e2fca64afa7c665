"""``toxmeter detox``: judge rewritten sentences by the J metric, and make the data of a judge of fluency.

The work is done in ``toxmeter.detox``; this module reads and writes files and shows what was found.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toxmeter.cli.options import TextOption, check_text
from toxmeter.cli.terminal import printable, table
from toxmeter.errors import InputError
from toxmeter.files import write_whole

if TYPE_CHECKING:
    from toxmeter.detox.jmetric import JReport

__all__ = ["HELP", "app"]

HELP = """
Judge texts that were rewritten without their toxicity.

\b
  toxmeter detox evaluate inputs.txt mine.txt theirs.txt --fl runs/fluency
  toxmeter detox corrupt comments.csv -o data/fluency.csv
  toxmeter train fluency --data data --output runs/fluency
"""

_EVALUATE = """
Judge how well systems rewrote sentences: J is the mean, over sentences, of style accuracy (STA: the output is not
toxic) times similarity (SIM: it means what the input means) times fluency (FL: it is well formed).

INPUTS has a toxic sentence per line, each OUTPUTS what one system made of it, on the same line; an empty line is an
empty output, which is worth 0. Each judge is a model, and Js by different judges cannot be compared. The papers'
judges of fluency and toxicity are textattack/roberta-base-CoLA and s-nlp/roberta_toxicity_classifier.

\b
  toxmeter detox evaluate inputs.txt mine.txt --fl runs/fluency
  toxmeter detox evaluate inputs.txt mine.txt theirs.txt --fl textattack/roberta-base-CoLA --references human.txt
  toxmeter detox evaluate inputs.txt mine.txt --fl runs/fluency --table sentences.csv --json > j.json

Needs: pip install 'toxmeter[detox]'
"""

_CORRUPT = """
Write sentences beside broken versions of themselves, for toxmeter train fluency.

FILE has well-formed sentences, none of them those that will be judged. OUTPUT is a CSV file with the columns text,
acceptable (1 or 0), damage (which kind) and sentence, which keeps a sentence and its broken versions together in
every split. Sentences of fewer than four words are left out.

\b
  toxmeter detox corrupt comments.csv -o data/fluency.csv
  toxmeter detox corrupt wiki.parquet -o data/fluency.csv --text sentence --rows 20000
"""

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None,
                  context_settings={"help_option_names": ["-h", "--help"]})


@app.command("evaluate", help=_EVALUATE, short_help="The J metric of rewritten sentences.")
def evaluate(
    inputs: Annotated[Path, typer.Argument(metavar="INPUTS", help="Toxic sentences, one per line.")],
    outputs: Annotated[list[Path], typer.Argument(metavar="OUTPUTS...", help="What a system made of them; as many files"
                                                  " as there are systems.")],
    fl: Annotated[str, typer.Option("--fl", metavar="MODEL", help="Judge of fluency: a folder of toxmeter train"
                                    " fluency, or a hub model.")],
    sta: Annotated[str, typer.Option("--sta", metavar="MODEL", help="Judge of toxicity.")] = "mini",
    sim: Annotated[str | None, typer.Option("--sim", metavar="ENCODER", help="Judge of meaning: folder or hub id of a"
                                            " sentence encoder.  [default: sentence-transformers/all-MiniLM-L6-v2]")
                   ] = None,
    references: Annotated[list[Path] | None, typer.Option("--references", metavar="FILE", help="Human rewritings, for"
                                                          " BLEU and chrF; as often as needed.  [default: INPUTS]")
                          ] = None,
    soft: Annotated[bool, typer.Option("--soft", help="Probabilities of style and fluency, not decisions.")] = False,
    threshold: Annotated[float | None, typer.Option("--threshold", help="Probability from which an output is toxic."
                                                    "  [default: the model's]")] = None,
    fl_label: Annotated[str | None, typer.Option("--fl-label", metavar="LABEL", help="Label of --fl that means well"
                                                 " formed.  [default: acceptable, fluent or LABEL_1]")] = None,
    sentences: Annotated[Path | None, typer.Option("--table", metavar="FILE", help="CSV file to write, a row for each"
                                                   " sentence and system.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Plain JSON.")] = False,
    resamples: Annotated[int, typer.Option("--resamples", min=100, help="Of the bootstrap.")] = 1_000,
    seed: Annotated[int, typer.Option("--seed", help="Of the bootstrap.")] = 0,
) -> None:
    """Judge systems; see ``_EVALUATE``."""
    from toxmeter.detox.jmetric import j_metric, rank
    from toxmeter.detox.sentences import MINILM, SentenceEncoder
    from toxmeter.models.catalog import load

    texts = {path: _lines(path) for path in [inputs, *outputs, *(references or [])]}
    if sentences:
        _check_output("--table", sentences, [*texts], force=force)
    names = _names(outputs)
    style, meaning, fluency = load(sta), SentenceEncoder(sim or MINILM), load(fl)
    human = [texts[path] for path in references or []]
    reports = {name: j_metric(texts[inputs], texts[path], sta=style, sim=meaning, fl=fluency, soft=soft,
                              threshold=threshold, label=fl_label, references=human, overlap=True,
                              resamples=resamples, seed=seed)
               for name, path in names.items()}
    ranked = rank(reports)
    if sentences:
        _write(sentences, ["sentence", "system", "input", "output", "sta", "sim", "fl", "j"],
               _sentences(texts[inputs], {name: texts[path] for name, path in names.items()}, reports))
    typer.echo(json.dumps(ranked, indent=1) if as_json else printable("\n".join(_shown(ranked)), keep="\n"))


@app.command("corrupt", help=_CORRUPT, short_help="Data for a judge of fluency.")
def corrupt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Sentences: .csv, .tsv, .jsonl or .parquet, or a folder"
                                         " of such.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV file to write.")],
    text: TextOption = "text",
    versions: Annotated[int, typer.Option("--versions", min=1, max=9, help="Broken versions of a sentence, each with"
                                          " another kind of damage.")] = 3,
    rows: Annotated[int, typer.Option("--rows", min=0, help="At most so many sentences, drawn by the seed; 0 for all.")
                    ] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Of everything drawn.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")] = False,
) -> None:
    """Write a data set; see ``_CORRUPT``."""
    from toxmeter.data.tables import data_files, read_table
    from toxmeter.detox.corrupt import pairs_of

    files = data_files(file)
    _check_output("--output", output, files, force=force)
    check_text(file, text)
    found = pairs_of(read_table(file, files, [text]).texts(text), versions=versions, rows=rows, seed=seed)
    _write(output, ["text", "acceptable", "damage", "sentence"], found)
    fine = sum(row[1] for row in found)
    typer.echo(printable(f"{output}: {fine:,} sentences and {len(found) - fine:,} broken versions of them"))


def _lines(path: Path) -> list[str]:
    """The lines of a file; only line feeds end them, and carriage returns before these are no part of them."""
    raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as err:
        line = raw[: err.start].count(b"\n") + 1
        raise InputError(f"{path}, line {line}: no UTF-8; convert the file: iconv -f CHARSET -t utf-8") from None
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []


def _names(outputs: Sequence[Path]) -> dict[str, Path]:
    """Systems by the shortest names that tell them apart."""
    for name in (lambda path: path.stem, lambda path: path.name, str):
        found = {name(path): path for path in outputs}
        if len(found) == len(outputs):
            return found
    raise InputError("OUTPUTS: the same file is given twice")


def _shown(ranked: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ranking, and which models are behind it."""
    rows = [[each["system"], _interval(each["j"]), *(f"{each[name]['mean']:.3f}" for name in ("sta", "sim", "fl")),
             f"{each['bleu']:.1f}", f"{each['chrf']:.1f}",
             "" if each is ranked[0] else _interval(each["behind"])] for each in ranked]
    first = ranked[0]
    return [*table([["system", "J [95 %]", "STA", "SIM", "FL", "BLEU", "chrF", "behind the first"], *rows]), "",
            f"{first['sentences']:,} sentences; BLEU and chrF against the {first['against']}",
            *(f"{name.upper()}: {first[name]['model']}, {first[name]['how']}" for name in ("sta", "sim", "fl")),
            "Js by other judges cannot be compared with these."]


def _interval(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _sentences(inputs: Sequence[str], outputs: Mapping[str, Sequence[str]],
               reports: "Mapping[str, JReport]") -> Iterator[list[str | int]]:
    """A row for each sentence and system."""
    for name, report in reports.items():
        values = zip(report.sta.values, report.sim.values, report.fl.values, report.each, strict=True)
        for row, each in enumerate(values):
            yield [row + 1, name, inputs[row], outputs[name][row], *(f"{value:.6g}" for value in each)]


def _check_output(option: str, path: Path, sources: Sequence[Path], *, force: bool) -> None:
    """Told before the work, not after it."""
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"{option} {path}: the name of a file in a folder that exists is needed")
    if path.resolve() in {source.resolve() for source in sources}:
        raise InputError(f"{option} {path} is an input: name another file")
    if path.exists() and not force:
        raise InputError(f"{path} exists already: name another file, or use --force")


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(head)
    writer.writerows(rows)
    write_whole(path, stream.getvalue())
