"""A stage for the bridge: a real nats-server on loopback, queues in a directory of their own, processes that end.

Everything is in a `Scene`, a context manager: what it started is killed, by its pid, when it ends, and what it made is
removed. Needs SLICKQ_BIN_DIR and TEST_BIN_DIR.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BIN = pathlib.Path(os.environ["SLICKQ_BIN_DIR"])
TRAFFIC = pathlib.Path(os.environ["TEST_BIN_DIR"]) / "bridge_traffic"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, patience=60):
    """A test that waits in vain says for what."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited {patience} s in vain: {what}")
        time.sleep(0.02)


class Scene:
    def __init__(self, config=""):
        self.config = config
        self.children = []

    def __enter__(self):
        self.shm = pathlib.Path(tempfile.mkdtemp(prefix=f"slickq-test-{os.getpid()}-", dir="/dev/shm"))
        self.disk = pathlib.Path(tempfile.mkdtemp(prefix="slickq-bridge-"))
        self.environment = {**os.environ, "SLICKQ_SHM_DIR": str(self.shm), "XDG_RUNTIME_DIR": str(self.disk)}
        self.environment.pop("RUNTIME_DIRECTORY", None)
        self.environment.pop("NOTIFY_SOCKET", None)
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.server = None
        return self

    def __exit__(self, failed, *_):
        if failed:
            for name in ("out.log", "in.log"):
                print(f"--- {name}", self.log(name)[-2000:], sep="\n", file=sys.stderr)
            for path in sorted(self.disk.glob("*.json")):
                print(f"--- {path.name}", " ".join(path.read_text().split()), sep="\n", file=sys.stderr)
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.wait()
        shutil.rmtree(self.shm, ignore_errors=True)
        shutil.rmtree(self.disk, ignore_errors=True)

    def spawn(self, *words, log=None, **more):
        out = open(self.disk / log, "a") if log else None
        child = subprocess.Popen([str(word) for word in words], env=self.environment, stderr=out,
                                 start_new_session=True, **more)
        if out:
            out.close()
        self.children.append(child)
        return child

    def start_server(self):
        config = self.disk / "server.conf"
        listen = f'listen: "127.0.0.1:{self.port}"'
        config.write_text(f'{listen}\njetstream {{ store_dir: "{self.disk}/store" }}\n{self.config}')
        self.server = self.spawn("nats-server", "-c", config, log="server.log")
        wait_until(self.server_answers, "nats-server answers")

    def server_answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            return True
        except OSError:
            return False

    def bridge(self, direction, queue, *more, url=None, stream="S", subject="t"):
        return self.spawn(BIN / "slickq-bridge", direction, queue, "--server", url or self.url, "--stream", stream,
                          "--subject", subject, *more, log=f"{direction}.log")

    def traffic(self, *words, **more):
        return self.spawn(TRAFFIC, *words, **more)

    def slickq(self, *words, check=True, **more):
        return subprocess.run([BIN / "slickq", *map(str, words)], env=self.environment, check=check,
                              capture_output=True, text=True, timeout=60, **more)

    def status(self, direction, queue):
        """None as long as there is none."""
        done = subprocess.run([BIN / "slickq-bridge", direction, queue, "--status", "--json"], env=self.environment,
                              capture_output=True, text=True, timeout=20)
        return json.loads(done.stdout) if done.stdout else None

    def wait_for_state(self, direction, queue, state, patience=60):
        wait_until(lambda: (self.status(direction, queue) or {}).get("state") == state,
                   f"{direction} {queue} is {state}: {self.status(direction, queue)}", patience)

    def log(self, name):
        path = self.disk / name
        return path.read_text() if path.exists() else ""


def kill(child):
    child.send_signal(signal.SIGKILL)
    child.wait()


def end(child, patience=30):
    """SIGTERM, and its exit code."""
    child.terminate()
    return child.wait(patience)
