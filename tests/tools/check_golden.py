"""Compares what `slickq` says of each golden segment with its JSON.  usage: check_golden.py GOLDEN_DIR"""
import json
import pathlib
import subprocess
import sys

LAYOUT = {"cpp-1.1.2": "wide", "cpp-1.2.3": "packed", "cpp-1.3.0": "packed", "cpp-1.4.0": "slq1",
          "python-1.0.1": "packed"}


def slickq(*arguments):
    done = subprocess.run(["slickq", *arguments, "--json"], capture_output=True, text=True)
    return done.returncode, done.stdout


def element_pattern(first, size):
    """An element holds its value as u64, then byte k = value * 31 + k."""
    return (first.to_bytes(8, "little") + bytes((first * 31 + k) & 255 for k in range(8, size)))[:size]


def dumped_items(path, element_size):
    code, lines = slickq("dump", "--file", path)
    assert code == 0, f"dump: exit {code}"
    items = {}
    for line in map(json.loads, lines.splitlines()):
        if "missing" in line:
            assert line["last_missing"] - line["first_missing"] + 1 == line["missing"] > 0, "a hole"
            continue
        data = bytes.fromhex(line["data_hex"])
        assert line["bytes"] == len(data) == line["count"] * element_size, "bytes"
        first = int.from_bytes(data[:8], "little")
        for k in range(line["count"]):
            element = data[k * element_size : (k + 1) * element_size]
            assert element == element_pattern(first + k, element_size), f"payload of element {line['index'] + k}"
        items[line["index"]] = (line["count"], first)
    return items


def read_items(truth):
    """What the original's reader returned, by index, as far as it is still in the ring."""
    per_slot = truth.get("items_per_slot", 1)
    oldest = truth["reserved_index"] - truth["capacity"]
    items = {}
    for read in truth["reads"]:
        for item in read["items"]:
            index = item["cursor_after"] - (item["count"] + per_slot - 1) // per_slot * per_slot
            if index >= oldest:
                items[index] = (item["count"], item["first_u64"])
    return items


def check(image):
    truth = json.loads(image.with_suffix(".json").read_text())
    path = str(image)
    code, text = slickq("inspect", path)
    assert code == 0, f"inspect: exit {code}"
    seen = json.loads(text)
    layout = LAYOUT.get(image.parent.name, image.stem[:4])
    assert seen["layout"] == layout, f"layout {seen['layout']}"
    for key in ("capacity", "element_size", "segment_bytes", "reserved_index"):
        assert seen[key] == truth[key], f"{key} {seen[key]}"
    assert seen["items_per_slot"] == truth.get("items_per_slot", 1), "items_per_slot"
    assert seen["data_offset"] == truth.get("data_offset", seen["data_offset"]), "data_offset"

    items, reads = dumped_items(path, seen["element_size"]), read_items(truth)
    # Lapped: the original's reader jumps to newer items, ours starts at the oldest; no other scenario differs.
    missing = {index: item for index, item in reads.items() if items.get(index) != item}
    assert not missing, f"dump lacks {missing}"
    assert items == reads or image.stem == "lapped", f"dump has {items}, the original read {reads}"

    has_hole = image.stem.startswith("hole")
    assert bool(seen["holes"]) == has_hole, f"holes {seen['holes']}"
    code, _ = slickq("verify", path)
    assert code == (6 if has_hole else 0), f"verify: exit {code}"


def main():
    images = sorted(pathlib.Path(sys.argv[1]).glob("*/*.bin"))
    failed = 0
    for image in images:
        try:
            check(image)
        except AssertionError as error:
            failed += 1
            print(f"{image.parent.name}/{image.name}: {error}")
    print(f"checked {len(images)} segments" + (f", {failed} differ" if failed else ""))
    return 1 if failed or not images else 0


sys.exit(main())
