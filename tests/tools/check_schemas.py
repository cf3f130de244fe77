"""What --json prints is what config/schema/ says.  usage: check_schemas.py CHECK

files: the schemas are good ones: closed, described, named as what they are for.
queues: each verb about queues, on each layout, in each state a queue can be in, and on files.
bench: slickq bench in each mode.
daemon: the daemon verbs, on a slickqd that is given reasons for its events.

A verb that `slickq` offers and that has no schema, or that none of the runs here makes print JSON, is a mistake.
Environment: SLICKQ_BIN_DIR, TEST_BIN_DIR, SOURCE_DIR, GOLDEN_DIR, SLICKQ_SHM_DIR (empty).
"""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import jsonschema

from every_verb import verbs, words

SOURCE = pathlib.Path(os.environ["SOURCE_DIR"])
SCHEMAS = SOURCE / "config/schema"
COMMON = "slickq.defs.schema.json"
PROGRAMS = pathlib.Path(os.environ["SLICKQ_BIN_DIR"])
SHM = pathlib.Path(os.environ["SLICKQ_SHM_DIR"])
GOLDEN = os.environ["GOLDEN_DIR"]
Validator = jsonschema.Draft202012Validator

# Verbs that print no JSON, and why.
NO_JSON = {"top": "a full screen; watch prints the same for programs"}
# Their lines are many and all alike: they do without the key "schema".
WITHOUT_KEY = {"dump", "tail", "pop"}

mistakes = []
printed = {}  # verb -> the JSON values it printed


def mistake(text):
    if text not in mistakes:
        mistakes.append(text)


# --- schemas ---------------------------------------------------------------------------------------------------------

def load(name):
    """A schema with the common definitions put into it, so that no reference leads out of it."""
    text = (SCHEMAS / name).read_text()
    schema = json.loads(text.replace(f'"{COMMON}#/', '"#/'))
    common = json.loads((SCHEMAS / COMMON).read_text())["$defs"]
    own = schema.setdefault("$defs", {})
    if name != COMMON and own.keys() & common.keys():
        mistake(f"{name}: $defs that the common ones have, too: {sorted(own.keys() & common.keys())}")
    own.update(common)
    return schema


validators = {}


def validator(name):
    if name not in validators:
        validators[name] = Validator(load(name)) if (SCHEMAS / name).exists() else None
    return validators[name]


def validate(verb, value):
    name = f"slickq.{verb.replace(' ', '-')}"
    if verb not in WITHOUT_KEY:
        key = value.get("schema", "") if isinstance(value, dict) else ""
        if not re.fullmatch(r"slickqd?\.[a-z-]+/[0-9]+", key):
            return mistake(f"{verb}: prints JSON without a schema: {json.dumps(value)[:200]}")
        name = key.split("/")[0]
    checker = validator(f"{name}.schema.json")
    if checker is None:
        return mistake(f"{verb}: there is no config/schema/{name}.schema.json")
    for error in sorted(checker.iter_errors(value), key=str)[:3]:
        best = jsonschema.exceptions.best_match([error])
        mistake(f"{verb}: {'/'.join(map(str, best.absolute_path))}: {best.message[:300]} ({name})")
    if checker.is_valid({**value, "undocumented": 1}):
        mistake(f"{verb}: {name} lets a key pass that it does not describe")


def objects(schema, at=""):
    """Each schema within a schema, with its place."""
    if isinstance(schema, dict):
        yield at, schema
        for key, value in schema.items():
            yield from objects(value, f"{at}/{key}")
    elif isinstance(schema, list):
        for k, value in enumerate(schema):
            yield from objects(value, f"{at}/{k}")


def check_described(name, schema):
    for at, part in objects(schema):
        properties = part.get("properties", {}) if not at.endswith("/properties") else {}
        if properties and part.get("additionalProperties") is not False:
            mistake(f"{name}#{at}: lets other keys pass")
        for key, value in properties.items():
            target = value
            if "$ref" in value:
                target = schema["$defs"].get(value["$ref"].split("/")[-1], {})
            if not (value.get("description") or target.get("description")):
                mistake(f"{name}#{at}: {key} is not described")
        for key in part.get("required", []) if properties else []:
            if key not in properties:
                mistake(f"{name}#{at}: requires {key}, which it does not have")


