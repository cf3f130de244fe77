#!/usr/bin/env python3
"""What it costs to look at queues: slickq inspect, slickq list, slickqd with a thousand of them, with a large and fast
one, and in a crowd.

usage: operators.py BIN_DIR [--queues N] [--seconds S] [--runs R] [--slots N] [--rate N] [--files N] [--processes N]

BIN_DIR has slickq and slickqd. JSON on standard output: wall time in milliseconds, memory in KiB (VmHWM of the whole
process, shared libraries included), CPU as a share of one core. The queues are in a directory of their own, made by
slickqd itself, and go with it.

The crowd: queues of somebody else in slickqd's directory, which it watches as possible orphans, and sleeping processes,
each of which might have one of them open, as each tenth has: half of these with the lock of a slickq process. What it
takes is slickqd's own word for its rounds; the first looks at all. How long it takes until each queue is listed as a
candidate is the wall's time, from slickqd's start on. --dry-run looks at everything by itself.
"""

import argparse
import fcntl
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

MOST_CANDIDATES = 1000  # OrphanWatch::kMost
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_S = 60


def fail(words, code):
    sys.exit(f"operators: {' '.join(map(str, words))} failed: {code}")


def seconds_of(*words):
    """Of one run; its output is read by nobody, but it must have some."""
    with tempfile.TemporaryFile() as output:
        begin = time.monotonic()
        code = subprocess.run(words, stdout=output).returncode
        took = time.monotonic() - begin
        if code != 0 or output.seek(0, os.SEEK_END) == 0:
            fail(words, code)
        return took


