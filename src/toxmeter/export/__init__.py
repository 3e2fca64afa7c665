"""Trained transformers in forms that run without torch: ONNX, int8, TorchScript."""

from toxmeter.export.parity import Parity, Tolerance, parity
from toxmeter.export.run import export

__all__ = ["Parity", "Tolerance", "export", "parity"]
