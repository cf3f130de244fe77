"""Who ends what: close, unlink, death of a consumer, views and cursors that outlive their queue."""
import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock
from multiprocessing import shared_memory

import support
from slick_queue_py import AtomicCursor, SlickQueue

OPEN = "import os, signal, sys; from slick_queue_py import SlickQueue; q = SlickQueue(name='q', element_size=16)\n"


class Lifetime(unittest.TestCase):
    def setUp(self):
        directory = support.shm_dir()
        self.shm = directory.__enter__()
        self.addCleanup(directory.__exit__, None, None, None)

    def assert_raises_when_used(self, view):
        for use in (lambda: view[0], lambda: bytes(view), lambda: view.tolist(), lambda: view[1:2], lambda: view.nbytes,
                    lambda: memoryview(view), lambda: view.cast("H"), lambda: view.__setitem__(0, 1)):
            with self.assertRaises(ValueError):
                use()

    def test_close_then_unlink_removes_it(self):
        q = SlickQueue(name="q", size=8, element_size=16)
        q.close()
        self.assertEqual(os.listdir(self.shm), ["q"])
        q.unlink()
        q.unlink()
        self.assertEqual(os.listdir(self.shm), [])
        with self.assertRaises(FileNotFoundError):
            SlickQueue(name="q", element_size=16)

    def test_unlink_then_close_removes_it_and_others_go_on(self):
        q = SlickQueue(name="/q", size=8, element_size=16)
        other = SlickQueue(name="q", element_size=16)
        self.assertEqual((q.name, q.get_shm_name()), ("q", "/q"))
        q.unlink()
        q.push(b"still")
        self.assertEqual(other.read(0)[1], 1)
        q.close()
        other.close()
        self.assertEqual(os.listdir(self.shm), [])

    def test_unlink_leaves_a_later_queue_of_the_name_alone(self):
        q = SlickQueue(name="q", size=8, element_size=16)
        os.unlink(os.path.join(self.shm, "q"))
        later = SlickQueue(name="q", size=16, element_size=16)
        q.unlink()
        q.close()
        self.assertEqual(os.listdir(self.shm), ["q"])
        later.close()

    def test_unlink_finds_it_where_it_was_opened(self):
        q = SlickQueue(name="q", size=8, element_size=16)
        with tempfile.TemporaryDirectory(prefix=os.path.basename(self.shm), dir="/dev/shm") as elsewhere:
            with unittest.mock.patch.dict(os.environ, SLICKQ_SHM_DIR=elsewhere):
                child = os.fork()
                if child == 0:
                    try:
                        os._exit(q.push(b"found"))
                    finally:
                        os._exit(99)
                self.assertEqual(os.waitpid(child, 0)[1], 0)
                self.assertEqual(q.read(0)[1], 1)
                q.unlink()
                self.assertEqual(os.listdir(self.shm), [])
        q.close()

    def test_a_consumer_that_ends_leaves_it_to_others_and_says_nothing(self):
        q = SlickQueue(name="q", size=8, element_size=16)
        endings = {
            "normally": ("pass", 0, ""),
            "by an exception": ("raise KeyError('mine')", 1, "KeyError: 'mine'"),
            "by exit": ("sys.exit(3)", 3, ""),
            "by SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL)", -9, ""),
            "by SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM)", -15, ""),
        }
        for k, (how, (statement, code, last)) in enumerate(endings.items()):
            with self.subTest(how):
                q.push(b"%d" % k)
                program = (OPEN + f"print(q.read({k})[0][:1].decode())\nview = q[0]\nsys.stdout.flush()\n" + statement)
                output, errors, ended = support.python("-c", program)
                self.assertEqual((output, ended), (f"{k}\n", code))
                self.assertEqual(errors.strip().split("\n")[-1], last)
                self.assertNotIn("resource_tracker", errors)
                self.assertEqual(SlickQueue(name="q", element_size=16).read(k)[0][:1], b"%d" % k)
        q.close()
        q.unlink()

    def test_a_creator_that_ends_leaves_it_to_others_and_says_nothing(self):
        program = "from slick_queue_py import SlickQueue; SlickQueue(name='q', size=8, element_size=16).push(b'x')"
        self.assertEqual(support.python("-c", program), ("", "", 0))
        time.sleep(0.2)  # when a tracker would remove it
        self.assertEqual(SlickQueue(name="q", element_size=16).read(0)[0][:1], b"x")

    def test_a_daemon_thread_that_waits_ends_with_its_program(self):
        """CPython ends such a thread where it asks for the GIL once more: inside our call."""
        q = SlickQueue(name="q", size=64, element_size=16)
        for how in ("for k in range(2**63): q.read_wait(k)", "while True: q.read_wait(cursor, 0.001)",
                    "while True: stuck()"):
            program = (OPEN + "import threading, time; from slick_queue_py import AtomicCursor\n"
                       "cursor = AtomicCursor(bytearray(8))\n"
                       "narrow = SlickQueue(size=1, element_size=8)\n"
                       "other = threading.Thread(target=narrow.reserve); other.start(); other.join()\n"
                       "def stuck():\n    try: narrow.push(b'x')\n    except RuntimeError: pass\n"
                       f"def loop():\n    {how}\n"
                       "threading.Thread(target=loop, daemon=True).start(); time.sleep(0.3)")
            with self.subTest(how):
                process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE)
                while process.poll() is None:
                    q.push(b"x")
                    time.sleep(0.001)
                self.assertEqual((*process.communicate(), process.returncode), (b"", b"", 0))

    def test_a_producer_killed_between_reserve_and_publish_is_proven_dead(self):
        q = SlickQueue(name="q", size=8, element_size=16)
        program = OPEN + "q.reserve(); q.reserve(2); os.kill(os.getpid(), signal.SIGKILL)"
        support.python("-c", program)
        q.push(b"behind")
        self.assertEqual(q.read(0), (None, 0, 0))
        slickq = os.path.join(support.BUILD, "bin", "slickq")
        if not os.path.exists(slickq):
            self.skipTest("slickq is not built")
        said = subprocess.run([slickq, "repair", "q"], stdout=subprocess.PIPE, env=support.native()).stdout.decode()
        self.assertIn("repaired q: 3 elements", said)
        self.assertEqual(q.read(0)[0][:6], b"behind")

    def test_what_is_reserved_and_not_published_is_given_up_by_close(self):
        q = SlickQueue(name="q", size=8, element_size=16)
        with SlickQueue(name="q", element_size=16) as other:
            other.reserve(3)
            q.push(b"behind")
        self.assertEqual(q.read(0)[1:], (1, 4))

    def test_views_of_a_closed_queue_raise(self):
        for name in (None, "q"):
            q = SlickQueue(name=name, size=8, element_size=16)
            view = q[0]
            slices = view[2:4], view.cast("I"), memoryview(view)
            q.close()
            for each in (view, *slices):
                self.assert_raises_when_used(each)
            view.release()
            q.unlink()
            del view, slices, each

    def test_views_keep_what_they_show_of_a_queue_that_is_only_gone(self):
        view = SlickQueue(name="q", size=8, element_size=16)[0]
        gc.collect()
        view[:] = b"y" * 16
        self.assertEqual(bytes(view), b"y" * 16)

    def test_the_memory_goes_with_the_last_view(self):
        def mappings():
            with open("/proc/self/maps") as maps:
                return maps.read().count(self.shm)

        for _ in range(3):
            q = SlickQueue(name="q", size=8, element_size=16)
            self.assertEqual(mappings(), 1)
            view = q[0]
            q.close()
            self.assertEqual(mappings(), 1)
            del view
            SlickQueue(size=1, element_size=1).close()
            self.assertEqual(mappings(), 0)
            q.unlink()

    def test_a_shared_memory_closes_after_a_cursor_used_it(self):
        program = (
            "import sys; from multiprocessing import shared_memory\n"
            "from slick_queue_py import SlickQueue, AtomicCursor\n"
            "m = shared_memory.SharedMemory(name=sys.argv[1], create=True, size=8)\n"
            "c = AtomicCursor(m.buf, 0); c.store(0); q = SlickQueue(size=8, element_size=8); q.push(b'x')\n"
            "assert q.read(c)[1] == 1 and c.load() == 1 and q.read_wait(c, 0.01) == (None, 0)\n"
            "m.close(); m.unlink()\n"
            "try: c.load()\n"
            "except ValueError: print('gone')\n"
        )
        name = support.cursor_name("close")
        self.assertEqual(support.python("-c", program, name), ("gone\n", "", 0))

    def test_a_cursor_in_shared_memory_is_one_index(self):
        name = support.cursor_name("one")
        memory = shared_memory.SharedMemory(name=name, create=True, size=8)
        try:
            other = AtomicCursor(memory.buf)
            AtomicCursor(memory.buf).store(12)
            self.assertEqual((other.load(), bytes(memory.buf[:8])), (12, (12).to_bytes(8, "little")))
        finally:
            memory.close()
            memory.unlink()

    def test_a_child_of_fork_works_on_with_its_parents_object(self):
        q = SlickQueue(name="q", size=64, element_size=16)
        q.push(b"parent")
        view = q[0]
        reserved = q.reserve()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                assert q.read(0)[0][:6] == b"parent" and bytes(view[:6]) == b"parent"
                assert q.push(b"child") == 2
                index = q.reserve()
                q[index][:5] = b"child"
                assert q.publish(index)
                del q
                code = 0
            finally:
                os._exit(code)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        q[reserved][:4] = b"kept"
        self.assertTrue(q.publish(reserved))
        q.push(b"parent")
        items = [q.read(k)[0].rstrip(b"\0") for k in range(5)]
        self.assertEqual(items, [b"parent", b"kept", b"child", b"child", b"parent"])

    def test_a_child_of_fork_without_the_name_reads_and_does_not_write(self):
        q = SlickQueue(name="q", size=8, element_size=16)
        q.push(b"x")
        q.unlink()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                assert q.read(0)[1] == 1
                refused = []
                for call in (lambda: q.push(b"y"), q.reserve, q.reset):
                    try:
                        call()
                    except FileNotFoundError:
                        refused.append(call)
                code = 3 - len(refused)
            finally:
                os._exit(code)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_threads_of_a_child_of_fork_adopt_it_at_once(self):
        q = SlickQueue(name="q", size=1024, element_size=16)
        q.push(b"x")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                threads = [threading.Thread(target=lambda: [q.push(b"y") for _ in range(50)]) for _ in range(8)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                code = 0
            finally:
                os._exit(code)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual(q.read_many(0, 1000)[1:], (401, 401))

    def test_ctrl_c_ends_a_wait(self):
        SlickQueue(name="q", size=8, element_size=16).close()
        process = subprocess.Popen([sys.executable, "-c", OPEN + "print('waits', flush=True); q.read_wait(0)"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertIn(b"KeyboardInterrupt", process.communicate(timeout=60)[1])

    def test_a_reset_under_others_is_refused_unless_forced(self):
        q = SlickQueue(name="q", size=8, element_size=16)
        q.push(b"x")
        q.reset()
        q.push(b"x")
        process = subprocess.Popen([sys.executable, "-c", OPEN + "print('open', flush=True); sys.stdin.read()"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.readline()
        with self.assertRaises(RuntimeError):
            q.reset()
        self.assertEqual(q.read(0)[1], 1)
        q.reset(force=True)
        self.assertEqual(q.read(0)[1], 0)
        process.communicate()


if __name__ == "__main__":
    unittest.main()
