"""A network of real nodes on this machine, and a story of what may happen to one. No Twisted."""
