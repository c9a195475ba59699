"""A demonstration, told while it happens."""
