"""A suite as blocks of a report. This module measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxmeter.evaluation.report import figures
from toxmeter.evaluation.report.blocks import (
    Block,
    Figure,
    Heading,
    Note,
    Table,
    Text,
    ends,
    percent,
    share_with_interval,
    with_interval,
)
from toxmeter.evaluation.report.texts import slugs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["blocks"]

_MEANINGS = {
    "derog_neg_emote_h": "strong negative emotions",
    "derog_neg_attrib_h": "very negative attributes",
    "derog_dehum_h": "dehumanisation",
    "derog_impl_h": "implicit derogation",
    "threat_dir_h": "direct threat",
    "threat_norm_h": "threat as a demand",
    "slur_h": "hate with a slur",
    "slur_homonym_nh": "harmless homonyms of slurs",
    "slur_reclaimed_nh": "reclaimed slurs",
    "profanity_h": "hate with swear words",
    "profanity_nh": "swear words without hate",
    "ref_subs_clause_h": "hate by reference to a clause before",
    "ref_subs_sent_h": "hate by reference to a sentence before",
    "negate_pos_h": "hate by negation of praise",
    "negate_neg_nh": "negated hate",
    "phrase_question_h": "hate as a question",
    "phrase_opinion_h": "hate as an opinion",
    "ident_neutral_nh": "neutral words on a group",
    "ident_pos_nh": "kind words on a group",
    "counter_quote_nh": "counter-speech that quotes",
    "counter_ref_nh": "counter-speech that refers",
    "target_obj_nh": "abuse of things",
    "target_indiv_nh": "abuse of one person",
    "target_group_nh": "abuse of unprotected groups",
    "spell_char_swap_h": "hate, characters swapped",
    "spell_char_del_h": "hate, characters missing",
    "spell_space_del_h": "hate, spaces missing",
    "spell_space_add_h": "hate, spaces added",
    "spell_leet_h": "hate in leet",
}
"""HateCheck's functionalities in words."""

_OTHER_QUESTION = ("Hateful is not toxic: swearing, or abuse of one person, is toxic and yet not hateful by this suite,"
                   " so a good toxicity classifier gets such cases wrong here. Read the functionalities, not the"
                   " overall figure.")


def blocks(section: Mapping[str, Any]) -> list[Block]:
    """The section of ``run_suite``.

    Bad: an overall accuracy that is not shown to be above that of always saying hateful, where not all cases are; a
    functionality that is shown to be wrong more often than right; a gap between targets whose own intervals do not
    overlap either, as best and worst of many are apart by chance. Good: nothing wrong more often than right; a gap
    whose interval reaches 0.
    """
    return [
        Heading(f"Suite {section['suite']}" + ("" if section["label"] is None else f" by {section['label']}")),
        Text(f"{section['cases']:,} cases, {section['hateful']:,} of them hateful, read as {section['format']}. A case"
             f" counts as found hateful when it {_found(section)}. Intervals of 95 % are a bootstrap over "
             + (f"the {section['templates']:,} templates." if section["templates"] is not None else "the cases.")),
        *([Text(_OTHER_QUESTION)] if section["label"] is None else []),
        *_overall(section), *_functionalities(section), *_parts(section), *_judged(section),
        *(Note("missing", note) for note in section["notes"])]


def _found(section: Mapping[str, Any]) -> str:
    return ("would be flagged" if section["label"] is None
            else f"is flagged by “{section['label']}”, whatever the other labels say")


def _overall(section: Mapping[str, Any]) -> Iterator[Block]:
    published = section["published"]
    always = section["baseline"]["always_hateful"]
    baseline = {"overall": always, "hateful": 1.0, "non_hateful": 0.0}
    rows = tuple((title, share_with_interval(section["accuracy"][key]),
                  percent(baseline[key] if section["accuracy"][key] else None),
                  *((percent(published["accuracy"][key]),) if published else ()))
                 for key, title in (("overall", "all cases"), ("hateful", "hateful cases"),
                                    ("non_hateful", "other cases")))
    auc = section["auc"]
    told = f" ROC-AUC {with_interval(auc)}." if auc else ""
    columns = ("accuracy", "here [95 %]", "always “hateful”", *((f"{published['system']}, published",)
                                                             if published else ()))
    yield Table(columns, rows, "Share of the cases that are decided as the authors of the suite do." + told
                + (_source(published) if published else ""))


