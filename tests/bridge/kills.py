"""kill -9 of out-bridge, in-bridge and server at random moments: nothing twice, nothing out of order, and everything
that is missing is covered by gap records.  usage: kills.py [KILLS] [SEED]
"""
import random
import re
import subprocess
import sys
import time

from scene import Scene, kill, wait_until

kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
print(f"seed {seed}", flush=True)
dice = random.Random(seed)

RATE = 30_000
ITEMS = RATE * (15 + kills // 2)


def numbers_of(runs):
    """[(first, last)], each run behind the one before."""
    pairs = [tuple(map(int, line.split())) for line in runs.splitlines()]
    for before, after in zip(pairs, pairs[1:]):
        assert after[0] > before[1], f"not in order, or twice: {before} {after}"
    return pairs


def covered(log):
    """Source indexes that the in-bridge was told of as lost. A bridge that was killed may say it twice."""
    return {(int(a), int(b)) for a, b in re.findall(r"indexes (\d+) to (\d+)", log)}


def act(scene, running):
    victim = dice.choice(["out", "in", "server"])
    if victim == "server":
        kill(scene.server)
        time.sleep(dice.uniform(0, 0.3))
        scene.start_server()
    else:
        kill(running[victim])
        time.sleep(dice.uniform(0, 0.2))
        running[victim] = scene.bridge(victim, {"out": "source", "in": "target"}[victim])
    return victim


with Scene() as scene:
    scene.start_server()
    # The source is small: when nobody reads it for two seconds items are lost, and must be told of.
    scene.slickq("create", "source", "--size", 1 << 16, "--elem", 100)
    scene.slickq("create", "target", "--size", 1 << 21, "--elem", 100)
    running = {"out": scene.bridge("out", "source"), "in": scene.bridge("in", "target")}
    scene.wait_for_state("in", "target", "running")
    follower = scene.traffic("follow", "target", ITEMS, stdout=subprocess.PIPE, text=True)
    feeder = scene.traffic("feed", "source", ITEMS, RATE)
    count = {"out": 0, "in": 0, "server": 0}
    for _ in range(kills):
        time.sleep(dice.expovariate(4))
        count[act(scene, running)] += 1
    # One that is away for longer than the ring lasts.
    kill(running["out"])
    time.sleep(3)
    running["out"] = scene.bridge("out", "source")
    assert feeder.wait(120) == 0
    pairs = numbers_of(follower.communicate(timeout=60)[0])
    assert follower.returncode == 0
    for name in ("out", "in"):
        assert running[name].poll() is None, f"{name} ended: {scene.log(name + '.log')[-500:]}"
    missing = [(a[1] + 1, b[0] - 1) for a, b in zip([(0, -1)] + pairs, pairs) if b[0] > a[1] + 1]
    told = covered(scene.log("in.log"))
    assert missing, "nothing was lost, so nothing was tried"
    assert set(missing) == told, f"missing {missing}, told {sorted(told)}"
    lost = sum(b - a + 1 for a, b in missing)
    print(f"killed {count}")
    print(f"{ITEMS - lost} of {ITEMS} items came, in order; {lost} lost in {len(missing)} gaps, all told")

# The same while the in-bridge has plenty to do, so that it dies within messages and not between them.
PLENTY = 1 << 20
with Scene() as scene:
    scene.start_server()
    scene.slickq("create", "source", "--size", PLENTY, "--elem", 100)
    scene.slickq("create", "target", "--size", 2 * PLENTY, "--elem", 100)
    out = scene.bridge("out", "source")
    assert scene.traffic("feed", "source", PLENTY, 0).wait(60) == 0
    wait_until(lambda: (scene.status("out", "source") or {}).get("items") == PLENTY, "all is in the stream")
    follower = scene.traffic("follow", "target", PLENTY, stdout=subprocess.PIPE, text=True)
    for _ in range(kills):
        into = scene.bridge("in", "target")
        time.sleep(dice.uniform(0.01, 0.08))
        kill(into)
    came = scene.slickq("inspect", "target", "--json").stdout
    into = scene.bridge("in", "target")
    runs = follower.communicate(timeout=60)[0]
    assert runs == f"0 {PLENTY - 1}\n", runs
    assert into.poll() is None, scene.log("in.log")[-500:]
    last = re.search(r"reserved_index\":\s*(\d+)", came)[1]
    print(f"killed {kills} times at work, the last time behind index {last} of {PLENTY}")
