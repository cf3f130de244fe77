"""Every Python block of the document of the Python original runs on our module, as it stands there, in a process of its
own: exit code 0, no word on stderr that is ours, nothing left of what it unlinks.

Blocks that are fragments get what they leave out put before them: PRELUDES, by the number of the block. Blocks that
read for ever end when their `process` has been called often enough. Of one block the last lines are C++: they are cut
off where they say so.
"""
import os
import pathlib
import re
import tempfile
import unittest

import support

DOCUMENT = pathlib.Path(__file__).parent / "seed" / "slick_queue_py-README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(), re.M | re.S)

IMPORTS = "import struct\nfrom slick_queue_py import SlickQueue, AtomicCursor\n"
LOCAL = IMPORTS + "q = SlickQueue(size=64, element_size=32)\n"
FILLED = LOCAL + "for _ in range(5): q.push(b'item')\n"
# Ends the process: the block reads for ever.
PROCESS = """
calls = []
def process(data):
    assert data[:4] == b'item'
    calls.append(data)
    if len(calls) == 5: raise SystemExit(0)
"""
READS = """
read_index = 0
cursor_shm = type('Memory', (), {'buf': bytearray(8)})
"""
PRELUDES = {
    6: IMPORTS,
    7: LOCAL,
    8: LOCAL + "data = b'data'\ndata_len = len(data)\n",
    9: FILLED + READS,
    10: FILLED + PROCESS,
    11: FILLED + PROCESS,
    12: FILLED + PROCESS,
    16: LOCAL + "data = [bytes([k]) * 4 for k in range(10)]\ndata_len = 4\n",
    17: IMPORTS,
}
# What they leave behind as they stand there: names of queues that they never unlink.
LEFT = {6: ["my_queue"], 17: ["wrap_test"]}
# They make a SharedMemory, by this name and in /dev/shm, and never unlink it: Python says so, and removes it.
OWN_MEMORY = {12: "cursor", 14: "cursor"}
# That, the line of the source that says it, and nothing else.
TRACKER = (r"\A\S*/multiprocessing/resource_tracker\.py:\d+: UserWarning: resource_tracker: There appear to be "
           r"1 leaked shared_memory objects to clean up at shutdown(: \{'/%s'\})?\n +warnings\.warn\(.*\n?\Z")
MEMORIES = ["work_cursor", "cursor"]

ANSWERS = {
    0: r"Received: b'h'",  # data[:size], and size is elements, as in the original
    1: r"Received: b'h'",
    3: r"Total items processed: 56",  # of 100 in a ring of 64: who was lapped goes on an eighth behind the oldest
    4: r"Worker \d processed \d+ items",
    15: r"Platform: \w+",
}


def remove_left_memories():
    """A cursor of a run that crashed: 8 bytes, by the document's names."""
    for name in MEMORIES:
        path = pathlib.Path("/dev/shm") / name
        if path.exists() and path.stat().st_size == 8:
            path.unlink()


class Seed(unittest.TestCase):
    def run_block(self, number):
        source = PRELUDES.get(number, "") + BLOCKS[number].split("# C++ (updates")[0]
        with support.shm_dir() as shm, tempfile.TemporaryDirectory() as directory:
            program = pathlib.Path(directory) / "block.py"
            program.write_text(source)
            output, errors, code = support.python(str(program), cwd=directory)
            left = sorted(os.listdir(shm))
        self.assertEqual(code, 0, f"{source}\n{output}{errors}")
        if number in OWN_MEMORY:
            self.assertRegex(errors, TRACKER % OWN_MEMORY[number])
            errors = ""
        self.assertEqual(errors.strip(), "", source)
        self.assertEqual(left, LEFT.get(number, []), source)
        self.assertRegex(output, ANSWERS.get(number, "^"))
        return output

    def setUp(self):
        remove_left_memories()
        self.addCleanup(remove_left_memories)

    def test_the_document_has_the_blocks_that_the_preludes_are_for(self):
        self.assertEqual(len(BLOCKS), 18)
        self.assertTrue(BLOCKS[9].startswith("# Python single-consumer"))
        self.assertTrue(BLOCKS[16].startswith("# Reserve 10 elements"))

    def test_blocks_that_share_work_share_all_of_it(self):
        counts = re.findall(r"processed (\d+) items", self.run_block(4))
        self.assertEqual(len(counts), 4)
        self.assertEqual(sum(map(int, counts)), 56)  # as block 3


def add(number):
    def test(self):
        self.run_block(number)

    title = re.sub(r"\W+", "_", BLOCKS[number].split("\n")[0].lower()).strip("_")
    setattr(Seed, f"test_block_{number:02}_{title}", test)


for each in range(len(BLOCKS)):
    add(each)

if __name__ == "__main__":
    unittest.main()
