"""What survives a restart: the node's key, whom it knows, and what happened."""
