"""Take the lab's chains out of the packet filter.

kube-proxy, the kubelet and the CNI plugins add chains named ``KUBE-*`` and
``CNI-*`` and rules that jump to them. ``kube-proxy --cleanup`` leaves those
of the other two, so the lab reads what is there and removes it by prefix.
"""

import shutil
import subprocess
from typing import Final

__all__ = ["PREFIXES", "owned_lines", "removal_script", "remove_chains"]

PREFIXES: Final = ("KUBE-", "CNI-")
"""How the chains of Kubernetes and of CNI begin."""


def removal_script(saved: str) -> str:
    """Turn the output of ``iptables-save`` into input of ``iptables-restore --noflush``.

    The script deletes the rules that jump into owned chains, then empties and
    deletes the chains. It is empty when there is nothing to remove.
    """
    script: list[str] = []
    table: list[str] = []
    for line in saved.splitlines():
        if line.startswith("*"):
            table = [line]
            chains: list[str] = []
            rules: list[str] = []
        elif line.startswith(":") and line[1:].startswith(PREFIXES):
            chains.append(line[1:].split()[0])
        elif line.startswith("-A ") and not _in_owned_chain(line) and _jumps_to_owned_chain(line):
            rules.append("-D" + line.removeprefix("-A"))
        elif line == "COMMIT" and chains:
            flush, delete = [f"-F {chain}" for chain in chains], [f"-X {chain}" for chain in chains]
            script += [*table, *rules, *flush, *delete, "COMMIT"]
    return "".join(f"{line}\n" for line in script)


def owned_lines(saved: str) -> list[str]:
    """Return the lines of ``iptables-save`` output that name an owned chain."""
    return [line for line in saved.splitlines() if any(prefix in line for prefix in PREFIXES)]


def remove_chains() -> None:
    """Remove the chains of Kubernetes and CNI for IPv4 and IPv6."""
    for family in ("iptables", "ip6tables"):
        if not shutil.which(f"{family}-save"):
            continue
        saved = subprocess.run([f"{family}-save"], check=False, capture_output=True, text=True).stdout
        if script := removal_script(saved):
            subprocess.run(
                [f"{family}-restore", "--noflush", "--wait=10"],
                input=script,
                check=True,
                capture_output=True,
                text=True,
            )


def _in_owned_chain(rule: str) -> bool:
    return rule.removeprefix("-A ").startswith(PREFIXES)


def _jumps_to_owned_chain(rule: str) -> bool:
    return any(f"-j {prefix}" in rule or f"-g {prefix}" in rule for prefix in PREFIXES)
