"""Data: presets of known data sets, one reader, and splits that can be repeated."""
