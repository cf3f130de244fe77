"""Each verb says and does the same on every layout, piped and on a terminal, as root and as an ordinary user.
usage: check_everywhere.py

What each verb prints in a pipe as root is what the other tests of the verbs are about. Here its exit code, its JSON and
its text are compared with those of the same command elsewhere: the JSON is the same, key by key and value by value, but
for whose it is; the text has the same words, with colour and human units on a terminal, and neither in a pipe.
Environment: SLICKQ_BIN_DIR, SLICKQ_SHM_DIR (empty).
"""
import json
import os
import pathlib
import pty
import re
import select
import shlex
import subprocess
import sys
import time

from every_verb import SLICKQ, verbs

SHM = pathlib.Path(os.environ["SLICKQ_SHM_DIR"])
LAYOUTS = ("slq1", "slq0", "packed", "wide")
NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]

# verb: (command, exit code, what its text holds in a pipe, {keys typed on a terminal, terminal, json, times}).
# {} is the directory. `json` False: the verb has none. `says` is asked of stdout, or of stderr when it fails.
ROWS = {
    "create": ("create n --size 8 --elem 8 --layout {layout}", 0, "created n: {layout}, 8 elements of 8 bytes", {}),
    "list": ("list", 0, "q {layout} 8 8", {}),
    "inspect": ("inspect q --slots", 0, "q: {layout}, 8 elements of 8 bytes", {}),
    "dump": ("dump q --format text", 0, "one", {}),
    "tail": ("tail q -n 2 --format text", 0, "two\nthree", {}),
    "push": ("push q -m four", 0, "pushed 1 item, last index 3", {}),
    "pop": ("pop q --cursor c --format text", 0, "one", {}),
    "unlink": ("unlink q q@c", 0, "removed q", {}),
    "gc": ("gc --match q --older-than 1ms", 0, "removed q", {}),
    "cursor list": ("cursor list q", 0, "q c 0 3 37.5 ok", {}),
    "cursor create": ("cursor create q new --at end", 0, "created q@new at 3", {}),
    "cursor show": ("cursor show q c", 0, "q c 0 3 37.5 ok", {}),
    "cursor set": ("cursor set q c 2", 0, "q@c", {}),
    "cursor remove": ("cursor remove q c", 0, "removed q@c", {}),
    "ps": ("ps q", 0, "q: USER (proof: lease)", {}),
    "verify": ("verify q", 0, "q: sound: {layout}", {}),
    "repair": ("repair q", 0, "q: nothing to repair", {}),
    "reset": ("reset q", 0, "reset q: it had come to index 3", {}),
    "check": ("check q --max-lag 1,4", 1, "WARNING - q: cursor c is 3 elements behind", {}),
    "watch": ("watch --count 1 --color never", 0, "q - 3 3 0 0 0 c 3 37.5 0 - ok", {"drawn": True}),
    "top": ("top", 2, "terminal", {"typed": b"q", "json": False, "terminal": 0}),
    "record": ("record q -e -o {}/capture", 0, "recorded 3 items of q", {}),
    "replay": ("replay {}/saved --speed max", 0, "pushed 3 items to q, indexes 3 to 5", {}),
    "doctor": ("doctor", None, "shm.kind", {"own": True}),
    "bench": ("bench --msgs 64 --size 64 --reps 1 --layout {layout}", 0, "delivered bytes", {"measures": True}),
    "daemon status": ("daemon status --socket {}/none", 3, "no daemon answers", {}),
    "daemon reload": ("daemon reload --socket {}/none", 3, "no daemon answers", {}),
    "daemon plan": ("daemon plan --socket {}/none", 3, "no daemon answers", {}),
    "daemon events": ("daemon events --socket {}/none", 3, "no daemon answers", {}),
    "completion": ("completion bash", 0, "complete -F", {"json": False}),
    "version": ("version", 0, "slickq ", {}),
}
# Of an object, what differs from run to run or from user to user.
VOLATILE = {"inode", "owner", "group", "uid", "gid", "pid", "time", "age_ms", "duration_ms", "command", "changed"}


class Done:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


def piped(argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return Done(done.returncode, done.stdout, done.stderr)


def on_terminal(argv, typed=b""):
    """Standard input and output are one terminal of 200 columns; errors go into a pipe."""
    ours, theirs = pty.openpty()
    subprocess.run(["stty", "cols", "200", "rows", "50"], stdin=theirs, check=True)
    process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
                               env={**os.environ, "TERM": "xterm-256color"})
    os.close(theirs)
    out = b""
    until = time.monotonic() + 60
    while time.monotonic() < until and select.select([ours], [], [], 60)[0]:
        try:
            out += os.read(ours, 65536)
        except OSError:  # the last one closed it
            break
        if typed:
            os.write(ours, typed)
            typed = b""
    err = process.stderr.read().decode()
    code = process.wait(timeout=60)
    os.close(ours)
    return Done(code, out.decode(), err)


def make_state(user, layout):
    for path in SHM.iterdir():
        path.unlink()
    for arguments in (f"create q --size 8 --elem 8 --layout {layout}", "cursor create q c --at begin",
                      "push q -m one -m two -m three", f"record q -e -o {SHM}/saved"):
        subprocess.run([*user, SLICKQ, *arguments.split()], check=True, capture_output=True)
    time.sleep(0.005)  # for what asks how old it is