def _source(published: Mapping[str, Any]) -> str:
    others = " and ".join(f"{percent(value)} of a {name}" for name, value in published["others"].items())
    return (f" Published: {published['system']} in {published['measured']}; the same paper has {others}, and a gap of"
            f" {100 * published['target_gap']:.1f} percentage points between targets. A part of the suite, or a later"
            " model, gives other figures.")


def _functionalities(section: Mapping[str, Any]) -> Iterator[Block]:
    published = section["published"]["functionalities"] if section["published"] else {}
    rows = tuple((_meaning(part["functionality"]), "hateful" if part["hateful"] else "not", f"{part['cases']:,}",
                  share_with_interval(part["accuracy"]),
                  *((percent(published.get(part["functionality"])),) if published else ()))
                 for part in section["functionalities"])
    if not rows:
        return
    yield Heading("By functionality", 3)
    measured = {f"{part['functionality']}{'' if part['hateful'] else ' (not hateful)'}": ends(part["accuracy"])
                for part in section["functionalities"] if part["accuracy"]}
    if measured:
        lowest = min(measured, key=lambda name: measured[name][0])
        yield Figure(f"{slugs([section['suite']])[0]}-functionalities",
                     figures.bars(measured, "accuracy", reference=0.5), "Accuracy by functionality",
                     "The dashed line is a coin.", f"The lowest is {percent(measured[lowest][0])}, of {lowest}.")
    columns = ("functionality", "gold", "cases", "accuracy [95 %]", *(("Perspective, Dec 2020",) if published else ()))
    yield Table(columns, rows)


def _parts(section: Mapping[str, Any]) -> Iterator[Block]:
    for key, kind, title in (("targets", "target", "By target group"), ("languages", "language", "By language")):
        rows = tuple((part[kind], f"{part['cases']:,}", share_with_interval(part["accuracy"])) for part in section[key]
                     if part["accuracy"])
        if rows:
            yield Heading(title, 3)
            yield Table((kind, "cases", "accuracy [95 %]"), rows)
    if gap := section["target_gap"]:
        yield Text(f"From the best, {gap['best']}, to the worst, {gap['worst']}, accuracy falls by"
                   f" {share_with_interval(gap['gap']).replace(' %', '')} percentage points. Of many groups some are"
                   " best and worst by chance, and where each group has cases of its own, they may just be harder.")


def _judged(section: Mapping[str, Any]) -> Iterator[Block]:
    overall, always = section["accuracy"]["overall"], section["baseline"]["always_hateful"]
    if overall and always < 1 and (overall["value"] if overall["low"] is None else overall["low"]) <= always:
        yield Note("bad", f"Not shown to be better than to call everything hateful, which is right for"
                          f" {percent(always)} of the cases.")
    measured = [part for part in section["functionalities"]
                if part["accuracy"] and part["accuracy"]["high"] is not None]
    wrong = [part["functionality"] for part in measured if part["accuracy"]["high"] < 0.5]
    if wrong:
        yield Note("bad", f"Wrong more often than right: {', '.join(map(_meaning, wrong))}.")
    elif measured:
        yield Note("good", "No functionality is shown to be wrong more often than right.")
    if (gap := section["target_gap"]) and gap["gap"]["low"] is not None:
        of = {part["target"]: ends(part["accuracy"]) for part in section["targets"] if part["accuracy"]}
        if gap["gap"]["low"] <= 0:
            yield Note("good", "No gap between target groups is shown.")
        elif of[gap["worst"]][2] < of[gap["best"]][1]:
            yield Note("bad", f"Cases about {gap['worst']} are decided worse than those about {gap['best']}.")


def _meaning(functionality: str) -> str:
    return f"{_MEANINGS[functionality]} ({functionality})" if functionality in _MEANINGS else functionality
