"""What all tests share: the real samples when they are there, and a museum in a box."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes is the machine's business: speed is measured in benchmarks.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def samples() -> Path:
    folder = os.environ.get("ARTLAKE_SAMPLES")
    if not folder:
        pytest.skip("ARTLAKE_SAMPLES names no folder of real samples")
    return Path(folder).resolve()
