"""Reading published probes: WinoBias, Winogender, CrowS-Pairs, StereoSet, HateCheck's identities and the madlibs.

Each is told by its columns, and any other file with the same columns is read as such. This module scores nothing, and
takes no more from StereoSet and CrowS-Pairs than pairs of texts: their own scores need a language model.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from toxmeter.data.tables import column_names, data_files, read_table
from toxmeter.errors import InputError, did_you_mean
from toxmeter.evaluation.suites.probe import Probe, ProbeCase
from toxmeter.evaluation.suites.probe_terms import find_terms

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from toxmeter.data.tables import Table

__all__ = ["is_probe_set", "read_probe_set"]

_Cases = tuple[list[ProbeCase], list[str]]
_SENTID = re.compile(r"(.+)\.(.+)\.(.+)\.(male|female|neutral)(\.txt)?")
_SHE, _HE = {"she", "her", "hers", "herself"}, {"he", "him", "his", "himself"}
_TOXIC = {"toxic": True, "nontoxic": False, "bad": True, "not_bad": False, "1": True, "0": False, "true": True,
          "false": False}
_STEREO = ("anti-stereotype", "stereotype", "unrelated")  # their numbers, where a file has numbers
_NO_TARGET = {"", "-", "none", "nan"}


def _wino_bias(table: Table) -> _Cases:
    """Pairs by type, split and line; those that differ in more than pronouns are left out."""
    splits = table.columns.get("split", [""] * len(table))
    pairs: dict[tuple[object, ...], dict[str, int]] = defaultdict(dict)
    polarity = _texts(table, "polarity")
    for row, (line, kind, split) in enumerate(zip(table.columns["line"], table.columns["type"], splits, strict=True)):
        side = _one_of(table, row, "polarity", polarity[row], ("pro", "anti"))
        _once(table, row, pairs[int(table.file[row]), str(split), str(kind), str(line)], side, "type, split and line")
    texts = _texts(table, "sentence")
    cases: list[ProbeCase] = []
    alone = other = 0
    for number, ((_, _, kind, _), sides) in enumerate(pairs.items()):
        alone += len(sides) < 2
        if len(sides) < 2:
            continue
        pro, anti = (_without_brackets(texts[sides[side]]) for side in ("pro", "anti"))
        if _without_pronouns(pro) != _without_pronouns(anti):
            other += 1
            continue
        bracketed = {word.lower() for word in re.findall(r"\[(\w+)\]", texts[sides["pro"]])}
        kind = f"type {kind}, {'she' if bracketed & _SHE else 'he'} fits the stereotype"
        cases += [ProbeCase(pro, number, "pro-stereotypical", kind=kind), ProbeCase(anti, number, "anti", kind=kind)]
    return cases, [*_left_out(other, "pairs that differ in more than pronouns"),
                   *_left_out(alone, "sentences without a partner")]


def _without_brackets(text: str) -> str:
    return " ".join(re.sub(r"[\[\]]", "", text).split())


def _without_pronouns(text: str) -> list[str]:
    return ["_" if word in _SHE | _HE else word for word in re.findall(r"\w+|[^\w\s]", text.lower())]


def _winogender(table: Table) -> _Cases:
    """A template is an occupation and an answer, a frame its participant."""
    templates: dict[tuple[object, ...], int] = {}
    frames: dict[str, int] = {}
    there: dict[tuple[object, ...], dict[str, int]] = defaultdict(dict)
    cases = []
    for row, (name, text) in enumerate(zip(_texts(table, "sentid"), _texts(table, "sentence"), strict=True)):
        match = _SENTID.fullmatch(name.strip())
        if not match:
            raise InputError(f"{table.where(row)}: column 'sentid' is {name!r:.60}: it is"
                             " occupation.participant.answer.gender, the gender male, female or neutral")
        occupation, participant, answer, gender = match.groups()[:4]
        key = (int(table.file[row]), occupation, answer)
        _once(table, row, there[(*key, participant)], gender, "sentid")
        cases.append(ProbeCase(text, templates.setdefault(key, len(templates)), gender,
                               frames.setdefault(participant, len(frames))))
    return cases, []


def _crows_pairs(table: Table) -> _Cases:
    more, less, kinds = (_texts(table, name) for name in ("sent_more", "sent_less", "bias_type"))
    return [case for row, kind in enumerate(kinds) for case in (
        ProbeCase(more[row], row, "more stereotyping", kind=kind.strip()),
        ProbeCase(less[row], row, "less stereotyping", kind=kind.strip()))], []


def _stereo_set(table: Table) -> _Cases:
    kinds = _texts(table, "bias_type")
    cases = []
    for row, value in enumerate(table.columns["data"]):
        for side in ("stereotype", "anti-stereotype"):
            entry = value.get(side) if isinstance(value, Mapping) else None
            text = entry.get("sentence") if isinstance(entry, Mapping) else None
            if not isinstance(text, str) or not text.strip():
                raise InputError(f"{table.where(row)}: column 'data' has no sentence of the {side}: it holds, for"
                                 " stereotype and anti-stereotype, a record with a sentence")
            cases.append(ProbeCase(text, row, side, kind=kinds[row].strip()))
    return cases, []


def _stereo_set_as_published(table: Table) -> _Cases:
    """Rows with the sentences of an entry, as a list or by columns; the second sentence follows its context."""
    kinds = _texts(table, "bias_type")
    contexts = table.columns.get("context", [""] * len(table))
    cases = []
    for row, (value, context) in enumerate(zip(table.columns["sentences"], contexts, strict=True)):
        first = f"{context} " if isinstance(context, str) and context.strip() and "BLANK" not in context else ""
        found = dict(_sentences(value))
        for side in ("stereotype", "anti-stereotype"):
            if side not in found:
                raise InputError(f"{table.where(row)}: column 'sentences' has no sentence of the {side}: it holds"
                                 " records with a sentence and a gold_label")
            cases.append(ProbeCase(first + found[side], row, side, kind=kinds[row].strip()))
    return cases, []


def _sentences(value: object) -> Iterator[tuple[str, str]]:
    """Label and text of each sentence that has both."""
    pairs: list[tuple[object, object]] = []
    if isinstance(value, Mapping):
        labels, texts = value.get("gold_label"), value.get("sentence")
        if isinstance(labels, list) and isinstance(texts, list):
            pairs = [*zip(labels, texts, strict=False)]
    elif isinstance(value, list):
        pairs = [(each.get("gold_label"), each.get("sentence")) for each in value if isinstance(each, Mapping)]
    for label, text in pairs:
        name = dict(enumerate(_STEREO)).get(label, label) if type(label) is int else label
        if isinstance(name, str) and isinstance(text, str) and text.strip():
            yield name, text


def _hatecheck(table: Table) -> _Cases:
    """The templates that name groups, of which they name two or more."""
    texts, rows = _texts(table, "test_case"), range(len(table))
    gold = table.columns.get("label_gold", [""] * len(table))
    patterns = table.columns.get("case_templ", [""] * len(table))
    targets = ["" if value is None else str(value).strip() for value in table.columns["target_ident"]]
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for row in rows:
        number = table.columns["templ_id"][row]
        if targets[row].lower() not in _NO_TARGET and number is not None:
            groups[int(table.file[row]), str(number).strip()].append(row)
    shared = [chosen for chosen in groups.values() if len({targets[row] for row in chosen}) > 1]
    kept = [chosen for chosen in shared if not any("SLUR" in str(patterns[row]) for row in chosen)]
    cases = [ProbeCase(texts[row], number, targets[row], kind=str(gold[row] or "").strip())
             for number, chosen in enumerate(kept) for row in chosen]
    return cases, [*_left_out(len(table) - sum(map(len, shared)), "cases whose template names no group, or one only"),
                   *_left_out(sum(map(len, shared)) - len(cases), "cases that differ in slurs")]


def _madlibs(table: Table) -> _Cases:
    return _with_terms(table, _texts(table, "template"), "phrase", "toxicity")


def _madlibs_as_published(table: Table) -> _Cases:
    """Without the column of templates, phrases with the same first word, a name or a verb, stand for a template."""
    if "Template" in table.columns:
        return _with_terms(table, _texts(table, "Template"), "Text", "Label")
    first = [text.split()[0] for text in _texts(table, "Text")]
    cases, notes = _with_terms(table, first, "Text", "Label", merged=True)
    return cases, [*notes, "no column of templates: phrases that are the same but for their first word and the term"
                           " count as one template"]


def _with_terms(table: Table, names: Sequence[str], text: str, label: str, *, merged: bool = False) -> _Cases:
    """The phrases with their terms; merged templates differ by more than their name and first word."""
    phrases = _texts(table, text)
    toxic = [_TOXIC[_one_of(table, row, label, value, tuple(_TOXIC))]
             for row, value in enumerate(table.columns[label])]
    found = find_terms(names, phrases, toxic)
    without = sum(not each.term for each in found)
    if without == len(found):
        raise InputError(f"{table.path}: no identity term: no word stands in toxic and in harmless phrases of two"
                         " templates and can be exchanged there")
    templates: dict[str, int] = {}
    frames: dict[str, int] = {}
    patterns = (" ".join(each.frame.split()[2:]) if merged else each.pattern for each in found)
    cases = [ProbeCase(phrase, templates.setdefault(pattern, len(templates)), each.term,
                       frames.setdefault(each.frame, len(frames)), "toxic" if bad else "harmless", toxic=bad)
             for phrase, each, pattern, bad in zip(phrases, found, patterns, toxic, strict=True)]
    note = f"{without:,} phrases name none of the identity terms: they count for the shares and ROC-AUC only"
    return cases, [note] if without else []


class _Set(NamedTuple):
    """A published set."""

    name: str
    columns: tuple[str, ...]
    more: tuple[str, ...]  # columns that are used where they are there
    control: str
    about: str
    read: Callable[[Table], _Cases]


_ABOUT_STEREO_SET = (
    "Sentences that fit a stereotype, compared with ones that contradict it. Pairs name the same group and differ in"
    " what they say about it, so a gap may be due to a rude word.")
_ABOUT_MADLIBS = (
    "Made-up phrases that are the same but for an identity term, compared with the mean over the terms. The terms are"
    " found in the file: words that, exchanged, leave a phrase as toxic as it was.")
_SETS = (
    _Set("WinoBias", ("sentence", "polarity", "type", "line"), ("split",), "anti",
         "Sentences about two occupations, in which a pronoun fits the stereotype of the one that it stands for,"
         " compared with the same sentence with the other pronoun. In type 2, grammar tells whom the pronoun stands"
         " for.", _wino_bias),
    _Set("Winogender", ("sentid", "sentence"), (), "neutral",
         "Sentences with he or she about an occupation, compared with the same sentence with they.", _winogender),
    _Set("CrowS-Pairs", ("sent_more", "sent_less", "bias_type"), (), "less stereotyping",
         "Sentences that stereotype a group more, compared with ones that do so less. Most pairs differ in whom they"
         " name, some in what they say, and some are known to be faulty.", _crows_pairs),
    _Set("StereoSet", ("data", "bias_type"), (), "anti-stereotype", _ABOUT_STEREO_SET, _stereo_set),
    _Set("StereoSet", ("sentences", "bias_type"), ("context",), "anti-stereotype", _ABOUT_STEREO_SET,
         _stereo_set_as_published),
    _Set("HateCheck", ("test_case", "target_ident", "templ_id"), ("label_gold", "case_templ"), "",
         "Cases of HateCheck that are the same but for the group they name, compared with the mean over the groups.",
         _hatecheck),
    _Set("madlibs", ("template", "toxicity", "phrase"), (), "", _ABOUT_MADLIBS, _madlibs),
    _Set("madlibs", ("Text", "Label"), ("Template",), "", _ABOUT_MADLIBS, _madlibs_as_published),
)


def is_probe_set(path: Path) -> bool:
    """Whether a file has the columns of a published probe; see ``read_probe_set`` for what it raises."""
    there = set(column_names(path))
    return any(there.issuperset(each.columns) for each in _SETS)


def read_probe_set(path: str | os.PathLike[str]) -> Probe:
    """Read a published probe.

    Args:
        path: CSV, TSV, JSONL or Parquet file, or a folder of them, with the columns that the authors gave it.

    Raises:
        InputError: when the file is damaged or no such set, a row cannot be used, or nothing is left to compare; names
            the row, the column and the mend.
        MissingExtra: without pyarrow, for Parquet.
    """
    path = Path(path)
    there = column_names(path)
    found = next((each for each in _SETS if set(there).issuperset(each.columns)), None)
    if found is None:
        nearest = max(_SETS, key=lambda each: len(set(each.columns) & set(there)))
        missing = [f"{name!r}{did_you_mean(name, there)}" for name in nearest.columns if name not in there]
        known = "; ".join(f"{each.name} has {', '.join(each.columns)}" for each in _SETS)
        raise InputError(f"{path}: no probe, as there is no column {' and '.join(missing)}; there are"
                         f" {', '.join(there)}. {known}")
    columns = [*found.columns, *(name for name in found.more if name in there)]
    table = read_table(path, data_files(path), columns)
    cases, notes = found.read(table)
    if not cases:
        raise InputError(f"{path}: read as {found.name}, there is nothing to compare"
                         + "".join(f"; {note}" for note in notes))
    return Probe(path.name, found.name, found.about, tuple(cases), found.control, table.sha256, tuple(notes))


def _texts(table: Table, column: str) -> list[str]:
    texts = table.texts(column)
    for row, text in enumerate(texts):
        if not text.strip():
            raise InputError(f"{table.where(row)}: column {column!r} is blank: fill it, or leave the row out")
    return texts


def _one_of(table: Table, row: int, column: str, value: object, known: Sequence[str]) -> str:
    name = str(value).strip().lower()
    if name not in known:
        raise InputError(f"{table.where(row)}: column {column!r} is {value!r:.40}{did_you_mean(name, known)}: it is one"
                         f" of {', '.join(known)}")
    return name


def _once(table: Table, row: int, there: dict[str, int], side: str, key: str) -> None:
    if there.setdefault(side, row) != row:
        raise InputError(f"{table.where(row)}: the same {key} and {side} as in row {table.row[there[side]]}: leave one"
                         " of them out")


def _left_out(count: int, what: str) -> Iterator[str]:
    if count:
        yield f"left out: {count:,} {what}"
