"""Types what the README's console blocks show and compares the answers.  usage: check_readme.py README.md

A console block is indented by four columns or more and begins with "$ ". Played are those made of short commands of
slickq and slickqd alone; a compiler, a running daemon and installing have tests of their own. The configuration is the
README's, in a shm directory of this test. Only what differs from machine to machine is made equal: directory, inode,
owner, the width of columns.
"""
import os
import pathlib
import re
import subprocess
import sys

ELSEWHERE = re.compile(r"daemon|--unix-socket|g\+\+|--foreground|push ticks|sudo|pkg-config")


def indented_blocks(text):
    """Runs of indented lines, their indentation removed; empty lines within one are kept."""
    for block in re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", text, re.M):
        lines = block.strip("\n").split("\n")
        indent = min(len(line) - len(line.lstrip()) for line in lines if line)
        yield [line[indent:] for line in lines]


def commands(block):
    """(command, the lines of its answer) of a console block."""
    played = []
    for line in block:
        if line.startswith("$ "):
            played.append((line[2:], []))
        elif played:
            played[-1][1].append(line)
    return played


def comparable(text, shm_dir):
    text = text.replace(shm_dir, "/dev/shm")
    text = re.sub(r"(inode +)\d+", r"\1N", text)
    text = re.sub(r"\?( +06\d\d )", r"0\1", text)  # of holders nothing is known where not all of /proc may be seen
    text = re.sub(r"\b(06\d\d +)[\w-]+(:\S+)?", r"\1OWNER", text)
    return [re.sub(r" +", " ", line).rstrip() for line in text.split("\n") if line.strip()]


def play(command, shm_dir, root):
    environment = {**os.environ, "SLICKQ_SHM_DIR": shm_dir}
    return subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          cwd=root, env=environment).stdout


def main():
    readme = pathlib.Path(sys.argv[1])
    shm_dir = os.environ["SLICKQ_SHM_DIR"]
    text = readme.read_text()
    config = pathlib.Path(os.environ["BATS_TEST_TMPDIR"]) / "slickqd.json"
    played = wrong = 0
    for block in indented_blocks(text):
        if block[0] == "{":
            keys = block[1 : block.index("}") + 1]
            config.write_text("\n".join(['{ "shm_dir": "%s",' % shm_dir, *keys]))
        for command, expected in commands(block):
            if ELSEWHERE.search(command):
                continue
            answer = play(command.replace("slickqd.json", str(config)), shm_dir, readme.parent)
            answer = answer.replace(str(config), "slickqd.json")
            played += 1
            if sorted(comparable(answer, shm_dir)) != sorted(comparable("\n".join(expected), shm_dir)):
                wrong += 1
                print(f"$ {command}\n-- the README says\n" + "\n".join(expected) + f"\n-- it is\n{answer}")
    print(f"played {played} commands, {wrong} answer otherwise")
    return 1 if wrong or played < 10 else 0


sys.exit(main())
