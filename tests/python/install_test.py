"""`pip wheel ./core/python`, without a network, makes a wheel that is for this interpreter and has all that it needs;
installed, it gives the modules to an interpreter that knows no build directory. `pip install ./core/python` is both.

An interpreter that lacks pip, setuptools or wheel ends with 77.
"""
import email
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import unittest
import zipfile

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


def pip(command, *args):
    """Without a network, and without what this run has on its path."""
    environment = support.native()
    environment.pop("PYTHONPATH", None)
    if shutil.which("ccache"):
        environment["CMAKE_CXX_COMPILER_LAUNCHER"] = "ccache"
    subprocess.run([sys.executable, "-m", "pip", command, "--quiet", "--no-index", "--no-deps",
                    "--disable-pip-version-check", *args], check=True, env=environment)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.before = tree(SOURCE)
        pip("wheel", "--no-build-isolation", "--wheel-dir", directory.name, SOURCE)
        (cls.wheel,) = os.listdir(directory.name)
        cls.path = os.path.join(directory.name, cls.wheel)

    def test_the_source_is_left_as_it_was(self):
        self.assertEqual(tree(SOURCE), self.before)

    def test_the_wheel_is_for_this_interpreter(self):
        version = "cp%d%d" % sys.version_info[:2]
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        self.assertEqual(self.wheel, f"slick_queue_py-0.1.0-{version}-{version}{sys.abiflags}-{platform}.whl")

    def test_the_wheel_has_the_modules_their_types_and_the_license(self):
        with zipfile.ZipFile(self.path) as archive:
            modules = {name for name in archive.namelist() if ".dist-info/" not in name}
            facts = {name.split(".dist-info/")[1]: name for name in archive.namelist() if ".dist-info/" in name}
            metadata = email.message_from_bytes(archive.read(facts["METADATA"]))
            licenses = [archive.read(facts[name]).decode() for name in facts if name.endswith("LICENSE")]
        native = "slick_queue_py/_native" + sysconfig.get_config_var("EXT_SUFFIX")
        files = {f"{module}/{file}" for module in ("slick_queue_py", "atomic_ops")
                 for file in ("__init__.py", "__init__.pyi", "py.typed")}
        self.assertEqual(modules, files | {native})
        self.assertEqual((metadata["Name"].replace("-", "_"), metadata["Version"]), ("slick_queue_py", "0.1.0"))
        self.assertEqual((metadata["License"], metadata["Requires-Python"]), ("MIT", ">=3.8"))
        self.assertEqual([text.split("\n")[0] for text in licenses], ["MIT License"])

    def test_what_is_installed_works(self):
        with tempfile.TemporaryDirectory() as target:
            pip("install", "--root-user-action=ignore", "--target", target, self.path)
            output, errors, code = support.python("-I", "-c", f"import sys; sys.path.insert(0, {target!r})\n" + USE)
            self.assertEqual((output, errors, code), ("1 0.1.0\n", "", 0))


if __name__ == "__main__":
    lacking = [tool for tool in TOOLS if importlib.util.find_spec(tool) is None]
    if lacking:
        print(f"  skipped: this interpreter has no {', '.join(lacking)}")
        sys.exit(77)
    unittest.main()
