"""The data plane: pure functions from bytes to rows to requests to answers to bytes."""