def run(row, layout, user, terminal, *flags):
    command, _, _, options = row
    make_state(user, layout)
    argv = [*user, SLICKQ, *shlex.split(command.replace("{}", str(SHM)).replace("{layout}", layout)), *flags]
    return on_terminal(argv, options.get("typed", b"")) if terminal else piped(argv)


COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def words_of(text, options):
    """Without colours, columns' widths, and what differs from run to run."""
    text = COLOURS.sub("", text).replace("\r", "")
    text = re.sub(r"\b(root|nobody|nogroup)\b", "USER", text)
    text = re.sub(r"\b\d+(\.\d+)?(ns|us|ms|s|m)\b", "T", text)
    text = re.sub(r"(inode +)\d+", r"\1N", text)
    text = re.sub(r"\?( +0600 +USER)", r"0\1", text)  # of holders: nothing is known where not all of /proc is seen
    if options.get("measures"):
        text = re.sub(r"[\d.]+", "N", text)
    return re.sub(r"[ \t]+", " ", text).strip()


def without_units(text):
    """Numbers of bytes are rounded for people: 8448, 8.2K, or 8448 bytes (8.2K)."""
    text = re.sub(r" bytes \([\d.]+[KMG]?\)", " bytes", text)
    return re.sub(r"\b\d+(\.\d+)?[KMG]?\b", "N", text)


def facts_of(value):
    if isinstance(value, dict):
        if "proof" in value and not value["held"]:
            value = {**value, "held": None, "proof": None}  # some may see all of /proc, or ask for a lease
        return {key: facts_of(part) for key, part in value.items() if key not in VOLATILE}
    return [facts_of(part) for part in value] if isinstance(value, list) else value


def shape_of(value):
    if isinstance(value, dict):
        return {key: shape_of(part) for key, part in value.items()}
    return type(value).__name__


def objects_of(text, options):
    found, decoder, rest = [], json.JSONDecoder(), text.strip()
    while rest:
        one, end = decoder.raw_decode(rest)
        found.append(one)
        rest = rest[end:].strip()
    return [shape_of(one) if options.get("measures") else facts_of(one) for one in found]


class Walk:
    def __init__(self):
        self.mistakes = []
        self.runs = 0

    def expect(self, where, true, *told):
        if not true:
            self.mistakes.append(f"{where}: " + " | ".join(map(repr, told)))

    def walk(self, verb, layout, users):
        row = ROWS[verb]
        _, code, says, options = row
        where = f"{verb}, {layout}"
        reference = run(row, layout, [], False)
        said = words_of(reference.out if code in (0, 1, None) else reference.err, options)
        self.expect(where, code in (None, reference.code), reference.code, reference.err)
        self.expect(where, says.replace("{layout}", layout) in said, said, reference.err)
        for name, user in users:
            self.compare(f"{where}, {name}", row, layout, user, reference if not options.get("own") else None)
        if options.get("json", True):
            self.compare_json(where, row, layout, users)

    def compare(self, where, row, layout, user, reference):
        options = row[3]
        pipe = run(row, layout, user, False)
        reference = reference or pipe
        self.expect(f"{where}, piped", "\x1b" not in pipe.out + pipe.err, pipe.out, pipe.err)
        for what in ("out", "err"):
            mine, theirs = (words_of(getattr(done, what), options) for done in (pipe, reference))
            self.expect(f"{where}, piped, {what}", mine == theirs, mine, theirs)
        self.expect(f"{where}, piped, code", pipe.code == reference.code, pipe.code, reference.code)
        terminal = run(row, layout, user, True)
        self.expect(f"{where}, terminal, code", terminal.code == options.get("terminal", reference.code), terminal.code,
                    terminal.err, terminal.out)
        self.runs += 2
        if "terminal" in options or options.get("drawn"):
            return
        mine, theirs = (without_units(words_of(done.out, options)) for done in (terminal, pipe))
        self.expect(f"{where}, terminal, out", mine == theirs, mine, theirs)

    def compare_json(self, where, row, layout, users):
        options = row[3]
        first = None
        for name, user in users:
            for terminal in (False, True):
                done = run(row, layout, user, terminal, "--json")
                self.runs += 1
                here = f"{where}, {name}, {'terminal' if terminal else 'piped'}, --json"
                try:
                    found = objects_of(done.out, options)
                except json.JSONDecodeError as error:
                    self.expect(here, False, error, done.out)
                    continue
                first = found if first is None or options.get("own") and not terminal else first
                self.expect(here, found == first, found, first)


def main():
    walk = Walk()
    ours = list(verbs())
    walk.expect("verbs", sorted(ours) == sorted(ROWS), sorted(set(ours) ^ set(ROWS)))
    users = [("root", []), ("nobody", NOBODY)] if os.getuid() == 0 else [("ordinary user", [])]
    SHM.chmod(0o1777)
    for layout in LAYOUTS:
        for verb in ours:
            walk.walk(verb, layout, users)
    print("\n".join(walk.mistakes) or f"{walk.runs} runs")
    return 1 if walk.mistakes else 0


sys.exit(main())
