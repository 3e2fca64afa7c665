"""Reading probes from TOML: templates with ``{slots}``, filled with every group and with a control.

    about = "What is compared, in a sentence."

    [groups]                             # a list: each word fills the slot of its name, here {name}
    name = ["Emily", "Aisha"]

    [groups.religion]                    # or a table: per group the words of one slot or several
    Muslims = { person = "a Muslim", people = "Muslims" }
    Hindus = { person = "a Hindu", people = "Hindus" }
    Sikhs = "a Sikh"                     # one word alone is for the slot of the table's name, here {religion}

    [places]                             # ISO 3166 alpha-3 code = name, for the slot {place} and a map
    FRA = "France"

    [control]                            # words of the control text
    person = "somebody"
    people = "people"

    [words]                              # lists for other slots; texts with the same of these words are compared
    food = ["bread", "soup"]

    [[template]]
    text = "{People} at the next table order {food}."   # a capital letter asks for a word with one

    [[template]]
    text = "This film was filmed in {place}."
    control = "This film was filmed abroad."            # a control of its own
    toxic = false                                       # left out: not known

A template is filled with the groups that have words for its slots. Give controls to all templates, or to none: then
a group is compared with the mean over the groups. All mistakes of a file are reported at once. Nothing in it is run.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from toxmeter.errors import did_you_mean
from toxmeter.evaluation.suites.probe import Probe, ProbeCase
from toxmeter.evaluation.suites.toml_reader import Checker, read_toml, shipped_names
from toxmeter.recipe.values import listed, shown

__all__ = ["CONTROL", "read_probe", "shipped_probes"]

CONTROL = "control"
"""The group of control texts."""

_SLOT = re.compile(r"\{([A-Za-z_]\w*)\}")
_CODE = re.compile(r"[A-Z]{3}")
_MOST = 50_000  # texts of a probe
_CHARACTERS = 1 << 26  # of all of them together, at most
_FIELDS = ("about", "groups", "places", "control", "words", "template")
_Words = Mapping[str, str]


class _Group(NamedTuple):
    """Who a text is about: the words of its slots."""

    name: str
    kind: str
    words: _Words
    place: str = ""


class _Template(NamedTuple):
    """A sentence, its own control if it has one, and whether it is toxic."""

    place: str
    text: str
    control: str
    toxic: bool | None


class _Lists(NamedTuple):
    """What fills slots: words of groups, of the control, and lists for the other slots."""

    groups: list[_Group]
    control: _Words
    words: Mapping[str, list[str]]

    @property
    def of_groups(self) -> list[str]:
        """The slots that are filled with groups."""
        return list(dict.fromkeys(slot for group in self.groups for slot in group.words))

    def longest(self, text: str) -> int:
        """No filling of this text has more characters."""
        words = [word for group in self.groups for word in group.words.values()]
        every = [*words, *self.control.values(), *(word for given in self.words.values() for word in given)]
        return len(text) + len(_SLOT.findall(text)) * max(map(len, every), default=0)

    def known(self, slot: str) -> str:
        """The list for a slot, which ``{Slot}`` shares with ``{slot}``; empty where there is none."""
        small = slot[:1].lower() + slot[1:]
        return next((name for name in (slot, small) if name in self.words or name in self.of_groups), "")


def shipped_probes() -> list[str]:
    """Names of the probes inside the package, sorted."""
    return shipped_names("probes")


def read_probe(name_or_path: str | os.PathLike[str]) -> Probe:
    """Read a probe.

    Args:
        name_or_path: a shipped one (``countries``, ``identities``), or a TOML file; the module says what is in it.

    Raises:
        InputError: when there is no such file, or with every mistake in it, one line each: its place, the reason and
            the mend.
    """
    source = read_toml(os.fspath(name_or_path), "probe", "probes")
    reader = _Reader()
    about, cases, control = reader.read(source.table)
    reader.done(f"probe {os.fspath(name_or_path)}")
    return Probe(source.name, "TOML templates", about, tuple(cases), control, source.sha256)


class _Reader(Checker):
    """Turns plain values into cases."""

    def read(self, table: Mapping[str, Any]) -> tuple[str, list[ProbeCase], str]:
        """What is compared, the texts, and the name of the control, empty without one."""
        self.fields("", table, _FIELDS)
        about = self.text("about", table["about"]) if "about" in table else ""
        lists = _Lists(
            [*self.groups(table.get("groups", {})), *self.places(table.get("places", {}))],
            {slot: self.text(f"control.{slot}", word)
             for slot, word in self.table("control", table.get("control", {}), "words").items()},
            {slot: self.texts(f"words.{slot}", given)
             for slot, given in self.table("words", table.get("words", {}), "lists of words").items()})
        self.check(lists)
        templates = self.templates(table.get("template"))
        controlled = bool(lists.control) or any(template.control for template in templates)
        cases = self.cases(templates, lists, controlled=controlled) if lists.groups else []
        return about, cases, CONTROL if controlled else ""

    def check(self, lists: _Lists) -> None:
        """Names of groups and slots go together."""
        names = [group.name for group in lists.groups]
        if not names and not self.problems:
            self.wrong("groups", "missing: a probe has [groups] or [places]")
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            self.wrong("groups", f"two are called {name!r:.40}: each has a name of its own")
        if CONTROL in names:
            self.wrong("groups", f"{CONTROL!r} is the name of the control: choose another one")
        for slot in (*lists.of_groups, *lists.words):
            if not _SLOT.fullmatch(f"{{{slot}}}"):
                self.wrong("groups" if slot in lists.of_groups else "words",
                           f"{slot!r:.40} cannot be the name of a slot: that has letters, digits and _")
        for slot in lists.words:
            if slot in lists.of_groups:
                self.wrong(f"words.{slot}", "groups have words for this slot: choose another name")
        for slot in lists.control:
            if lists.of_groups and slot not in lists.of_groups:
                self.wrong(f"control.{slot}", f"no group has words for this slot{did_you_mean(slot, lists.of_groups)}:"
                                              f" they have {', '.join(lists.of_groups)}")

    def groups(self, value: object) -> Iterator[_Group]:
        for kind, given in self.table("groups", value, "groups").items():
            place = f"groups.{kind}"
            if isinstance(given, list):
                yield from (_Group(word, kind, {kind: word}) for word in self.texts(place, given) if word)
                continue
            if not isinstance(given, dict):
                self.wrong(place, f"{shown(given)} is neither a list of words nor a table of groups")
                continue
            for name, words in given.items():
                words = {kind: words} if isinstance(words, str) else words
                found = {slot: self.text(f"{place}.{name}.{slot}", word) for slot, word in self.table(
                    f"{place}.{name}", words, "words").items()}
                yield _Group(self.text(f"{place}.{name}", name), kind, found)

    def places(self, value: object) -> Iterator[_Group]:
        for code, name in self.table("places", value, "codes and names").items():
            if not _CODE.fullmatch(code):
                self.wrong(f"places.{code}", "no ISO 3166 alpha-3 code: that is three capital letters, as in FRA")
            if word := self.text(f"places.{code}", name):
                yield _Group(word, "", {"place": word}, code)

    def templates(self, value: object) -> list[_Template]:
        if not isinstance(value, list) or not value:
            self.wrong("template", "missing: a probe has one [[template]] or more")
            return []
        found = []
        for index, given in enumerate(value):
            place = f"template.{index}"
            if not isinstance(given, dict):
                self.wrong(place, f"{shown(given)} is not a table: write [[template]]")
                continue
            self.fields(place, given, ("text", "control", "toxic"))
            toxic = given.get("toxic")
            if "toxic" in given and not isinstance(toxic, bool):
                self.wrong(f"{place}.toxic", f"{shown(toxic)} is neither true nor false")
            control = self.text(f"{place}.control", given["control"]) if "control" in given else ""
            found.append(_Template(place, self.text(f"{place}.text", given.get("text")), control, toxic))
        return found

    def cases(self, templates: list[_Template], lists: _Lists, *, controlled: bool) -> list[ProbeCase]:
        """Every template with every combination of words and every group that has words for it."""
        cases: list[ProbeCase] = []
        used: set[str] = set()
        size = 0
        for number, template in enumerate(templates):
            control = template.control or (template.text if controlled else "")
            groups, slots = self.fitting(template, control, lists), self.others(template, control, lists)
            count = math.prod(len(lists.words[slot]) for slot in slots) * (len(groups) + controlled)
            size += count * lists.longest(template.text + control)
            if len(cases) + count > _MOST or size > _CHARACTERS:
                self.wrong(template.place, f"{len(cases) + count:,} texts up to here: a probe has at most {_MOST:,},"
                                           f" and {_CHARACTERS:,} characters, so shorten the lists")
                return []
            used |= {group.name for group in groups}
            for frame, chosen in enumerate(product(*(lists.words[slot] for slot in slots)) if groups else ()):
                words = dict(zip(slots, chosen, strict=True))
                if controlled:
                    cases.append(ProbeCase(_filled(control, {**words, **lists.control}), number, CONTROL, frame,
                                           toxic=template.toxic))
                cases += [ProbeCase(_filled(template.text, {**words, **group.words}), number, group.name, frame,
                                    group.kind, group.place, template.toxic) for group in groups]
        idle = [group.name for group in lists.groups if group.name not in used]
        if idle and not self.problems:
            self.wrong("groups", f"no template takes {listed(idle[:8])}: each group needs one whose slots it has words"
                                 " for")
        return cases

    def fitting(self, template: _Template, control: str, lists: _Lists) -> list[_Group]:
        """The groups that fill a template; none where it has a mistake."""
        before = len(self.problems)
        if not template.text:
            return []
        for field, text in (("text", template.text), ("control", template.control)):
            for slot in dict.fromkeys(_SLOT.findall(text)):
                if not lists.known(slot):
                    every = [*lists.of_groups, *lists.words]
                    self.wrong(f"{template.place}.{field}", f"no words for {{{slot}}}{did_you_mean(slot, every)}: there"
                                                            f" are {', '.join(every)}")
        needed = _slots(template.text, lists, lists.of_groups)
        lacking = [slot for slot in _slots(control, lists, lists.of_groups) if slot not in lists.control]
        found = [group for group in lists.groups if all(slot in group.words for slot in needed)]
        if len(self.problems) > before:
            return []
        if not needed:
            self.wrong(f"{template.place}.text", f"no slot of a group: these are {', '.join(lists.of_groups)}")
        elif lacking:
            self.wrong(f"{template.place}.control", f"missing: give the template one, or [control] words for"
                                                    f" {listed(lacking)}, or no template any")
        elif len(found) < 2 - bool(control):
            self.wrong(f"{template.place}.text", f"{len(found)} groups have words for {listed(needed)}: two or more"
                                                 " are compared")
        return found if len(self.problems) == before else []

    def others(self, template: _Template, control: str, lists: _Lists) -> list[str]:
        """The slots of a template that are no group's."""
        return list(dict.fromkeys(_slots(template.text, lists, lists.words) + _slots(control, lists, lists.words)))


def _slots(text: str, lists: _Lists, among: Collection[str]) -> list[str]:
    """Which of these slots a text has."""
    found = dict.fromkeys(lists.known(slot) for slot in _SLOT.findall(text))
    return [slot for slot in found if slot in among]


def _filled(text: str, words: _Words) -> str:
    """The text with a word in each slot; in ``{Slot}`` the word of ``{slot}`` with a capital letter."""
    def word(match: re.Match[str]) -> str:
        if match[1] in words:
            return words[match[1]]
        found = words.get(match[1][:1].lower() + match[1][1:], match[0])
        return found[:1].upper() + found[1:]

    return _SLOT.sub(word, text)