def without_comments(text):
    return re.sub(r'("(?:\\.|[^"\\])*")|//.*|/\*.*?\*/', lambda found: found[1] or "", text)


def check_files():
    for path in sorted(SCHEMAS.glob("*")):
        schema = load(path.name)
        Validator.check_schema(schema)
        check_described(path.name, schema)
        names = {at: part["$ref"] for at, part in objects(schema) if "$ref" in part}
        for at, reference in names.items():
            if not reference.startswith("#/$defs/") or reference.split("/")[-1] not in schema["$defs"]:
                mistake(f"{path.name}#{at}: leads nowhere: {reference}")
        wanted = schema.get("properties", {}).get("schema", {}).get("const", "")
        if path.name != COMMON and wanted and f"{wanted.split('/')[0]}.schema.json" != path.name:
            mistake(f"{path.name}: is for {wanted}")
        verb = path.name.removeprefix("slickq.").removesuffix(".schema.json")
        known = {v.replace(" ", "-") for v in verbs()} | {"defs", "slickqd.status", "slickqd.queues", "slickqd.history"}
        if verb not in known:
            mistake(f"{path.name}: there is no verb {verb}")
    for verb in verbs():
        if verb not in NO_JSON and verb != "daemon status" and not (SCHEMAS / schema_file(verb)).exists():
            mistake(f"{verb}: there is no config/schema/{schema_file(verb)}")
    check_config()
    check_kinds()


def schema_file(verb):
    return f"slickq.{verb.replace(' ', '-')}.schema.json"


def check_config():
    schema = json.loads((SOURCE / "config/slickqd.schema.json").read_text())
    Validator.check_schema(schema)
    check_described("slickqd.schema.json", schema)
    for name in ("slickqd.example.json", "debian/slickqd/slickqd.json", "demo.json"):
        text = re.sub("@[A-Z_]+@", "/place", (SOURCE / "config" / name).read_text())  # scripts/run fills that in
        config = json.loads(without_comments(text))
        for error in Validator(schema).iter_errors(config):
            mistake(f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message}")


def check_kinds():
    """The kinds of events: slickqd's table, the schema, what `slickq` knows."""
    table = re.findall(r'Row\{EventKind::\w+, "(\w+)"', (SOURCE / "daemon/events.cpp").read_text())
    told = load("slickq.daemon-events.schema.json")["properties"]["event"]["enum"]
    offered = [found[0] for found in words("daemon", "events", "--kind", "")]
    if len(table) < 10 or told != table or sorted(offered) != sorted(table):
        mistake(f"kinds of events: daemon/events.cpp: {table}, schema: {told}, slickq: {offered}")


# --- runs ------------------------------------------------------------------------------------------------------------

def slickq(*arguments):
    return [str(PROGRAMS / "slickq"), *map(str, arguments)]


def values_of(text):
    """All JSON values of a text: pretty ones over several lines, and lines of them."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value
        at = len(text) - len(text[at:].lstrip())


def take(verb, text, command):
    try:
        for value in values_of(text):
            printed.setdefault(verb, []).append(value)
            validate(verb, value)
    except json.JSONDecodeError as error:
        mistake(f"{command}: prints what is no JSON: {error}: {text[:200]}")


def run(verb, *arguments, stdin="", codes=None, env=None):
    flags_end = arguments.index("--") if "--" in arguments else len(arguments)
    command = slickq(*verb.split(), *arguments[:flags_end], "--json", *arguments[flags_end:])
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300, env=env)
    if codes is not None and done.returncode not in codes:
        mistake(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr}")
    take(verb, done.stdout, " ".join(command))
    return done


def quietly(*arguments, stdin=""):
    subprocess.run(slickq(*arguments, "-q"), input=stdin, capture_output=True, text=True, check=True)


class Other:
    """A process that uses a queue, until it is killed."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def said(self, word):
        while word not in self.process.stdout.readline():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.process.args} ended")
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()


