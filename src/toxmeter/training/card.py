"""The model card: what a manifest knows, as Markdown for people. It states nothing that was not measured.

Works for every kind of label set and every format; what a manifest lacks has no section. This module draws
no plots, it shows those that lie beside the card.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from toxmeter.models.catalog import shipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from toxmeter.artifact import Manifest

__all__ = ["export_card", "model_card"]

_KINDS = {
    "binary": "binary classifier, one label per text",
    "multiclass": "multiclass classifier, one label per text",
    "multilabel": "multilabel classifier, any number of labels per text",
}
_CALIBRATIONS = {
    "none": "nothing",
    "temperature": "one temperature",
    "platt": "a slope and an intercept per label",
    "isotonic": "a rising curve per label",
}


def model_card(manifest: Manifest) -> str:
    """The card of a model.

    Use, figures with intervals, confusion matrix, plots, disguises, probes, limits, thresholds and
    calibration, data with licences, citations and hashes, settings, and what the training cost.

    Args:
        manifest: whose ``metrics`` have ``test``, as ``measure`` makes it; perhaps ``cost``, a table with
            ``seconds``, ``energy_kwh``, ``co2_kg``, ``peak_memory_mb``, ``peak_gpu_mb``, ``hardware`` and
            ``method``; and perhaps ``plots``, names of PNG files in the artifact.
    """
    test = manifest.metrics["test"]
    sections = [_head(manifest), _use(manifest), _figures(test), _confusion(test), _plots(manifest),
                _disguises(test), _probes(test), _limits(manifest), _decisions(manifest), _export(manifest),
                _data(manifest), _settings(manifest), _cost(manifest.metrics.get("cost", {}))]
    return "\n\n".join(filter(None, sections)) + "\n"


def export_card(manifest: Manifest) -> str:
    """The card of an export of somebody else's model, of which no recipe, data or figures are known.

    Args:
        manifest: whose ``metrics`` have ``export``.
    """
    known = "Who made it, of what data, and how good it is, its own card says."
    return "\n\n".join([_head(manifest), known, _use(manifest), _export(manifest)]) + "\n"


def _head(manifest: Manifest) -> str:
    licence = manifest.licence.lower()
    library = "library_name: transformers\n" if manifest.format == "transformer" else ""
    names = ", ".join(f"`{name}`" for name in manifest.labels.names)
    toxic = ", ".join(f"`{name}`" for name in manifest.labels.toxic) or "none"
    shape = manifest.recipe.get("model", {})
    base, revision = shape.get("base"), shape.get("revision")
    start = (f" {'Trained on the tokenizer of' if shape['format'] == 'bag' else 'Fine-tuned from'} `{base}`"
             + (f", revision `{revision}`" if revision else "") + ".") if base else ""
    teacher = manifest.metrics.get("fit", {}).get("teacher")
    start += f" It was trained on the scores of `{teacher}`." if teacher else ""
    return (f"---\nlicense: {'unknown' if licence == 'noassertion' else licence}\n{library}"
            "pipeline_tag: text-classification\ntags: [toxicity, text-classification]\n---\n\n"
            f"# {manifest.name}, release {manifest.number}\n\n"
            f"A {_KINDS[manifest.labels.kind]}: {names}. Declared toxic: {toxic}."
            f" Format `{manifest.format}`.{start}")


def _use(manifest: Manifest) -> str:
    ours = manifest.format != "transformer" and manifest.name in shipped()
    path = manifest.name if ours else "path/to/this/folder"
    other = "" if path != manifest.name else "  # or the path of this folder"
    guard = bool(manifest.labels.toxic)
    code = [f"from toxmeter import {'TextGuardrail, ' if guard else ''}load", "",
            f'scorer = load("{path}"){other}',
            'scores = scorer.score(["Hello, how are you today?"])  # [n, k] probabilities']
    if guard:
        code.append('TextGuardrail(scorer).check_text("Hello, how are you today?").label')
    lines = ["## Use", "", "```python", *code, "```"]
    if manifest.format == "transformer":
        lines += ["", "It opens with Hugging Face's transformers too, which know its labels, but not its"
                  " calibration, thresholds and windows over long text:", "",
                  "```python", "from transformers import pipeline", "",
                  f'classify = pipeline("text-classification", "{path}", top_k=None)', "```"]
    return "\n".join(lines)


def _figures(test: Mapping[str, Any]) -> str:
    decision = "Precision, recall and F1 are at the threshold of each label."
    overall = f"Mean ROC-AUC of the labels: {_interval(test['mean_auc'])}."
    if "confusion" in test:
        decision = "Precision, recall and F1 are those of the largest score, unless said otherwise."
        overall = _table(["of all labels", "value [95 %]"], _overall(test))
    elif "spearman" in test:
        overall += f" Spearman's correlation of the toxic score with soft labels: {_interval(test['spearman'])}."
    return (f"## Figures\n\nOn {test['rows']} test rows, which it was not trained or calibrated on. Intervals are"
            f" bootstraps over rows; ECE has 15 bins of equal width.\n\n{overall}\n\n{decision}\n\n"
            + _label_table(test["labels"]))


def _overall(test: Mapping[str, Any]) -> Iterable[list[str]]:
    """Rows of the table of figures that all classes have together."""
    names = {"accuracy": "accuracy", "f1": "F1 of the positive label", "macro_f1": "macro F1",
             "weighted_f1": "weighted F1", "mean_auc": "mean ROC-AUC, one against the rest",
             "spearman": "Spearman's correlation of the toxic score with soft labels"}
    yield from ([name, _interval(test[key])] for key, name in names.items() if key in test)
    yield from ([f"{names[key]}, by thresholds", _interval(figure)]
                for key, figure in test["by_thresholds"].items() if key in names)
    yield ["ECE of the largest score", _number(test["ece"])]
    yield ["Brier score", _number(test["brier"])]


def _label_table(labels: Mapping[str, Any]) -> str:
    head = ["label", "positives", "ROC-AUC [95 %]", "AP", "F1", "precision", "recall", "ECE", "threshold"]
    rows = []
    for name, figures in labels.items():
        known = f" of {figures['rows']} known" if "rows" in figures else ""
        rows.append([f"`{name}`", f"{figures['positives']}{known}", _interval(figures["auc"]),
                     *(_number(figures[key]) for key in ("average_precision", "f1", "precision", "recall", "ece")),
                     f"{figures['threshold']:.3g}"])
        if "at_threshold" in figures:
            rows[-1].append(_number(figures["at_threshold"]["f1"]))
    if rows and len(rows[0]) > len(head):
        head.append("F1 at the threshold")
    return _table(head, rows)


def _confusion(test: Mapping[str, Any]) -> str:
    if "confusion" not in test:
        return ""
    names = [f"`{name}`" for name in test["labels"]]
    rows = ([name, *map(str, counts)] for name, counts in zip(names, test["confusion"], strict=True))
    return "Rows of each label (down) that were given each label (across):\n\n" + _table(["", *names], rows)


def _plots(manifest: Manifest) -> str:
    return "\n\n".join(f"![{name.removesuffix('.png').replace('_', ' ')}]({name})"
                       for name in manifest.metrics.get("plots", []))


def _disguises(test: Mapping[str, Any]) -> str:
    if "disguises" not in test:
        return ""
    kept, everyday = test["disguises"]["kept"], test["everyday"]
    return (f"Of {test['disguises']['texts']} toxic test rows that it flags, so many are still flagged"
            " when rewritten throughout:\n\n"
            + _table(["disguise", "still flagged"], ([name.replace("_", " "), _percent(share)]
                                                     for name, share in kept.items()))
            + f"\n\nOf {everyday['sentences']} harmless everyday sentences of our own, half of them with"
            " words such as kill, shoot, black or gay, it flags"
            f" {everyday['flagged']} ({_percent(everyday['share'])}).")


def _probes(test: Mapping[str, Any]) -> str:
    if not test.get("probes"):
        return ""
    names = list(test["labels"])
    rows = ([_literal(probe["text"]), *(f"{probe['scores'][name]:.3g}" for name in names)] for probe in test["probes"])
    return "## Probes\n\n" + _table(["text", *(f"`{name}`" for name in names)], rows)


def _limits(manifest: Manifest) -> str:
    limits = manifest.recipe.get("limits", [])
    return "\n".join(["## What it is bad at", "", *(f"- {limit}" for limit in limits)]) if limits else ""


def _decisions(manifest: Manifest) -> str:
    decided = {
        "multilabel": "A text has a label from its threshold on.",
        "binary": "The label with the larger score is the answer; by thresholds, the one that is highest over its own."
                  " A guardrail goes by the threshold of the toxic one.",
        "multiclass": "The label with the largest score is the answer; by thresholds, which is fairer to rare labels,"
                      " the one that is highest over its own. A guardrail adds up the toxic ones, and goes by their"
                      " smallest threshold.",
    }[manifest.labels.kind]
    if manifest.format != "hashed" and manifest.recipe["evaluate"]["thresholds"] == "f1":
        slack = manifest.recipe["evaluate"].get("f1_slack")
        decided += (f" The thresholds are the highest whose F1 on the validation rows is within {slack:g} of the best."
                    if slack else " The thresholds are those of the best F1 on the validation rows.")
    return (f"## Scores and decisions\n\nScores are probabilities, {_calibrated(manifest)}. {decided}")


def _calibrated(manifest: Manifest) -> str:
    """How, by one calibration or by one per named scale."""
    calibration = manifest.calibration
    scales = [calibration] if "kind" in calibration else [*calibration.values()]
    if not scales or scales == [{"kind": "none"}]:
        return "not calibrated"
    named = (_CALIBRATIONS[scale["kind"]] + (f" ({scale['temperature']:.3g})" if "temperature" in scale else "")
             for scale in scales)
    rows = manifest.data["validation"]["rows"]
    return f"calibrated by {' and '.join(dict.fromkeys(named))} on {rows} validation rows"


def _export(manifest: Manifest) -> str:
    """How far an export is off what it was made of."""
    about = manifest.metrics.get("export")
    if not about:
        return ""
    form = {"int8": "ONNX in integers of eight bits", "onnx": "ONNX in float32", "torchscript": "TorchScript"}
    figures = ("of this export" if about["measured_again"] else "of the original, and were not measured again")
    flips = ", ".join(f"`{name}` {_percent(share)}" for name, share in about["flips"].items())
    lines = [f"{form[about['form']]}, made of `{about['of']}`.",
             *([f"The figures of this card are {figures}."] if "test" in manifest.metrics else []),
             f"On {about['texts']} texts its probabilities are off the original's by {about['mean']:.4f} on average and"
             f" {about['largest']:.3f} at most, before it was calibrated again. Decisions flipped: {flips}."]
    if about["auc"]:
        changes = ", ".join(f"`{name}` {change:+.4f}" for name, change in about["auc"].items())
        lines.append(f"Change of ROC-AUC: {changes}.")
    return "## Export\n\n" + " ".join(lines)


def _data(manifest: Manifest) -> str:
    train = manifest.data["train"]
    sets = [("train", each) for each in train["sets"]]
    sets += [(part, manifest.data[part]) for part in ("validation", "test")]
    rows = [[part, f"`{each['preset']}`", str(each["rows"]),
             f"{each['weight']:g}" if "weight" in each else "", each["licence"],
             each["source"] + (f" (hub: {each['hub']})" if each.get("hub") else ""),
             f"`{each['sha256'][:16]}`"] for part, each in sets]
    head = ["part", "preset", "rows", "weight", "licence", "source", "sha256 of the file"]
    cited = dict.fromkeys(each["citation"] for _, each in sets if each.get("citation"))
    sources = "\n".join(["", "", "To cite:", "", *(f"- {citation}" for citation in cited)]) if cited else ""
    return (f"## Data\n\n{_table(head, rows)}\n\nTrained on {train['rows']} rows;"
            f" {train['left_out_as_near_copies']} were left out as near-copies of each other, of rows"
            f" measured on, or of rows that others evaluate with.{sources}")


def _settings(manifest: Manifest) -> str:
    recipe = manifest.recipe
    lines = [f"- {part}: " + ", ".join(f"{key} {value}" for key, value in recipe[part].items()
                                       if value not in ("", [], {}))
             for part in ("model", "train")]
    libraries = ", ".join(f"{name} {number}" for name, number in manifest.libraries.items())
    return "\n".join(["## Settings", "", f"- seed: {recipe['seed']}", *lines, f"- made with: {libraries}"])


def _cost(cost: Mapping[str, Any]) -> str:
    """What the training took; what was not measured has no line."""
    written = {
        "seconds": "time: {:,.0f} s",
        "energy_kwh": "energy: {:.3g} kWh",
        "co2_kg": "CO2 equivalents: {:.3g} kg",
        "peak_memory_mb": "peak memory: {:,.0f} MiB",
        "peak_gpu_mb": "peak memory of the GPU: {:,.0f} MiB",
        "hardware": "hardware: {}",
        "method": "how energy was found: {}",
    }
    lines = [f"- {line.format(cost[key])}" for key, line in written.items() if cost.get(key)]
    if cost.get("energy_kwh"):
        lines += ["", "Energy and CO2 are codecarbon's estimate for the whole machine while the training ran."]
    return "\n".join(["## What the training cost", "", *lines]) if lines else ""


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
                     for cells in lines)


def _literal(text: str) -> str:
    """A text whose signs Markdown must not read; a bar is the table's matter."""
    return re.sub(r"([\\`*_<>\[\]#~])", r"\\\1", text)


def _interval(figure: Mapping[str, float | None]) -> str:
    return f"{_number(figure['value'])} [{_number(figure['low'])}, {_number(figure['high'])}]"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
