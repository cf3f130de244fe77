"""What goes wrong has a name in --status, costs no processor, and is gone when its reason is."""
import json
import pathlib
import re
import subprocess
import sys
import time

from scene import BIN, Scene, end, wait_until


def cpu_seconds(child):
    fields = pathlib.Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def memory_kib(child):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{child.pid}/status").read_text())[1])


def does_not_hurry(child, seconds=2):
    before = cpu_seconds(child)
    time.sleep(seconds)
    spent = cpu_seconds(child) - before
    assert spent < seconds / 4, f"{spent} s of the processor in {seconds} s of waiting"


def check(scene, direction, queue, *more, url=None, stream="S", subject="t"):
    done = subprocess.run([BIN / "slickq-bridge", direction, queue, "--server", url or scene.url, "--stream", stream,
                           "--subject", subject, "--check", "--json", *more], env=scene.environment,
                          capture_output=True, text=True, timeout=30)
    return done.returncode, json.loads(done.stdout)["state"] if done.stdout else done.stderr


def push(scene, queue, *lines):
    scene.slickq("push", queue, "-q", input="".join(line + "\n" for line in lines))


def items_in(scene, queue):
    return scene.slickq("dump", queue, "--format", "text", check=False).stdout.split()


def credentials():
    users = 'authorization { users: [ { user: "me", password: "right" } ] }'
    with Scene(users) as scene:
        scene.start_server()
        scene.slickq("create", "q", "--size", 64, "--elem", 16)
        good, bad = (f"nats://me:{word}@127.0.0.1:{scene.port}" for word in ("right", "wrong"))
        assert check(scene, "out", "q", url=bad) == (4, "denied"), check(scene, "out", "q", url=bad)
        assert check(scene, "out", "q", url=good) == (0, "ok")
        bridge = scene.bridge("out", "q", url=bad)
        scene.wait_for_state("out", "q", "denied")
        does_not_hurry(bridge)
        status = scene.status("out", "q")
        assert "wrong" not in json.dumps(status) and "wrong" not in scene.log("out.log"), "the password is told"
        assert end(bridge) == 0


def absent_stream():
    with Scene() as scene:
        scene.start_server()
        scene.slickq("create", "q", "--size", 64, "--elem", 16)
        assert check(scene, "out", "q", "--no-create") == (3, "no_stream")
        assert check(scene, "in", "p") == (3, "no_stream")
        assert check(scene, "out", "absent") == (3, "no_queue")
        into = scene.bridge("in", "p")
        out = scene.bridge("out", "q", "--no-create")
        scene.wait_for_state("in", "p", "no_stream")
        scene.wait_for_state("out", "q", "no_stream")
        does_not_hurry(into)
        push(scene, "q", "one")
        maker = scene.bridge("out", "q", "--status-file", scene.disk / "maker.json")
        wait_until(lambda: items_in(scene, "p") == ["one"], "the item comes")
        # The same stream for another subject, or for a second bridge at the same time, is refused with the reason.
        assert check(scene, "out", "q", subject="u") == (7, "mismatch")
        scene.wait_for_state("out", "q", "running")
        push(scene, "q", "two")  # wakes the one that was taken over from
        wait_until(lambda: maker.poll() is not None or out.poll() is not None, "one of two bridges ends")
        loser = maker if maker.poll() is not None else out
        assert loser.returncode == 7 and "another bridge" in scene.log("out.log"), scene.log("out.log")
        wait_until(lambda: items_in(scene, "p") == ["one", "two"], "both, once")
        second = scene.bridge("in", "p")
        assert second.wait(20) == 7 and "another slickq-bridge writes into this queue" in scene.log("in.log")


def full_stream():
    with Scene() as scene:
        scene.start_server()
        scene.slickq("create", "q", "--size", 1024, "--elem", 1024)
        out = scene.bridge("out", "q", "--max-bytes", "64K", "--discard", "new")
        scene.wait_for_state("out", "q", "running")
        push(scene, "q", *(f"item {k}" for k in range(200)))
        scene.wait_for_state("out", "q", "stream_full")
        assert "maximum bytes" in scene.status("out", "q")["detail"]
        does_not_hurry(out)
        assert out.poll() is None


def oversize():
    with Scene("max_payload: 32768\n") as scene:
        scene.start_server()
        scene.slickq("create", "large", "--size", 4, "--elem", 40000)
        assert check(scene, "out", "large") == (1, "oversize")
        out = scene.bridge("out", "large")
        assert out.wait(20) == 1
        status = scene.status("out", "large")
        assert status["state"] == "oversize" and "40000 bytes" in status["detail"], status


def server_gone(seconds):
    with Scene() as scene:
        scene.start_server()
        scene.slickq("create", "q", "--size", 4096, "--elem", 100)
        out, into = scene.bridge("out", "q"), scene.bridge("in", "p")
        feeder = scene.traffic("feed", "q", 2000 * (seconds + 4), 2000)
        wait_until(lambda: (scene.status("in", "p") or {}).get("items", 0) > 100, "items come")
        scene.server.kill()
        scene.server.wait()
        for direction, queue, child in (("out", "q", out), ("in", "p", into)):
            scene.wait_for_state(direction, queue, "reconnecting")
        before = memory_kib(out), memory_kib(into)
        does_not_hurry(out, seconds)
        assert memory_kib(out) < before[0] + 8192 and memory_kib(into) < before[1] + 8192, "it grows"
        scene.start_server()
        for direction, queue in (("out", "q"), ("in", "p")):
            scene.wait_for_state(direction, queue, "running")
        assert feeder.wait(60) == 0
        total = 2000 * (seconds + 4)
        wait_until(lambda: (lambda s: s["items"] + s["lost"] == total)(scene.status("out", "q")), "all is sent or told")
        wait_until(lambda: scene.status("in", "p")["items"] == scene.status("out", "q")["items"], "all of it comes")
        metrics = scene.disk / "metrics.prom"
        assert scene.status("out", "q")["reconnects"] > 0 and not metrics.exists()
        assert [end(out), end(into)] == [0, 0]


def damaged():
    """A stranger writes to the subject: an error with its sequence, and nothing of it in the queue."""
    with Scene() as scene:
        scene.start_server()
        scene.slickq("create", "q", "--size", 64, "--elem", 16)
        out = scene.bridge("out", "q", "--metrics-file", scene.disk / "out.prom")
        push(scene, "q", "one")
        into = scene.bridge("in", "p")
        wait_until(lambda: items_in(scene, "p") == ["one"], "the item comes")
        text = (scene.disk / "out.prom").read_text()
        assert re.search(r'slickq_bridge_state\{direction="out",queue="q",state="running"\} 1', text), text
        import socket
        with socket.create_connection(("127.0.0.1", scene.port)) as stranger:
            stranger.sendall(b'CONNECT {"verbose":false,"headers":true}\r\nPUB t 3\r\nbad\r\nPING\r\n')
            wait_until(lambda: b"PONG" in stranger.recv(65536), "the server has it")
        assert into.wait(20) == 6
        status = scene.status("in", "p")
        assert status["state"] == "damaged" and "message 3 of stream S" in status["detail"], status
        assert items_in(scene, "p") == ["one"]
        push(scene, "q", "two")
        assert out.wait(30) == 6, scene.log("out.log")


scenes = {"credentials": credentials, "absent_stream": absent_stream, "full_stream": full_stream, "oversize": oversize,
          "server_gone": lambda: server_gone(8), "damaged": damaged}
for name in sys.argv[1:] or scenes:
    print(name, flush=True)
    scenes[name]()
