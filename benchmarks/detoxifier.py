"""A tiny detoxifier, trained on ParaDetox with and without the toxicity penalty in its loss.

    python benchmarks/detox.py --data FOLDER --encoder ENCODER      # makes the judge of fluency
    python benchmarks/detoxifier.py --data FOLDER --encoder ENCODER

The generator is a BART of some six million parameters that begins with random weights, on a tokenizer of 4,000 pieces
that is made here of ParaDetox's training pairs; ENCODER, MiniLM-L6, lends the rules by which text is cut, and judges
meaning. First it learns to copy sentences, then, from there, to rewrite them: once by cross-entropy alone, and once for
each weight of the penalty, whose embedding bag is trained on the same tokenizer by the recipe ``toxicity-levels``.
Held-out pairs judge it. mini judges style, not the model of the penalty. Writes benchmarks/results/detoxifier.json,
with what each makes of sentences of our own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers

from detox import EXAMPLES, JUDGE, held_out

RESULTS = Path(__file__).parent / "results" / "detoxifier.json"
WORK = Path("runs/detoxifier")
TOKENIZER, BAG = WORK / "tokenizer", WORK / "bag"
WEIGHTS = (0.3, 1.0)
VOCABULARY, WIDTH, LAYERS, LENGTH, BATCH = 4_000, 256, 3, 40, 32
SEED = 0

Pairs = list[tuple[str, str]]


class StepTimes(transformers.TrainerCallback):
    """Seconds of each optimizer step."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._begun = 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Start the clock."""
        self._begun = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Stop it."""
        self.seconds.append(time.perf_counter() - self._begun)


def make_tokenizer(encoder: str, texts: Sequence[str]) -> Any:  # noqa: ANN401 - a tokenizer
    """Pieces of words that are frequent in these texts; as in the encoder's tokenizer, there is no case."""
    old = transformers.AutoTokenizer.from_pretrained(encoder)
    tokenizer = old.train_new_from_iterator(texts, VOCABULARY, show_progress=False)
    tokenizer.save_pretrained(TOKENIZER)
    return tokenizer


def train_bag(data: Path) -> None:
    """The classifier of the penalty, by its shipped recipe, unless it is there already."""
    if not BAG.is_dir():
        subprocess.run([sys.executable, "-m", "toxmeter", "train", "toxicity-levels", "--data", str(data), "-o",
                        str(BAG), "--resume", "--set", f"model.base={TOKENIZER}", "--set", "model.embeddings=random"],
                       check=True)


def generator(tokenizer: Any) -> Any:  # noqa: ANN401
    """The encoder-decoder before it has learnt anything."""
    torch.manual_seed(SEED)
    special = {"pad_token_id": tokenizer.pad_token_id, "bos_token_id": tokenizer.cls_token_id,
               "eos_token_id": tokenizer.sep_token_id, "decoder_start_token_id": tokenizer.cls_token_id,
               "forced_eos_token_id": tokenizer.sep_token_id}
    return transformers.BartForConditionalGeneration(transformers.BartConfig(
        vocab_size=len(tokenizer), d_model=WIDTH, encoder_layers=LAYERS, decoder_layers=LAYERS,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=2 * WIDTH, decoder_ffn_dim=2 * WIDTH,
        max_position_embeddings=2 * LENGTH, **special))


