"""``toxmeter evaluate``: how good a model is, where it fails, and for whom.

The work is ``toxmeter.evaluation.evaluate``; this module opens what it needs and shows the result.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toxmeter.cli.options import LabelOption, ReportOption, ScaleOption, ScoresOption, TextOption, check_text, pairs
from toxmeter.cli.progress import progress
from toxmeter.cli.terminal import printable, table
from toxmeter.errors import InputError

if TYPE_CHECKING:
    from toxmeter.evaluation.data import Labelled
    from toxmeter.evaluation.spans import Spans
    from toxmeter.labels import LabelSet

__all__ = ["HELP", "evaluate"]

HELP = """
Measure a model: quality beside simple baselines, calibration, thresholds, bias, robustness, suites, speed.

MODEL is a shipped model, a folder, a model of the hub, or a file of scores (.csv, .tsv, .jsonl, .parquet) that
somebody's system gave to the texts of DATA. DATA has a column of texts and one column per label, called as the label
or one of its aliases, with 0, 1 or a share between; an empty cell is not known.

\b
  toxmeter evaluate nano comments.csv                                 figures, and what stands out
  toxmeter evaluate nano comments.csv --report report                 report.json, report.md and report.html
  toxmeter evaluate runs/my tweets.csv --text tweet --label class     one column with the name of the label
  toxmeter evaluate nano comments.csv --label toxic=is_toxic --group muslim --group female
  toxmeter evaluate nano --suite hatecheck.csv --suite my-tests.toml  suites alone
  toxmeter evaluate scores.csv comments.csv --column toxic=TOXICITY   another system by the same yardstick

Suites are HateCheck's and Hatemoji's files, WinoBias, Winogender, StereoSet, CrowS-Pairs, madlibs, and TOML files of
your own: checklists and probes. Scores are kept in ~/.cache/toxmeter: what is interrupted goes on where it was.

