"""Simulated networks of whole nodes: for the tests of this program, and for those of yours."""
