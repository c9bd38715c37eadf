"""A stand-in for Vertex AI batch prediction: the REST API, the life of a job, its importer and its output files.

Start it alone with `python -m infra.local.vertex --storage URL`, or inside a process with `server.VertexServer`.
"""
