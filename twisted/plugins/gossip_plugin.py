"""Lets twistd and twist find p2p-gossip."""

from twisted.application.service import ServiceMaker

p2pGossip = ServiceMaker(
    "p2p-gossip",
    "gossip.tap",
    "A node of a mesh that knows who is alive and who can talk to whom.",
    "p2p-gossip",
)
