"""Tables and data files to test with."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from toxmeter.data.tables import Table

MakeTable = Callable[..., Table]
Write = Callable[..., Path]


@pytest.fixture(scope="session")
def make_table() -> MakeTable:
    """Makes a table as if read from t.parquet, of which its rows are the 10th and following."""
    def make(**columns: list[Any]) -> Table:
        n = len(next(iter(columns.values())))
        file = Path("t.parquet")
        return Table(file, (file,), np.zeros(n, np.int64), np.arange(10, 10 + n), columns, "")

    return make


@pytest.fixture(scope="session")
def write() -> Write:
    """Writes columns as a file of the kind that its name says."""
    def write(file: Path, **columns: list[Any]) -> Path:
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        if file.suffix == ".parquet":
            pq.write_table(pa.table(columns), file)
        elif file.suffix in (".jsonl", ".ndjson"):
            file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        else:
            with file.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, list(columns), delimiter="\t" if file.suffix == ".tsv" else ",",
                                        quoting=csv.QUOTE_ALL)
                writer.writeheader()
                writer.writerows(rows)
        return file

    return write
