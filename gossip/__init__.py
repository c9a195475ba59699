"""
p2p-gossip: who is in the network, who is alive, and who can talk to whom. No server, no CA.

Rooms, from the wire up:

* `gossip.wire`: bytes to meaning, for one link. Pure.
* `gossip.trust`: who is who: keys, certificates, sealed records, policy.
* `gossip.mesh`: many links: the book, liveness, pairing, dialing, healing.
* `gossip.sight`: what nodes say of their links, and what follows from it: verdicts, the whole network.
* `gossip.memory`: what of it all survives a restart.
* `gossip.surfaces`: what people and programs see.
* `gossip.control`, `gossip.client`: how a running node is asked, and by what commands.
* `gossip.demo`: real nodes on one machine, and what may happen to them.
* `gossip.page`: what a browser is shown.
* `gossip.node`: the composition root, where all of them meet.
* `gossip.settings`, `gossip.options`, `gossip.config`, `gossip.cli`, `gossip.tap`: the ways in.

Words. *Node*: one running p2p-gossip. *Peer*: another node. *Peer id*: hash of its public key.
*Record*: what a peer says of itself, signed. *Book*: all records held. *Link*: the one
authenticated connection to a peer. *View*: digest of a book. *Period*: time between pings.
*Heartbeat*: longest silence a node promises. *Network*: name that separates unrelated meshes.
*Seed*: an address to join through. *Unmet*: known from others, never linked. *Memory*: what is remembered of a peer. *Occurrence*: an event
that is kept.

Verbs: dial, accept, admit, refuse, hear, tell, lose, leave, forget.
"""

__version__ = "0.1.0"
