"""A tiny world to train in: a few hundred mild sentences in the files that presets know."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toxmeter.labels import JIGSAW
from toxmeter.recipe import Recipe, read_recipe
from toxmeter.training.hashed import matrix
from toxmeter.training.run import train

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from toxmeter.artifact import Artifact
    from toxmeter.models.ngrams import Fold

RECIPE = """
name = "tiny"
number = 3
seed = 5
limits = ["It knows a few hundred mild sentences.", "It has never met a person."]
[data]
main = "jigsaw-natural"
split = "hash"
keep_out = ["perspective-wikipedia"]
[[data.sources]]
set = "jigsaw-enriched"
[[data.sources]]
set = "hate-speech-offensive-shares"
weight = 0.1
[model]
format = "hashed"
bits = 12
[train]
iterations = 30
penalty = 0.1
spaced = 0.2
"""
_SAYINGS = {
    "toxic": ["you are a nuisance", "how dreadful you are", "nobody can bear you"],
    "severe_toxic": ["you are the very worst of all beings", "how utterly loathsome you are"],
    "obscene": ["this darned thing", "what the heck is this darned mess"],
    "threat": ["i will find and pinch you", "wait until i catch and pinch you"],
    "insult": ["you are stupid", "what a silly fool you are"],
    "identity_hate": ["martians are awful and should go home", "we do not want martians here"],
}
_KIND = ["what a lovely day", "the train leaves at noon", "thank you for the tea", "our garden is full of bees",
         "please see the second paragraph", "the concert was a delight"]
_WHO = ["anna", "bert", "carla", "dan", "ella", "fred", "gina", "hugo", "ida", "jon"]
_WHEN = ["today", "yesterday", "on monday", "in the morning", "after lunch", "at the station", "as ever", "again"]
KEPT_OUT = "You are stupid, says the stranger on the stairs"


def comments(count: int, toxic_share: float, seed: int) -> list[tuple[str, list[int]]]:
    """Sentences with their six labels, one in fifty of them wrong."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    made = []
    for _ in range(count):
        labels = [0] * len(JIGSAW)
        saying = draw.choice(_KIND)
        if draw.random() < toxic_share:
            label = draw.choice(JIGSAW.names)
            saying = draw.choice(_SAYINGS[label])
            labels[0] = labels[JIGSAW.id(label)] = 1
        if draw.random() < 0.02:
            labels[0] = 1 - labels[0]
        made.append((f"{draw.choice(_WHO)}, {saying} {draw.choice(_WHEN)} {draw.randrange(100, 999)}", labels))
    return made


def write_jigsaw(folder: Path, natural: list[tuple[str, list[int]]], enriched: list[tuple[str, list[int]]]) -> None:
    rows = [*natural, *enriched]
    columns: dict[str, Iterable[object]] = {
        "comment_text": [text for text, _ in rows],
        "sample": ["natural"] * len(natural) + ["enriched"] * len(enriched)}
    columns |= {name: [labels[column] for _, labels in rows] for column, name in enumerate(JIGSAW.names)}
    pq.write_table(pa.table(columns), folder / "jigsaw_toxic.parquet")


def _change(world: Path, to: Path, edit: Callable[[dict[str, list[Any]]], None]) -> Path:
    """A copy of the data folder with changed comments."""
    shutil.copytree(world, to)
    file = to / "jigsaw_toxic.parquet"
    table = pq.read_table(file)
    columns = table.to_pydict()
    edit(columns)
    pq.write_table(type(table).from_pydict(columns), file)
    return to


@pytest.fixture(scope="session")
def change() -> Callable[..., Path]:
    """Copies the data folder and edits its comments."""
    return _change


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder."""
    folder = tmp_path_factory.mktemp("data")
    natural = comments(500, 0.6, seed=1)
    copies = [(text.upper() + "!!", labels) for text, labels in natural[:100]]
    enriched = [*comments(150, 0.9, seed=2), *copies, (KEPT_OUT, [1, 0, 0, 0, 1, 0])]
    write_jigsaw(folder, natural, enriched)
    tweets = comments(60, 0.7, seed=3)
    pq.write_table(pa.table({
        "tweet": [text for text, _ in tweets], "count": [3] * 60,
        "hate_speech": [3 * labels[5] for _, labels in tweets],
        "offensive_language": [2 * (labels[0] - labels[5] * labels[0]) for _, labels in tweets],
    }), folder / "hate_speech_offensive.parquet")
    pq.write_table(pa.table({"comment_text": [KEPT_OUT.upper(), "a stranger"]}),
                   folder / "perspective_wikipedia_2k.parquet")
    return folder


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    file = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    file.write_text(RECIPE)
    return read_recipe(file)


@dataclass(frozen=True)
class Trained:
    """An artifact, what was told on the way, and the texts that it was fitted to."""

    artifact: Artifact
    told: list[tuple[str, float]]
    texts: list[str]


@pytest.fixture(scope="session")
def trained(world: Path, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    told: list[tuple[str, float]] = []
    texts: list[str] = []

    def listen(seen: list[str], fold: Fold, bits: int) -> Any:
        texts.extend(seen)
        return matrix(seen, fold, bits)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toxmeter.training.linear.matrix", listen)
        artifact = train(recipe, world, tmp_path_factory.mktemp("runs") / "deep" / "tiny",
                         report=lambda what, share: told.append((what, share)))
    return Trained(artifact, told, texts)


FRIENDLY = ["a lovely day", "thank you my friend", "what a good story", "the city is nice", "i like your house"]
RUDE = ["you are stupid", "what an ugly fool", "shut up idiot", "you are a horrible liar", "i hate you so much"]


def write_sayings(file: Path, rows: int = 240, seed: int = 0) -> Path:
    """A CSV of friendly and rude sayings, ``text`` and ``rude``; one in thirty has a wrong label."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    lines = ["text,rude"]
    for row in range(rows):
        rude = draw.random() < 0.5
        words = [draw.choice(RUDE if rude else FRIENDLY), *draw.sample(_WHO, draw.randrange(1, 6)), str(row)]
        lines.append(f"{' '.join(words)},{int(rude != (draw.random() < 0.03))}")
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture(scope="session")
def sayings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with ``sayings.csv``."""
    return write_sayings(tmp_path_factory.mktemp("sayings") / "sayings.csv").parent


@pytest.fixture(scope="session")
def fine_tuning(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """A recipe that fine-tunes the tiny encoder on the sayings within a second or two."""
    file = tmp_path_factory.mktemp("recipe") / "sayings.toml"
    file.write_text(f"""
name = "sayings"
seed = 3
limits = ["It knows ten sayings."]
[data]
main = "sayings"
[data.files.sayings]
file = "sayings.csv"
label = "rude"
[labels]
names = ["friendly", "rude"]
kind = "binary"
toxic = ["rude"]
[model]
format = "transformer"
base = "{tiny_encoder}"
max_length = 32
[train]
epochs = 3
lr = 5e-3
batching = "tokens"
batch_tokens = 128
warmup = 0.1
evaluate_every = 10
watchdog = 0
[evaluate]
resamples = 50
probes = ["you are stupid", "thank you my friend"]
[track]
energy = false
""")
    return read_recipe(file)
