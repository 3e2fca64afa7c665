"""Hugging Face's model folders: open one that has a classification head, and make the files of one.

Loading is local and silent: nothing is downloaded, no code of the folder runs, weights come from safetensors
alone, and no report or progress bar appears. This module does not score texts and does not know manifests.
"""

from __future__ import annotations

import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toxmeter.errors import ArtifactError
from toxmeter.extras import need

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toxmeter.labels import LabelSet

__all__ = ["brief", "load_classifier", "quiet", "transformer_files"]

_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")


def load_classifier(folder: Path) -> tuple[Any, Any]:
    """The model of a folder, in evaluation mode and float32 on the CPU, and its tokenizer.

    Raises:
        ArtifactError: when weights, tokenizer or the classification head are missing, or transformers cannot
            read what is there.
        MissingExtra: without torch or transformers.
    """
    torch, transformers = need("torch", extra="train"), _transformers()
    if not any(folder.glob("model*.safetensors")):
        raise ArtifactError(f"{folder} has no model.safetensors; pickled weights (pytorch_model.bin) are not read:"
                            " convert them, model.save_pretrained(folder) in transformers")
    if not any(any(folder.glob(name)) for name in _VOCABULARIES):
        raise ArtifactError(f"{folder} has no tokenizer: save it beside the model, tokenizer.save_pretrained(folder)")
    import toxmeter.models.bag  # noqa: F401 - makes transformers know its kind of model

    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        with quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **local)
            model, report = transformers.AutoModelForSequenceClassification.from_pretrained(
                folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **local)
    except Exception as err:  # what a broken folder raises in there is beyond counting
        raise ArtifactError(f"{folder}: transformers cannot read it as a text classifier ({brief(err)})") from err
    if report["missing_keys"]:
        raise ArtifactError(f"{folder} has no classification head, or not all of its weights"
                            f" ({', '.join(sorted(report['missing_keys'])[:3])} missing): fine-tune it, toxmeter train")
    return model.eval(), tokenizer


def transformer_files(model: Any, tokenizer: Any, labels: LabelSet) -> dict[str, bytes]:  # noqa: ANN401
    """The files of a ``transformer`` artifact, as Hugging Face's tools read and write them.

    Args:
        model: a sequence classifier of transformers with an output per label. Its configuration gets the
            names of the labels and the problem type.
        tokenizer: its tokenizer.
        labels: the label set.

    Returns:
        content by plain file name: ``config.json``, ``model.safetensors``, ``tokenizer.json`` and the like.

    Raises:
        ValueError: when the model has another number of outputs than there are labels.
    """
    if model.config.num_labels != len(labels):
        raise ValueError(f"a model of {model.config.num_labels} outputs for {len(labels)} labels")
    model.config.id2label = dict(enumerate(labels.names))
    model.config.label2id = {name: column for column, name in enumerate(labels.names)}
    model.config.problem_type = ("multi_label_classification" if labels.kind == "multilabel"
                                 else "single_label_classification")
    with tempfile.TemporaryDirectory(prefix="toxmeter-") as temporary, quiet():
        folder = Path(temporary)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def brief(err: Exception) -> str:
    """The first line of a foreign error's message, after its type."""
    return ": ".join([type(err).__name__, *str(err).strip().splitlines()[:1]])


@contextmanager
def quiet() -> Iterator[None]:
    """Without the reports, progress bars and warnings of transformers; its own settings return afterwards."""
    hub = need("huggingface_hub.utils", extra="train")
    logging = _transformers().utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    no_hub_bars = hub.are_progress_bars_disabled()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        try:
            yield
        finally:
            logging.set_verbosity(level)
            if bars:
                logging.enable_progress_bar()
            if no_hub_bars:
                hub.disable_progress_bars()


def _transformers() -> Any:  # noqa: ANN401 - a module
    need("torch", extra="train")  # without it, transformers imports but can do nothing
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return need("transformers", extra="train")
