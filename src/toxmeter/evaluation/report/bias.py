"""Identity bias as blocks of a report. This module measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxmeter.evaluation.plain import listed
from toxmeter.evaluation.report import figures
from toxmeter.evaluation.report.blocks import Block, Figure, Heading, Note, Table, Text, number, with_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["blocks"]

_AUCS = {"subgroup_auc": "subgroup", "bpsn_auc": "BPSN", "bnsp_auc": "BNSP"}
_MEANINGS = {"subgroup_auc": "toxic texts about the group are hard to tell from others about it",
             "bpsn_auc": "harmless texts about it score too high", "bnsp_auc": "toxic texts about it score too low"}


def blocks(section: Mapping[str, Any]) -> list[Block]:
    """The section of ``identity_bias``; bad is an AUC under that of all rows, their intervals apart."""
    groups = section["groups"]
    return [
        Heading("Identity bias"),
        Text(f"How well toxic texts are told from others where a group is mentioned, over {section['rows']:,} texts, of"
             f" which {section['positives']:,} are toxic. Subgroup: among the texts about the group. BPSN: its harmless"
             " texts against toxic ones elsewhere; low means false alarms about the group. BNSP: its toxic texts"
             " against harmless ones elsewhere; low means misses. Borkan et al. 2019."),
        *_map(groups), *_table(section), *_together(section), *_judged(section),
        *(Note("missing", note) for note in section["notes"])]


def _map(groups: Mapping[str, Any]) -> Iterator[Block]:
    known = {name: [group[kind]["value"] if group[kind] else None for kind in _AUCS] for name, group in groups.items()}
    values = {(name, title): value for name, row in known.items()
              for title, value in zip(_AUCS.values(), row, strict=True) if value is not None}
    if values:
        lowest = min(values, key=lambda key: values[key])
        yield Figure("bias-auc", figures.heat(list(known.values()), list(known), list(_AUCS.values())),
                     "ROC-AUC of each group", "Higher is better; a dash where texts are too few.",
                     f"The lowest is {number(values[lowest])}, the {lowest[1]} AUC of {lowest[0]}.")


def _table(section: Mapping[str, Any]) -> Iterator[Block]:
    rows = tuple((name, f"{group['rows']:,}", f"{group['positives']:,}",
                  *(with_interval(group[kind]) for kind in _AUCS),
                  *(number(group[rate]) for rate in ("false_positive_rate", "false_negative_rate")))
                 for name, group in section["groups"].items())
    threshold = section["equal_error"]
    rates = ("" if threshold is None
             else f" Rates at {number(threshold)}, where the two errors are closest over all texts.")
    yield Table(("group", "texts", "toxic", "subgroup AUC", "BPSN AUC", "BNSP AUC", "false positive rate",
                 "false negative rate"), rows, f"ROC-AUC over all texts: {with_interval(section['auc'])}.{rates}")


def _together(section: Mapping[str, Any]) -> Iterator[Block]:
    means = section["power_means"]
    rows = [(f"power mean of the {title} AUCs", number(means[kind])) for kind, title in _AUCS.items()]
    rows += [("combined metric of the Jigsaw challenge", with_interval(section["combined"])),
             ("FPED, distances of the false positive rates to that of all texts", number(section["fped"])),
             ("FNED, the same of the false negative rates", number(section["fned"]))]
    yield Table(("all groups together", "value"), tuple(rows),
                "The power mean (exponent −5) goes with the worst groups; higher is better, but less for FPED and FNED,"
                " which are sums and so grow with the number of groups.")


def _judged(section: Mapping[str, Any]) -> Iterator[Note]:
    whole = section["auc"]
    if not whole or whole["low"] is None:
        return
    measured = [(name, kind, group[kind]) for name, group in section["groups"].items() for kind in _AUCS
                if group[kind] and group[kind]["high"] is not None]
    for kind, title in _AUCS.items():
        worse = [f"{name} ({number(figure['value'])})" for name, each, figure in measured
                 if each == kind and figure["high"] < whole["low"]]
        if worse:
            yield Note("bad", f"{title} AUC under that of all texts ({number(whole['value'])}), intervals apart, so"
                       f" {_MEANINGS[kind]}: {listed(worse)}.")
    if measured and not any(figure["high"] < whole["low"] for _, _, figure in measured):
        yield Note("good", "No AUC of a group is under that of all texts with intervals apart.")