def stuck_producer(queue, *how):
    return Other(f"{os.environ['TEST_BIN_DIR']}/stuck_producer", queue, "1", *how).said("reserved")


def wait_until(condition):
    limit = time.monotonic() + 120
    while not condition():
        if time.monotonic() > limit:
            raise RuntimeError("waited in vain")
        time.sleep(0.02)


# --- queues ----------------------------------------------------------------------------------------------------------

def look(name):
    """Every verb that only looks, whatever there is."""
    for arguments in ((), ("--slots",)):
        run("inspect", name, *arguments)
    run("verify", name)
    run("dump", name)
    run("dump", name, "--unpack", "<4sB?hf", "--from", "-3")
    run("tail", name, "-n", 3)
    if name.count("/") and name.startswith("/"):
        return
    run("tail", name, "-f", "--from", "begin", "--timeout", "10ms")
    run("ps", name)
    run("check", name, "--max-lag", "50%,90%", "--max-stall", "10ms")
    run("watch", name, "--count", 2, "--interval", "20ms")
    run("repair", name, "--dry-run")
    run("reset", name, "--dry-run")
    run("unlink", name, "--dry-run")
    run("cursor list", name)
    run("cursor show", name, "c")
    run("create", name, "--size", 8, "--elem", 16, "--if-not-exists", "--dry-run")
    for everything in ((), ("-a",), ("--names",)):
        run("list", *everything)
    run("gc", "--match", "*", "--older-than", "1h", "--dry-run")


def live(layout):
    """A queue from its creation to its removal."""
    run("create", "q", "--size", 8, "--elem", 16, "--layout", layout, "--dry-run", codes=[0])
    run("create", "q", "--size", 8, "--elem", 16, "--layout", layout, codes=[0])
    look("q")
    run("cursor create", "q", "c", codes=[0])
    run("push", "q", stdin="", codes=[0])
    run("push", "q", "-m", "one", "-m", "two", codes=[0])
    look("q")
    run("pop", "q", "--cursor", "c", codes=[0])
    shutil.copy(SHM / "q", SHM.parent / f"{SHM.name}.copy")
    look(str(SHM.parent / f"{SHM.name}.copy"))
    holder = Other(*slickq("tail", "q", "-f", "--format", "text")).said("one")
    look("q")
    run("unlink", "q", codes=[7])
    holder.kill()
    stuck = stuck_producer("q")
    run("push", "q", "-m", "behind", codes=[0])
    look("q")
    stuck.kill()
    look("q")
    run("repair", "q", "--dry-run", codes=[0])
    run("repair", "q", codes=[0])
    run("push", "q", stdin="".join(f"{k}\n" for k in range(30)), codes=[0])
    run("check", "q", "--max-lag", "1,2", "--min-rate", 1, "--interval", "10ms", codes=[2])
    run("pop", "q", "--cursor", "c", "-n", 3, codes=[0])
    run("tail", "q", "--from", 0, codes=[0])
    run("dump", "q", "--from", 0, codes=[0])
    look("q")
    run("cursor set", "q", "c", "end", codes=[0])
    run("cursor remove", "q", "c", "--dry-run", codes=[0])
    run("reset", "q", codes=[0])
    look("q")
    run("create", "q", "--size", 16, "--elem", 8, "--replace", codes=[0])
    run("cursor remove", "q", "c", codes=[0])
    with open(SHM / "q", "r+b") as file:
        file.truncate(100)
    (SHM / "foreign").write_text("no queue")
    look("q")
    run("gc", "--match", "q", "--older-than", "1ms")
    quietly("unlink", "q", "--force")
    quietly("create", "q", "--size", 8, "--elem", 8)
    time.sleep(0.05)
    run("gc", "--match", "*", "--older-than", "10ms", codes=[0])
    look("q")  # it is gone


