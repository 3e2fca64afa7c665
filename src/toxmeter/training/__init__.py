"""Training: from a recipe to an artifact. Needs the extra ``train``."""

from toxmeter.training.run import train

__all__ = ["train"]
