"""A stand-in for Vertex AI batch prediction: the REST API, the life of a job, its importer and its output files.

Google's clients talk to it over REST. It reads and writes Cloud Storage, or what stands in for it, over the JSON
API. Start it alone with `python -m infra.local.vertex --storage URL`, or inside a process with `VertexServer`;
`VertexControl` scripts faults, puts time forward and asks what was billed. README.md tells what is known of Vertex,
and from whom. There is no authentication.
"""

from infra.local.vertex.clock import SimClock
from infra.local.vertex.control import VertexControl
from infra.local.vertex.faults import JobFault, MethodFault, RowFault
from infra.local.vertex.server import VertexServer
from infra.local.vertex.settings import Settings

__all__ = ["JobFault", "MethodFault", "RowFault", "Settings", "SimClock", "VertexControl", "VertexServer"]
