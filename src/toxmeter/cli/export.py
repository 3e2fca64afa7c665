"""``toxmeter export``: a fine-tuned transformer in a form that runs without torch.

The work is ``toxmeter.export``; this module reads the texts and shows how far the export is off.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toxmeter.cli.options import TextOption, check_text
from toxmeter.cli.progress import progress
from toxmeter.cli.terminal import printable, table
from toxmeter.errors import InputError

if TYPE_CHECKING:
    from toxmeter.export import Parity

__all__ = ["HELP", "export"]

HELP = """
Export a fine-tuned transformer to a form that runs without torch, several times as fast and a quarter as large.

int8 is ONNX in integers of eight bits, onnx the same in float32; toxmeter loads both as it loads MODEL. torchscript is
for other programs. The export is compared with MODEL, and not written where it scores otherwise.

With --data, the folder of the files that the model's recipe names, calibration and thresholds are chosen again on the
validation rows, and the test rows are measured again. Without, they stay those of MODEL, and --texts may name a file of
texts like those that will be scored, which show how large the numbers in the model get.

\b
  toxmeter export runs/mini --output runs/mini-int8 --data data
  toxmeter export unitary/toxic-bert --output runs/toxic-bert --texts comments.csv --text comment_text
  toxmeter export runs/mini --output runs/mini-ts --form torchscript

Needs: pip install 'toxmeter[export]'
"""


def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder of an artifact or checkpoint, or a hub model.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Artifact folder to write.")],
    form: Annotated[str, typer.Option("--form", metavar="FORM", help="int8, onnx or torchscript.")] = "int8",
    data: Annotated[Path | None, typer.Option("--data", "-d", help="Folder with the data files of the recipe.")] = None,
    texts: Annotated[Path | None, typer.Option("--texts", metavar="FILE", help="Texts instead: .csv, .tsv, .jsonl or"
                                               " .parquet.")] = None,
    text: TextOption = "text",
    most_mean: Annotated[float, typer.Option("--mean", help="Largest mean difference of probabilities.")] = 0.01,
    most_flips: Annotated[float, typer.Option("--flips", help="Largest share of decisions flipped.")] = 0.005,
    most_auc: Annotated[float, typer.Option("--auc", help="Largest loss of ROC-AUC, where truth is known.")] = 0.002,
    force: Annotated[bool, typer.Option("--force", help="Replace an artifact that is there already.")] = False,
) -> None:
    """Export a model; see ``HELP``."""
    from toxmeter.export import Tolerance
    from toxmeter.export import export as run

    if data is not None and texts is not None:
        raise InputError("--data and --texts: give one of them")
    with progress() as tell:
        artifact, parity = run(model, output, form=form, data=data,  # type: ignore[arg-type]  # checked there
                               texts=_read(texts, text) if texts else (),
                               tolerance=Tolerance(mean=most_mean, flips=most_flips, auc=most_auc),
                               replace_output=force, report=tell)
    typer.echo(printable("\n".join(_summary(parity)), keep="\n"))
    typer.echo(printable(f"{artifact.version} in {artifact.path}, {artifact.size / 1e6:.1f} MB"))


def _read(file: Path, column: str) -> list[str]:
    from toxmeter.data.tables import data_files, read_table

    check_text(file, column)
    return read_table(file, data_files(file), [column]).texts(column)


def _summary(parity: "Parity") -> list[str]:
    rows = [[name, f"{share:.2%}", f"{parity.auc[name]:+.4f}" if name in parity.auc else "-"]
            for name, share in parity.flips.items()]
    return [*table([["label", "decisions flipped", "change of ROC-AUC"], *rows]),
            f"probabilities off by {parity.mean:.4f} on average, {parity.largest:.3f} at most ({parity.texts:,} texts)"]
