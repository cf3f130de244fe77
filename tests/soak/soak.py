"""Hours of everything at once on a few queues, and an account of it in the end.

usage: soak.py --build DIR [--for 30m] [--seed N]

Long lives: slickqd, which repairs and removes orphans; on each queue producers and readers of which some are killed and
stopped at random and go on; the verbs of slickq, killed too; HTTP clients, good and bad; queues that are made and left.
The torture (../torture) is the other half: short lives, each index known, death at any instruction; its producers never
rest, so that it is for a machine of its own.

The account, for each reader: each index was received, lost or skipped; each sequence of each producer was received or
is missing; what is missing was told to be lost, but for what killed producers had just begun. Nothing is torn, twice or
out of order. And of slickqd, a reader and a producer that live to the end: no more memory, descriptors or mappings than
they had, and no file that nobody owns.
Exit code: 0 when all adds up, 1 when something is unexplained.
"""
import argparse
import json
import os
import random
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

PRODUCER = struct.Struct("=5Q")  # record.hpp
TALLY = struct.Struct("=16Q")
PRODUCERS = 4
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
STALL_AFTER = "50ms"
GRACE = "2s"


class Queue:
    def __init__(self, name, layout, size, elem, producers, readers):
        self.name, self.layout, self.size, self.elem = name, layout, size, elem
        self.producers, self.readers = producers, readers

    def config(self):
        return {"name": self.name, "layout": self.layout, "size": self.size, "elem": self.elem, "mode": "0600",
                "cursors": ["desk"], "stall": {"after": STALL_AFTER, "action": "repair"}}


# Pauses in microseconds. A ring that is gone round all the time, one where a reader keeps up, and an old layout.
QUEUES = [Queue("small", "slq1", 64, 64, [200, 300, 400], [50, 5000]),
          Queue("roomy", "slq1", 65536, 64, [300, 500], [50, 200]),
          Queue("old", "wide", 1024, 256, [400, 600], [50, 1000])]


class Actor:
    """A program that is started again where it is killed. `mortal`: may be struck."""

    def __init__(self, world, name, arguments, mortal):
        self.world, self.name, self.arguments, self.mortal = world, name, arguments, mortal
        self.process, self.stopped_until, self.deaths, self.stops = None, 0, 0, 0

    def start(self):
        self.process = subprocess.Popen(self.arguments, env=self.world.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.world.log)

    def strike(self, dice):
        if self.process.poll() is not None or self.stopped_until:
            return
        if dice.random() < 0.7:
            self.process.send_signal(signal.SIGKILL)
        else:
            self.process.send_signal(signal.SIGSTOP)
            self.stopped_until = time.monotonic() + dice.uniform(0.001, 0.3)
            self.stops += 1

    def look(self):
        if self.stopped_until and time.monotonic() >= self.stopped_until:
            self.go_on()
        code = self.process.poll()
        if code is None:
            return
        if code == -signal.SIGKILL and self.mortal:
            self.deaths += 1
        else:
            self.world.fault(f"{self.name} ended with {code}")
        self.stopped_until = 0
        self.start()

    def go_on(self):
        self.stopped_until = 0
        self.process.send_signal(signal.SIGCONT)

    def is_ready(self):
        """It has its handler of SIGTERM, or is gone."""
        try:
            with open(f"/proc/{self.process.pid}/status") as status:
                caught = next((int(line.split()[1], 16) for line in status if line.startswith("SigCgt")), 0)
        except OSError:
            return True
        return self.process.poll() is not None or caught >> (signal.SIGTERM - 1) & 1

    def end(self, seconds):
        self.go_on()
        limit = time.monotonic() + seconds
        while not self.is_ready() and time.monotonic() < limit:
            time.sleep(0.005)
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = f"none: still there after {seconds} s"
            self.process.wait()
        if code == -signal.SIGKILL and self.mortal:  # struck in the moment before
            self.deaths += 1
            self.start()
            return self.end(seconds)
        if code != 0:
            self.world.fault(f"{self.name} ended with {code}")


