"""Bulk scoring: whole files, streamed in flat memory, resumable after an interruption at any moment."""

from toxmeter.bulk.files import Progress, Summary, score_file

__all__ = ["Progress", "Summary", "score_file"]
