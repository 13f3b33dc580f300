#!/usr/bin/env python3
"""The tables in a module's README, from its .tf files, laid out as terraform-docs does.

    module_readme.py FOLDER           fails if README.md is not current
    module_readme.py FOLDER --write   writes it

What stands between `<!-- BEGIN_TF_DOCS -->` and `<!-- END_TF_DOCS -->` is generated. The .tf files are
read by their layout after `terraform fmt`: a block ends at the first `}` in the first column.
"""

import pathlib
import re
import sys

BEGIN, END = "<!-- BEGIN_TF_DOCS -->\n", "<!-- END_TF_DOCS -->\n"


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
    required = "yes" if default is None else "no"
    default = "n/a" if default is None else f"`{default}`"
    return f"| `{name}` | {described(name, body)} | {shown}{flags(body)} | {default} | {required} |"


def requirements(text):
    """What versions.tf asks for, and of whom."""
    lines = ["## Requirements\n", "| Name | Version |", "|---|---|"]
    lines.append(f"| terraform | `{re.search(r'required_version = .(.*).$', text, re.M)[1]}` |")
    providers = re.findall(r'^    (\w+) = {\n +source +=.*\n +version = "(.*)"', text, re.M)
    lines += [f"| {name} | `{version}` |" for name, version in providers]
    lines += ["\n## Providers\n", "| Name | Source |", "|---|---|"]
    lines += [f"| {n} | `{s}` |" for n, s in re.findall(r'^    (\w+) = {\n +source +=  *"(.*)"', text, re.M)]
    return lines


def resources(folder):
    """Each resource and data source, in the order of the alphabet."""
    text = "\n".join(path.read_text() for path in sorted(folder.glob("*.tf")))
    found = re.findall(r'^(resource|data) "(\w+)" "(\w+)"', text, re.M)
    lines = ["\n## Modules\n", "No modules.", "\n## Resources\n", "| Name | Type |", "|---|---|"]
    kinds = {"resource": "resource", "data": "data source"}
    lines += [f"| `{kind}.{name}` | {kinds[k]} |" for k, kind, name in sorted(found, key=lambda f: (f[1:], f[0]))]
    return lines


def generated(folder):
    variables = blocks((folder / "variables.tf").read_text(), "variable")
    outputs = blocks((folder / "outputs.tf").read_text(), "output")
    lines = requirements((folder / "versions.tf").read_text()) + resources(folder)
    lines += ["\n## Inputs\n", "| Name | Description | Type | Default | Required |", "|---|---|---|---|---|"]
    # The required ones first, each group in the order of the file.
    variables.sort(key=lambda v: argument(v[1], "default") is not None)
    lines += [row(name, body) for name, body in variables]
    lines.append("\n### Objects")
    for name, body in variables:
        kind = argument(body, "type")
        if kind.startswith("object"):
            lines += [f'\n<a id="{name}"></a>\n`{name}`:\n', f"```terraform\n{kind}\n```"]
    lines += ["\n## Outputs\n", "| Name | Description |", "|---|---|"]
    lines += [f"| `{name}` | {described(name, body)} |" for name, body in outputs]
    return "\n".join(lines) + "\n"


def main():
    folder = pathlib.Path(sys.argv[1])
    path = folder / "README.md"
    have = path.read_text()
    head, begin, rest = have.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{path} lacks the lines {BEGIN}and {END}")
    want = head + begin + generated(folder) + end + tail
    if "--write" in sys.argv:
        path.write_text(want)
    elif want != have:
        sys.exit(f"{path} is not current: run `make docs`")


main()
