"""Tests: they mirror the rooms of `gossip`, module for module."""