class World:
    def __init__(self, build, seed):
        self.build = build
        self.bin = os.path.join(build, "bin")
        self.dir = tempfile.mkdtemp(prefix=f"slickq-test-{os.getpid()}-", dir="/dev/shm")
        self.files = tempfile.mkdtemp(prefix="slickq-soak-")  # records, socket, log: not among the segments
        self.log = open(os.path.join(self.files, "log"), "w")
        self.socket = os.path.join(self.files, "slickqd.sock")
        self.environment = dict(os.environ, SLICKQ_SHM_DIR=self.dir, SLICKQD_SOCKET=self.socket)
        self.faults, self.dice, self.done = [], random.Random(seed), threading.Event()
        self.lock = threading.Lock()
        self.counts = {"commands": 0, "commands killed": 0, "requests": 0, "requests cut": 0, "reloads": 0,
                       "queues made and left": 0}

    def fault(self, text):
        with self.lock:
            self.faults.append(text)
        print(f"soak: {text}", flush=True)

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def configure(self):
        path = os.path.join(self.files, "config.json")
        config = {"shm_dir": self.dir, "queues": [queue.config() for queue in QUEUES],
                  "monitor": {"interval": "100ms"}, "control": {"socket": self.socket},
                  "orphans": {"match": ["left-*"], "grace": GRACE, "action": "remove"},
                  "metrics": {"textfile": os.path.join(self.files, "slickq.prom")}}
        with open(path, "w") as file:
            json.dump(config, file)
        return path

    def slickq(self, *words, **more):
        return subprocess.run([os.path.join(self.bin, "slickq"), *words], env=self.environment, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, **more)

    def close(self):
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        if self.faults:
            print(f"soak: what they said is in {self.files}/log")
        else:
            shutil.rmtree(self.files, ignore_errors=True)


def each(world, pause, act):
    """A thread that acts again and again until the end; what it throws is a fault."""
    def run():
        while not world.done.wait(pause):
            try:
                act()
            except Exception as error:  # noqa: BLE001: whatever it is, it is told
                world.fault(f"{act.__name__}: {error!r}")
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def command_of(dice):
    queue = dice.choice(QUEUES).name
    return dice.choice([
        ["inspect", queue, "--json"], ["list", "--json"], ["dump", queue, "--json"], ["tail", queue, "-n", "3"],
        ["cursor", "list", queue, "--json"], ["ps", queue], ["verify", queue], ["repair", queue, "--dry-run"],
        ["gc", "--match", "left-*", "--dry-run"], ["daemon", "status", "--json"], ["daemon", "plan"],
        ["pop", queue, "--cursor", "desk", "--count", "5"], ["watch", "--count", "2", "--interval", "50ms"]])


def run_commands(world, dice):
    """One of slickq's verbs; each tenth is killed on its way."""
    def commands():
        words = command_of(dice)
        program = [os.path.join(world.bin, "slickq"), *words]
        with subprocess.Popen(program, env=world.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True) as process:
            world.count("commands")
            if dice.random() < 0.1:
                time.sleep(dice.uniform(0, 0.01))
                process.kill()
                process.wait()
                world.count("commands killed")
                return
            said = process.communicate(timeout=60)[1]
        # 5: what was looked for is not there (a hole, for verify); it is no fault of the program.
        if process.returncode not in (0, 5):
            world.fault(f"slickq {' '.join(words)} ended with {process.returncode}: {said.strip()}")
    return commands


def leave_queues(world, dice):
    """Queues whose maker has gone: slickqd is to remove them."""
    def leaving():
        name = f"left-{dice.randrange(10**9)}"
        made = world.slickq("create", "--name", name, "--size", "64", "--elem", "64", "--quiet")
        if made.returncode != 0:
            world.fault(f"create {name}: {made.stderr}")
        if dice.random() < 0.5:
            world.slickq("push", name, "x")
        world.count("queues made and left")
    return leaving


def ask(path, socket_path, cut):
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(30)
        one.connect(socket_path)
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        if cut:
            one.sendall(request[:cut])
            return None
        one.sendall(request)
        answer = b""
        while piece := one.recv(65536):
            answer += piece
        return answer


def send_requests(world, dice):
    """Each fifth client goes away in the middle of its request."""
    def requests():
        path = dice.choice(["/v1/status", "/metrics", "/healthz", "/v1/queues", "/v1/events", "/"])
        cut = dice.randrange(1, 20) if dice.random() < 0.2 else 0
        answer = ask(path, world.socket, cut)
        world.count("requests cut" if cut else "requests")
        if answer is not None and not answer.startswith(b"HTTP/1.1 200"):
            world.fault(f"GET {path}: {answer[:80]!r}")
    return requests


