"""Asking a running node: HTTP with JSON on a Unix socket (RFC 9110, RFC 9457)."""