def kib_of(*words):
    """The most memory that a command has had when it writes its output: it stands before a full pipe then. (What the
    kernel says of a child that has ended begins with what its parent had.)"""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writer, True)
    child = subprocess.Popen(words, stdout=writer)
    os.close(writer)
    deadline = time.monotonic() + PATIENCE_S
    asleep = 0
    while asleep < 20:  # looks in a row, so that no shorter wait is taken for it
        state = pathlib.Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        asleep = asleep + 1 if state == "S" else 0
        if state == "Z" or time.monotonic() > deadline:
            fail(words, child.wait() if state == "Z" else "it does not end")
        time.sleep(0.005)
    kib = status_kib(child.pid, "VmHWM")
    while os.read(reader, 65536):
        pass
    os.close(reader)
    if child.wait() != 0:
        fail(words, child.returncode)
    return kib


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def status_kib(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    sys.exit(f"operators: /proc/{pid}/status has no {key}")


def start_daemon(program, folder, queues, size=64, elem=64, **more):
    config = folder / "slickqd.json"
    socket = folder / "socket"
    shm = folder / "shm"
    shm.mkdir(exist_ok=True)
    config.write_text(json.dumps({
        "shm_dir": str(shm),
        "queues": [{"name": f"q{k}", "size": size, "elem": elem} for k in range(queues)],
        "monitor": {"interval": "1s"},
        "control": {"socket": str(socket), "mode": "0600"},
        **more,
    }))
    log = open(folder / "log", "wb")
    daemon = subprocess.Popen([program, "--config", str(config)], stdout=log, stderr=log)
    deadline = time.monotonic() + PATIENCE_S
    while not socket.exists() or len(list(shm.iterdir())) < queues:
        if daemon.poll() is not None or time.monotonic() > deadline:
            daemon.kill()
            sys.exit("operators: slickqd did not start:\n" + (folder / "log").read_text())
        time.sleep(0.05)
    return daemon, shm


def look(runs, *words):
    times = [seconds_of(*words) for _ in range(runs + 1)][1:]  # the first reads the program from the disk
    return {"ms": 1e3 * statistics.median(times), "kib": kib_of(*words)}


def measure(options, folder):
    bin_dir = pathlib.Path(options.bin_dir).resolve()
    daemon, shm = start_daemon(bin_dir / "slickqd", folder, options.queues)
    try:
        slickq = bin_dir / "slickq"
        where = ["--shm-dir", str(shm)]
        found = {
            "schema": "slickq.operators/1",
            "queues": options.queues,
            "inspect": look(options.runs, slickq, "inspect", "q0", *where),
            "list": look(max(options.runs // 2, 1), slickq, "list", *where),
        }
        before, begin = cpu_seconds(daemon.pid), time.monotonic()
        time.sleep(options.seconds)
        share = (cpu_seconds(daemon.pid) - before) / (time.monotonic() - begin)
        found["daemon"] = {"interval_s": 1, "cpu_share": share, "kib": status_kib(daemon.pid, "VmHWM")}
        return found
    finally:
        daemon.terminate()
        daemon.wait()


def fast(options, folder):
    """slickqd with one queue that is written over and over."""
    bin_dir = pathlib.Path(options.bin_dir).resolve()
    folder.mkdir()
    daemon, shm = start_daemon(bin_dir / "slickqd", folder, 1, size=options.slots, elem=8)
    words = [bin_dir / "slickq", "push", "q0", "-m", "12345678", "--count", str(1 << 40), "--rate", str(options.rate),
             "-q", "--shm-dir", str(shm)]
    producer = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        time.sleep(min(1.5 * options.slots / options.rate, PATIENCE_S))  # more than a lap
        before, begin, pushed = cpu_seconds(daemon.pid), time.monotonic(), reserved_index(bin_dir, shm)
        time.sleep(options.seconds)
        share = (cpu_seconds(daemon.pid) - before) / (time.monotonic() - begin)
        rate = (reserved_index(bin_dir, shm) - pushed) / (time.monotonic() - begin)
        if producer.poll() is not None:
            fail(words, producer.returncode)
        return {"slots": options.slots, "messages_per_s": rate, "cpu_share": share}
    finally:
        for child in (producer, daemon):
            child.terminate()
            child.wait()


def reserved_index(bin_dir, shm):
    words = [bin_dir / "slickq", "inspect", "q0", "--json", "--shm-dir", str(shm)]
    return json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)["reserved_index"]


def status_of(slickq, folder):
    words = [slickq, "daemon", "status", "--json", "--socket", str(folder / "socket")]
    done = subprocess.run(words, stdout=subprocess.PIPE)
    if done.returncode != 0:
        fail(words, done.returncode)
    return json.loads(done.stdout)


def round_of(slickq, folder):
    """(number, milliseconds) of the daemon's last round; None as long as there was none."""
    status = status_of(slickq, folder)
    return (status["rounds"], status["last_round"]["duration_ms"]) if status["rounds"] else None


def all_listed(slickq, folder, count, begin):
    """Seconds since `begin` until slickqd has seen all candidates, or as many as it keeps in mind, and how many of
    those in its status are held."""
    while True:
        status = status_of(slickq, folder)
        if status["orphans_seen"] >= min(count, MOST_CANDIDATES):
            return time.monotonic() - begin, sum(orphan["held"] for orphan in status["orphans"])
        if time.monotonic() - begin > 10 * PATIENCE_S:
            sys.exit(f"operators: slickqd has seen {status['orphans_seen']} of {count} queues")
        time.sleep(0.2)


def rounds_of(slickq, folder, seconds):
    """Milliseconds of each round, from the first; two of them at least; so often asked that none is missed."""
    rounds = {}
    deadline = time.monotonic() + PATIENCE_S
    end = None
    while len(rounds) < 2 or time.monotonic() < end:
        last = round_of(slickq, folder)
        if last:
            rounds[last[0]] = last[1]
            end = end or time.monotonic() + seconds
        if len(rounds) < 2 and time.monotonic() > deadline:
            sys.exit("operators: slickqd makes no rounds")
        time.sleep(0.1)
    if 1 not in rounds:
        sys.exit("operators: the first round was missed")
    return [rounds[number] for number in sorted(rounds)]


def make_files(slickq, shm, count):
    words = [slickq, "create", "--name", "crowd-0", "--size", "64", "--elem", "8", "--shm-dir", str(shm)]
    if subprocess.run(words, stdout=subprocess.DEVNULL).returncode != 0:
        fail(words, "no queue")
    content = (shm / "crowd-0").read_bytes()
    for k in range(1, count):
        (shm / f"crowd-{k}").write_bytes(content)


def start_sleepers(shm, options):
    """Processes, and how many of them have a queue open."""
    sleepers = []
    holders = min(options.processes // 10, options.files)
    for k in range(options.processes):
        actions = []
        if k < holders:
            held = os.open(shm / f"crowd-{k}", os.O_RDWR)
            if k % 2:
                fcntl.flock(held, fcntl.LOCK_SH)  # it is the open file's, and so the sleeper's
            actions.append((os.POSIX_SPAWN_DUP2, held, 0))
        sleepers.append(os.posix_spawn("/bin/sleep", ["sleep", "900"], {}, file_actions=actions))
        if actions:
            os.close(held)
    return sleepers, holders


def crowd(options, folder):
    """slickqd's rounds among many files and many processes."""
    bin_dir = pathlib.Path(options.bin_dir).resolve()
    folder.mkdir()
    shm = folder / "shm"
    shm.mkdir()
    sleepers = []
    daemon = None
    try:
        make_files(bin_dir / "slickq", shm, options.files)
        sleepers, holders = start_sleepers(shm, options)
        time.sleep(1)  # they are on their way to sleep
        begin = time.monotonic()
        daemon, _ = start_daemon(bin_dir / "slickqd", folder, 1, orphans={"match": ["crowd-*"], "grace": "1h"})
        first, *others = rounds_of(bin_dir / "slickq", folder, options.seconds)
        listed_s, held = all_listed(bin_dir / "slickq", folder, options.files, begin)
        dry_run = seconds_of(bin_dir / "slickqd", "--config", str(folder / "slickqd.json"), "--dry-run")
        return {"files": options.files, "processes": options.processes, "holders": holders, "first_round_ms": first,
                "round_ms": {"median": statistics.median(others), "max": max(others)},
                "all_listed_s": listed_s, "listed_as_held": held, "dry_run_ms": 1e3 * dry_run,
                "kib": status_kib(daemon.pid, "VmHWM")}
    finally:
        if daemon:
            daemon.terminate()
            daemon.wait()
        for pid in sleepers:
            os.kill(pid, signal.SIGKILL)
        for pid in sleepers:
            os.waitpid(pid, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bin_dir")
    parser.add_argument("--queues", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--slots", type=int, default=1 << 22)
    parser.add_argument("--rate", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=5_000)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="slickq-operators-", dir="/dev/shm"))
    try:
        found = measure(options, folder)
        found["fast"] = fast(options, folder / "fast")
        found["crowd"] = crowd(options, folder / "crowd")
        print(json.dumps(found, indent=2))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
