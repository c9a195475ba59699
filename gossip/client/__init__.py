"""The commands that ask a running node: HTTP over its Unix socket, without Twisted."""
