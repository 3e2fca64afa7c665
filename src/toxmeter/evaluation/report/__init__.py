"""The report of an evaluation: blocks of text, tables and figures, as Markdown and as one HTML page."""
