"""Writes the figures of the README from ``benchmarks/results``, so that no number there is typed by hand.

    python benchmarks/readme.py [--check]

With ``--check`` nothing is written, and the exit status is 1 where the README is not up to date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BEGIN = "<!-- figures: written by `python benchmarks/readme.py` from benchmarks/results -->"
END = "<!-- end of figures -->"
MODELS_BEGIN = "<!-- models: written by `python benchmarks/readme.py` from benchmarks/results -->"
MODELS_END = "<!-- end of models -->"


def figures(result: dict[str, Any]) -> str:
    """The section with the figures, as Markdown."""
    speed, quality, start = result["speed"], result["quality"], result["footprint"]
    lines = [
        f"Measured by `make benchmark DATA=FOLDER` with {result['model']} on one core ({result['processors']} in the"
        f" machine), {result['tweets']:,} distinct tweets; AUC for *toxic* on {quality['rows']:,} comments at their"
        f" natural rate ({quality['toxic']} toxic), none of which it was trained on:",
        "",
        "| | texts/s | nano is | one text, p50 | first answer | memory | toxic AUC [95 %] |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in speed.items():
        good = quality.get(name)
        auc = f"{good['auc']:.3f} [{good['low']:.3f}, {good['high']:.3f}]" if good else ""
        faster = "" if name == "nano" else f"{row['ratio_of_nano']:.1f} × as fast"
        lines.append(f"| {name} | {row['texts_per_second']:,.0f} | {faster} | {row['single_p50_us']:.1f} µs"
                     f" | {start[name]['first_answer_s']:.2f} s | {start[name]['memory_mb']:.0f} MB | {auc} |")
    lines += ["", "The peers answer other questions: profanex and better-profanity-rs look for listed words,"
              " vaderSentiment measures\nsentiment, and alt-profanity-check was trained on Jigsaw's file, probably on"
              " the very rows that are measured here."]
    return "\n".join(lines)


def models(measured: dict[str, Any], engine: dict[str, Any]) -> str:
    """The shipped models side by side, as Markdown."""
    rows = []
    for name, report in measured["models"].items():
        parts = report["sections"]
        toxic, madlibs = parts["quality"]["labels"]["toxic"], parts["probe bias_madlibs"]["gold"]
        checks = [parts[f"suite hatecheck{by}"]["accuracy"] for by in ("", " by identity_hate")]
        rows.append((name, [
            f"{toxic['auc']['value']:.3f}", f"{toxic['f1']:.2f}",
            *(" / ".join(f"{100 * check[key]['value']:.0f} %" for check in checks)
              for key in ("hateful", "non_hateful")),
            f"{100 * madlibs['false_alarm_rate']['value']:.0f} %"]))
    speed, names = engine["models"]["mini"]["speed"], {"mini": "toxmeter, int8"}
    lines = [
        "| | toxic AUC | toxic F1 | HateCheck, hateful found | not hateful left alone | harmless madlibs flagged"
        " | tweets/s | comments/s |", "| --- " * 8 + "|"]
    for name, cells in rows:
        told = [f"{each['texts_per_second']:,.0f}" for each in (
            speed["tweets"][names.get(name, name)], engine["shipped"]["speed"][name])]
        lines.append(f"| `{name}` | " + " | ".join([*cells, *told]) + " |")
    best = max(speed["tweets"][name]["texts_per_second"] for name in speed["tweets"] if name.startswith("pipeline"))
    slow = max(speed["comments"][name]["texts_per_second"] for name in speed["comments"] if name.startswith("pipeline"))
    lines.append("| mini's network in `transformers.pipeline` |" + " |" * 5 + f" {best:,.0f} | {slow:,.0f} |")
    lines += ["", f"Comments: {engine['shipped']['texts']:,} of {engine['shipped']['characters']:.0f} characters on"
              f" average; for the pipeline {engine['texts']['comments']['texts']} of"
              f" {engine['texts']['comments']['characters']:.0f}."]
    return "\n".join(lines)


def rendered(readme: str) -> str:
    """The README with its figures from the results."""
    nano, measured, engine = (json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text("utf-8"))
                              for name in ("nano", "measure", "engine"))
    readme = between(readme, BEGIN, END, figures(nano))
    return between(readme, MODELS_BEGIN, MODELS_END, models(measured, engine))


def between(text: str, begin: str, end: str, shown: str) -> str:
    """The text with something else between two marks."""
    head, rest = text.split(begin)
    return f"{head}{begin}\n{shown}\n{end}{rest.split(end)[1]}"


def main() -> int:
    """Write or check."""
    path = ROOT / "README.md"
    old = path.read_text("utf-8")
    new = rendered(old)
    if "--check" in sys.argv[1:]:
        return int(old != new)
    path.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
