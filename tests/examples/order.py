#!/usr/bin/env python3
"""Each line `A > B` of a file holds in Terraform's graph: A is made after B, and destroyed before it.

    order.py FOLDER FILE
"""

import re
import subprocess
import sys

folder, file = sys.argv[1:]
graph = subprocess.run(
    ["terraform", f"-chdir={folder}", "graph"], check=True, text=True, capture_output=True
).stdout
needs = {}
for later, earlier in re.findall(r'"([^"]+)" -> "([^"]+)"', graph):
    needs.setdefault(later, set()).add(earlier)


def all_needs(name):
    """Everything that a resource waits for, through others too."""
    found, todo = set(), [name]
    while todo:
        for earlier in needs.get(todo.pop(), ()):
            if earlier not in found:
                found.add(earlier)
                todo.append(earlier)
    return found


wrong = 0
for line in open(file, encoding="utf-8"):
    later, arrow, earlier = line.partition(" > ")
    if arrow and not line.startswith("#") and earlier.strip() not in all_needs(later):
        print(f"not in the graph: {line.strip()}")
        wrong += 1
sys.exit(1 if wrong else 0)
