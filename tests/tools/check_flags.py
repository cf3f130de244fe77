"""Every flag that --help offers changes something.  usage: check_flags.py

For each flag of each verb there is a row: a command without the flag, what the flag adds, and the directory's state
before. The command without it is run twice, each time on a fresh state: only what is the same both times can tell
whether the flag, in the third run, made a difference. What counts as one: the exit code, either output, any file of the
directory (name, bytes, mode, owner), the system calls of a row that names them, or that it took longer. --dry-run must
leave the directory as it was, and what destroys is refused while somebody has the segment open.
Environment: SLICKQ_BIN_DIR, GOLDEN_DIR, SLICKQ_SHM_DIR (empty), BATS_TEST_TMPDIR.
"""
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

from every_verb import SLICKQ, verbs

HERE = pathlib.Path(__file__).parent
SHM = pathlib.Path(os.environ["SLICKQ_SHM_DIR"])
TMP = pathlib.Path(os.environ["BATS_TEST_TMPDIR"])
GOLDEN = os.environ["GOLDEN_DIR"]

# Flags that another test is about, which mentions them.
ELSEWHERE = {
    ("bench", "--instructions"): "bench_instructions.bats",  # valgrind takes its time
    ("bench", "--plot"): "bench.bats",  # as do all the sizes of a picture
    ("top", "--interval"): "top.bats",  # needs a terminal
    ("top", "--sort"): "top.bats",
    ("top", "--filter"): "top.bats",
    ("daemon events", "--follow"): "daemon_events.bats",  # need a slickqd
    ("daemon events", "--count"): "daemon_events.bats",
    ("daemon events", "--queue"): "daemon_events.bats",
    ("daemon events", "--kind"): "daemon_events.bats",
}
# With every verb: walked once.
GLOBAL = {"--shm-dir", "--json", "--color", "--quiet", "--verbose", "--version", "--help"}

NEW = "create n --size 8 --elem 8"
BENCH = "bench --json --reps 1 --msgs 64 --size 64"
INT = "timeout -s INT 1.5"

