"""Makes the shipped cascade of nano and mini, and measures it.

    python benchmarks/cascade.py --data FOLDER

The texts are the natural validation rows of both recipes, which choose, and their natural test rows, which measure;
labels are not looked at. Writes ``src/toxmeter/models/weights/cascade`` with its card, and prints what was found.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from toxmeter.evaluation.cascade import fit_cascade, speed_up
from toxmeter.evaluation.cascade_artifact import write_cascade
from toxmeter.models.cascade import CascadeScorer
from toxmeter.models.catalog import artifact_of, load
from toxmeter.recipe import read_recipe
from toxmeter.training.parts import prepare

OUTPUT = Path(__file__).parents[1] / "src" / "toxmeter" / "models" / "weights" / "cascade"
FLIPS = 0.003
LONG = 3_600.0  # seconds, more than all of the texts take


def main() -> None:
    """Choose, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="with jigsaw_toxic.parquet")
    data = parser.parse_args().data
    parts = prepare(read_recipe("nano"), data)
    validation, test = parts.validation.texts, parts.test.texts
    nano, mini = load("nano"), load("mini")
    deferral, report = fit_cascade(nano, mini, validation, test, flips=FLIPS)
    report["speed"] = speed_up(CascadeScorer(nano, mini, deferral), test, seconds=LONG)
    origin = {"set": "jigsaw-natural", "chosen on": "validation", "measured on": "test"}
    written = write_cascade(artifact_of("nano"), artifact_of("mini"), deferral, report, OUTPUT, data=origin,
                            replace_output=True)
    print(json.dumps(report, indent=1))
    print(written.version)


if __name__ == "__main__":
    main()
