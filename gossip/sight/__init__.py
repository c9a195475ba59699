"""What nodes say of their links, and what follows from it: rows, verdicts, the whole network."""
