"""Known data sets as rows: where the text is, how its columns become labels, licence, citation, traps.

A preset says how to read a file, and from where on the Hugging Face hub it can be fetched; it does not hold
data. Labels are probabilities in [0, 1], NaN where a set says nothing about a label, so that several sets
can train one model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from types import MappingProxyType

from toxmeter.data.parse import (
    Parser,
    always,
    annotator_shares,
    any_of,
    as_they_are,
    index_of,
    score_of,
    values_of,
    votes,
    where_any,
)
from toxmeter.errors import InputError, did_you_mean
from toxmeter.labels import JIGSAW, LabelSet

__all__ = ["DECLARED", "PRESETS", "Hub", "Preset", "preset"]

DECLARED: Mapping[str, str] = MappingProxyType({
    "train": "train", "training": "train", "test": "test",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
})
"""What a column of parts may say, and the part that it means."""


@dataclass(frozen=True)
class Hub:
    """Where a data set is on the Hugging Face hub.

    Attributes:
        repository: its id.
        files: the files to read, and the part that the rows of each are declared as; "" for none.
    """

    repository: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Preset:
    """How to read one data set.

    Attributes:
        files: its file below the data folder, by any of the names that it goes by; ``package:`` in front
            means it ships with toxmeter.
        text: the column with the text.
        columns: the columns that labels are made of.
        parse: makes labels of those columns.
        labels: the labels that it makes, or None where it makes none.
        licence: SPDX, of what is learnt from it.
        source: where it comes from.
        citation: who to cite: authors, year, title, address.
        traps: what to beware of.
        keep: ``(column, value)`` that a row must have, or None for all rows.
        drop: ``(column, value)`` that a row must not have, or None.
        join: ``(file, column)`` where the labels are in another file, and the column that both have; or None.
        part: column that says which part a row belongs to; "" for none.
        parts: what that column may say, and the part (train, validation, test) that it means.
        group: column whose equal values stay together; "" for none.
        clean: what makes the text as people write it out of the text as the file holds it, or None.
        other_names: names that columns have in other copies of the set.
        hub: where it is on the Hugging Face hub, or None.
    """

    files: tuple[str, ...]
    text: str
    columns: tuple[str, ...]
    parse: Parser
    labels: LabelSet | None
    licence: str
    source: str
    citation: str = ""
    traps: str = ""
    keep: tuple[str, str] | None = None
    drop: tuple[str, str] | None = None
    join: tuple[str, str] | None = None
    part: str = ""
    parts: Mapping[str, str] = field(default_factory=lambda: DECLARED)
    group: str = ""
    clean: Callable[[str], str] | None = None
    other_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    hub: Hub | None = None


_SAFE = LabelSet(("safe", "toxic"), "binary", toxic=("toxic",))
_LEVELS = LabelSet(("neutral", "toxic"), "binary", toxic=("toxic",))
_SENTIMENT = LabelSet(("NEGATIVE", "POSITIVE"), "binary")
_TWEETS = LabelSet(("hate_speech", "offensive_language", "neither"), "multiclass",
                   toxic=("hate_speech", "offensive_language"))
_HATE = LabelSet(("toxic", "identity_hate", "threat"), "multilabel", toxic=("toxic", "identity_hate", "threat"))
_HATEFUL = {"toxic": 1.0, "identity_hate": 1.0}
_SHARES = LabelSet(("toxic", "identity_hate"), "multilabel", toxic=("toxic", "identity_hate"))

_PARADETOX = Preset(
    files=("paradetox.parquet",), text="toxic", columns=(), parse=always({"toxic": 1.0}),
    labels=LabelSet(("toxic",), "multilabel", ("toxic",)), licence="CC0-1.0", source="Logacheva et al. 2022, ParaDetox",
    citation="Logacheva et al. 2022, ParaDetox: Detoxification with Parallel Data,"
             " https://doi.org/10.18653/v1/2022.acl-long.469",
    traps="sentences that keep their meaning without their toxicity in paradetox-neutral: use both, or neither")

_JIGSAW = Preset(
    files=("jigsaw_toxic.parquet",), text="comment_text", columns=JIGSAW.names, parse=as_they_are(*JIGSAW.names),
    labels=JIGSAW, licence="CC0-1.0",
    source="Jigsaw Toxic Comment Classification 2018; text Wikipedia CC-BY-SA-3.0",
    citation="cjadams et al. 2017, Toxic Comment Classification Challenge, Kaggle,"
             " https://kaggle.com/competitions/jigsaw-toxic-comment-classification-challenge")
_NATURAL = replace(_JIGSAW, keep=("sample", "natural"),
                   traps="the true rate of toxic comments (9.5 %): report on these rows only")
_ENRICHED = replace(_JIGSAW, keep=("sample", "enriched"), traps="over-samples toxic rows: for training only")
_KAGGLE = replace(_JIGSAW, files=("train.csv",),
                  traps="threat and identity_hate are rare: 478 and 1,405 of 159,571 rows")
_DAVIDSON = Preset(
    files=("hate_speech_offensive.parquet", "labeled_data.csv"), text="tweet", columns=("class",),
    parse=index_of("class", _TWEETS.names), labels=_TWEETS, licence="MIT", source="Davidson et al. 2017",
    citation="Davidson, Warmsley, Macy, Weber 2017, Automated Hate Speech Detection and the Problem of Offensive"
             " Language, https://doi.org/10.1609/icwsm.v11i1.14955",
    traps="5.8 % hate, 77 % offensive: accuracy says little, report macro F1 and the recall of hate;"
          " RT, handles and URLs in the text, and HTML entities, which are decoded",
    clean=unescape,
    other_names={"hate_speech": "hate_speech_count", "offensive_language": "offensive_language_count",
                 "neither": "neither_count"},
    hub=Hub("tdavidson/hate_speech_offensive", {"data/train-00000-of-00001.parquet": ""}))


_PARANMT = Preset(
    files=("paranmt_detox_pairs.parquet",), text="toxic", columns=(), labels=_LEVELS, licence="NOASSERTION",
    parse=always({"neutral": 0.0, "toxic": 1.0}), source="ParaNMT-detox, pairs without scores",
    citation="Logacheva et al. 2022, ParaDetox: Detoxification with Parallel Data,"
             " https://doi.org/10.18653/v1/2022.acl-long.469",
    traps="weak labels: which side of a pair a sentence stands on; use both sides, or neither, with a small weight")


def _binary(known: Preset) -> Preset:
    """The same comments as safe or toxic, which is any of the six labels."""
    return replace(known, labels=_SAFE, parse=any_of(JIGSAW.names, ("safe", "toxic")))


PRESETS: Mapping[str, Preset] = MappingProxyType({
    "jigsaw-natural": _NATURAL,
    "jigsaw-enriched": _ENRICHED,
    "jigsaw-natural-binary": _binary(_NATURAL),
    "jigsaw-enriched-binary": _binary(_ENRICHED),
    "jigsaw-kaggle": _KAGGLE,
    "jigsaw-kaggle-binary": _binary(_KAGGLE),
    "jigsaw-kaggle-test": replace(
        _JIGSAW, files=("test.csv",), join=("test_labels.csv", "id"), drop=("toxic", "-1"),
        traps="rows of -1 were never scored and are left out"),
    "hate-speech-offensive": _DAVIDSON,
    "hate-speech-offensive-votes": replace(
        _DAVIDSON, columns=_TWEETS.names, parse=votes(*_TWEETS.names),
        traps=f"three people or more voted on each tweet, and agree on 70 % of them; {_DAVIDSON.traps}"),
    "hate-speech-offensive-shares": replace(
        _DAVIDSON, columns=("count", "hate_speech", "offensive_language"), parse=annotator_shares, labels=_SHARES,
        traps="77 % offensive, much of it friendly swearing: a small weight"),
    "hatemoji-build": Preset(
        files=("hatemoji_build.parquet",), text="text", columns=("type",), labels=_HATE, licence="CC-BY-4.0",
        parse=values_of("type", {
            "none": {"toxic": 0.0, "identity_hate": 0.0, "threat": 0.0}, "derogation": _HATEFUL, "animosity": _HATEFUL,
            "dehumanizinglanguage": _HATEFUL, "threateninglanguage": {**_HATEFUL, "threat": 1.0}}),
        source="Kirk et al. 2022, HatemojiBuild", part="split",
        citation="Kirk, Vidgen, Röttger, Thrush, Hale 2022, Hatemoji: A Test Suite and Adversarially-Generated Dataset"
                 " for Benchmarking and Detecting Emoji-Based Hate, https://doi.org/10.18653/v1/2022.naacl-main.97",
        traps="pairs that differ in an emoji only: a tokenizer that knows no emoji cannot tell them apart"),
    "edos": Preset(
        files=("edos_sexism.parquet",), text="text", columns=("label_category",), labels=_HATE, licence="CC0-1.0",
        parse=values_of("label_category", {
            "none": {"identity_hate": 0.0}, "1. threats, plans to harm and incitement": {**_HATEFUL, "threat": 1.0},
            "2. derogation": _HATEFUL, "3. animosity": {"toxic": 0.7, "identity_hate": 1.0},
            "4. prejudiced discussions": {"identity_hate": 1.0}}),
        source="Kirk et al. 2023, EDOS", part="split",
        citation="Kirk, Yin, Vidgen, Röttger 2023, SemEval-2023 Task 10: Explainable Detection of Online Sexism,"
                 " https://doi.org/10.18653/v1/2023.semeval-1.305",
        traps="says whether a post is sexist; one that is not may be toxic all the same, so that is not known"),
    "toxic-spans": Preset(
        files=("toxic_spans.parquet",), text="text", columns=("n_spans_chars",),
        parse=where_any("n_spans_chars", "toxic"), labels=LabelSet(("toxic",), "multilabel", ("toxic",)),
        licence="CC0-1.0", source="SemEval-2021 task 5, posts of Civil Comments", part="split",
        parts=MappingProxyType({"train": "train", "trial": "validation", "test": "test"}),
        citation="Pavlopoulos, Sorensen, Laugier, Androutsopoulos 2021, SemEval-2021 Task 5: Toxic Spans Detection,"
                 " https://doi.org/10.18653/v1/2021.semeval-1.6",
        traps="toxic posts only, and those without a marked span are left out: a set to add, not to train on alone"),
    "paradetox-toxic": _PARADETOX,
    "paradetox-neutral": replace(
        _PARADETOX, text="neutral1", drop=("neutral1", "None"), parse=always(dict.fromkeys(JIGSAW.names, 0.0)),
        labels=JIGSAW, traps="the first of up to three paraphrases, and rows without one are left out; to be used"
                             " together with paradetox-toxic"),
    "sst2": Preset(
        files=("sst2.parquet",), text="sentence", columns=("label",), parse=index_of("label", _SENTIMENT.names),
        labels=_SENTIMENT, licence="NOASSERTION", source="GLUE SST-2",
        citation="Socher et al. 2013, Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank,"
                 " https://aclanthology.org/D13-1170",
        traps="phrases to train on, sentences to test on, in lower-case Penn Treebank tokens; the 872 rows that"
              " GLUE calls validation are the test part here, since the labels of its own test rows are secret;"
              " validation rows drawn from the phrases share sentences with those that train, so they look too good",
        part="split", parts=MappingProxyType({"train": "train", "validation": "test"}),
        hub=Hub("nyu-mll/glue", {"sst2/train-00000-of-00001.parquet": "train",
                                 "sst2/validation-00000-of-00001.parquet": "test"})),
    "toxicity-levels": Preset(
        files=("toxicity_levels.parquet",), text="text", columns=("tox_level",),
        parse=score_of("tox_level", ("neutral", "toxic")), labels=_LEVELS, licence="NOASSERTION",
        source="ParaNMT-detox with the scores of a RoBERTa classifier",
        citation="Logacheva et al. 2022, ParaDetox: Detoxification with Parallel Data,"
                 " https://doi.org/10.18653/v1/2022.acl-long.469",
        traps="levels are scores of a classifier, nearly all close to 0 or 1; some 3,000 texts are in lower case"
              " without punctuation; de-duplicate against paranmt_detox_pairs before using both"),
    "paranmt-toxic": _PARANMT,
    "paranmt-neutral": replace(_PARANMT, text="non_toxic", parse=always({"neutral": 1.0, "toxic": 0.0})),
    "contrast": Preset(
        files=("package:contrast.csv",), text="text", columns=JIGSAW.names, parse=as_they_are(*JIGSAW.names),
        labels=JIGSAW, licence="Apache-2.0",
        source="sentences of our own: harmless uses of risky words beside toxic ones"),
    "perspective-wikipedia": Preset(
        files=("perspective_wikipedia_2k.parquet",), text="comment_text", columns=(), parse=as_they_are(), labels=None,
        licence="Apache-2.0", source="conversationai/perspectiveapi",
        traps="for evaluation: scores of the Perspective API of 2018"),
    "hatecheck": Preset(
        files=("hatecheck.parquet",), text="test_case", columns=(), parse=as_they_are(), labels=None,
        licence="CC-BY-4.0", source="Röttger et al. 2021", traps="for evaluation only",
        citation="Röttger et al. 2021, HateCheck: Functional Tests for Hate Speech Detection Models,"
                 " https://doi.org/10.18653/v1/2021.acl-long.4"),
    "madlibs": Preset(
        files=("bias_madlibs.parquet",), text="phrase", columns=(), parse=as_they_are(), labels=None,
        licence="CC-BY-4.0", source="Dixon et al. 2018", traps="for evaluation only",
        citation="Dixon et al. 2018, Measuring and Mitigating Unintended Bias in Text Classification,"
                 " https://doi.org/10.1145/3278721.3278729"),
})
"""Every known data set by name."""


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        InputError: when there is none, naming those there are.
    """
    if name not in PRESETS:
        raise InputError(f"no data preset {name!r}: there are {', '.join(PRESETS)}"
                         f"{did_you_mean(name, list(PRESETS))}")
    return PRESETS[name]
