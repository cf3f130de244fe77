"""`pip install ./core/python`, without a network, gives the modules to an interpreter that knows no build directory."""
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import support

SOURCE = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", "core", "python"))
TOOLS = ["pip", "setuptools", "wheel"]
USE = """
import slick_queue_py, atomic_ops
from slick_queue_py import SlickQueue
assert atomic_ops.check_platform_support()[0]
q = SlickQueue(size=8, element_size=8)
q.push(b'x')
print(q.read(0)[1], slick_queue_py.__version__)
"""


def tree(directory):
    return sorted(os.path.join(path, name) for path, _, names in os.walk(directory) for name in names)


class Install(unittest.TestCase):
    def setUp(self):
        lacking = [tool for tool in TOOLS if importlib.util.find_spec(tool) is None]
        if lacking:
            print(f"  skipped: this interpreter has no {', '.join(lacking)}")
            self.skipTest(f"no {', '.join(lacking)}")

    def test_pip_installs_the_modules_and_leaves_the_source_as_it_was(self):
        before = tree(SOURCE)
        environment = support.native()
        environment.pop("PYTHONPATH", None)
        if shutil.which("ccache"):
            environment["CMAKE_CXX_COMPILER_LAUNCHER"] = "ccache"
        with tempfile.TemporaryDirectory() as target:
            subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                            "--no-build-isolation", "--disable-pip-version-check", "--root-user-action=ignore",
                            "--target", target, SOURCE], check=True, env=environment)
            self.assertEqual(tree(SOURCE), before)
            installed = {os.path.relpath(path, target) for path in tree(target)}
            for module in ("slick_queue_py", "atomic_ops"):
                for file in ("__init__.py", "__init__.pyi", "py.typed"):
                    self.assertIn(f"{module}/{file}", installed)
            output, errors, code = support.python("-I", "-c", f"import sys; sys.path.insert(0, {target!r})\n" + USE)
            self.assertEqual((output, errors, code), ("1 0.1.0\n", "", 0))


if __name__ == "__main__":
    unittest.main()
