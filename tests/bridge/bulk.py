"""2 M items of 100 bytes from one queue to another: order and content are equal.  usage: bulk.py [ITEMS]"""
import subprocess
import sys

from scene import Scene, end

items = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000

with Scene() as scene:
    scene.start_server()
    scene.slickq("create", "source", "--size", 1 << 21, "--elem", 100)
    bridges = scene.bridge("out", "source"), scene.bridge("in", "target")
    feeder = scene.traffic("feed", "source", items, 0)
    # It is created like the source, and the follower knows every byte of every item by its number.
    runs = scene.traffic("follow", "target", items, stdout=subprocess.PIPE, text=True).communicate(timeout=120)[0]
    assert runs == f"0 {items - 1}\n", runs
    assert feeder.wait(10) == 0
    assert [end(bridge) for bridge in bridges] == [0, 0]
    for direction, queue in (("out", "source"), ("in", "target")):
        status = scene.status(direction, queue)
        assert (status["items"], status["bytes"], status["lost"]) == (items, items * 100, 0), status
        assert (status["state"], status["process"]) == ("stopped", "gone"), status
    print(f"{items} items, all there, in order")
