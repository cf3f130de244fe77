"""Every one-shot verb takes under 5 ms on a small queue, its start included, where `true` starts within 1 ms.

Where starting `true` takes longer the limit grows as much: a slow or busy machine says nothing of the command. Medians
of 21 runs, alternating with those of `true`, in the best of five such batches.
Environment: SLICKQ_BIN_DIR, SLICKQ_SHM_DIR (empty).
"""
import os
import statistics
import subprocess
import sys
import time

from every_verb import SLICKQ, verbs

LIMIT_MS = 5.0
START_MS = 1.0  # of `true`, where the limit is meant
# The same each time it is run. What waits, streams, measures, or asks a daemon is no one-shot.
COMMANDS = {
    "create": "create q --size 1024 --elem 256 --if-not-exists",
    "list": "list",
    "inspect": "inspect q",
    "dump": "dump q",
    "tail": "tail q",
    "push": "push q -m x",
    "pop": "pop q --cursor c",
    "unlink": "unlink q --dry-run",
    "gc": "gc --match q --dry-run",
    "cursor list": "cursor list q",
    "cursor create": "cursor create q new --mode 0600",
    "cursor show": "cursor show q c",
    "cursor set": "cursor set q c begin",
    "cursor remove": "cursor remove q c --dry-run",
    "ps": "ps q",
    "verify": "verify q",
    "repair": "repair q --dry-run",
    "reset": "reset q --dry-run",
    "check": "check q",
    "doctor": "doctor",
    "completion": "completion bash",
    "version": "version",
}
OTHERS = {"watch", "top", "record", "replay", "bench", "daemon status", "daemon reload", "daemon plan",
          "daemon events"}

SILENCE = [(os.POSIX_SPAWN_OPEN, stream, "/dev/null", os.O_RDWR, 0) for stream in (1, 2)]


def milliseconds(*command):
    begin = time.perf_counter()
    os.waitpid(os.posix_spawn(command[0], command, os.environ, file_actions=SILENCE), 0)
    return (time.perf_counter() - begin) * 1e3


def batch(command):
    """(command, limit) in ms."""
    pairs = [(milliseconds(SLICKQ, *command.split()), milliseconds("/bin/true")) for _ in range(21)]
    verb, start = (statistics.median(times) for times in zip(*pairs))
    return verb, LIMIT_MS * max(1.0, start / START_MS)


def best_of(command, batches):
    best = (1.0, 0.0)
    for _ in range(batches):
        best = min(best, batch(command), key=lambda times: times[0] / times[1] if times[1] else 1e9)
        if best[1] and best[0] < best[1]:
            break
    return best


def main():
    told = sorted(verbs())
    if told != sorted(COMMANDS.keys() | OTHERS):
        sys.exit(f"not the verbs of this table: {sorted(set(told) ^ (COMMANDS.keys() | OTHERS))}")
    for command in ("create q --size 1024 --elem 256", "push q -m one", "cursor create q c --at begin"):
        subprocess.run([SLICKQ, *command.split()], check=True, stdout=subprocess.DEVNULL)
    slow = 0
    for verb, command in COMMANDS.items():
        took, limit = best_of(command, 5)
        print(f"slickq {command}: median {took:.2f} ms, limit {limit:.1f} ms")
        slow += took >= limit
    return 1 if slow else 0


sys.exit(main())