Needs: pip install 'toxmeter[evaluate]'
"""


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Shipped model, folder, hub id, or file of scores.")],
    data: Annotated[
        Path | None, typer.Argument(metavar="[DATA]", help="Texts with labels; may be left out where --suite is given.")
    ] = None,
    report: ReportOption = None,
    text: TextOption = "text",
    label: LabelOption = None,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="COLUMN", help="Column of DATA that tells which texts are about a group, 0, 1"
                     " or a share between; as often as needed."),
    ] = None,
    column: ScoresOption = None,
    suite: Annotated[
        list[str] | None,
        typer.Option("--suite", metavar="SUITE", help="Shipped suite or file; as often as needed; none for none."
                     "  [default: all that are shipped]"),
    ] = None,
    spans: Annotated[
        Path | None,
        typer.Option("--spans", metavar="FILE", help="Toxic characters that are predicted for the texts of DATA, a"
                     " column spans in both."),
    ] = None,
    goal: Annotated[
        list[str] | None,
        typer.Option("--goal", metavar="GOAL", help="f1, precision>=P, recall>=R or fpr<=F: thresholds for it; as often"
                     " as needed.  [default: f1, precision>=0.9, recall>=0.9, fpr<=0.01]"),
    ] = None,
    toxic: Annotated[
        list[str] | None,
        typer.Option("--toxic", metavar="LABEL", help="A label that means toxic, where the model does not say; as often"
                     " as needed."),
    ] = None,
    suite_label: Annotated[
        str | None,
        typer.Option("--suite-label", metavar="LABEL", help="Judge suites and probes by this label alone, toxic or not;"
                     " HateCheck by what means hate.  [default: the toxic ones]"),
    ] = None,
    scale: ScaleOption = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="PART", help="Leave out baselines, robustness, attack or speed; as often as"
                     " needed."),
    ] = None,
    resamples: Annotated[int, typer.Option("--resamples", min=100, help="Of the bootstraps.")] = 500,
    seed: Annotated[int, typer.Option("--seed", help="Of everything drawn.")] = 0,
) -> None:
    """Measure a model; see ``HELP``."""
    from toxmeter.evaluation.cache import CachedScorer, cache_folder
    from toxmeter.evaluation.evaluate import GOALS
    from toxmeter.evaluation.evaluate import evaluate as run
    from toxmeter.evaluation.recorded import open_scorer
    from toxmeter.evaluation.report.page import blocks_of, outstanding, subtitle_of, title_of
    from toxmeter.evaluation.report.write import write_report
    from toxmeter.evaluation.suites.open import open_suites

    suites = open_suites(_sources(suite), label=suite_label, resamples=resamples, seed=seed)
    scorer = open_scorer(model, scale=scale, toxic=toxic, text=text, columns=pairs("--column", column))
    labelled = _read(data, scorer.labels, text, label or [], group or []) if data else None
    marked = _spans(data, spans, text)
    with progress() as tell:
        shown = _Progress(tell)
        with CachedScorer(scorer, cache_folder(), progress=shown.scored) as cached:
            result = run(cached, labelled, suites, marked=marked, timed=scorer, skip=skip or [], wanted=goal or GOALS,
                         resamples=resamples, seed=seed, progress=shown.part)
        shown.part("report")
        blocks = blocks_of(result)
        if report:
            write_report(report, result, title_of(result), blocks, subtitle=subtitle_of(result))
    lines = [*_summary(result["sections"]), *(f"{note.kind}: {note.text}" for note in outstanding(blocks)),
             f"{scorer.version}: {subtitle_of(result)}"]
    typer.echo(printable("\n".join(lines), keep="\n"))
    if report:
        typer.echo(printable(f"{report / 'report.html'}, report.md and report.json are written"))


class _Progress:
    """Which part is being measured, and how many of its texts are scored."""

    def __init__(self, tell: Callable[[str, float], None]) -> None:
        self._tell, self._part = tell, ""

    def part(self, name: str) -> None:
        self._part = name
        self._tell(name, 0.0)

    def scored(self, done: int, total: int) -> None:
        self._tell(self._part, done / max(total, 1))


def _sources(given: Sequence[str] | None) -> list[str]:
    from toxmeter.evaluation.suites.open import shipped_suites

    if given is None:
        return shipped_suites()
    if "none" in given and len(given) > 1:
        raise InputError("--suite none stands alone")
    return [] if given == ["none"] else list(given)


def _read(path: Path, labels: "LabelSet", text: str, given: Sequence[str], groups: Sequence[str]) -> "Labelled":
    """The labelled texts; labels are columns of their own, or names in one column."""
    from toxmeter.evaluation.data import read_labelled

    check_text(path, text)
    if len(given) == 1 and "=" not in given[0]:
        return read_labelled(path, labels, text=text, label=given[0], groups=groups)
    return read_labelled(path, labels, text=text, columns=pairs("--label", given), groups=groups)


def _spans(data: Path | None, predicted: Path | None, text: str) -> "tuple[Spans, Spans] | None":
    """True and predicted toxic characters of the same rows."""
    from toxmeter.evaluation.spans import read_spans

    if predicted is None:
        return None
    if data is None:
        raise InputError("--spans are predictions for DATA, which has the true ones in a column spans: name it")
    return read_spans(data, text=text), read_spans(predicted)


def _summary(sections: Mapping[str, Any]) -> list[str]:
    """The quality of each label, and the suites in a line each."""
    lines = []
    if "quality" in sections:
        rows = [[name, str(found["positives"]), _number(found["auc"]["value"]), *(
            _number(found[key]) for key in ("precision", "recall", "f1", "ece"))]
            for name, found in sections["quality"]["labels"].items()]
        lines += table([["label", "rows with it", "ROC-AUC", "precision", "recall", "F1", "ECE"], *rows])
    for name, section in sections.items():
        if section["kind"] == "suite" and section["accuracy"]["overall"]:
            lines.append(f"{name}: accuracy {_number(section['accuracy']['overall']['value'])}, always hateful"
                         f" {_number(section['baseline']['always_hateful'])}")
    return [*lines, ""] if lines else []


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
