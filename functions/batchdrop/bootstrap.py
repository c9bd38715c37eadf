"""The one place that builds clients: on first use, once a process."""

import functools
import os
import sys

from batchdrop.cloud.clock import SystemClock, SystemTokens
from batchdrop.cloud.logs import JsonLog
from batchdrop.domain.turn import Function
from batchdrop.settings import read_settings
from batchdrop.steps.context import Context


@functools.cache
def log_of(function: Function) -> JsonLog:
    """The log of a function; needs no settings, so that even their mistakes can be logged."""
    return JsonLog(sys.stdout, str(function))


@functools.cache
def context_of(function: Function) -> Context:
    """Everything a function's steps need.

    Raises:
        BadSettings: the environment is not what the service needs.
    """
    # Google's clients take half a second to import; an import of the entry points is spared that.
    from google.cloud.firestore import Client as FirestoreClient  # noqa: PLC0415
    from google.cloud.storage import Client as StorageClient  # noqa: PLC0415

    from batchdrop.cloud.firestore import FirestoreDocuments  # noqa: PLC0415
    from batchdrop.cloud.storage import CloudObjects  # noqa: PLC0415
    from batchdrop.cloud.vertex import VertexBatches  # noqa: PLC0415

    settings = read_settings(os.environ)
    project = settings.google_cloud_project
    return Context(
        documents=FirestoreDocuments(FirestoreClient(project=project, database=settings.firestore_database)),
        objects=CloudObjects(StorageClient(project=project)),
        batches=VertexBatches(project, settings.vertex_endpoint),
        clock=SystemClock(),
        tokens=SystemTokens(),
        log=log_of(function),
        settings=settings,
    )
