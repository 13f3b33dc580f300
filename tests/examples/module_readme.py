#!/usr/bin/env python3
"""Inputs and outputs in a module's README, from its .tf files.

    module_readme.py FOLDER           fails if README.md is not current
    module_readme.py FOLDER --write   writes it

The README has a line `<!-- inputs and outputs -->`; all below it is generated. The .tf files are
read by their layout after `terraform fmt`: a block ends at the first `}` in the first column.
"""

import pathlib
import re
import sys

MARK = "<!-- inputs and outputs -->\n"


def blocks(text, kind):
    """Name and body of each block of a kind, in the order of the file."""
    return re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}', text, re.M | re.S)


def argument(body, name):
    """The text of an argument; it may go on over indented lines."""
    found = re.search(rf"^  {name} += (.*(?:\n(?:    .*|  [\]}})]+))*)", body, re.M)
    return found and re.sub(r"^  ", "", found[1], flags=re.M)


def described(name, body):
    text = argument(body, "description")
    if not text or not text.startswith('"'):
        sys.exit(f"{name} has no description on one line")
    return text[1:-1].replace('\\"', '"').replace("|", "\\|")


def flags(body):
    held = [flag for flag in ("sensitive", "ephemeral") if argument(body, flag) == "true"]
    return f" ({', '.join(held)})" if held else ""


def row(name, body):
    kind = argument(body, "type")
    shown = f"[object](#{name})" if kind.startswith("object") else f"`{kind}`"
    default = argument(body, "default")
    if default and "\n" in default:
        default = " ".join(default.split())
    default = "required" if default is None else f"`{default}`"
    return f"| `{name}` | {shown}{flags(body)} | {default} | {described(name, body)} |"


def generated(folder):
    variables = blocks((folder / "variables.tf").read_text(), "variable")
    outputs = blocks((folder / "outputs.tf").read_text(), "output")
    lines = ["\n## Inputs\n", "| name | type | default | what it is |", "|---|---|---|---|"]
    # The required ones first, each group in the order of the file.
    variables.sort(key=lambda v: argument(v[1], "default") is not None)
    lines += [row(name, body) for name, body in variables]
    lines.append("\n### Objects")
    for name, body in variables:
        kind = argument(body, "type")
        if kind.startswith("object"):
            lines += [f'\n<a id="{name}"></a>\n`{name}`:\n', f"```terraform\n{kind}\n```"]
    lines += ["\n## Outputs\n", "| name | what it is |", "|---|---|"]
    lines += [f"| `{name}` | {described(name, body)} |" for name, body in outputs]
    return "\n".join(lines) + "\n"


def main():
    folder = pathlib.Path(sys.argv[1])
    path = folder / "README.md"
    have = path.read_text()
    head, mark, _ = have.partition(MARK)
    if not mark:
        sys.exit(f"{path} has no line {MARK}")
    want = head + mark + generated(folder)
    if "--write" in sys.argv:
        path.write_text(want)
    elif want != have:
        sys.exit(f"{path} is not current: run `make docs`")


main()