def captured():
    """Into a capture, and back."""
    capture = str(SHM.parent / f"{SHM.name}.pcapng")
    for queue in ("a", "b"):
        quietly("create", queue, "--size", 8, "--elem", 16)
    quietly("push", "a", "-m", "one", "-m", "two")
    run("record", "a", "b", "-e", "-o", capture, "--force", codes=[0])
    run("record", GOLDEN + "/cpp-1.4.0/hole.bin", "-o", capture, "--force", codes=[0])
    run("record", "a", "-e", "-o", capture, "--force", codes=[0])
    run("replay", capture, "--to", "b", codes=[0])
    run("replay", capture, "--to", "none", codes=[3])
    os.unlink(capture)
    run("doctor", codes=[0])
    quietly("unlink", "a", "b")


def half_made():
    """Producers that nobody knows, and what a killed creator leaves."""
    quietly("create", "q", "--size", 8, "--elem", 16)
    stuck = stuck_producer("q", "unregistered")
    run("push", "q", "-m", "behind", codes=[0])
    run("repair", "q")
    stuck.kill()
    run("repair", "q")
    run("repair", "q", "--force", codes=[0])
    run("create", "r", "--size", 8, "--elem", 16, codes=[0])
    with open(SHM / "r", "r+b") as file:
        file.seek(0)
        file.write(bytes(64))
    look("r")
    run("repair", "r")
    other = Other(*slickq("tail", "q", "-f", "--format", "text")).said("behind")
    run("unlink", "q", "r", "--force")
    other.kill()


def check_queues():
    look("missing")
    run("push", "missing")
    for layout in ("slq1", "slq0", "packed", "wide"):
        live(layout)
    captured()
    half_made()
    files = sorted(pathlib.Path(GOLDEN).glob("*/*.bin"))
    for file in files:
        look(str(file))
    (SHM.parent / f"{SHM.name}.copy").unlink()
    run("version", codes=[0])
    for shell in ("bash", "zsh", "fish"):
        run("completion", shell, codes=[0])
    run("completion", "words", "--", "inspect", "", codes=[0])
    both = [run("version"), run("completion", "words", codes=[0])]
    if len(files) < 20 or any(done.returncode for done in both):
        mistake("the golden files are not where they were")
    covered([verb for verb in verbs() if not verb.startswith("daemon ") and verb != "bench"])


def covered(wanted):
    for verb in wanted:
        if verb not in NO_JSON and verb not in printed:
            mistake(f"{verb}: no run here makes it print JSON: add one, or a reason to NO_JSON")


def check_bench():
    few = ("--reps", 1, "--msgs", 200, "--size", 64)
    for mode in ("paced", "flood", "pingpong", "rate", "reference"):
        run("bench", "--mode", mode, *few, codes=[0])
    run("bench", "--vs-reference", *few, codes=[0])
    covered(["bench"])


# --- slickqd ---------------------------------------------------------------------------------------------------------

