"""Numbers that the platform or the design fixes."""

from datetime import timedelta

KIB = 1024
MIB = 1024 * KIB
GB = 10**9

SHARD_BYTES = 64 * MIB
"""Input bytes of one shard at most; the design's choice, a unit of work that fits well inside a run."""

LOT_ROWS = 50_000
LOT_BYTES = 256 * MIB

BATCH_ROWS = 200_000
"""Requests of one Vertex job (docs: batch-inference/new-job-from-cloud-storage)."""
BATCH_BYTES = GB
"""Input of one Vertex job; the docs do not say whether per file or per job, so per job."""
ANSWER_BYTES = 60 * MIB
"""Answers that are held in memory at once while they are sorted: those of a full batch, if they are short."""
SHARD_TWINS = 500_000
BATCH_TWINS = 1_000_000
"""Rows that are answered with another row's answer: their places are held in memory while answers are sorted."""
BATCH_LOTS = 400
"""Keeps the commit that creates a batch below 500 writes."""

READ_BYTES = 4 * MIB
"""What is read of an object at a time, unless less is asked for; the design's choice."""
READ_ABREAST_BYTES = 16 * MIB
LEAST_READ_BYTES = 128 * KIB
"""The same of objects that are read side by side: of all of them together, and of each at least."""
WRITE_BYTES = 8 * MIB
"""What a new object's writer holds at most, unless it is told less. Sent at a time, it is a multiple of 256 KiB
(docs: storage/resumable-uploads)."""
LEAN_WRITE_BYTES = MIB
"""The same where many objects are written at once."""

REQUEST_BYTES = 20 * 10**6
"""One request of a batch line (docs: inline data and request size)."""

UNPACKED_BYTES = 100 * GB
"""What a compressed input may hold; more is a mistake, or made to do harm."""
ZSTD_WINDOW_BYTES = 64 * MIB
"""Memory that a zstd frame may ask its reader to hold: all levels up to 21, but not `--long` or `--ultra -22`."""

COLUMNS_BYTES = 64 * KIB
"""Names of an input's columns, or its schema: they stand in the job's document, which is to stay small."""

PROMPT_BYTES = MIB
"""A prompt is a text that people write; it is held in memory."""
PRICES_BYTES = MIB
"""A list of prices in the input bucket; more is some other file."""

OBJECT_NAME_BYTES = 1024
NAME_BYTES = 960
"""Input names: `<name>/<generation>/results.parquet/part-00000.parquet` must fit the 1,024 bytes of an object name."""

WAVE_SHARDS = 64
COMPOSE_SOURCES = 32
"""Sources of one compose call (docs: storage/composite-objects)."""

SUBMISSIONS = 60
SUBMISSION_WINDOW = timedelta(seconds=60)
"""Vertex takes 60 job submissions a minute in a region (docs: machine-learning/quotas)."""

COMMIT_WRITES = 400
BUDGET_JOBS = 60
"""Jobs that one commit admits or settles: 10 MiB at most, of documents that hold columns and a schema."""
MAX_SYSTEM_RETRIES = 5
MAX_INVALID_ROWS = 10
"""Up to so many invalid rows never reject a job, whatever their share."""

RUN_SECONDS = 540
"""A function's run ends here (docs: run/configuring/request-timeout)."""
YIELD_SHARE = 7 / 9
"""A long step leaves the rest to the next run after this share of its time."""
LAPSE_SHARE = 10 / 9
"""What was begun so long ago, in runs, was lost: a turn's event, or the owner of a claim."""
MAX_STARTS = 8
WAIT_FOR_PROMPT = timedelta(days=7)
KEEP_DOCUMENTS = timedelta(days=30)
WAIT_FOR_APPROVAL = timedelta(days=7)
VERTEX_RUN = timedelta(hours=24)
BATCH_LIFE = timedelta(hours=98)
"""Vertex queues for at most 72 hours and runs for at most 24; what still runs after that is cancelled."""
CANCEL_LIFE = timedelta(hours=24)
"""A batch that has not ended so long after its cancellation is taken for expired."""
MAKING_LIFE = timedelta(hours=72)
"""For so long a batch is tried to be made; whatever was out of order should be mended by then."""
LATE_ANSWERS = timedelta(minutes=30)
LIST_LAG_SECONDS = 60
"""How long Vertex's list may hide a job that was created; assumed, nowhere documented."""
LIST_BACK = timedelta(days=7)
