"""The bytes that a run writes: scores behind each row, and one JSON line per rejected row.

Numbers have six decimals. They are formatted for a whole batch at once, some twenty times faster than one
by one. This module does not open files.
"""

from __future__ import annotations

import base64
import json
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from toxmeter.errors import ToxmeterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxmeter.bulk.lines import Reject
    from toxmeter.models.scorer import FloatArray

__all__ = ["Tails", "reject_line"]

_DECIMALS = 6
_NUMBER = b"0." + b"0" * _DECIMALS


class Tails:
    """Writes scores behind the begin of each output row.

    Args:
        joints: per ending that a row can have, the ``k + 1`` pieces of bytes before, between and after ``k`` scores;
            the last is the ending.
    """

    def __init__(self, *joints: Sequence[bytes]) -> None:
        self._columns = len(joints[0]) - 1
        self._endings = [_Template(each) for each in joints]

    def join(
        self, begins: Sequence[bytes], scores: FloatArray, ending: npt.NDArray[np.uint8] | None = None
    ) -> bytes:
        """The output rows of a batch.

        Args:
            begins: for each row, what comes before its scores.
            scores: ``[n, k]`` probabilities.
            ending: ``[n]``, the place of each row's ending; None for the first throughout.

        Raises:
            ToxmeterError: when they are not: a scorer that breaks its contract must not spoil a file.
        """
        shape = (len(begins), self._columns)
        if scores.shape != shape:
            raise ToxmeterError(f"the model returned scores of shape {scores.shape} instead of {shape}")
        if not ((scores >= 0) & (scores <= 1)).all():
            raise ToxmeterError("the model returned NaN, or scores outside [0, 1]")
        tails = self._endings[0].format(scores) if ending is None else self._mixed(scores, ending)
        return b"".join(chain.from_iterable(zip(begins, tails, strict=True)))

    def _mixed(self, scores: FloatArray, ending: npt.NDArray[np.uint8]) -> list[bytes]:
        if ending.shape != (len(scores),) or (ending >= len(self._endings)).any():
            raise ToxmeterError(f"the model did not tell which stage scored each of {len(scores)} texts")
        tails = [b""] * len(scores)
        for number, template in enumerate(self._endings):
            rows = np.flatnonzero(ending == number)
            for row, tail in zip(rows.tolist(), template.format(scores[rows]), strict=True):
                tails[row] = tail
        return tails


class _Template:
    """The bytes behind a row, in which only digits change."""

    def __init__(self, joints: Sequence[bytes]) -> None:
        self._bytes = np.frombuffer(_NUMBER.join(joints), np.uint8)
        places, place = [], 0
        for joint in joints[:-1]:
            place += len(joint)
            places.append(place)
            place += len(_NUMBER)
        self._places = np.array(places)

    def format(self, scores: FloatArray) -> list[bytes]:
        rows = np.tile(self._bytes, (len(scores), 1))
        units = np.rint(scores.astype(np.float64) * 10**_DECIMALS).astype(np.int32)
        for place in range(_DECIMALS, 0, -1):
            units, digits = np.divmod(units, 10)
            rows[:, self._places + 1 + place] += digits.astype(np.uint8)
        rows[:, self._places] += units.astype(np.uint8)
        found: list[bytes] = rows.view(f"S{rows.shape[1]}").ravel().tolist()
        return found


def reject_line(reject: Reject) -> bytes:
    """A rejected row as a line of JSON.

    ``raw`` holds the row as text where it is UTF-8, else ``raw_base64`` its bytes; a row too large to be
    held has neither, only its place in the input.
    """
    fields: dict[str, object] = {"row": reject.row, "offset": reject.offset, "bytes": reject.length,
                                 "reason": reject.reason}
    if reject.raw is not None:
        try:
            fields["raw"] = reject.raw.decode()
        except UnicodeDecodeError:
            fields["raw_base64"] = base64.b64encode(reject.raw).decode()
    return json.dumps(fields).encode() + b"\n"
