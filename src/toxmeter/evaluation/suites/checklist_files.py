"""Reading checklists: tests in TOML, whose texts are templates with ``{slots}`` that word lists fill.

    [words]                                  # lists for all tests
    insult = ["stupid", "an idiot"]

    [[test]]
    name = "plain insults"
    kind = "MFT"                             # safe and unsafe: texts by what a guardrail should do
    about = "Insults in plain words are flagged."
    unsafe = ["You are {insult}."]

    [[test]]
    name = "typing errors"
    kind = "INV"                             # texts with perturbations, or pairs that say the same
    texts = ["You are {insult}."]
    perturbations = ["swap", "drop"]         # names of toxmeter.evaluation.robustness.PERTURBATIONS
    strength = 0.3
    tolerance = 0.1

    [[test]]
    name = "an insult more"
    kind = "DIR"                             # pairs of a text and a changed one; direction = "up" or "down"
    direction = "up"
    pairs = [["Go away.", "Go away, you are {insult}."]]

A test can have ``words`` of its own. All mistakes of a file are reported at once. Nothing in a file is run.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, get_args

from toxmeter.errors import did_you_mean
from toxmeter.evaluation.robustness import PERTURBATIONS, perturb
from toxmeter.evaluation.suites.checklist import Case, Check, CheckKind, Checklist, Direction
from toxmeter.evaluation.suites.toml_reader import Checker, read_toml, shipped_names
from toxmeter.recipe.values import listed, shown

__all__ = ["read_checklist", "shipped_checklists"]

_SLOT = re.compile(r"\{([A-Za-z_]\w*)\}")
_FOLDER = "checklists"
_MOST = 10_000  # cases of a test
_COMMON = ("name", "kind", "about", "words")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "MFT": (*_COMMON, "safe", "unsafe"),
    "INV": (*_COMMON, "texts", "perturbations", "strength", "pairs", "tolerance"),
    "DIR": (*_COMMON, "pairs", "direction", "tolerance"),
}
_Words = dict[str, list[str]]


def shipped_checklists() -> list[str]:
    """Names of the checklists inside the package, sorted."""
    return shipped_names(_FOLDER)


def read_checklist(name_or_path: str | os.PathLike[str] = "general") -> Checklist:
    """Read a checklist.

    Args:
        name_or_path: a shipped one (``general``), or a TOML file; the module says what is in it.

    Raises:
        InputError: when there is no such file, or with every mistake in it, one line each: its place, the reason and
            the mend.
    """
    source = os.fspath(name_or_path)
    name, table, sha256 = read_toml(source, "checklist", _FOLDER)
    reader = _Reader()
    checks = reader.checks(table)
    reader.done(f"checklist {source}")
    return Checklist(name, tuple(checks), sha256)


class _Reader(Checker):
    """Turns plain values into checks."""

    def checks(self, table: Mapping[str, Any]) -> list[Check]:
        self.fields("", table, ("words", "test"))
        words = self.words("words", table.get("words", {}))
        tests = table.get("test")
        if not isinstance(tests, list) or not tests:
            self.wrong("test", "missing: a checklist has one [[test]] or more")
            return []
        found = [self.check(f"test.{index}", test, words) for index, test in enumerate(tests)]
        names = [check.name for check in found if check]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            self.wrong("test", f"two are called {name!r:.40}: each has a name of its own")
        return [check for check in found if check]

    def check(self, place: str, test: object, shared: _Words) -> Check | None:
        if not isinstance(test, dict):
            self.wrong(place, f"{shown(test)} is not a table: write [[test]]")
            return None
        name = self.text(f"{place}.name", test.get("name"))
        kind = self.choice(f"{place}.kind", test.get("kind"), get_args(CheckKind))
        if not kind:
            return None
        self.fields(place, test, _FIELDS[kind])
        about = self.text(f"{place}.about", test["about"]) if "about" in test else ""
        words = {**shared, **self.words(f"{place}.words", test.get("words", {}))}
        tolerance = self.share(f"{place}.tolerance", test.get("tolerance", 0.1))
        direction: Direction | None = "up"
        if kind == "DIR":
            direction = self.choice(f"{place}.direction", test.get("direction"), get_args(Direction))
        before = len(self.problems)
        cases = self.labelled(place, test, words) if kind == "MFT" else self.changes(place, test, words)
        if not cases and len(self.problems) == before:
            needed = {"MFT": "safe or unsafe", "INV": "texts with perturbations, or pairs", "DIR": "pairs"}[kind]
            self.wrong(place, f"no cases: {kind} needs {needed}")
        if not name or direction is None:
            return None
        return Check(name, kind, about, tuple(cases), tolerance, direction)

    def labelled(self, place: str, test: Mapping[str, Any], words: _Words) -> list[Case]:
        """The cases of an MFT."""
        cases: list[Case] = []
        for field in ("safe", "unsafe"):
            for index, template in enumerate(self.given(place, test, field)):
                number = cases[-1].template + 1 if cases else 0
                filled = self.filled(f"{place}.{field}.{index}", (template,), words)
                cases += [Case(text, number, unsafe=field == "unsafe") for (text,) in filled]
        return cases

    def changes(self, place: str, test: Mapping[str, Any], words: _Words) -> list[Case]:
        """The cases of an INV or DIR."""
        cases: list[Case] = []
        for index, pair in enumerate(self.pairs(f"{place}.pairs", test.get("pairs", []))):
            cases += [Case(text, index, changed)
                      for text, changed in self.filled(f"{place}.pairs.{index}", pair, words)]
        texts = self.given(place, test, "texts")
        names = self.perturbations(place, test)
        strength = self.share(f"{place}.strength", test.get("strength", 0.3))
        if bool(texts) != bool("perturbations" in test):
            lacking, given = ("perturbations", "texts") if texts else ("texts", "perturbations")
            self.wrong(f"{place}.{lacking}", f"missing: {given} need them")
        pairs = cases[-1].template + 1 if cases else 0
        for index, template in enumerate(texts):
            for (text,) in self.filled(f"{place}.texts.{index}", (template,), words):
                changed = [perturb(name, text, strength) for name in names]
                cases += [Case(text, pairs + index, each) for each in changed if each != text]
        return cases

    def filled(self, place: str, templates: tuple[str, ...], words: _Words) -> list[tuple[str, ...]]:
        """Templates with every combination of the words of their slots; the same word in all of them."""
        slots = list(dict.fromkeys(slot for template in templates for slot in _SLOT.findall(template)))
        unknown = [slot for slot in slots if slot not in words]
        for slot in unknown:
            self.wrong(place, f"no word list {slot!r}{did_you_mean(slot, list(words))}: there are"
                              f" {', '.join(words) or 'none'}")
        if unknown:
            return []
        count = math.prod(len(words[slot]) for slot in slots)
        if count > _MOST:
            self.wrong(place, f"{count:,} combinations of words: at most {_MOST:,}, so shorten the lists")
            return []
        return [tuple(_SLOT.sub(lambda slot: chosen[slot[1]], template) for template in templates)  # noqa: B023
                for chosen in (dict(zip(slots, each, strict=True)) for each in product(*(words[s] for s in slots)))]

    def words(self, place: str, value: object) -> _Words:
        if not isinstance(value, dict):
            self.wrong(place, f"{shown(value)} is not a table of lists of words")
            return {}
        return {name: self.texts(f"{place}.{name}", words) for name, words in value.items()}

    def given(self, place: str, test: Mapping[str, Any], field: str) -> list[str]:
        """A list of texts that may be left out."""
        return self.texts(f"{place}.{field}", test[field]) if field in test else []

    def pairs(self, place: str, value: object) -> list[tuple[str, str]]:
        if not isinstance(value, list):
            self.wrong(place, f"{shown(value)} is not a list of pairs of texts")
            return []
        found = []
        for index, pair in enumerate(value):
            if not isinstance(pair, list) or len(pair) != 2:
                self.wrong(f"{place}.{index}", f"{shown(pair)} is not a pair of texts: write [text, changed text]")
                pair = ["?", "?"]  # the next one keeps its number
            text, changed = (self.text(f"{place}.{index}.{side}", each) for side, each in enumerate(pair))
            found.append((text, changed))
        return found

    def perturbations(self, place: str, test: Mapping[str, Any]) -> list[str]:
        names = self.given(place, test, "perturbations")
        for name in names:
            if name not in PERTURBATIONS:
                hint = did_you_mean(name, list(PERTURBATIONS))
                self.wrong(f"{place}.perturbations", f"no perturbation {name!r:.40}{hint}: there are"
                                                     f" {', '.join(PERTURBATIONS)}")
        return [name for name in names if name in PERTURBATIONS]

    def share(self, place: str, value: object) -> float:
        if type(value) in (int, float) and 0 <= value <= 1:  # type: ignore[operator]  # type() narrows nothing
            return float(value)  # type: ignore[arg-type]
        self.wrong(place, f"{shown(value)} is not a number from 0 to 1")
        return 0.0

    def choice(self, place: str, value: object, known: Sequence[str]) -> Any:  # noqa: ANN401 - a literal
        if isinstance(value, str) and value in known:
            return value
        hint = did_you_mean(value, known) if isinstance(value, str) else ""
        self.wrong(place, f"{'missing' if value is None else shown(value)}{hint}: it is {listed(list(known))}")
        return None
