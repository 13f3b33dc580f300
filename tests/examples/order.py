#!/usr/bin/env python3
"""What a file says of the order in which a module makes and destroys its resources.

    order.py FOLDER FILE

`A > B`                 A is made after B and destroyed before it, by Terraform's graph.
`A outlives its users`  A is replaced or taken away only when its users have changed.
`A ends first`          A is destroyed before it is made anew; so neither it nor anything that is
                        made after it may be created before it is destroyed.
"""

import pathlib
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
text = "".join(path.read_text() for path in pathlib.Path(folder).glob("*.tf"))
resources = re.findall(r'^resource "(\w+)" "(\w+)" {\n(.*?)^}', text, re.M | re.S)
created_first = {
    f"{kind}.{name}" for kind, name, body in resources if "create_before_destroy = true" in body
}


def all_needs(name):
    """Everything that a resource waits for, through others too."""
    found, todo = set(), [name]
    while todo:
        for earlier in needs.get(todo.pop(), ()):
            if earlier not in found:
                found.add(earlier)
                todo.append(earlier)
    return found


def holds(line):
    name, _, rest = line.partition(" ")
    if rest.startswith("> "):
        return rest[2:] in all_needs(name)
    if rest == "outlives its users":
        return name in created_first
    # Terraform hands create_before_destroy down to all that a resource needs.
    return rest == "ends first" and all(
        name != other and name not in all_needs(other) for other in created_first
    )


lines = [line.strip() for line in open(file, encoding="utf-8")]
wrong = [line for line in lines if line and not line.startswith("#") and not holds(line)]
for line in wrong:
    print(f"does not hold: {line}")
sys.exit(1 if wrong else 0)
