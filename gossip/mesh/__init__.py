"""Many links: who is known, who is alive, who is dialed, and what is said to whom."""
