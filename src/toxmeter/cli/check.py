"""``toxmeter check``: texts from the arguments or standard input, a verdict for each.

Reads and prints; the judging is ``TextGuardrail.batch_check``. This module does not read files.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from toxmeter.cli.options import ScaleOption
from toxmeter.cli.terminal import coloured, paint, printable, shorten, width
from toxmeter.errors import InputError

if TYPE_CHECKING:
    from toxmeter.guard import Verdict
    from toxmeter.models.scorer import Scorer

__all__ = ["HELP", "check", "line_batches"]

HELP = """
Judge texts: safe or unsafe, how surely, and why.

Without TEXT, or where it is -, texts are read from standard input, one per line, as they arrive.

\b
  toxmeter check "You are all wonderful."
  toxmeter check --explain "You fool."
  toxmeter check -p kids --json "first text" "second text"
  tail -f chat.log | toxmeter check
  toxmeter check --quiet < message.txt || echo "not like this"
  toxmeter check -- "-a text that begins with a dash"

Exit status: 0 all texts are safe, 1 one is unsafe, 2 an error.
"""

_CHUNK = 2**18
_LONGEST = 64 << 20  # bytes of a line
_COLOUR = {"allow": "green", "review": "yellow", "block": "red"}


def check(
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", show_default=False, help="Texts to judge; - for standard input."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Shipped model, or folder of one.  [default: mini]")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option("--policy", "-p", help="Shipped policy or TOML file: thresholds, allow and deny lists."),
    ] = None,
    scale: ScaleOption = None,
    community: Annotated[str | None, typer.Option(help="Community of the policy whose rules hold.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per text.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", "-e", help="Mark the words that speak for a label; slower.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing and stop at the first unsafe text.")
    ] = False,
) -> None:
    """Judge texts, and say by the exit status whether one is unsafe."""
    if not texts and sys.stdin is not None and sys.stdin.isatty():
        raise InputError('no text: toxmeter check "a text", or pipe texts in, one per line'
                         " (toxmeter check - reads what you type)")
    if explain and quiet:
        raise InputError("--explain prints and --quiet does not: leave one of them out")
    # numpy would start a pool of threads for matrices, 30 ms that no text here has a use for
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from toxmeter.guard import TextGuardrail
    from toxmeter.models.catalog import DEFAULT, load

    guardrail = TextGuardrail(load(model or DEFAULT, scale=scale), policy=policy)
    guardrail.batch_check([], community=community)  # an unknown community is told before anything is read
    unsafe = False
    if not (as_json or quiet):
        sys.stdout.write(_line("verdict", "conf.", "flagged", "text") + "\n")
    for batch in _batches(texts or ["-"]):
        verdicts = guardrail.batch_check(batch, community=community)
        unsafe = unsafe or any(verdict.label == "unsafe" for verdict in verdicts)
        if quiet and unsafe:
            break
        if not quiet:
            _print(verdicts, guardrail.scorer if explain else None, as_json=as_json)
    raise typer.Exit(1 if unsafe else 0)


def line_batches(stream: BinaryIO) -> Iterator[list[str]]:
    """The lines of a stream in batches, each of what has arrived by then, so that no line waits for others.

    Bytes that are no UTF-8 are replaced by U+FFFD; a byte order mark and the line ends are dropped.

    Raises:
        InputError: when a line has more than 64 MiB: what never ends, such as ``/dev/zero``, would fill the memory.
    """
    rest: list[bytes] = []
    first, waiting = True, 0
    while chunk := stream.read1(_CHUNK):  # type: ignore[attr-defined]  # BinaryIO does not name it
        head, newline, tail = chunk.rpartition(b"\n")
        if newline:
            lines = b"".join([*rest, head]).split(b"\n")
            yield [_decode(line, first=first and not at) for at, line in enumerate(lines)]
            rest, first, waiting = [], False, 0
        rest.append(tail)
        waiting += len(tail)
        if waiting > _LONGEST:
            raise InputError(f"a line of more than {_LONGEST >> 20} MiB on standard input: texts are lines")
    if any(rest):
        yield [_decode(b"".join(rest), first=first)]


def _decode(line: bytes, *, first: bool) -> str:
    text = line.removesuffix(b"\r").decode("utf-8", "replace")
    return text.removeprefix("\ufeff") if first else text


def _batches(texts: list[str]) -> Iterator[list[str]]:
    """The texts of the arguments, with the lines of standard input in place of each ``-``."""
    for text in texts:
        if text != "-":
            # arguments that are no UTF-8 arrive with surrogates in place of their bytes
            yield [text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")]
        elif sys.stdin is None:
            raise InputError("standard input is closed: give a TEXT")
        else:
            yield from line_batches(sys.stdin.buffer)


def _print(verdicts: list["Verdict"], explained_by: "Scorer | None", *, as_json: bool) -> None:
    """Print verdicts, with explanations where a scorer is given."""
    if explained_by:
        from toxmeter.cli.explained import explanation, explanation_lines
    if as_json:
        for verdict in verdicts:
            more = explanation(explained_by, verdict.text) if explained_by else {}
            sys.stdout.write(json.dumps({**verdict.to_dict(), **more}) + "\n")
    else:
        colour, room = coloured(), max(20, width() - 47)
        for verdict in verdicts:
            label = verdict.label + (", review" if verdict.action == "review" else "")
            line = _line(label, f"{verdict.confidence:.3f}", printable(", ".join(verdict.flagged)) or "-",
                         shorten(verdict.text, room))
            sys.stdout.write((paint(line, _COLOUR[verdict.action]) if colour else line) + "\n")
            if explained_by:
                lines = explanation_lines(explained_by, verdict, colour=colour, room=width() - 24)
                sys.stdout.write("".join(f"{each}\n" for each in lines))
                sys.stdout.flush()
    sys.stdout.flush()


def _line(verdict: str, confidence: str, flagged: str, text: str) -> str:
    return f"{verdict:14}  {confidence:5}  {flagged:20}  {text}".rstrip()
