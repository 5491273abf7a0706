"""Why a training failed is told in one line, whatever an exception's text looks like."""

import pytest

from gradlab.errors import MAX_REASON, reason

TENSORFLOW = """Graph execution error:

Detected at node model_1/embedding_1/GatherV2 defined at (most recent call last):
  File "/app/worker/__main__.py", line 20, in <module>

  File "/app/core/training/stack.py", line 150, in _outputs

indices[0,0] = -1 is not in [0, 3)
\t [[{{node model_1/embedding_1/GatherV2}}]] [Op:__inference__epochs_1234]"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("XLA said no", "ValueError: XLA said no"),
        ("", "ValueError"),
        ("\n\n", "ValueError"),
        (TENSORFLOW, "ValueError: indices[0,0] = -1 is not in [0, 3)"),
        (
            "{{function_node __wrapped__Cast_device_/job:localhost}} out of memory [Op:Cast] name: ",
            "ValueError: out of memory name:",
        ),
        ("2 root error(s) found.\n  (0) INTERNAL: no kernel\n\t [[{{node a}}]]", "ValueError: INTERNAL: no kernel"),
        ("first\nsecond", "ValueError: first"),
    ],
)
def test_the_reason_is_the_first_line_that_says_why(text: str, line: str):
    assert reason(ValueError(text)) == line


def test_a_reason_is_short():
    told = reason(ValueError("x" * 10_000))
    assert "\n" not in told
    assert len(told) <= len("ValueError: ") + MAX_REASON
