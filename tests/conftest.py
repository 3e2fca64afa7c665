"""What tests of several folders share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# a busy machine is no failure
settings.register_profile("toxmeter", deadline=None)
settings.load_profile("toxmeter")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data sets; for tests that are marked ``realdata``."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TOXMETER_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}: set TOXMETER_DATA")
    return folder
