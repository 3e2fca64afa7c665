"""Measuring a scorer: metrics, calibration, robustness, and the everyday suite. It never trains a model."""
