"""What Python itself would print to stderr goes through the same masking as every log line."""

import subprocess
import sys

from tests.integration.bot_process import ROOT

SECRET = "canary-7Qx-'of-a-password-9Zw"
PROGRAM = f"""
import logging, threading, warnings
from bot import logs
secret = {SECRET!r}
logs.configure(level="INFO", json=True, secrets=[secret])
logs.take_over()

class Odd:
    def __del__(self):
        raise ValueError("when dropped", secret)

def work():
    raise KeyError("in a thread", secret)

thread = threading.Thread(target=work)
thread.start()
thread.join()
Odd()
warnings.warn(f"as a warning {{secret}}", stacklevel=1)
logging.getLogger("sdk").error("too few %s %s", secret)
raise BaseException("at the end", secret)
"""


def test_what_python_prints_by_itself_is_masked_too():
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", PROGRAM],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    for place in ("in a thread", "when dropped", "as a warning", "at the end", "could not be written"):
        assert place in done.stderr, done.stderr
    assert "canary" not in done.stderr + done.stdout, done.stderr
    assert all(line.startswith("{") for line in done.stderr.splitlines()), done.stderr