# verb, flag: (command, what is added, state, {stdin, wrap, traced}); {} in the added text is the state's directory.
ROWS = {
    ("create", "--name"): ("create --size 8 --elem 8", "--name n", "empty", {}),
    ("create", "--size"): ("create n --elem 8", "--size 8", "empty", {}),
    ("create", "--elem"): ("create n --size 8", "--elem 8", "empty", {}),
    ("create", "--layout"): (NEW, "--layout slq0", "empty", {}),
    ("create", "--items-per-slot"): (NEW, "--items-per-slot 2", "empty", {}),
    ("create", "--mode"): (NEW, "--mode 0640", "empty", {}),
    ("create", "--owner"): (NEW, "--owner 12345", "empty", {}),
    ("create", "--group"): (NEW, "--group 12345", "empty", {}),
    ("create", "--if-not-exists"): ("create q --size 8 --elem 8", "--if-not-exists", "queue", {}),
    ("create", "--replace"): ("create q --size 16 --elem 8", "--replace", "queue", {}),
    ("create", "--force"): ("create q --size 16 --elem 8 --replace", "--force", "held", {}),
    ("create", "--prefault"): ("create n --size 1M --elem 8", "--prefault", "empty", {"traced": "madvise"}),
    ("create", "--mlock"): ("create n --size 1M --elem 8", "--mlock", "empty", {"traced": "mlock,mlock2"}),
    ("create", "--huge"): ("create n --size 1M --elem 8", "--huge", "empty", {"traced": "madvise"}),
    ("create", "--dry-run"): (NEW, "--dry-run", "empty", {}),
    ("list", "--all"): ("list", "--all", "queue", {}),
    ("list", "--columns"): ("list", "-o name", "queue", {}),
    ("list", "--no-headings"): ("list", "--no-headings", "queue", {}),
    ("list", "--bytes"): ("list -o bytes", "--bytes", "queue", {"wrap": "script -qec"}),
    ("list", "--names"): ("list", "--names", "queue", {}),
    ("list", "--watch"): ("list", "-w 1", "queue", {"wrap": INT}),
    ("list", "--count"): ("list -w 0.1", "--count 2", "queue", {"wrap": INT}),
    ("inspect", "--name"): ("inspect", "--name q", "queue", {}),
    ("inspect", "--file"): ("inspect", f"--file {GOLDEN}/cpp-1.4.0/three.bin", "empty", {}),
    ("inspect", "--slots"): ("inspect q", "--slots", "queue", {}),
    ("dump", "--name"): ("dump", "--name q", "queue", {}),
    ("dump", "--file"): ("dump", f"--file {GOLDEN}/cpp-1.4.0/three.bin", "empty", {}),
    ("dump", "--from"): ("dump q", "--from -1", "queue", {}),
    ("dump", "--count"): ("dump q", "-n 1", "queue", {}),
    ("dump", "--format"): ("dump q", "--format text", "queue", {}),
    ("dump", "--unpack"): ("dump q", "--unpack <q", "queue", {}),
    ("dump", "--template"): ("dump q", "-f %i", "queue", {}),
    ("tail", "--name"): ("tail", "--name q", "queue", {}),
    ("tail", "--file"): ("tail", f"--file {GOLDEN}/cpp-1.4.0/three.bin", "empty", {}),
    ("tail", "--follow"): ("tail q", "-f", "queue", {"wrap": INT}),
    ("tail", "--count"): ("tail q", "-n 1", "queue", {}),
    ("tail", "--from"): ("tail q", "--from 1", "queue", {}),
    ("tail", "--end"): ("tail q -f", "-e", "queue", {"wrap": INT}),
    ("tail", "--timeout"): ("tail q -f", "--timeout 10ms", "queue", {"wrap": INT}),
    ("tail", "--fail-on-loss"): ("tail q --from 0", "--fail-on-loss", "lapped", {}),
    ("tail", "--format"): ("tail q", "--format text", "queue", {}),
    ("tail", "--unpack"): ("tail q", "--unpack <q", "queue", {}),
    ("tail", "--template"): ("tail q", "--template %i", "queue", {}),
    ("push", "--name"): ("push -m x", "--name q", "queue", {}),
    ("push", "--message"): ("push q", "-m x", "queue", {}),
    ("push", "--pack"): ("push q 7", "--pack <q", "queue", {}),
    ("push", "--file"): ("push q", "--file {}/lines", "queue", {}),
    ("push", "--raw"): ("push q", "--raw", "queue", {"stdin": "a\nb\n"}),
    ("push", "--count"): ("push q -m x", "--count 2", "queue", {}),
    ("push", "--rate"): ("push q -m a -m b -m c", "--rate 1", "queue", {"timed": True}),
    ("pop", "--name"): ("pop --cursor c", "--name q", "queue", {}),
    ("pop", "--cursor"): ("pop q", "--cursor c", "queue", {}),
    ("pop", "--create"): ("pop q --cursor new", "--create", "queue", {}),
    ("pop", "--count"): ("pop q --cursor c", "-n 2", "queue", {}),
    ("pop", "--timeout"): ("pop q --cursor c -n 4", "--timeout 1s", "queue", {"timed": True}),
    ("pop", "--follow"): ("pop q --cursor c", "-f", "queue", {"wrap": INT}),
    ("pop", "--format"): ("pop q --cursor c", "--format text", "queue", {}),
    ("pop", "--unpack"): ("pop q --cursor c", "--unpack <q", "queue", {}),
    ("pop", "--template"): ("pop q --cursor c", "--template %i", "queue", {}),
    ("unlink", "--name"): ("unlink", "--name q", "queue", {}),
    ("unlink", "--force"): ("unlink q", "--force", "held", {}),
    ("unlink", "--dry-run"): ("unlink q", "--dry-run", "queue", {}),
    ("gc", "--match"): ("gc --older-than 1ms", "--match q", "queue", {}),
    ("gc", "--older-than"): ("gc --match q", "--older-than 1ms", "queue", {}),
    ("gc", "--dry-run"): ("gc --match q --older-than 1ms", "--dry-run", "queue", {}),
    ("cursor list", "--name"): ("cursor list", "--name q", "two", {}),
    ("cursor create", "--name"): ("cursor create new", "--name q", "queue", {}),
    ("cursor create", "--at"): ("cursor create q new", "--at end", "queue", {}),
    ("cursor create", "--mode"): ("cursor create q new", "--mode 0640", "queue", {}),
    ("cursor show", "--name"): ("cursor show c", "--name q", "queue", {}),
    ("cursor set", "--name"): ("cursor set c 1", "--name q", "queue", {}),
    ("cursor remove", "--name"): ("cursor remove c", "--name q", "queue", {}),
    ("cursor remove", "--force"): ("cursor remove q c", "--force", "cursor_held", {}),
    ("cursor remove", "--dry-run"): ("cursor remove q c", "--dry-run", "queue", {}),
    ("ps", "--name"): ("ps", "--name q", "queue", {}),
    ("verify", "--name"): ("verify", "--name q", "queue", {}),
    ("verify", "--file"): ("verify", f"--file {GOLDEN}/cpp-1.4.0/three.bin", "empty", {}),
    ("repair", "--name"): ("repair", "--name q", "hole", {}),
    ("repair", "--dry-run"): ("repair q", "--dry-run", "hole", {}),
    ("repair", "--force"): ("repair q", "--force", "held_hole", {}),
    ("reset", "--name"): ("reset", "--name q", "queue", {}),
    ("reset", "--force"): ("reset q", "--force", "held", {}),
    ("reset", "--dry-run"): ("reset q", "--dry-run", "queue", {}),
    ("check", "--name"): ("check", "--name q", "queue", {}),
    ("check", "--file"): ("check", f"--file {GOLDEN}/cpp-1.4.0/three.bin", "empty", {}),
    ("check", "--max-lag"): ("check q", "--max-lag 1,2", "queue", {}),
    ("check", "--cursor"): ("check q --max-lag 1,2", "--cursor d", "queue", {}),
    ("check", "--max-stall"): ("check q", "--max-stall 10ms", "hole", {}),
    ("check", "--min-rate"): ("check q", "--min-rate 5 --interval 10ms", "queue", {}),
    ("check", "--interval"): ("check q --min-rate 1 --interval 1ms", "--interval 1.5s", "queue",
                              {"instead": True, "timed": True}),
    ("watch", "--name"): ("watch --count 1", "--name q", "two", {}),
    ("watch", "--interval"): ("watch q --count 2 --interval 10ms", "--interval 2s", "queue",
                              {"instead": True, "timed": True}),
    ("watch", "--count"): ("watch q --interval 1h", "--count 1", "queue", {"wrap": INT}),
    ("watch", "--no-headings"): ("watch q --count 1", "--no-headings", "queue", {}),
    ("record", "--name"): ("record -e -o {}/c", "--name q", "queue", {}),
    ("record", "--output"): ("record q -e", "-o {}/c", "queue", {}),
    ("record", "--from"): ("record q -e -o {}/c", "--from 1", "queue", {}),
    ("record", "--end"): ("record q -o {}/c", "-e", "queue", {"wrap": INT}),
    ("record", "--count"): ("record q -e -o {}/c", "-n 1", "queue", {}),
    ("record", "--duration"): ("record q -o {}/c", "--duration 10ms", "queue", {"wrap": INT}),
    ("record", "--force"): ("record q -e -o {}/lines", "--force", "queue", {}),
    ("record", "--fail-on-loss"): ("record q -e --from 0 -o {}/c", "--fail-on-loss", "lapped", {}),
    ("replay", "--to"): ("replay {}/capture", "--to other", "captured", {}),
    ("replay", "--speed"): ("replay {}/capture", "--speed 0.0000001", "captured", {"wrap": INT}),
    ("replay", "--loop"): ("replay {}/capture", "--loop", "captured", {"wrap": INT}),
    ("bench", "--mode"): (BENCH, "--mode reference", "empty", {}),
    ("bench", "--producers"): (BENCH, "--producers 2", "empty", {}),
    ("bench", "--consumers"): (BENCH, "--consumers 2", "empty", {}),
    ("bench", "--producer"): (BENCH, "--producer single", "empty", {}),
    ("bench", "--batch"): (BENCH, "--batch 2", "empty", {}),
    ("bench", "--burst"): (BENCH, "--burst 2", "empty", {}),
    ("bench", "--read"): (BENCH, "--read zero-copy", "empty", {}),
    ("bench", "--elem"): (BENCH, "--elem 8", "empty", {}),
    ("bench", "--size"): (BENCH, "--size 128", "empty", {"instead": True}),
    ("bench", "--layout"): (BENCH, "--layout slq0", "empty", {}),
    ("bench", "--wait"): (BENCH, "--wait yield", "empty", {}),
    ("bench", "--msgs"): (BENCH, "--msgs 128", "empty", {"instead": True}),
    ("bench", "--duration"): (BENCH, "--duration 1500ms", "empty", {"drop": "--msgs 64", "timed": True}),
    ("bench", "--rate"): (BENCH + " --mode rate", "--rate 50", "empty", {"timed": True}),
    ("bench", "--reps"): (BENCH, "--reps 2", "empty", {"instead": True}),
    ("bench", "--pin"): (BENCH, "--pin 0,0", "empty", {}),
    ("bench", "--vs-reference"): (BENCH, "--vs-reference", "empty", {}),
    ("bench", "--csv"): ("bench --reps 1 --msgs 64 --size 64", "--csv", "empty", {}),
    ("daemon status", "--socket"): ("daemon status", "--socket {}/none", "empty", {}),
    ("daemon reload", "--socket"): ("daemon reload", "--socket {}/none", "empty", {}),
    ("daemon events", "--socket"): ("daemon events", "--socket {}/none", "empty", {}),
    ("daemon plan", "--socket"): ("daemon plan", "--socket {}/none", "empty", {}),
    ("", "--shm-dir"): ("list", "--shm-dir /", "queue", {}),
    ("", "--json"): ("inspect q", "--json", "queue", {}),
    ("", "--color"): ("list", "--color always", "hole", {}),
    ("", "--quiet"): ("push q -m x", "--quiet", "queue", {}),
    ("", "--verbose"): ("inspect none", "--verbose", "queue", {}),
    ("", "--version"): ("inspect q", "--version", "queue", {}),
    ("", "--help"): ("inspect q", "--help", "queue", {}),
}


