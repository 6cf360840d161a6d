from __future__ import annotations

from lab.packet_filter import owned_lines, removal_script

SAVED = """\
# Generated
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:CNI-1f - [0:0]
-A PREROUTING -m comment --comment "service portals" -j KUBE-SERVICES
-A POSTROUTING -s 10.88.0.2/32 -m comment --comment "name: \\"lab\\"" -j CNI-1f
-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE
-A KUBE-SERVICES -d 10.96.0.1/32 -j CNI-1f
COMMIT
*filter
:INPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
"""


def test_rules_into_owned_chains_go_first_then_their_chains() -> None:
    assert removal_script(SAVED).splitlines() == [
        "*nat",
        '-D PREROUTING -m comment --comment "service portals" -j KUBE-SERVICES',
        '-D POSTROUTING -s 10.88.0.2/32 -m comment --comment "name: \\"lab\\"" -j CNI-1f',
        "-F KUBE-SERVICES",
        "-F CNI-1f",
        "-X KUBE-SERVICES",
        "-X CNI-1f",
        "COMMIT",
    ]


def test_rules_of_others_are_not_mentioned() -> None:
    assert "MASQUERADE" not in removal_script(SAVED)
    assert "filter" not in removal_script(SAVED)


def test_nothing_of_ours_gives_nothing_to_do() -> None:
    assert removal_script("*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n") == ""


def test_what_is_left_can_be_counted() -> None:
    assert len(owned_lines(SAVED)) == 5
