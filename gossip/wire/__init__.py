"""Bytes to meaning and back, for one link. Pure: no Twisted, clock, randomness or files."""
