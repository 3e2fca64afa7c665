"""Sentence vectors: any encoder of transformers, from a folder or the Hugging Face hub, run by torch.

Vectors are the mean over tokens, or that of the first token where the folder's ``1_Pooling/config.json`` (of
sentence-transformers) says so. A sentence longer than the encoder reads is cut. This module does not train.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter.errors import ArtifactError
from toxmeter.extras import need
from toxmeter.models.checkpoint import download, fingerprint, is_hub_id
from toxmeter.models.pretrained import brief, quiet
from toxmeter.models.scorer import check_texts
from toxmeter.models.tokens import by_tokens
from toxmeter.text import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MINILM", "SentenceEncoder"]

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
"""The encoder that is used where none is named."""

_BUDGET = 4_096  # tokens in a batch
_LONGEST = 512  # tokens of a sentence


class SentenceEncoder:
    """Turns sentences into vectors of length 1.

    Attributes:
        version: name and eight digits of the sha256 over its files.
    """

    def __init__(self, name_or_path: str = MINILM) -> None:
        """Open an encoder.

        Args:
            name_or_path: a folder, or a hub id, which is downloaded once.

        Raises:
            UnknownModel: when the hub does not give it.
            ArtifactError: when the folder holds no encoder that transformers can read.
            MissingExtra: without torch or transformers.
        """
        folder = Path(name_or_path)
        if not folder.is_dir() and is_hub_id(name_or_path):
            folder = download(name_or_path)
        transformers = need("transformers", extra="detox")
        local = {"local_files_only": True, "trust_remote_code": False}
        try:
            with quiet():
                self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **local)
                self._model = transformers.AutoModel.from_pretrained(folder, use_safetensors=True, **local).eval()
        except Exception as err:  # what a broken folder raises in there is beyond counting
            raise ArtifactError(f"sim: {name_or_path}: transformers cannot read it as an encoder ({brief(err)}); name a"
                                " folder or a model of the hub") from err
        positions = getattr(self._model.config, "max_position_embeddings", None) or _LONGEST
        self._longest = min(_LONGEST, positions, self._tokenizer.model_max_length)
        self._first_token = _reads_first_token(folder)
        called = name_or_path.rpartition("/")[2] if is_hub_id(name_or_path) else folder.resolve().name
        self.version = f"{called}@0+{fingerprint(folder)[:8]}"

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Vectors of sentences ``[n, d]``, each of length 1.

        Raises:
            InputError: when ``texts`` is one bare text, or an entry is no text; the message names its index.
        """
        torch = need("torch", extra="detox")
        # through UTF-8, since no tokenizer takes a lone surrogate
        rows = self._tokenizer([encode(text).decode() for text in check_texts(texts)] or [""], truncation=True,
                               max_length=self._longest, return_attention_mask=False,
                               return_token_type_ids=False)["input_ids"]
        found = np.empty((len(texts), self._model.config.hidden_size))
        for batch in by_tokens([len(row) for row in rows[: len(texts)]], _BUDGET):
            inputs = self._tokenizer.pad({"input_ids": [rows[at] for at in batch]}, return_tensors="pt")
            with torch.inference_mode():
                found[batch] = self._pooled(self._model(**inputs).last_hidden_state, inputs["attention_mask"])
        return found

    def _pooled(self, hidden: Any, mask: Any) -> npt.NDArray[np.float64]:  # noqa: ANN401 - tensors
        torch = need("torch", extra="detox")
        if self._first_token:
            vectors = hidden[:, 0]
        else:
            weights = mask.unsqueeze(-1).float()
            vectors = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
        normal: npt.NDArray[np.float64] = torch.nn.functional.normalize(vectors.double(), dim=1).numpy()
        return normal


def _reads_first_token(folder: Path) -> bool:
    file = folder / "1_Pooling" / "config.json"
    try:
        settings = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(settings, dict) and settings.get("pooling_mode_cls_token") is True
