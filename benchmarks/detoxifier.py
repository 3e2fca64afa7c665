"""A tiny detoxifier, trained on ParaDetox with and without the toxicity penalty in its loss.

    python benchmarks/detox.py --data FOLDER --encoder ENCODER      # makes the judge of fluency
    python benchmarks/detoxifier.py --data FOLDER --encoder ENCODER

The generator is a pointer-generator of two million parameters that begin as random numbers, on a tokenizer of 4,000
pieces that is made here of ParaDetox's training pairs; ENCODER, MiniLM-L6, lends the rules by which text is cut, and
judges meaning. First it learns to copy sentences, then, from there, to rewrite them: once by cross-entropy alone, and
once for each weight of the penalty, whose embedding bag is trained on the same tokenizer by the recipe
``toxicity-levels``. Held-out pairs judge it. mini judges style, not the model of the penalty. Writes
benchmarks/results/detoxifier.json, with what each makes of sentences of our own.
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
VOCABULARY, WIDTH, LENGTH, BATCH = 4_000, 256, 40, 32
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


def made_tokenizer(encoder: str, texts: Sequence[str]) -> Any:  # noqa: ANN401 - a tokenizer
    """Pieces of words that are frequent in these texts; made once, since equally frequent ones come in any order."""
    if not TOKENIZER.is_dir():
        old = transformers.AutoTokenizer.from_pretrained(encoder)
        old.train_new_from_iterator(texts, VOCABULARY, show_progress=False).save_pretrained(TOKENIZER)
    return transformers.AutoTokenizer.from_pretrained(TOKENIZER)


def train_bag(data: Path) -> None:
    """The classifier of the penalty, by its shipped recipe, unless it is there already.

    It trusts the unscored sentences less, and takes longer, than the recipe does since: what was measured stays so.
    """
    changes = (f"model.base={TOKENIZER}", "model.embeddings=random", "data.sources.0.weight=0.3",
               "data.sources.1.weight=0.3", "data.sources.0.diluted=0", "data.sources.1.diluted=0", "model.width=3",
               "train.epochs=3")
    if not BAG.is_dir():
        subprocess.run([sys.executable, "-m", "toxmeter", "train", "toxicity-levels", "--data", str(data), "-o",
                        str(BAG), "--resume", *(word for each in changes for word in ("--set", each))], check=True)


class Generator(torch.nn.Module):
    """Reads a sentence and writes another: words of its own, or words of the first (See, Liu & Manning 2017)."""

    def __init__(self, vocabulary: int, width: int) -> None:
        """Draw the weights."""
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, width)
        self.reader = torch.nn.GRU(width, width // 2, batch_first=True, bidirectional=True)
        self.writer = torch.nn.GRU(width, width, batch_first=True)
        self.query, self.key = torch.nn.Linear(width, width), torch.nn.Linear(width, width)
        self.word, self.copies = torch.nn.Linear(2 * width, width), torch.nn.Linear(2 * width, 1)
        torch.nn.init.normal_(self.embedding.weight, std=width**-0.5)

    def forward(self, input_ids: Any, attention_mask: Any, decoder_input_ids: Any) -> dict[str, Any]:  # noqa: ANN401
        """Logits ``[n, t, v]`` of the token after each that was written: logarithms of probabilities."""
        nn = torch.nn
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(input_ids), attention_mask.sum(dim=1), batch_first=True, enforce_sorted=False)
        read, _ = nn.utils.rnn.pad_packed_sequence(self.reader(packed)[0], batch_first=True)
        written, _ = self.writer(self.embedding(decoder_input_ids))
        likeness = self.query(written) @ self.key(read).transpose(1, 2) * read.shape[-1] ** -0.5
        attention = likeness.masked_fill(attention_mask[:, None] == 0, -1e4).softmax(dim=-1)
        state = torch.cat([written, attention @ read], dim=-1)
        words = (torch.tanh(self.word(state)) @ self.embedding.weight.T).softmax(dim=-1)
        places = input_ids[:, None].expand_as(attention)
        copied = torch.zeros_like(words).scatter_add(2, places, attention)
        share = torch.sigmoid(self.copies(state))
        return {"logits": (share * copied + (1 - share) * words + 1e-9).log()}


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


def fit(model: Generator, tokenizer: Any, pairs: Pairs, loss: Any, epochs: float, lr: float) -> float:  # noqa: ANN401
    """Train; the median seconds of a step."""
    times = StepTimes()
    arguments = transformers.TrainingArguments(
        str(WORK / "trainer"), num_train_epochs=epochs, per_device_train_batch_size=BATCH, learning_rate=lr,
        warmup_steps=50, lr_scheduler_type="linear", save_strategy="no", report_to=[], seed=SEED,
        remove_unused_columns=False, logging_steps=50, use_cpu=True, label_names=["labels"])
    transformers.Trainer(model=model, args=arguments, train_dataset=pairs, data_collator=collator(tokenizer),
                         compute_loss_func=loss, callbacks=[times]).train()
    return statistics.median(times.seconds)


@torch.inference_mode()
def rewritten(model: Generator, tokenizer: Any, texts: Sequence[str]) -> list[str]:  # noqa: ANN401
    """What the generator makes of texts, greedily."""
    found = []
    for begin in range(0, len(texts), 64):
        batch = tokenizer(list(texts[begin : begin + 64]), padding=True, truncation=True, max_length=LENGTH,
                          return_tensors="pt")
        tokens = torch.full((len(batch["input_ids"]), 1), tokenizer.cls_token_id)
        for _ in range(LENGTH):
            logits = model(batch["input_ids"], batch["attention_mask"], tokens)["logits"]
            tokens = torch.cat([tokens, logits[:, -1:].argmax(dim=-1)], dim=1)
        ended = (tokens == tokenizer.sep_token_id).cumsum(dim=1) > 0
        found += tokenizer.batch_decode(tokens.masked_fill(ended, tokenizer.pad_token_id), skip_special_tokens=True)
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
    options.add_argument("--epochs", type=float, nargs=2, default=(1, 2), help="of copying, and of rewriting")
    options.add_argument("--rows", type=int, default=300, help="held-out pairs that judge")
    given = options.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    train, test = held_out(given.data)
    pairs = [(row[0], row[1]) for row in train]
    inputs, human = [row[0] for row in test[: given.rows]], [row[1] for row in test[: given.rows]]
    ours = list(dict.fromkeys(row[0] for row in EXAMPLES))
    copies = [(text, text) for pair in pairs for text in pair]
    tokenizer = made_tokenizer(given.encoder, [text for text, _ in copies])
    train_bag(given.data)
    bag = load(BAG)
    penalty = ToxicityPenalty(bag, tokenizer)
    torch.manual_seed(SEED)
    model = Generator(len(tokenizer), WIDTH)
    copying = fit(model, tokenizer, copies, plain_loss, given.epochs[0], 2e-3)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    outputs, seconds = {"copying only": rewritten(model, tokenizer, inputs), "human": human, "input": inputs}, {}
    samples = {"input": ours, "copying only": rewritten(model, tokenizer, ours)}
    for weight in (0.0, *WEIGHTS):
        name = f"penalty {weight:g}" if weight else "no penalty"
        model.load_state_dict(start)
        loss = penalised_loss(penalty, weight) if weight else None
        seconds[name] = fit(model, tokenizer, pairs, loss or plain_loss, given.epochs[1], 1e-3)
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
    summed = torch.nn.functional.cross_entropy(outputs["logits"].flatten(0, 1), labels.flatten(), ignore_index=-100,
                                               reduction="sum")
    return summed / ((labels != -100).sum() if num_items_in_batch is None else num_items_in_batch)


if __name__ == "__main__":
    main()
