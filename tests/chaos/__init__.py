"""The same storms for real: the local stack, with faults at every stand-in and functions killed at random."""