def collator(tokenizer: Any) -> Callable[[Sequence[tuple[str, str]]], dict[str, Any]]:  # noqa: ANN401
    """Makes a batch of pairs; the decoder reads its target one place later."""

    def collate(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
        sources, targets = (tokenizer([pair[side] for pair in pairs], padding=True, truncation=True, max_length=LENGTH,
                                      return_tensors="pt") for side in (0, 1))
        labels = targets["input_ids"][:, 1:]  # without the first token, with which every decoder begins
        return {"input_ids": sources["input_ids"], "attention_mask": sources["attention_mask"],
                "decoder_input_ids": targets["input_ids"][:, :-1],
                "labels": labels.masked_fill(targets["attention_mask"][:, 1:] == 0, -100)}

    return collate


def fit(model: Any, tokenizer: Any, pairs: Pairs, loss: Any, epochs: float, lr: float) -> float:  # noqa: ANN401
    """Train; the median seconds of a step."""
    times = StepTimes()
    arguments = transformers.TrainingArguments(
        str(WORK / "trainer"), num_train_epochs=epochs, per_device_train_batch_size=BATCH, learning_rate=lr,
        warmup_steps=50, lr_scheduler_type="linear", save_strategy="no", report_to=[], seed=SEED,
        remove_unused_columns=False, logging_steps=50, use_cpu=True, label_names=["labels"])
    transformers.Trainer(model=model, args=arguments, train_dataset=pairs, data_collator=collator(tokenizer),
                         compute_loss_func=loss, callbacks=[times]).train()
    return statistics.median(times.seconds)


def rewritten(model: Any, tokenizer: Any, texts: Sequence[str]) -> list[str]:  # noqa: ANN401
    """What the generator makes of texts, greedily."""
    model.eval()
    found = []
    for begin in range(0, len(texts), 64):
        batch = tokenizer(list(texts[begin : begin + 64]), padding=True, truncation=True, max_length=LENGTH,
                          return_tensors="pt")
        with torch.inference_mode():
            tokens = model.generate(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"],
                                    max_new_tokens=LENGTH, num_beams=1, do_sample=False)
        found += tokenizer.batch_decode(tokens, skip_special_tokens=True)
    model.train()
    return found


def main() -> None:
    """Train all arms, judge them, write the JSON."""
    from toxmeter import load
    from toxmeter.detox import j_metric, rank
    from toxmeter.detox.penalty import ToxicityPenalty, penalised_loss
    from toxmeter.detox.sentences import SentenceEncoder

    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--encoder", required=True, help="MiniLM-L6: a folder or hub id")
    options.add_argument("--epochs", type=float, nargs=2, default=(3, 1.5), help="of copying, and of rewriting")
    options.add_argument("--rows", type=int, default=300, help="held-out pairs that judge")
    given = options.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    train, test = held_out(given.data)
    pairs = [(row[0], row[1]) for row in train]
    inputs, human = [row[0] for row in test[: given.rows]], [row[1] for row in test[: given.rows]]
    ours = list(dict.fromkeys(row[0] for row in EXAMPLES))
    copies = [(text, text) for pair in pairs for text in pair]
    tokenizer = make_tokenizer(given.encoder, [text for text, _ in copies])
    train_bag(given.data)
    bag = load(BAG)
    penalty = ToxicityPenalty(bag, tokenizer)
    model = generator(tokenizer)
    copying = fit(model, tokenizer, copies, plain_loss, given.epochs[0], 1e-3)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    outputs, seconds = {"copying only": rewritten(model, tokenizer, inputs), "human": human, "input": inputs}, {}
    samples = {"input": ours, "copying only": rewritten(model, tokenizer, ours)}
    for weight in (0.0, *WEIGHTS):
        name = f"penalty {weight:g}" if weight else "no penalty"
        model.load_state_dict(start)
        loss = penalised_loss(penalty, weight) if weight else None
        seconds[name] = fit(model, tokenizer, pairs, loss or plain_loss, given.epochs[1], 5e-4)
        outputs[name], samples[name] = rewritten(model, tokenizer, inputs), rewritten(model, tokenizer, ours)
    judges: dict[str, Any] = {"sta": load("mini"), "sim": SentenceEncoder(given.encoder), "fl": load(JUDGE)}
    reports = {name: j_metric(inputs, texts, **judges, references=[human]) for name, texts in outputs.items()}
    soft = {name: float(judges["sta"].score(texts)[:, 0].mean()) for name, texts in outputs.items()}
    by_bag = {name: float(bag.labels.toxicity(bag.score(texts)).mean()) for name, texts in outputs.items()}
    result = {
        "pairs": len(pairs), "test": len(inputs), "parameters": sum(p.numel() for p in model.parameters()),
        "epochs": given.epochs, "seed": SEED, "penalty": bag.version, "seconds_a_step": {"copying": copying, **seconds},
        "ranking": [each | {"toxicity": soft[each["system"]], "toxicity_by_the_bag": by_bag[each["system"]]}
                    for each in rank(reports)], "samples": samples}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result, indent=1))


def plain_loss(outputs: Any, labels: Any, num_items_in_batch: Any = None) -> Any:  # noqa: ANN401
    """Cross-entropy alone."""
    summed = torch.nn.functional.cross_entropy(outputs.logits.flatten(0, 1), labels.flatten(), ignore_index=-100,
                                               reduction="sum")
    return summed / ((labels != -100).sum() if num_items_in_batch is None else num_items_in_batch)


if __name__ == "__main__":
    main()
