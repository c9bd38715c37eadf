"""`batchdrop check`: what a file would become and cost, on one's own machine, by the very steps of the service."""
