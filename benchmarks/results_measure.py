"""The sections of docs/results.md about shipped models, from benchmarks/results/measure.json.

``results_page.py`` puts them on the page. Text around the figures stands here; no number is typed by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Found = Mapping[str, Any]


def sections(result: Found) -> Iterator[str]:
    """The sections of all models."""
    for name, report in result["models"].items():
        yield from _model(name, report)
    yield from _perspective(result)


def _model(name: str, report: Found) -> Iterator[str]:
    quality, parts = report["sections"]["quality"], report["sections"]
    rows = [[f"`{label}`", str(found["positives"]), interval(found["auc"]),
             *(number(found[key]) for key in ("average_precision", "f1", "precision", "recall", "ece")),
             interval(quality["tf-idf"][label])]
            for label, found in quality["labels"].items()]
    yield (f"## {name}\n\n`{report['model']['version']}` by `python benchmarks/measure.py --data FOLDER` on"
           f" {report['data']['rows']:,} Wikipedia comments at their natural rate that it was not trained on. Its own"
           " thresholds decide; TF-IDF is a logistic regression fitted on the other folds of the same rows.\n\n"
           + table(["label", "positives", "ROC-AUC [95 %]", "AP", "F1", "precision", "recall", "ECE",
                    "TF-IDF's ROC-AUC"], rows))
    yield from suites(parts)
    yield probes(parts)
    yield _robustness(parts["robustness"], parts["attack"])


def suites(parts: Found) -> Iterator[str]:
    """How a model decides the cases of suites."""
    found = {title: section for title, section in parts.items() if section["kind"] == "suite"}
    rows = [[title.removeprefix("suite "), f"{section['cases']:,}", *(interval(section["accuracy"][key]) for key in (
        "overall", "hateful", "non_hateful")), number(section["baseline"]["always_hateful"]), interval(section["auc"])]
        for title, section in found.items()]
    checks = " ".join(f"{kind} {interval(each['failure_rate'])} of {each['cases']} cases."
                      for section in parts.values() if section["kind"] == "checklist"
                      for kind, each in section["kinds"].items())
    yield ("### Suites\n\nShare of cases that are decided as the authors of a suite do; of Hatemoji-build, the test"
           " rows. Hateful is not toxic: any toxic label flags a case, so a good toxicity classifier gets some of these"
           " wrong. Where `identity_hate` decides alone, by its own threshold, the question is that of the suite."
           f" Failures of the checklist of our own: {checks}\n\n"
           + table(["suite", "cases", "all", "hateful", "not hateful", "always hateful", "ROC-AUC"], rows))
    for title, section in found.items():
        if section["published"] and section["label"] is None:
            yield _functionalities(title.removeprefix("suite "), section, found[f"{title} by identity_hate"])


def _functionalities(name: str, section: Found, by_label: Found) -> str:
    """A suite by functionality, decided by any toxic label and by the one that means hate."""
    known = section["published"]
    overall = ", ".join(f"{number(known['accuracy'][key])} of the {kind} cases" for key, kind in (
        ("hateful", "hateful"), ("non_hateful", "other")))
    return (f"{name} by functionality, beside {known['system']} as its authors measured it ({known['measured']}:"
            f" {number(known['accuracy']['overall'])} of all, {overall}):\n\n"
            + table(["functionality", "cases", "any toxic label", "`identity_hate`", "Perspective, 2020"], [
                [f"`{part['functionality']}`", str(part["cases"]), interval(part["accuracy"]),
                 interval(alone["accuracy"]), number(known["functionalities"].get(part["functionality"]))]
                for part, alone in zip(section["functionalities"], by_label["functionalities"], strict=True)]))


def probes(parts: Found) -> str:
    """How a model's scores differ between groups."""
    rows = []
    for title, section in parts.items():
        if section["kind"] != "probe":
            continue
        ends = section["range"]
        rows.append([title.removeprefix("probe "), f"{section['cases']:,}", f"{section['templates']:,}",
                     interval(section["gaps"]["absolute"]), interval(section["gaps"]["flip_rate"]),
                     f"{ends['lowest']} – {ends['highest']}, {interval(ends['gap'])}" if ends else ""])
    gold = parts.get("probe bias_madlibs", {}).get("gold")
    madlibs = (f" Of the harmless madlibs {interval(gold['false_alarm_rate'])} are flagged, of the toxic ones"
               f" {interval(gold['miss_rate'])} are not; ROC-AUC {interval(gold['auc'])}." if gold else "")
    return ("### Bias probes\n\nTexts that differ in a group only: how far their toxic scores are apart, and how often"
            f" they are decided differently. They can show bias, never prove its absence.{madlibs}\n\n"
            + table(["probe", "texts", "templates", "mean gap", "flip rate", "from – to"], rows))


def _robustness(section: Found, attacked: Found) -> str:
    rows = [[name.replace("_", " "), *(interval(found[strength]["lost"]) for strength in ("0.1", "0.3", "1"))]
            for name, found in section["perturbations"].items()]
    rows.sort(key=lambda row: row[3], reverse=True)
    under = (f" An attacker who respells words and may ask {attacked['budget']} times gets"
             f" {interval(attacked['escaped'])} of the flagged texts through.")
    return (f"### Rewriting\n\nOf {section['flagged']} flagged texts among {section['texts']}, the share that is no"
            f" longer flagged when a tenth, three tenths and all of a text is rewritten.{under}\n\n"
            + table(["rewriting", "strength .1", ".3", "1"], rows))


def _perspective(result: Found) -> Iterator[str]:
    for sample, found in result["perspective"].items():
        rows = []
        for name, system in found["systems"].items():
            moved = system.get("transfer")
            agreement = ([interval(moved["agreement"][when]) for when in ("before", "after")] if moved else ["1", "1"])
            gain = interval(moved["agreement"]["difference"]) if moved else ""
            rows.append([name, interval(system.get("spearman")) if moved else "1", *agreement, gain,
                         interval(system["human_auc"])])
        humans = (f" Humans labelled {found['labelled']} of them, {found['toxic']} as toxic: the last column;"
                  " alt-profanity-check was trained on Jigsaw's file, probably on these very rows."
                  if found["labelled"] else " No human labelled them.")
        yield (f"## Beside Perspective: {sample}\n\n{found['texts']:,} texts with TOXICITY of the real API, of which"
               f" {percent(found['flagged'])} are at {result['threshold']} or over.{humans} Agreement: share of the"
               f" same decisions at {result['threshold']} on the rows held out ({percent(result['held_out'])}), on each"
               " system's own scale and after `toxmeter calibrate` has put it on Perspective's.\n\n"
               + table(["system", "Spearman with TOXICITY", "agreement before", "after", "gain",
                        "ROC-AUC, human labels"], rows))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells as Markdown."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows])


def interval(figure: Mapping[str, float | None] | None) -> str:
    """A figure with its interval; a dash where there is none."""
    if figure is None or figure["value"] is None:
        return "–"
    return f"{number(figure['value'])} [{number(figure['low'])}, {number(figure['high'])}]"


def percent(share: float) -> str:
    """A share in [0, 1] as per cent."""
    return f"{100 * share:.0f} %"


def number(value: float | None, digits: int = 3) -> str:
    """Three digits; a dash where it is not defined."""
    return "–" if value is None else f"{value:.{digits}f}"
