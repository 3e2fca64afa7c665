"""The model card: what a manifest knows, as Markdown for people. It states nothing that was not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toxmeter.artifact import Manifest

__all__ = ["model_card"]


def model_card(manifest: Manifest) -> str:
    """The card of a model: use, figures with intervals, data with licences and hashes, limits, settings."""
    test = manifest.metrics["test"]
    sections = [_head(manifest), _use(manifest), _figures(test), _disguises(test), _limits(manifest),
                _data(manifest), _settings(manifest)]
    return "\n\n".join(filter(None, sections)) + "\n"


def _head(manifest: Manifest) -> str:
    return (f"---\nlicense: {manifest.licence.lower()}\nlanguage: en\n"
            "tags: [toxicity, text-classification]\n---\n\n"
            f"# {manifest.name}, release {manifest.number}\n\n"
            f"A toxicity classifier of format `{manifest.format}` for {len(manifest.labels)} labels:"
            f" {', '.join(f'`{name}`' for name in manifest.labels.names)}. Scores are probabilities,"
            " calibrated on comments at their natural rate.")


def _use(manifest: Manifest) -> str:
    return ("## Use\n\n```python\nfrom toxmeter import TextGuardrail, load\n\n"
            f'scorer = load("{manifest.name}")  # or the path of this folder\n'
            'scores = scorer.score(["Hello, how are you today?"])  # [n, k] probabilities\n'
            'TextGuardrail(scorer).check_text("Hello, how are you today?").label  # "safe"\n```')


def _figures(test: Mapping[str, Any]) -> str:
    rows = [[f"`{name}`", str(figures["positives"]), _interval(figures["auc"]),
             *(_number(figures[key]) for key in ("average_precision", "f1", "precision", "recall", "ece")),
             f"{figures['threshold']:g}"]
            for name, figures in test["labels"].items()]
    head = ["label", "positives", "ROC-AUC [95 %]", "AP", "F1", "precision", "recall", "ECE", "threshold"]
    return (f"## Figures\n\nOn {test['rows']} test rows at their natural rate, which it was not trained or"
            " calibrated on. Mean ROC-AUC of the labels:"
            f" {_interval(test['mean_auc'])}. Intervals are"
            " bootstraps over rows; ECE has 15 bins of equal width.\n\n" + _table(head, rows))


def _disguises(test: Mapping[str, Any]) -> str:
    kept = test["disguises"]["kept"]
    everyday = test["everyday"]
    return (f"Of the {test['disguises']['texts']} toxic test rows that it flags, so many are still flagged"
            " when rewritten throughout:\n\n"
            + _table(["disguise", "still flagged"], [[name.replace("_", " "), _percent(share)]
                                                     for name, share in kept.items()])
            + f"\n\nOf {everyday['sentences']} harmless everyday sentences of our own, half of them with"
            " words such as kill, shoot, black or gay, it flags"
            f" {everyday['flagged']} ({_percent(everyday['share'])}).")


def _limits(manifest: Manifest) -> str:
    limits = manifest.recipe.get("limits", [])
    return "\n".join(["## What it is bad at", "", *(f"- {limit}" for limit in limits)]) if limits else ""


def _data(manifest: Manifest) -> str:
    train = manifest.data["train"]
    sets = [("train", each) for each in train["sets"]]
    sets += [(part, manifest.data[part]) for part in ("validation", "test")]
    rows = [[part, f"`{each['preset']}`", str(each["rows"]),
             f"{each['weight']:g}" if "weight" in each else "", each["licence"], each["source"],
             f"`{each['sha256'][:16]}`"] for part, each in sets]
    head = ["part", "preset", "rows", "weight", "licence", "source", "sha256 of the file"]
    return (f"## Data\n\n{_table(head, rows)}\n\nTrained on {train['rows']} rows;"
            f" {train['left_out_as_near_copies']} were left out as near-copies of each other, of rows"
            " measured on, or of rows that others evaluate with.")


def _settings(manifest: Manifest) -> str:
    recipe = manifest.recipe
    lines = [f"- {part}: " + ", ".join(f"{key} {value}" for key, value in recipe[part].items())
             for part in ("model", "train")]
    libraries = ", ".join(f"{name} {number}" for name, number in manifest.libraries.items())
    return "\n".join(["## Settings", "", f"- seed: {recipe['seed']}", *lines, f"- made with: {libraries}"])


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows])


def _interval(figure: Mapping[str, float | None]) -> str:
    return f"{_number(figure['value'])} [{_number(figure['low'])}, {_number(figure['high'])}]"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
