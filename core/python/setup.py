"""Builds the extension with the project's CMake, for the interpreter that runs this; needs cmake, ninja and g++ 12.

From a clone, as the sources of the core library lie beside this folder. Nothing is left in it: what is built lies in a
temporary directory.
"""
import atexit
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRATCH = tempfile.mkdtemp(prefix="slick_queue_py-")
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)


def version():
    header = (ROOT / "core" / "include" / "slickq" / "version.hpp").read_text()
    return re.search(r'SLICKQ_VERSION "(.*)"', header).group(1)


class CMakeBuild(build_ext):
    def build_extension(self, extension):
        build = os.path.join(SCRATCH, "cmake")
        off = [f"-DSLICKQ_BUILD_{part}=OFF" for part in ("TOOLS", "DAEMON", "EXAMPLES", "TESTS")]
        subprocess.run(["cmake", "-S", str(ROOT), "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                        "-DSLICKQ_BUILD_PYTHON=ON", "-DSLICKQ_UNITY=ON",
                        f"-DSLICKQ_PYTHON_INTERPRETERS={sys.executable}", *off], check=True)
        subprocess.run(["cmake", "--build", build, "--target", "slick_queue_py"], check=True)
        built = os.path.join(build, "python", "slick_queue_py", os.path.basename(self.get_ext_filename(extension.name)))
        target = self.get_ext_fullpath(extension.name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(built, target)


setup(
    version=version(),
    packages=["slick_queue_py", "atomic_ops"],
    package_data={"slick_queue_py": ["py.typed", "*.pyi"], "atomic_ops": ["py.typed", "*.pyi"]},
    ext_modules=[Extension("slick_queue_py._native", [])],
    cmdclass={"build_ext": CMakeBuild},
    options={"build": {"build_base": SCRATCH}, "egg_info": {"egg_base": SCRATCH}},
)
