"""Models: everything that is a ``Scorer``, and ``load``, which finds one by name or folder."""

from toxmeter.models.catalog import load, shipped
from toxmeter.models.dummy import DummyScorer
from toxmeter.models.scorer import Scorer
from toxmeter.models.transformer import TransformerScorer

__all__ = ["DummyScorer", "Scorer", "TransformerScorer", "load", "shipped"]
