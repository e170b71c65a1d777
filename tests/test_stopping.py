"""Whoever stops lumlip, by Ctrl-C, a signal or a closed terminal, leaves nothing running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc")


def running(pid):
    """Tell whether a process is there and not only waiting to be counted."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.heavy
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_worker_ends_with_the_process_that_started_it(tmp_path, shared_environments, number):
    home = tmp_path / "home"
    home.mkdir()
    (home / "environments").symlink_to(shared_environments)
    write(tmp_path / "cu.xyz", bulk("Cu"))
    argv = [sys.executable, "-m", "lumlip.cli", "extract", "chgnet-0.3.0", tmp_path / "cu.xyz"]
    env = {**os.environ, "LUMLIP_HOME": str(home)}
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, env=env) as command:

        def worker():
            return [c for c in children(command.pid) if "worker" in read_command(c)]

        (started,) = wait_for(worker, 60)
        command.send_signal(number)
        told = command.communicate()[1]
    assert command.returncode == (-number if number == signal.SIGKILL else 128 + number)
    if number != signal.SIGKILL:
        assert told.endswith("\nlumlip: stopped; what was done is kept\n")
    assert "Traceback" not in told
    wait_for(lambda: not running(started), 10)


def read_command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


INSTALL = """
import signal, sys
from lumlip.runtime import environments

def stop(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, stop)
step = ["sh", "-c", "sleep 60 & echo $! > pid; wait"]
environments._run(step, environments.pins("chgnet"))
"""


def test_installer_ends_with_what_it_started(tmp_path):
    (tmp_path / "environments").mkdir()
    env = {**os.environ, "LUMLIP_HOME": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", INSTALL], stderr=subprocess.PIPE, env=env) as one:
        pid = tmp_path / "environments" / "pid"
        started = wait_for(lambda: pid.exists() and pid.read_text().strip(), 30)
        one.terminate()
        one.communicate()
    wait_for(lambda: not running(started), 5)
