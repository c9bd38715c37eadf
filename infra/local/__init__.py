"""The service on one machine: Firestore emulator, stand-ins for storage, Vertex and Eventarc, the functions."""
