"""A thousand random valid specs over the whole catalogue: none fails.

Each batch has a process of its own: TensorFlow keeps what it has compiled for ever.
"""

import json
import os
import subprocess
import sys

import pytest

SPECS, BATCH = 1000, 50
# Seeds that no other test and no calibration uses.
FIRST = 100_000


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", range(FIRST, FIRST + SPECS, BATCH))
def test_no_valid_spec_fails(first: int, tmp_path):
    command = [sys.executable, "-m", "bench.generated", "--first", str(first), "--count", str(BATCH)]
    command += ["--cache", str(tmp_path)]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each for each in told if each["error"]] == [], done.stderr[-2000:]
    assert (len(told), done.returncode) == (BATCH, 0), done.stderr[-2000:]
