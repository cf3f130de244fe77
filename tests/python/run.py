"""Runs one file of tests under every CPython of this machine that the build made an extension for.

usage: run.py SUITE BUILD_DIR [--few] [TEST...]     SUITE: calls, of calls_test.py

--few: of those interpreters the system's, the oldest and the newest: for what takes its time.

A suite that an interpreter cannot run ends with 77. One that none of them can run has failed.

SLICKQ_PYTHON_PRELOAD: libraries of a sanitizer that the extension needs; CPython itself has none.
"""
import os
import subprocess
import sys

import interpreters

UNABLE = 77
HERE = os.path.dirname(os.path.abspath(__file__))


def environment(build):
    changed = dict(os.environ, BUILD_DIR=build, PYTHONPATH=os.path.join(build, "python"), PYTHONDONTWRITEBYTECODE="1")
    changed.pop("SLICKQ_SHM_DIR", None)
    preload = changed.pop("SLICKQ_PYTHON_PRELOAD", "")
    if preload:
        # CPython keeps memory until its end on purpose. Its own allocator, and the debugging one of -X dev, would keep
        # the sanitizer from seeing who writes behind the end of a small object.
        changed.update(LD_PRELOAD=preload, ASAN_OPTIONS="detect_leaks=0", SLICKQ_SANITIZED="1", PYTHONMALLOC="malloc")
    return changed


def main():
    suite, build, tests = sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[3:]
    few = "--few" in tests
    tests = [test for test in tests if test != "--few"]
    found = interpreters.find(build)
    usable = [one for one in found if one.is_built()]
    for one in found:
        if one not in usable:
            print(f"skipped: {one}: the build has no extension for it")
    if not usable:
        print("failed: the build has an extension for none of them")
        return 1
    if few:
        usable = [one for one in usable if one in (usable[0], usable[-1]) or one.program.startswith("/usr/bin/")]
    failed, unable = [], []
    for one in usable:
        print(f"== {suite}: {one}", flush=True)
        command = [one.program, "-X", "dev", os.path.join(HERE, suite + "_test.py"), *tests]
        code = subprocess.run(command, env=environment(build)).returncode
        if code == UNABLE:
            unable.append(one)
        elif code != 0:
            failed.append(one)
    for one in failed:
        print(f"failed: {suite}: {one}")
    if len(unable) == len(usable):
        print(f"failed: {suite}: none of them could run it")
    return 1 if failed or len(unable) == len(usable) else 0


sys.exit(main())
