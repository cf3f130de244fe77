"""Which CPythons can be tested: Debian's, those of PATH, and pyenv's where it is, from 3.8 on.

One of each version. The build makes an extension for each binary interface whose headers it finds.
"""
import glob
import os
import subprocess

QUESTION = """import sys, sysconfig
if sys.implementation.name == "cpython" and sys.version_info >= (3, 8):
    print(sys.executable, "%d.%d.%d" % sys.version_info[:3], sysconfig.get_config_var("EXT_SUFFIX"), sep="\\n")"""


class Interpreter:
    def __init__(self, program, version, suffix, build):
        self.program = program
        self.version = version
        self.extension = os.path.join(build, "python", "slick_queue_py", "_native" + suffix)

    def is_built(self):
        return os.path.exists(self.extension)

    def __str__(self):
        return f"CPython {self.version}, {self.program}"


def candidates():
    yield "/usr/bin/python3"
    for directory in os.environ.get("PATH", "").split(":"):
        yield from sorted(glob.glob(f"{directory}/python3") + glob.glob(f"{directory}/python3.[0-9]*[0-9]")
                          + glob.glob(f"{directory}/python3.[0-9]"))
    if "PYENV_ROOT" in os.environ:
        yield from sorted(glob.glob(os.environ["PYENV_ROOT"] + "/versions/*/bin/python3"))


def find(build):
    found = {}
    for candidate in dict.fromkeys(candidates()):
        try:
            answer = subprocess.run([candidate, "-c", QUESTION], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        except OSError:
            continue
        lines = answer.stdout.decode().split("\n")
        if answer.returncode == 0 and len(lines) >= 3:
            found.setdefault(lines[1], Interpreter(*lines[:3], build))
    return sorted(found.values(), key=lambda one: [int(part) for part in one.version.split(".")])
