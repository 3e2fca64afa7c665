"""A run that can be killed at any moment: part files, and a state that certifies how much of them counts.

Beside the output ``o`` a run keeps ``o.part``, ``o.rejects.jsonl.part`` and ``o.state.json``. The state is
written by renaming, after the parts have reached the disk, so it never runs ahead of them. What the parts
hold beyond it is cut off on resuming. In the end the parts are renamed and the state is removed. This
module does not know rows or scores, and it does not guard against two runs with one output at a time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass, field, replace
from io import FileIO
from typing import TYPE_CHECKING, Any

from toxmeter.errors import InputError, ToxmeterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Paths", "Run", "State", "begin", "recall"]

_SCHEMA = 1
_SAMPLE = 2**20
_INTERVAL = 0.5  # seconds between states: writing one waits for the disk, a fast model must not


@dataclass(frozen=True)
class Paths:
    """The files of a run.

    Attributes:
        source: the input.
        output: the output.
    """

    source: Path
    output: Path

    def _beside(self, ending: str) -> Path:
        return self.output.with_name(self.output.name + ending)

    @property
    def rejects(self) -> Path:
        """Where rejected rows go."""
        return self._beside(".rejects.jsonl")

    @property
    def part(self) -> Path:
        """The output while it is being written."""
        return self._beside(".part")

    @property
    def rejects_part(self) -> Path:
        """The rejects while they are being written."""
        return self._beside(".rejects.jsonl.part")

    @property
    def state(self) -> Path:
        """How far the run has come."""
        return self._beside(".state.json")

    @property
    def new_state(self) -> Path:
        """The same while it is being written."""
        return self._beside(".state.json.new")

    @property
    def beside(self) -> tuple[Path, ...]:
        """All but the output."""
        return self.rejects, self.part, self.rejects_part, self.state, self.new_state


@dataclass(frozen=True, kw_only=True)
class State:
    """How far a run has come.

    Attributes:
        options: what decides the output, besides the input.
        size: bytes of the input.
        mtime_ns: when it was last modified.
        digest: sha256 of its first and last MiB up to ``offset``.
        offset: where the next row begins in the input.
        rows: rows read so far.
        rejected: how many of them were rejected.
        output_bytes: length of the output part that counts.
        rejects_bytes: length of the rejects part that counts.
        done: the input has been read to its end; only the renaming is left.
    """

    options: Mapping[str, Any]
    size: int
    mtime_ns: int
    digest: str
    offset: int
    rows: int = 0
    rejected: int = 0
    output_bytes: int = 0
    rejects_bytes: int = 0
    done: bool = False
    schema: int = field(default=_SCHEMA)


def begin(paths: Paths, options: Mapping[str, Any], offset: int, *, force: bool) -> State:
    """The state of a run at its beginning.

    Args:
        paths: the files.
        options: what decides the output, as JSON values.
        offset: where the first row begins.
        force: replace an output, and throw away what an interrupted run left.

    Raises:
        InputError: when there is an output or an interrupted run, without ``force``.
    """
    for file in (paths.part, paths.state):
        if file.exists() and not force:
            raise InputError(f"{file} is there: an earlier run was interrupted."
                             " Go on with it (--resume), or start again and throw it away (--force)")
    for file in (paths.output, paths.rejects):
        if file.exists() and not (force and file.is_file()):
            raise InputError(f"{file} exists already: name another output (--output) or replace it (--force)")
    stat = paths.source.stat()
    return State(options=dict(options), size=stat.st_size, mtime_ns=stat.st_mtime_ns,
                 digest=_digest(paths.source, offset), offset=offset)


def recall(paths: Paths, options: Mapping[str, Any]) -> State | None:
    """The state of an interrupted run that may be resumed; None where there is nothing to resume.

    Raises:
        InputError: when the state is damaged, or input, model or options are no longer what they were.
    """
    again = "start again with --force"
    try:
        state = State(**json.loads(paths.state.read_text("utf-8")))
    except FileNotFoundError:
        if paths.part.exists():
            raise InputError(f"{paths.part} is there without {paths.state.name}, which says what counts:"
                             f" {again}") from None
        return None
    except (ValueError, TypeError) as err:
        raise InputError(f"{paths.state} is damaged ({err}): {again}") from err
    stat = paths.source.stat()
    changes = [f"{name} was {state.options.get(name)!r}, is {options.get(name)!r}"
               for name in sorted(state.options.keys() | options.keys())
               if state.options.get(name) != options.get(name)]
    if stat.st_size != state.size:
        changes.append(f"{paths.source} had {state.size} bytes, has {stat.st_size}")
    elif stat.st_mtime_ns != state.mtime_ns or _digest(paths.source, state.offset) != state.digest:
        changes.append(f"{paths.source} was modified since")
    if state.schema != _SCHEMA:
        changes = ["it was begun by another version of toxmeter"]
    if changes:
        raise InputError(f"cannot resume the interrupted run: {'; '.join(changes)}. Undo that, or {again}")
    return state


class Run:
    """The open part files of a run.

    A context manager: leaving it by an error keeps everything for a later resumption.

    Attributes:
        state: how far the run has come.
    """

    def __init__(self, paths: Paths, state: State) -> None:
        self._paths = paths
        self.state = state
        self._saved = 0.0
        self._output: FileIO
        self._rejects: FileIO

    def __enter__(self) -> Run:
        with contextlib.ExitStack() as stack, _disk(self._paths):
            if not self.state.done:
                self._save()
                self._output = stack.enter_context(_cut(self._paths.part, self.state.output_bytes))
                self._rejects = stack.enter_context(_cut(self._paths.rejects_part, self.state.rejects_bytes))
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        with self._open, contextlib.suppress(ToxmeterError):
            if not self.state.done:  # what is finished is not lost, unless the disk is what failed
                self._checkpoint()

    def write(self, output: bytes, rejects: bytes, *, offset: int, rows: int, rejected: int) -> None:
        """Append a batch, and note it in the state from time to time.

        Args:
            output: bytes of the output.
            rejects: bytes of the rejects.
            offset: where the next row begins in the input.
            rows: rows in the batch.
            rejected: how many of them were rejected.

        Raises:
            ToxmeterError: when the disk fails; what was noted before stays good.
        """
        old = self.state
        with _disk(self._paths):
            _append(self._output, output)
            _append(self._rejects, rejects)
        self.state = replace(old, offset=offset, rows=old.rows + rows, rejected=old.rejected + rejected,
                             output_bytes=old.output_bytes + len(output),
                             rejects_bytes=old.rejects_bytes + len(rejects))
        if time.monotonic() - self._saved > _INTERVAL:
            self._checkpoint()

    def finish(self) -> None:
        """Turn the parts into the output; may be repeated where it was interrupted."""
        paths = self._paths
        if not self.state.done:
            self._checkpoint(done=True)
            self._open.close()
        with _disk(paths):
            if self.state.rejects_bytes == 0:
                paths.rejects_part.unlink(missing_ok=True)
                paths.rejects.unlink(missing_ok=True)
            elif paths.rejects_part.exists():
                paths.rejects_part.replace(paths.rejects)
            if paths.part.exists():
                paths.part.replace(paths.output)
            paths.state.unlink()

    def _checkpoint(self, *, done: bool = False) -> None:
        with _disk(self._paths):
            os.fsync(self._output.fileno())
            os.fsync(self._rejects.fileno())
            self.state = replace(self.state, digest=_digest(self._paths.source, self.state.offset))
            self._save(done=done)

    def _save(self, *, done: bool = False) -> None:
        state = replace(self.state, done=done)
        file = self._paths.new_state
        with file.open("w", encoding="utf-8") as stream:
            json.dump(asdict(state), stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        file.replace(self._paths.state)
        self.state = state
        self._saved = time.monotonic()


@contextlib.contextmanager
def _disk(paths: Paths) -> Iterator[None]:
    """Failures of the disk as an error that says how to go on."""
    try:
        yield
    except OSError as err:
        raise ToxmeterError(f"writing {paths.output} failed: {err.strerror}. What is done is kept:"
                            " mend that and go on with --resume") from err


def _cut(file: Path, length: int) -> FileIO:
    """Open a part file at the length that counts; what lies beyond is dropped."""
    there = file.exists()
    if (file.stat().st_size if there else 0) < length:
        raise InputError(f"{file} has lost some of its {length} bytes: start again with --force")
    stream = FileIO(file, "r+" if there else "w+")
    stream.truncate(length)
    stream.seek(length)
    return stream


def _append(stream: FileIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[stream.write(rest) :]


def _digest(source: Path, offset: int) -> str:
    """Sha256 of the first and the last MiB before ``offset``."""
    with source.open("rb") as stream:
        first = stream.read(min(_SAMPLE, offset))
        stream.seek(max(0, offset - _SAMPLE))
        return hashlib.sha256(first + stream.read(min(_SAMPLE, offset))).hexdigest()