def quietly(*arguments, stdin=""):
    subprocess.run([SLICKQ, *map(str, arguments)], input=stdin, text=True, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_queue():
    quietly("create", "q", "--size", 8, "--elem", 8)
    quietly("cursor", "create", "q", "c")
    quietly("push", "q", "-m", "a", "-m", "b", "-m", "c")
    quietly("cursor", "create", "q", "d", "--at", "end")
    (SHM / "lines").write_text("one\ntwo\n")


def make_two():
    make_queue()
    quietly("create", "r", "--size", 8, "--elem", 8)
    quietly("cursor", "create", "r", "e")


def make_lapped():
    make_queue()
    quietly("push", "q", stdin="x\n" * 20)


def make_hole():
    shutil.copy(f"{GOLDEN}/cpp-1.4.0/hole.bin", SHM / "q")


def make_captured():
    make_queue()
    quietly("create", "other", "--size", 8, "--elem", 8)
    quietly("record", "q", "-e", "-o", SHM / "capture")


STATES = {"empty": lambda: None, "queue": make_queue, "two": make_two, "held": make_queue, "cursor_held": make_queue,
          "lapped": make_lapped, "hole": make_hole, "held_hole": make_hole, "captured": make_captured}
HELD = {"held": "q", "held_hole": "q", "cursor_held": "q@c"}


class Holder:
    """Somebody who knows nothing of slickq and has the segment open, as long as the block lasts."""

    def __init__(self, state):
        self.path = SHM / HELD[state] if state in HELD else None

    def __enter__(self):
        self.file = open(self.path, "rb") if self.path else None

    def __exit__(self, *unused):
        if self.file:
            self.file.close()


def steady(text):
    """Without what differs from run to run: times, processes, inodes, speeds."""
    text = text.replace(str(SHM), "DIR")
    text = re.sub(r'("?inode"?:? +)\d+', r"\1N", text)
    text = re.sub(r"\b\d+(\.\d+)?(ns|us|ms|s|m)\b", "T", text)
    text = re.sub(r'("(age_ms|duration_ms|behind_ms|pid|cpu_s|owner_pid)": ?)[\d.]+', r"\1N", text)
    return re.sub(rf"\b{os.getpid()}\b", "PID", text)


def bench_says(text):
    """Of a benchmark only what was asked for: what was measured is never the same twice."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return len(text.split("\n")[0].split(",")), text[:6]
    keys = ("mode", "producers", "consumers", "producer", "batch", "burst", "read", "elem", "size", "layout", "reps",
            "msgs", "wait", "pin", "pinned", "cpus")
    return sorted(found), {key: found[key] for key in keys if key in found}


def directory():
    """Everything that a program could have changed there."""
    told = []
    for path in sorted(SHM.iterdir()):
        facts = path.stat()
        # Behind the elements stand words that are new for each queue, and a capture holds times.
        content = hashlib.sha256(path.read_bytes()[:256]).hexdigest()[:8] if path.name not in ("c", "capture") else ""
        told.append((path.name, facts.st_size, facts.st_mode, facts.st_uid, facts.st_gid, facts.st_blocks, content))
    return told


def run(command, state, options):
    for path in SHM.iterdir():
        path.unlink()
    STATES[state]()
    time.sleep(0.02)  # for what asks how old it is
    argv = [SLICKQ, *shlex.split(command.replace("{}", str(SHM)))]
    trace = TMP / "trace"
    if "wrap" in options:
        wrap = shlex.split(options["wrap"])
        argv = [*wrap, shlex.join(argv), "/dev/null"] if wrap[0] == "script" else wrap + argv
    if "traced" in options:
        argv = ["strace", "-f", "-o", str(trace), "-e", f"trace={options['traced']}", *argv]
    begun = time.monotonic()
    with Holder(state):
        # Leaks cannot be looked for in a process that is traced; other tests do.
        done = subprocess.run(argv, input=options.get("stdin", ""), text=True, capture_output=True, timeout=120,
                              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        seconds = time.monotonic() - begun
        files = directory()
    said = bench_says(done.stdout) if command.startswith("bench") and done.returncode == 0 else steady(done.stdout)
    calls = len(trace.read_text().splitlines()) if "traced" in options else 0
    found = {"code": done.returncode, "stdout": said, "stderr": steady(done.stderr), "files": files, "calls": calls}
    return found, seconds


def with_flag(command, added, options):
    if "drop" in options:
        command = command.replace(options["drop"], "")
    if options.get("instead"):
        flag = added.split()[0]
        command = re.sub(rf"{flag} \S+", "", command)
    return f"{command} {added}"


def walk(key, row):
    """What is wrong with this row; nothing when the flag changes something."""
    command, added, state, options = row
    name = f"slickq {command} [{added}]"
    first, quick = run(command, state, options)
    again, _ = run(command, state, options)
    flagged, slow = run(with_flag(command, added, options), state, options)
    # A Ctrl-C comes when it comes: how much was printed by then is not the same twice.
    unsteady = [what for what in first if first[what] != again[what]]
    if unsteady and "wrap" not in options:
        return f"{name}: is not the same twice: " + "; ".join(f"{first[what]}, {again[what]}" for what in unsteady)
    if options.get("timed"):
        return "" if slow - quick > 0.8 else f"{name}: took {slow:.2f} s, without it {quick:.2f} s"
    changed = [what for what in first if first[what] != flagged[what] and what not in unsteady]
    if flagged["code"] == 2 and key[0] != "check":  # where 2 is "critical"
        return f"{name}: is refused: {flagged['stderr']}"
    return "" if changed else f"{name}: changes nothing: {flagged}"


def before(state):
    """The directory as no command has touched it."""
    for path in SHM.iterdir():
        path.unlink()
    STATES[state]()
    return directory()


def dry_run(row):
    command, added, state, options = row
    untouched = before(state)
    found, _ = run(f"{command} {added}", state, options)
    return "" if found["files"] == untouched else f"slickq {command} {added}: changed {untouched} to {found['files']}"


# What destroys is refused while somebody holds it, changes nothing, and says who: (command, state, exit code).
REFUSED = [
    ("create q --size 16 --elem 8 --replace", "held", 7),
    ("unlink q", "held", 7),
    ("unlink q@c", "cursor_held", 7),
    ("gc --match q* --older-than 1ms -v", "held", 0),  # takes what it may
    ("cursor remove q c", "cursor_held", 7),
    ("reset q", "held", 7),
    ("repair q", "held_hole", 5),
]


def refused(command, state, code):
    untouched = before(state)
    found, _ = run(command, state, {})
    said = found["stdout"] + found["stderr"]
    right = found["code"] == code and found["files"] == untouched and "PID" in said and "python3" in said
    return "" if right else f"slickq {command}: is not refused as it should be: {found}, before: {untouched}"


def offered():
    """(verb, flag, its spellings), the long one of each, as --help has them."""
    for verb in verbs():
        told = subprocess.run([SLICKQ, *verb.split(), "--help"], capture_output=True, text=True, check=True).stdout
        for short, flag in re.findall(r"^  (?:(-\w), )?(--[a-z-]+)", told, re.M):
            yield verb, flag, [flag, *filter(None, [short])]


def main():
    mistakes = []
    rows = dict(ROWS)
    walked = 0
    for verb, flag, spellings in offered():
        if flag in GLOBAL:
            continue
        if (verb, flag) in ELSEWHERE:
            if not any(f" {spelling}" in (HERE / ELSEWHERE[verb, flag]).read_text() for spelling in spellings):
                mistakes.append(f"{verb} {flag}: {ELSEWHERE[verb, flag]} does not mention it")
        elif (verb, flag) not in rows:
            mistakes.append(f"{verb} {flag}: no row walks over it")
    known = {(verb, flag) for verb, flag, _ in offered()}
    for verb, flag in [*rows, *ELSEWHERE]:
        if (verb, flag) not in known and verb:
            mistakes.append(f"{verb} {flag}: there is no such flag any more")
    for key, row in rows.items():
        mistakes += filter(None, [walk(key, row)])
        if key[1] == "--dry-run":
            mistakes += filter(None, [dry_run(row)])
        walked += 1
    mistakes += filter(None, (refused(*row) for row in REFUSED))
    print("\n".join(mistakes) or f"{walked} flags change something")
    return 1 if mistakes else 0


sys.exit(main())
