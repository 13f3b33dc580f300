#!/usr/bin/env python3
"""Times the demo's no-op plan against its floor, and counts the round trips of one refresh."""

import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

rig, demo, root, provider = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4]
facts = json.loads((root / ".demo/rig.json").read_text())
RUNS = 7
RTT = 0.1
NODE = 'harbor_ha_node.node["a"]'


def run(argv: list[str], folder: pathlib.Path | None = None, **env: str) -> float:
    """Runs inside the demo's network; how long it took. A failure shows what was said."""
    begun = time.monotonic()
    done = subprocess.run([rig, "run", demo, "--", *argv], cwd=folder, text=True,
                          capture_output=True, env=os.environ | env)
    if done.returncode != 0:
        sys.exit(f"{' '.join(argv)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return time.monotonic() - begun


def median(act) -> float:
    """The median of several runs, after one that warms the caches."""
    act()
    return statistics.median(act() for _ in range(RUNS))


def configuration(name: str, text: str) -> pathlib.Path:
    """A folder with a configuration that finds the release build of the provider."""
    folder = work / name
    folder.mkdir()
    (folder / "main.tf").write_text(text)
    return folder


def terraform(folder: pathlib.Path, *argv: str) -> float:
    return run(["terraform", *argv], folder, TF_CLI_CONFIG_FILE=str(work / "rc"))


def plan(folder: pathlib.Path, *more: str) -> float:
    # A plan with changes would be a measure of something else.
    strict = [] if "-refresh-only" in more else ["-detailed-exitcode"]
    return terraform(folder, "plan", "-input=false", "-no-color", *strict, *more)


def connects() -> float:
    """One SSH connection to each host, one after the other."""
    return sum(run(["ssh", "-F", "none", "-i", facts["ssh"]["key"], "-o", "BatchMode=yes",
                    "-o", f"UserKnownHostsFile={facts['ssh']['known_hosts']}",
                    f"root@{host['address']}", "true"])
               for host in facts["hosts"])


def entered() -> float:
    """What entering the demo's network costs by itself."""
    return run(["true"])


def round_trips(folder: pathlib.Path, *more: str) -> tuple[float, float]:
    """Round trips, and the time without any delay."""
    subprocess.run([rig, "slow", demo, "0"], check=True)
    near = median(lambda: plan(folder, *more))
    subprocess.run([rig, "slow", demo, str(int(RTT * 1000))], check=True)
    try:
        far = median(lambda: plan(folder, *more))
    finally:
        subprocess.run([rig, "slow", demo, "0"], check=True)
    return (far - near) / RTT, near


def only(state: dict, keep: str) -> dict:
    """The state with one resource instance alone."""
    kept = []
    for resource in state["resources"]:
        for instance in resource["instances"]:
            key = f'["{instance["index_key"]}"]' if "index_key" in instance else ""
            if f"{resource['type']}.{resource['name']}{key}" == keep:
                kept.append(resource | {"instances": [instance | {"dependencies": []}]})
    return state | {"resources": kept, "outputs": {}}


def alone(main: str, state: dict) -> str:
    """The demo's configuration with the first node alone, and values for what it refers to."""
    blocks = re.split(r"\n(?=\S[^\n]* \{\n)", main)
    wanted = [b for b in blocks if b.startswith(("provider", "locals", 'resource "harbor_ha_node"'))]
    values = {f"{r['type']}.{r['name']}": r["instances"][0]["attributes"] for r in state["resources"]}

    def value(reference: re.Match) -> str:
        return json.dumps(values[reference[1]][reference[2]])

    text = re.sub(r"\b(harbor_\w+\.\w+)\.(\w+)", value, "\n".join(wanted))
    return text.replace("for_each = var.nodes", 'for_each = { a = var.nodes["a"] }')


work = pathlib.Path(tempfile.mkdtemp(prefix="breakwater-bench-"))
try:
    (work / "rc").write_text(
        f'provider_installation {{\n  dev_overrides {{ "breakwater/harbor" = "{provider}" }}\n  direct {{}}\n}}\n')
    whole = work / "demo"
    shutil.copytree(root / "examples/local", whole, ignore=shutil.ignore_patterns(".terraform*"))
    versions = whole / "versions.tf"
    # The state is in the folder; a backend would need an init.
    versions.write_text(versions.read_text().replace('backend "local" {}', ""))
    shutil.copy(root / ".demo/terraform.tfstate", whole)
    shutil.copy(root / ".demo/demo.tfvars.json", whole / "terraform.tfvars.json")
    state = json.loads((whole / "terraform.tfstate").read_text())
    count = sum(len(r["instances"]) for r in state["resources"])

    floor = configuration("floor", f'resource "terraform_data" "x" {{\n  count = {count}\n}}\n')
    terraform(floor, "apply", "-input=false", "-auto-approve")

    one = work / "one"
    shutil.copytree(whole, one)
    (one / "outputs.tf").unlink()
    (one / "main.tf").write_text(alone((whole / "main.tf").read_text(), state))
    (one / "terraform.tfstate").write_text(json.dumps(only(state, NODE)))

    own = median(entered)
    ours = median(lambda: plan(whole)) - own
    bare = median(lambda: plan(floor)) - own
    ssh = median(connects) - own * len(facts["hosts"])
    print(f"no-op plan of the demo ({count} resources, {len(facts['hosts'])} hosts): {ours * 1000:.0f} ms")
    print(f"floor: the same plan of {count} terraform_data {bare * 1000:.0f} ms "
          f"+ one ssh connect per host {ssh * 1000:.0f} ms = {(bare + ssh) * 1000:.0f} ms")
    print(f"above the floor: {(ours - bare - ssh) * 1000:.0f} ms")

    trips, near = round_trips(one, "-refresh-only")
    print(f"refresh of one host ({NODE}): {trips:.1f} round trips, connect included "
          f"(goal 13.5; {near * 1000:.0f} ms without delay)")
    trips, _ = round_trips(whole)
    print(f"no-op plan of the whole demo: {trips:.1f} round trips")
finally:
    shutil.rmtree(work)
