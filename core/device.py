"""The device that trainings run on, the processor or a GPU: its name in the settings, and whether a machine has it."""

import subprocess
import sys

from gradlab.errors import Invalid, Problem

CPU = "cpu"
COUNT_GPUS = "import tensorflow; print(len(tensorflow.config.list_physical_devices('GPU')))"


def check_device(device: str) -> None:
    """Check that this machine has a device. For that, another process loads TensorFlow.

    Args:
        device: as `Settings.device`.

    Raises:
        Invalid: it does not.
    """
    if device != CPU:
        counted = subprocess.run([sys.executable, "-c", COUNT_GPUS], capture_output=True, text=True, check=False)
        gpu_number(device, int(counted.stdout) if counted.returncode == 0 else 0)


def gpu_number(device: str, count: int) -> int:
    """Return the number of the GPU that a device is: 1 for `gpu:1`. Raises Invalid: there are only `count`."""
    number = int(device.partition(":")[2] or 0)
    if number >= count:
        present = ", ".join([CPU, *(f"gpu:{each}" for each in range(count))])
        raise Invalid(Problem("GRADLAB_DEVICE", f"a device that TensorFlow sees on this machine: {present}", device))
    return number
