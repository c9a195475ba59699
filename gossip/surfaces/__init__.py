"""People and programs looking in. Each surface is optional, and none knows another."""
