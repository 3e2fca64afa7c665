"""Writes into mini's card how it does on suites and beside Perspective, from measure.json.

    python benchmarks/cards.py [--check]

A card is no part of an artifact's fingerprint. With ``--check`` nothing is written, and the exit status is 1 where the
card is not up to date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from results_measure import interval, probes, suites

ROOT = Path(__file__).parent.parent
CARD = ROOT / "src" / "toxmeter" / "models" / "weights" / "mini" / "README.md"
BEGIN = "<!-- suites: written by `python benchmarks/cards.py` from benchmarks/results -->"
END = "<!-- end of suites -->"
NEXT = "## Scores and decisions"


def section(result: dict[str, Any]) -> str:
    """The suites, the probes and Perspective, as Markdown."""
    report = result["models"]["mini"]
    beside = "; ".join(
        f"{interval(found['systems']['mini']['spearman'])} on {found['texts']:,} texts of {name}"
        for name, found in result["perspective"].items())
    lines = [*suites(report["sections"]), probes(report["sections"]),
             f"### Beside Perspective\n\nRank correlation of *toxic* with the real API's TOXICITY: {beside}."]
    return (f"## On suites\n\nMeasured by `python benchmarks/measure.py --data FOLDER` with"
            f" `{report['model']['version']}`; its own thresholds decide, of any label.\n\n" + "\n\n".join(lines))


def rendered(card: str) -> str:
    """The card with its section from the results."""
    shown = section(json.loads((ROOT / "benchmarks" / "results" / "measure.json").read_text("utf-8")))
    if BEGIN in card:
        head, rest = card.split(BEGIN)
        rest = rest.split(END)[1].lstrip("\n")
    else:
        head, rest = card.split(NEXT)
        rest = NEXT + rest
    return f"{head}{BEGIN}\n\n{shown}\n\n{END}\n\n{rest}"


def main() -> int:
    """Write or check."""
    old = CARD.read_text("utf-8")
    new = rendered(old)
    if "--check" in sys.argv[1:]:
        return int(old != new)
    CARD.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
