"""toxmeter: guard text with toxicity classifiers, train them, and measure them.

Names are imported when first used, so that ``import toxmeter`` costs nothing::

    from toxmeter import TextGuardrail

    guardrail = TextGuardrail()
    guardrail.check_text("Hello, how are you today?")["label"]  # "safe"
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toxmeter.evaluation.evaluate import evaluate
    from toxmeter.guard import TextGuardrail, Verdict
    from toxmeter.labels import LabelSet
    from toxmeter.models import Scorer, load
    from toxmeter.models.explain import Evidence, explain, toxic_spans
    from toxmeter.policy import Policy
    from toxmeter.recipe import Recipe, read_recipe
    from toxmeter.training import train
    from toxmeter.verdict import StreamPiece

__version__ = "0.1.0"

__all__ = [
    "Evidence",
    "LabelSet",
    "Policy",
    "Recipe",
    "Scorer",
    "StreamPiece",
    "TextGuardrail",
    "Verdict",
    "__version__",
    "evaluate",
    "explain",
    "load",
    "read_recipe",
    "toxic_spans",
    "train",
]

_HOMES = {
    "Evidence": "toxmeter.models.explain",
    "LabelSet": "toxmeter.labels",
    "Policy": "toxmeter.policy",
    "Recipe": "toxmeter.recipe",
    "Scorer": "toxmeter.models",
    "StreamPiece": "toxmeter.verdict",
    "TextGuardrail": "toxmeter.guard",
    "Verdict": "toxmeter.guard",
    "evaluate": "toxmeter.evaluation.evaluate",
    "explain": "toxmeter.models.explain",
    "load": "toxmeter.models",
    "read_recipe": "toxmeter.recipe",
    "toxic_spans": "toxmeter.models.explain",
    "train": "toxmeter.training",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module 'toxmeter' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
