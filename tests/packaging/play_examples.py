"""Types the commands of man pages' examples and compares the answers.  usage: play_examples.py PAGE.scd...

An example is a literal block whose lines begin with "$ " where somebody types. /dev/shm stands for the test's own
directory.
"""
import os
import pathlib
import re
import subprocess
import sys

shm_dir = os.environ["SLICKQ_SHM_DIR"]
played = wrong = 0
for page in map(pathlib.Path, sys.argv[1:]):
    for block in re.findall(r"^```\n(\$ .*?)^```$", page.read_text(), re.M | re.S):
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.replace("\\\\", "\\"), re.M):
            played += 1
            answer = subprocess.run(["bash", "-c", command.replace("/dev/shm", shm_dir)], stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True).stdout
            if answer != expected:
                wrong += 1
                print(f"{page.name}: $ {command}\n-- the page says\n{expected}-- it is\n{answer}")
print(f"played {played} commands, {wrong} answer otherwise")
sys.exit(1 if wrong or played < 12 else 0)
