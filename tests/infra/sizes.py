"""What memory is set aside for."""

PYTHON_AND_CLIENTS_MB = 200
"""What a process takes with everything imported, before it does anything."""
