"""`python -m gossip` is `p2p-gossip`."""

from gossip.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
