"""How fast is a bridge?  usage: bench.py [ITEMS]

Items of 100 bytes from one queue through a nats-server with file storage into another queue, all on this machine; and
beside it what the same client publishes into a stream of its own, with nobody reading.
"""
import subprocess
import sys
import time

from scene import TRAFFIC, Scene, wait_until

items = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
capacity = 1 << 17  # the far end's reader paces the feeder, so that nothing is lost


def bare(scene, stream):
    return float(subprocess.run([TRAFFIC, "publish", scene.url, stream, stream, str(items)], env=scene.environment,
                                capture_output=True, text=True, check=True, timeout=120).stdout)


def end_to_end(scene):
    scene.slickq("create", "source", "--size", capacity, "--elem", 100, "--prefault")
    scene.slickq("create", "target", "--size", capacity, "--elem", 100, "--prefault")
    scene.slickq("cursor", "create", "source@far")
    bridges = scene.bridge("out", "source"), scene.bridge("in", "target")
    scene.wait_for_state("out", "source", "running")
    scene.wait_for_state("in", "target", "running")
    follower = scene.traffic("follow", "target", items, "source@far", stdout=subprocess.PIPE, text=True)
    time.sleep(0.3)
    begun = time.monotonic()
    feeder = scene.traffic("feed", "source", items, 0, "source@far")
    runs = follower.communicate(timeout=120)[0]
    seconds = time.monotonic() - begun
    assert runs == f"0 {items - 1}\n", runs
    assert feeder.wait(10) == 0 and follower.returncode == 0
    for bridge in bridges:
        bridge.terminate()
        assert bridge.wait(20) == 0
    return items / seconds


with Scene() as scene:
    scene.start_server()
    before = bare(scene, "before")
    rate = end_to_end(scene)
    after = bare(scene, "after")
    print(f"end to end:   {rate / 1e6:6.2f} M items/s of 100 bytes, {rate * 100 / 1e6:.0f} MB/s")
    print(f"bare publish: {before / 1e6:6.2f} and {after / 1e6:.2f} M items/s before and after")
    print(f"ratio:        {rate / ((before + after) / 2):6.0%}")
