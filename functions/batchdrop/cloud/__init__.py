"""Adapters: Firestore, Cloud Storage, Vertex AI, CloudEvents, logs."""
