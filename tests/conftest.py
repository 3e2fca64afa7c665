"""What tests of several folders share."""

from __future__ import annotations

import os
import signal
import string
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from toxmeter.artifact import Artifact

# test processes share the processors; threads that wait for each other would make them crawl
os.environ.setdefault("OMP_NUM_THREADS", "1")

# a shell starts jobs in the background deaf to Ctrl-C, and processes that tests interrupt would be so too
signal.signal(signal.SIGINT, signal.default_int_handler)

# a busy machine is no failure
settings.register_profile("toxmeter", deadline=None)
settings.load_profile("toxmeter")

_WORDS = """
    the a an and or but not no is are was were be been am i you he she it we they me him her us them my your his
    its our their this that these those what who how why when where here there to of in on at for with from by
    as so if then do does did have has had can will would should could may all any some more most very too also
    good great nice kind happy love like thank thanks please hello day time people man woman world work life
    bad sad angry hate awful terrible horrible stupid idiot fool ugly dumb dirty mean rude liar shut up kill
    movie film book story text word news game team city house water food music friend family
"""
_PIECES = ["##s", "##ed", "##ing", "##er", "##est", "##ly", "##ness", "##ful", "##ment", "##tion", "##able"]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data sets; for tests that are marked ``realdata``."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TOXMETER_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}: set TOXMETER_DATA")
    return folder


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT: 2 layers, 32 wide, 128 positions, no classification head.

    Its lower-case vocabulary has common words and every ASCII character, alone and inside words.
    """
    import torch

    from toxmeter.extras import need
    from toxmeter.models.pretrained import quiet

    transformers = need("transformers", extra="train")
    letters = string.ascii_lowercase + string.digits
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *string.punctuation, *letters,
             *(f"##{letter}" for letter in letters), *_PIECES, *_WORDS.split()]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys(words))}
    folder = tmp_path_factory.mktemp("models") / "tiny-encoder"
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = transformers.BertConfig(
            vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=64, max_position_embeddings=128, initializer_range=0.2)
        transformers.BertModel(config).save_pretrained(folder)
        transformers.BertTokenizer(vocabulary, model_max_length=128).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_artifact(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """A random classifier of the six labels, whose logits are far from 0."""
    import torch

    from toxmeter.artifact import Manifest, write_artifact
    from toxmeter.extras import need
    from toxmeter.labels import JIGSAW
    from toxmeter.models.pretrained import quiet, transformer_files

    transformers = need("transformers", extra="train")
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = transformers.AutoModelForSequenceClassification.from_pretrained(tiny_encoder, num_labels=len(JIGSAW))
        torch.nn.init.normal_(model.classifier.weight, std=0.7)
        tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_encoder)
    manifest = Manifest(
        name="tiny", number=3, format="transformer", labels=JIGSAW, model={"max_length": 32},
        thresholds=dict.fromkeys(JIGSAW.names, 0.4),
        calibration={"natural": {"kind": "temperature", "temperature": 2.0}})
    folder = tmp_path_factory.mktemp("artifacts") / "tiny"
    return write_artifact(folder, manifest, transformer_files(model.eval(), tokenizer, JIGSAW), card="# tiny\n")
