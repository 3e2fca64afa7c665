"""Opening what a scorer is measured on beside labelled texts: suites, checklists and probes, told by their content.

A name is a shipped checklist or probe. A TOML file is a checklist if it has tests, else a probe; a table of texts is
a suite or a probe by its columns, and HateCheck is both. This module measures nothing itself.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toxmeter.evaluation.suites.checklist import run_checklist
from toxmeter.evaluation.suites.checklist_files import read_checklist, shipped_checklists
from toxmeter.evaluation.suites.hatecheck import run_suite
from toxmeter.evaluation.suites.hatecheck_files import is_suite, read_suite
from toxmeter.evaluation.suites.probe import run_probe
from toxmeter.evaluation.suites.probe_files import read_probe, shipped_probes
from toxmeter.evaluation.suites.probe_sets import is_probe_set, read_probe_set
from toxmeter.models.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from toxmeter.evaluation.suites.checklist import Checklist
    from toxmeter.evaluation.suites.hatecheck_files import Suite
    from toxmeter.evaluation.suites.probe import Probe

__all__ = ["Run", "open_suites", "shipped_suites"]

Run = Callable[[Scorer], dict[str, Any]]
"""Measures a scorer; the section says in ``kind`` what it is."""


def shipped_suites() -> list[str]:
    """Names of the checklists and probes inside the package."""
    return [*shipped_checklists(), *shipped_probes()]


def open_suites(
    sources: Iterable[str | os.PathLike[str]],
    *,
    label: str | None = None,
    resamples: int = 500,
    seed: int = 0,
) -> dict[str, Run]:
    """Read everything now, so that a mistake shows before hours of scoring.

    Args:
        sources: shipped names, TOML files, and tables of texts (CSV, TSV, JSONL, Parquet).
        label: whose probability suites and probes look at; None for the toxic score. It stands in a suite's name.
        resamples: of the bootstraps.
        seed: of the bootstraps.

    Returns:
        per name what measures a scorer; a name says what it is and of which file.

    Raises:
        InputError: when one cannot be read, or is none of these; names the file and the mend.
        MissingExtra: without pyarrow, for Parquet.
    """
    found: dict[str, Run] = {}
    for source in sources:
        for name, run in _open(os.fspath(source), label, resamples, seed):
            base, number = name, 2
            while name in found:
                name, number = f"{base} ({number})", number + 1
            found[name] = run
    return found


def _open(source: str, label: str | None, resamples: int, seed: int) -> Iterator[tuple[str, Run]]:
    """What one source holds."""
    path = Path(source)
    if source in shipped_probes() or _is_probe_file(path):
        yield f"probe {path.stem}", _probe(read_probe(source), label, resamples, seed)
    elif source in shipped_checklists() or path.suffix.lower() == ".toml" or not path.exists():
        yield f"checklist {path.stem}", _checklist(read_checklist(source), resamples, seed)
    else:
        probing = is_probe_set(path)
        if is_suite(path) or not probing:  # the reader of suites says what is wrong
            by = "" if label is None else f" by {label}"
            yield f"suite {path.stem}{by}", _suite(read_suite(path), label, resamples, seed)
        if probing:
            yield f"probe {path.stem}", _probe(read_probe_set(path), label, resamples, seed)


def _is_probe_file(path: Path) -> bool:
    """Whether a TOML file has no tests; one that is broken is left to the reader of checklists."""
    if path.suffix.lower() != ".toml":
        return False
    try:
        return "test" not in tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return False


def _suite(suite: Suite, label: str | None, resamples: int, seed: int) -> Run:
    return lambda scorer: {"kind": "suite", **run_suite(scorer, suite, label=label, resamples=resamples, seed=seed)}


def _checklist(checklist: Checklist, resamples: int, seed: int) -> Run:
    return lambda scorer: {"kind": "checklist", **run_checklist(scorer, checklist, resamples=resamples, seed=seed)}


def _probe(probe: Probe, label: str | None, resamples: int, seed: int) -> Run:
    return lambda scorer: {"kind": "probe", **run_probe(scorer, probe, label=label, resamples=resamples, seed=seed)}
