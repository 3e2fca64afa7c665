"""The section of docs/results.md about speed, from benchmarks/results/engine.json.

``results_page.py`` puts it on the page. Text around the figures stands here; no number is typed by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from results_measure import table

Found = Mapping[str, Any]

_TITLES = {"mini": "mini, MiniLM-L6", "distilbert": "DistilBERT's shape, random weights"}


def section(result: Found) -> str:
    """Speed, memory and agreement."""
    sizes = ", ".join(f"{found['texts']} {name} of {found['characters']:.0f} characters on average"
                      for name, found in result["texts"].items())
    head = ("## The engine\n\n`python benchmarks/engine.py --data FOLDER` with"
            f" `{result['model']}` on {result['processors']} cores"
            f" ({', '.join(result['instructions'])}): {sizes}. Rounds go round the"
            " systems in turn; the pipeline in the ratios is the faster one of its two batch sizes."
            " Pipeline and torch cut what is longer than 512 tokens, the engine reads it in windows.")
    return "\n\n".join([head, *(_model(name, found) for name, found in result["models"].items()), _rest(result)])


def _model(name: str, found: Found) -> str:
    corpora = list(found["speed"])
    rows = []
    for system, start in found["footprint"].items():
        cells = [system]
        for corpus in corpora:
            each = found["speed"][corpus][system]
            cells += [f"{each['texts_per_second']:,.0f}", f"{each['times_the_pipeline']:.1f} ×",
                      f"{each['p50_ms']:.2f} / {each['p95_ms']:.2f} ms"]
        rows.append([*cells, f"{start['first_answer_s']:.2f} s", f"{start['memory_mb']:,.0f} MB"])
    heads = [cell for corpus in corpora
             for cell in (f"{corpus}/s", "× pipeline", "one of them, p50 / p95")]
    shown = (f"### {_TITLES[name]}\n\nMedians of {found['rounds']} rounds.\n\n"
             + table(["system", *heads, "first answer", "memory"], rows))
    if "agreement" in found:
        told = [f"{system} on {corpus}: {100 * each['flips']:.2f} % of decisions flip at most, scores differ by"
                f" {each['mean']:.5f} on average and {each['largest']:.3f} at most"
                for corpus, by_system in found["agreement"].items() for system, each in by_system.items()]
        shown += ("\n\nBeside torch in float32, with the weights that the int8 file holds: " + "; ".join(told)
                  + ". What rounding the weights costs is in mini's card.")
    return shown


def _rest(result: Found) -> str:
    few, many = result["many"]
    cold = ", ".join(f"{model} {seconds:.2f} s" for model, seconds in result["cold_check_s"].items())
    more = result["shipped"]
    side = ", ".join(f"{model} {each['texts_per_second']:,.0f} ({each['times_mini']:,.1f} × mini)"
                     for model, each in more["speed"].items())
    return (f"The models that ship on {more['texts']:,} comments of {more['characters']:.0f} characters on average,"
            f" texts a second, medians of {more['rounds']} rounds: {side}.\n\n{many['texts']:,} tweets in one call of"
            " mini take"
            f" {many['memory_mb']:,.0f} MB at most, the texts themselves included; {few['texts']:,} take"
            f" {few['memory_mb']:,.0f} MB. `toxmeter check` from nothing to its exit: {cold}.")
