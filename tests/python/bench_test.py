"""The benchmark runs, and has a figure for every call and a verdict for every goal. (How fast it is depends on the
machine: the figures are not tested.)"""
import os
import re
import unittest

import support
from slick_queue_py import SlickQueue

BENCH = os.path.join(os.path.dirname(__file__), "..", "bench", "python_bench.py")


class Bench(unittest.TestCase):
    def test_it_measures_every_call_and_judges_every_goal(self):
        output, errors, code = support.python(BENCH, "--items", "20000", "--reps", "1")
        self.assertEqual((errors, code), ("", 0))
        figures = [line for line in output.split("\n") if re.search(r" \d+\.\d\d M/s$", line)]
        for call in ("reserve", "publish", "push", "push_many", "read", "read_wait", "read_many", "read_into",
                     "read_last", "loss_count"):
            self.assertTrue(hasattr(SlickQueue, call))
            self.assertTrue([line for line in figures if re.search(rf"\b{call}\b", line)], call)
        self.assertEqual(len(re.findall(r"(?m)^goal: .*: (?:NOT )?reached$", output)), 6)


if __name__ == "__main__":
    unittest.main()