class Leaks:
    """What a process has, over the time. The first half is not looked at: caches, history and heap fill up."""

    FIELDS = ("kib", "descriptors", "mappings")
    MARGIN = {"kib": 512, "descriptors": 2, "mappings": 4}

    def __init__(self, name, process):
        self.name, self.process, self.samples = name, process, []

    def sample(self):
        proc = f"/proc/{self.process.pid}"
        with open(f"{proc}/status") as status:
            kib = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        with open(f"{proc}/maps") as maps:
            mappings = sum(1 for _ in maps)
        self.samples.append((kib, len(os.listdir(f"{proc}/fd")), mappings))

    def judge(self, world):
        """The last tenth against the part from the middle on."""
        count = len(self.samples)
        early = self.samples[count // 2:count * 7 // 10]
        late = self.samples[count * 9 // 10:]
        if not early or not late:
            return world.fault(f"{self.name}: too few looks at it to tell of leaks")
        told = []
        for at, field in enumerate(self.FIELDS):
            before = max(sample[at] for sample in early)
            after = statistics.median(sample[at] for sample in late)
            told.append(f"{before} {field}, at the end {after:g}")
            if after > before + self.MARGIN[field]:
                world.fault(f"{self.name}: grew from {before} to {after:g} {field}")
        print(f"  {self.name}: {'; '.join(told)}")


def read_producer(path):
    with open(path, "rb") as file:
        return dict(zip(("begun", "done", "published", "doubtful", "lives"), PRODUCER.unpack(file.read())))


def read_tally(path):
    with open(path, "rb") as file:
        now = struct.unpack("=Q", file.read(8))[0]
        file.seek(8 + now * TALLY.size)
        words = TALLY.unpack(file.read(TALLY.size))
    names = ("cursor", "items", "lost", "skipped", "torn", "disordered", "resets", "lives")
    return {**dict(zip(names, words)), "next": words[8:8 + PRODUCERS], "missing": words[8 + PRODUCERS:]}


def account_of_reader(world, queue, number, tally, producers, end):
    who = f"reader {number} of {queue.name}"
    doubtful = sum(producer["doubtful"] for producer in producers)
    published = sum(producer["published"] for producer in producers)
    missing = sum(tally["missing"]) + sum(p["begun"] - tally["next"][k] for k, p in enumerate(producers))
    sums = [
        (tally["cursor"] == end, f"is at {tally['cursor']}, the queue ends at {end}"),
        (tally["items"] + tally["lost"] + tally["skipped"] == tally["cursor"],
         "received + lost + skipped is not the way of its cursor"),
        (tally["items"] + missing == sum(p["begun"] for p in producers), "received + missing is not what was begun"),
        (missing <= tally["lost"] + doubtful, f"{missing} are missing, {tally['lost']} were told, {doubtful} in doubt"),
        (published - missing <= tally["items"] <= published + doubtful, "received what nobody published"),
        (tally["torn"] == tally["disordered"] == tally["resets"] == 0, "got what is torn, out of order or reset")]
    for good, why in sums:
        if not good:
            world.fault(f"{who}: {why}: {tally}")
    print(f"  {who}: {tally['lives']} lives, {tally['items']} received, {tally['lost']} lost and told, "
          f"{tally['skipped']} skipped, {missing} missing")


class Soak:
    def __init__(self, world, seconds, seed):
        self.world, self.seconds, self.seed = world, seconds, seed
        actor = os.path.join(world.build, "soak", "soak_actor")
        self.producers, self.readers = {}, {}
        for queue in QUEUES:
            # The last of each kind lives to the end.
            self.producers[queue.name] = [
                Actor(world, f"producer {k} of {queue.name}",
                      [actor, "produce", queue.name, self.record("p", queue, k), str(k), str(pause)],
                      mortal=k + 1 < len(queue.producers)) for k, pause in enumerate(queue.producers)]
            self.readers[queue.name] = [
                Actor(world, f"reader {k} of {queue.name}",
                      [actor, "read", queue.name, self.record("r", queue, k), str(pause)],
                      mortal=k + 1 < len(queue.readers)) for k, pause in enumerate(queue.readers)]
        self.daemon = Actor(world, "slickqd", [os.path.join(world.bin, "slickqd"), "--foreground", "--config",
                                               world.configure()], mortal=False)
        self.struck_daemon = 0

    def record(self, kind, queue, number):
        return os.path.join(self.world.files, f"{queue.name}-{kind}{number}")

    def actors(self):
        for queue in QUEUES:
            yield from self.producers[queue.name]
            yield from self.readers[queue.name]

    def start_daemon(self):
        self.daemon.start()
        for _ in range(500):
            try:
                if ask("/healthz", self.world.socket, 0).startswith(b"HTTP/1.1 200"):
                    return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("slickqd does not answer")

    def kill_daemon(self):
        """In the first fifth only: its memory is watched afterwards."""
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.struck_daemon += 1
        self.start_daemon()

    def run(self):
        world = self.world
        self.start_daemon()
        for actor in self.actors():
            actor.start()
        begin = time.monotonic()
        kills_until = begin + self.seconds / 5
        while time.monotonic() < kills_until:  # no requests yet: the daemon is away at times
            self.blows(min(time.monotonic() + self.seconds / 25, kills_until))
            self.kill_daemon()
        threads = [each(world, 0.2, run_commands(world, random.Random(self.seed + 1))),
                   each(world, 0.1, send_requests(world, random.Random(self.seed + 2))),
                   each(world, 2, leave_queues(world, random.Random(self.seed + 3)))]
        self.watch(begin + self.seconds)
        world.done.set()
        for thread in threads:
            thread.join()
        self.settle()

    def blows(self, until):
        while time.monotonic() < until:
            for actor in self.actors():
                actor.look()
            if self.world.dice.random() < 0.2:
                self.world.dice.choice([actor for actor in self.actors() if actor.mortal]).strike(self.world.dice)
            time.sleep(0.02)

    def watch(self, until):
        watched = [Leaks("slickqd", self.daemon.process)]
        for queue in QUEUES:
            watched += [Leaks(actor.name, actor.process)
                        for actor in (self.producers[queue.name][-1], self.readers[queue.name][-1])]
        self.watched = watched
        pause = max(0.2, self.seconds / 500)
        while time.monotonic() < until:
            self.blows(time.monotonic() + pause)
            if self.daemon.process.poll() is not None:
                return self.world.fault(f"slickqd ended with {self.daemon.process.returncode}")
            for one in watched:
                one.sample()
            if self.world.dice.random() < pause / 20:
                self.daemon.process.send_signal(signal.SIGHUP)
                self.world.count("reloads")

    def settle(self):
        """Producers first; slickqd closes the last holes; then the readers come to the end."""
        for queue in QUEUES:
            for actor in self.producers[queue.name]:
                actor.end(30)
        for queue in QUEUES:
            for actor in self.readers[queue.name]:
                actor.end(60)

    def account(self):
        world = self.world
        print("soak: the account")
        for queue in QUEUES:
            producers = [read_producer(self.record("p", queue, k)) for k in range(len(queue.producers))]
            end = json.loads(world.slickq("inspect", queue.name, "--json").stdout)["reserved_index"]
            for k, producer in enumerate(producers):
                print(f"  producer {k} of {queue.name}: {producer['lives']} lives, {producer['published']} published, "
                      f"{producer['doubtful']} in doubt")
                if producer["published"] == 0:
                    world.fault(f"producer {k} of {queue.name} published nothing")
            for k in range(len(queue.readers)):
                account_of_reader(world, queue, k, read_tally(self.record("r", queue, k)), producers, end)
        for one in self.watched:
            one.judge(world)
        self.account_of_files()
        struck = [actor for actor in self.actors() if actor.mortal]
        print(f"  killed: {sum(actor.deaths for actor in struck)} actors, {self.struck_daemon} slickqd; "
              f"stopped: {sum(actor.stops for actor in struck)}; "
              + "; ".join(f"{count} {what}" for what, count in world.counts.items()))

    def account_of_files(self):
        """What was left is gone within the grace time; what a killed verb left half-way, the next gc finishes."""
        world = self.world
        wanted = {name for queue in QUEUES for name in (queue.name, f"{queue.name}@desk")}
        for _ in range(200):
            world.slickq("gc", "--match", "left-*", "--dry-run")
            found = set(os.listdir(world.dir))
            if found == wanted:
                return
            time.sleep(0.1)
        world.fault(f"files that nobody owns: {sorted(found - wanted)}; gone: {sorted(wanted - found)}")

    def close(self):
        for actor in [*self.actors(), self.daemon]:
            if actor.process and actor.process.poll() is None:
                actor.process.kill()
                actor.process.wait()


def seconds_of(text):
    number = text.rstrip("msh")
    unit = text[len(number):] or "s"
    if unit not in UNITS or not number or float(number) <= 0:
        raise argparse.ArgumentTypeError(f"{text} is no time; try 30m")
    return float(number) * UNITS[unit]


def main():
    parser = argparse.ArgumentParser(description="hours of everything at once, and an account of it")
    parser.add_argument("--build", required=True)
    parser.add_argument("--for", dest="seconds", type=seconds_of, default="30m")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    options = parser.parse_args()
    print(f"soak: seed {options.seed}, {options.seconds:.0f} s", flush=True)
    world = World(os.path.abspath(options.build), options.seed)
    soak = None
    try:
        soak = Soak(world, options.seconds, options.seed)
        soak.run()
        soak.account()
        soak.daemon.end(10)
    finally:
        world.done.set()
        if soak:
            soak.close()
        world.close()
    print(f"soak: {'0 unexplained' if not world.faults else f'{len(world.faults)} unexplained'}")
    return 1 if world.faults else 0


if __name__ == "__main__":
    sys.exit(main())
