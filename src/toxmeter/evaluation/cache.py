"""Scores that are kept: a model is asked once for each text, also when an evaluation is interrupted and resumed.

Kept in memory and, in a folder per model version, in plain numpy files of text hashes (sha256) and scores; no
text is written. Each file is named by a hash of its content, so that a truncated, edited or foreign one is
noticed, and its texts are scored again. This module removes nothing: the folder may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toxmeter import __version__
from toxmeter.errors import InputError
from toxmeter.evaluation.recorded import answers, is_live
from toxmeter.models.scorer import check_texts, spans_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from toxmeter.labels import LabelSet
    from toxmeter.models.scorer import FloatArray, Scorer
    from toxmeter.text import Span

__all__ = ["CachedScorer", "cache_folder"]

_CHUNK = 2_048  # texts in a file, and at most so many are scored in one call
_FIRST = 256  # texts of the first call; more while they take less than a second
_SECONDS = 10.0  # a text that was scored waits no longer than this for its file, if others follow
_SCHEMA = 1


def cache_folder() -> Path:
    """Where scores are kept by default: ``$XDG_CACHE_HOME/toxmeter/scores``, ``~/.cache`` where that is not set.

    Raises:
        InputError: when neither is known.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "toxmeter" / "scores"
    except RuntimeError as err:  # a user without a home, as containers have
        raise InputError("scores cannot be kept: there is no home folder; set XDG_CACHE_HOME to a folder that can be"
                         " written") from err


class CachedScorer:
    """A scorer that remembers; a ``Scorer``, and a context manager which writes what is left when it ends.

    A scorer that is not live is asked directly: what it knows is on record already.

    Attributes:
        labels: those of the scorer.
        version: that of the scorer.
        thresholds: those of the scorer.
        window: that of the scorer.
        live: whether the scorer is.
    """

    def __init__(
        self, scorer: Scorer, folder: Path | None = None, *, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Hold a scorer.

        Args:
            scorer: whose equal versions give equal scores.
            folder: for the files, ``cache_folder()`` for instance; None keeps scores in memory only.
            progress: told how many distinct texts of a call are scored, and how many there are.
        """
        self.labels: LabelSet = scorer.labels
        self.version: str = scorer.version
        self.thresholds: Mapping[str, float] = scorer.thresholds
        self.window: int = scorer.window
        self.live = is_live(scorer)
        self._scorer = scorer
        self._progress = progress
        self._row = np.dtype([("text", "V32"), ("scores", "<f4", (len(self.labels),))])
        self._key = json.dumps([_SCHEMA, __version__, self.version, self.labels.names, self.labels.kind]).encode()
        self._files = None if folder is None else folder / hashlib.sha256(self._key).hexdigest()[:32]
        self._known: dict[bytes, bytes] | None = None  # scores by the hash of their text
        self._unwritten: list[bytes] = []
        self._written_at = time.monotonic()
        self._writable = folder is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.flush()
        except InputError:
            if error is None:
                raise

    def knows(self, texts: Sequence[str]) -> npt.NDArray[np.bool_]:
        """``[n]``: which of the texts can be scored; all, unless the scorer is not live."""
        return answers(self._scorer, texts)

    def score(self, texts: Sequence[str]) -> FloatArray:
        """Score texts that are not known yet; see ``Scorer.score``.

        Raises:
            InputError: also when the folder cannot be written, before anything is scored.
        """
        rows = check_texts(texts)
        if not self.live:
            return self._scorer.score(rows)
        if self._known is None:
            self._known = self._read()
        known, hashes = self._known, [_hash(text) for text in rows]
        distinct = dict(zip(hashes, rows, strict=True))
        new = [each for each in distinct if each not in known]
        if new and not self._writable:
            self._check()
        done, size = 0, _FIRST
        while done < len(new):
            self._tell(len(distinct) - len(new) + done, len(distinct))
            part = new[done : done + size]
            began = time.monotonic()
            scores = np.ascontiguousarray(self._scorer.score([distinct[each] for each in part]), "<f4")
            known.update(zip(part, map(bytes, scores), strict=True))
            done += len(part)
            size = min(2 * size, _CHUNK) if time.monotonic() - began < 1 else size
            finite = np.isfinite(scores).all(axis=1)  # what went wrong once is asked again
            self._keep([each for each, right in zip(part, finite, strict=True) if right])
        self._tell(len(distinct), len(distinct))
        found = np.frombuffer(b"".join([known[each] for each in hashes]), "<f4")
        return found.reshape(len(rows), len(self.labels)).astype(np.float32)

    def spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Windows of texts, as the scorer joins them; see ``Windowed.spans``."""
        return spans_of(self._scorer, texts)

    def flush(self) -> None:
        """Write what has no file yet.

        Raises:
            InputError: when the folder cannot be written.
        """
        if self._files is None or not self._unwritten or self._known is None:
            return
        table = np.empty(len(self._unwritten), self._row)
        table["text"] = np.frombuffer(b"".join(self._unwritten), "V32")
        rows = b"".join([self._known[each] for each in self._unwritten])
        table["scores"] = np.frombuffer(rows, "<f4").reshape(len(table), -1)
        stream = io.BytesIO()
        np.save(stream, table, allow_pickle=False)
        try:
            _write(self._files, self._name(stream.getvalue()), stream.getvalue())
        except OSError as err:
            raise _unwritable(self._files, err) from err
        self._unwritten = []
        self._written_at = time.monotonic()

    def _check(self) -> None:
        """Fail now, and not after hours of scoring, where nothing can be written."""
        if self._files is not None:
            try:
                self._files.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=self._files):
                    self._writable = True
            except OSError as err:
                raise _unwritable(self._files, err) from err

    def _keep(self, part: list[bytes]) -> None:
        self._unwritten += part
        if len(self._unwritten) >= _CHUNK or time.monotonic() - self._written_at > _SECONDS:
            self.flush()

    def _read(self) -> dict[bytes, bytes]:
        known: dict[bytes, bytes] = {}
        if self._files is None:
            return known
        try:
            files = sorted(self._files.glob("*.npy"))
        except OSError:  # who may not look there may not write there: _check tells, before anything is scored
            return known
        for file in files:
            table = self._table(file)
            if table is not None:
                known.update(zip(map(bytes, table["text"]), map(bytes, table["scores"]), strict=True))
        return known

    def _table(self, file: Path) -> Any:  # noqa: ANN401 - a structured array
        """What a file holds; None where it is not what this class wrote for this version."""
        try:
            content = file.read_bytes()
            if file.name != self._name(content):
                return None
            table = np.load(io.BytesIO(content), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return table if table.dtype == self._row and table.ndim == 1 else None

    def _name(self, content: bytes) -> str:
        return f"{hashlib.sha256(self._key + content).hexdigest()}.npy"

    def _tell(self, done: int, total: int) -> None:
        if self._progress:
            self._progress(done, total)


def _hash(text: str) -> bytes:
    # lone surrogates, which UTF-8 does not have, stay apart from the character that would replace them
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _unwritable(folder: Path, err: OSError) -> InputError:
    return InputError(f"{folder}: scores cannot be kept there ({err.strerror}); set XDG_CACHE_HOME to a folder that can"
                      " be written")


def _write(folder: Path, name: str, content: bytes) -> None:
    """Write a file under its name whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, building = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(building).replace(folder / name)
    finally:
        Path(building).unlink(missing_ok=True)
