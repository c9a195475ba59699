"""What it costs. Each module is a program of its own, run from the checkout."""