class Slickqd:
    def __init__(self):
        self.dir = pathlib.Path(os.environ["BATS_TEST_TMPDIR"])
        self.socket, self.config = self.dir / "socket", self.dir / "slickqd.json"
        self.env = {**os.environ, "SLICKQD_SOCKET": str(self.socket)}

    def configure(self, *queues, **more):
        config = {"shm_dir": str(SHM), "control": {"socket": str(self.socket)}, "monitor": {"interval": "20ms"},
                  "queues": [{"size": 8, "elem": 16, **queue} for queue in queues], **more}
        self.config.write_text(json.dumps(config))

    def start(self):
        self.process = subprocess.Popen([PROGRAMS / "slickqd", "--config", self.config], stderr=subprocess.DEVNULL)
        wait_until(lambda: self.ask("status").returncode == 0)

    def ask(self, verb, *arguments, codes=None):
        return run(f"daemon {verb}", *arguments, codes=codes, env=self.env)

    def get(self, path):
        """The answer to a GET request, which the verbs do not make."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            response = http.client.HTTPResponse(connection)
            response.begin()
            return response.read().decode()

    def has_told(self, kind):
        return kind in self.ask("events", "--kind", kind, codes=[0]).stdout


def follow(daemon):
    out = open(daemon.dir / "followed", "w+", encoding="utf-8")
    command = slickq("daemon", "events", "-f", "--json")
    return out, subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, env=daemon.env)


def check_daemon():
    daemon = Slickqd()
    orphans = {"orphans": {"match": ["job-*"], "grace": "100ms", "action": "remove"}}
    stall = {"stall": {"after": "40ms", "action": "repair"}}
    quietly("create", "kept", "--size", 16, "--elem", 16)
    daemon.configure({"name": "q", "cursors": ["c"], "lag": {"warn": "20%", "critical": "50%"}, **stall},
                     {"name": "kept", "on_mismatch": "keep"}, {"name": "gone"}, **orphans)
    daemon.start()
    out, follower = follow(daemon)
    wait_until(lambda: os.fstat(out.fileno()).st_size > 0)
    daemon.ask("plan", codes=[0])
    quietly("create", "job-1", "--size", 8, "--elem", 8)
    quietly("unlink", "gone")
    for told in ("vanished", "orphan_found", "orphan_removed"):
        wait_until(lambda: daemon.has_told(told))
    for _ in range(2):
        quietly("push", "q", "-m", "x", "-m", "y")
        wait_until(lambda: daemon.has_told("lag_warn"))
    quietly("push", "q", "-m", "x", "-m", "y")
    wait_until(lambda: daemon.has_told("lag_critical"))
    quietly("push", "q", stdin="x\n" * 20)
    wait_until(lambda: daemon.has_told("loss"))
    stuck = stuck_producer("q")
    quietly("push", "q", "-m", "behind")
    wait_until(lambda: daemon.has_told("stall"))
    if not json.loads(daemon.ask("status", codes=[0]).stdout)["queues"][0]["holes"]:
        mistake("daemon status: the hole of a living producer is not in it")
    stuck.kill()
    wait_until(lambda: daemon.has_told("repaired"))
    daemon.ask("status", codes=[0])
    for path in ("/v1/queues", "/v1/history/q", "/v1/history/gone"):
        take(f"GET {path}", daemon.get(path), path)
    single, listed = json.loads(daemon.get("/v1/queues/q")), json.loads(daemon.get("/v1/queues"))["queues"][0]
    if single.keys() != listed.keys():
        mistake(f"GET /v1/queues/q: other keys than in /v1/queues: {single.keys() ^ listed.keys()}")
    holder = Other(*slickq("tail", "q", "-f", "--format", "text")).said("behind")
    daemon.ask("status", codes=[0])
    (SHM / "q").rename(SHM / "old")
    quietly("create", "q", "--size", 8, "--elem", 16)
    wait_until(lambda: daemon.has_told("recreated"))
    holder.kill()
    daemon.configure({"name": "kept", "on_mismatch": "recreate_if_idle"}, {"name": "q"}, {"name": "new"}, **orphans)
    daemon.ask("plan", codes=[0])
    daemon.ask("reload", codes=[0])
    daemon.configure({"name": "kept", "elem": 99, "on_mismatch": "fail"})
    daemon.ask("plan", codes=[1])
    daemon.ask("reload", codes=[1])
    daemon.config.write_text("{")
    daemon.ask("plan", codes=[1])
    daemon.config.unlink()
    daemon.ask("reload", codes=[1])
    daemon.ask("status", codes=[0])
    daemon.process.send_signal(signal.SIGTERM)
    daemon.process.wait()
    if follower.wait() != 1:
        mistake(f"daemon events -f: exit code {follower.returncode} at the daemon's end")
    out.seek(0)
    take("daemon events", out.read(), "daemon events -f")
    covered([verb for verb in verbs() if verb.startswith("daemon ")])


checks = {"files": check_files, "queues": check_queues, "bench": check_bench, "daemon": check_daemon}
checks[sys.argv[1]]()
print("\n".join(mistakes) or f"{sum(map(len, printed.values()))} values of {len(printed)} verbs are as described")
sys.exit(1 if mistakes else 0)
