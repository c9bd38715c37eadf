"""Checks of a create request: what Vertex refuses at once, before there is a job."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.local.vertex.errors import ApiError, Code
from infra.local.vertex.jobs import JobSpec
from infra.local.vertex.settings import Settings
from infra.local.vertex.wire import camel
from infra.local.vertex.wordset import words

_FIELDS = words(
    """displayName model unmanagedContainerModel inputConfig instanceConfig modelParameters outputConfig
    dedicatedResources serviceAccount manualBatchTuningParameters generateExplanation explanationSpec labels
    encryptionSpec disableContainerLogging modelMonitoringConfig"""
)
_OUTPUT_ONLY = words(
    """name modelVersionId outputInfo state error partialFailures resourcesConsumed completionStats createTime
    startTime endTime updateTime satisfiesPzs satisfiesPzi modelMonitoringStatsAnomalies
    modelMonitoringStatus"""
)
_INPUT_FIELDS = frozenset({"instancesFormat", "gcsSource", "bigquerySource", "vertexMultimodalDatasetSource"})
_OUTPUT_FIELDS = frozenset(
    {"predictionsFormat", "gcsDestination", "bigqueryDestination", "vertexMultimodalDatasetDestination"}
)
_UNSUPPORTED = ("dedicatedResources", "serviceAccount", "encryptionSpec", "unmanagedContainerModel")

_MODEL = re.compile(
    r"(?:projects/[^/]+/locations/[^/]+/)?publishers/(?P<publisher>[^/]+)/models/(?P<id>[^/@]+)(?:@[^/]+)?"
)
_GCS_URI = re.compile(r"gs://[a-z0-9][a-z0-9._-]{1,221}[a-z0-9](?:/.*)?", re.DOTALL)
_LABEL_KEY = re.compile(r"[^\W\d_][\w-]{0,62}")
_LABEL_VALUE = re.compile(r"[\w-]{0,63}")
_LABELS_MAX = 64
_NAME_MAX = 128
_MISSING = "Required field is not set."


def checked(body: object, settings: Settings) -> JobSpec:
    """The job that `body`, the JSON of a `BatchPredictionJob`, asks for.

    Raises:
        ApiError: 400 for a missing or malformed field, 404 for a model that does not exist.
    """
    job = _message(body, "batch_prediction_job", _FIELDS | _OUTPUT_ONLY)
    given = {key: value for key, value in job.items() if key not in _OUTPUT_ONLY}
    source = _source(given.get("inputConfig", {}))
    target = _message(given.get("outputConfig", {}), "batch_prediction_job.output_config", _OUTPUT_FIELDS)
    if isinstance(target.get("gcsDestination"), dict):
        target["gcsDestination"] = _camel(target["gcsDestination"])
    problems = [*_name_problems(given), *_input_problems(source), *_output_problems(target)]
    if problems:
        raise _invalid(problems)
    return JobSpec(
        display_name=given["displayName"],
        model_id=_model_id(given["model"], settings),
        input_uris=tuple(source["gcsSource"]["uris"]),
        output_prefix=target["gcsDestination"]["outputUriPrefix"],
        labels=given.get("labels", {}),
        body={**given, "inputConfig": source, "outputConfig": target},
    )


def _source(value: object) -> dict[str, Any]:
    source = _message(value, "batch_prediction_job.input_config", _INPUT_FIELDS)
    gcs = source.get("gcsSource")
    # Google's own sample writes a single URI without the list around it.
    if isinstance(gcs, dict) and isinstance(gcs.get("uris"), str):
        source["gcsSource"] = {**gcs, "uris": [gcs["uris"]]}
    return source


def _message(value: object, path: str, known: frozenset[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ApiError(Code.INVALID_ARGUMENT, f"Invalid value at '{path}': a JSON object is expected.")
    camel = _camel(value)
    for key in camel:
        if key not in known:
            raise ApiError(
                Code.INVALID_ARGUMENT,
                f"Invalid JSON payload received. Unknown name \"{key}\" at '{path}': Cannot find field.",
            )
    return camel


def _invalid(problems: list[tuple[str, str]]) -> ApiError:
    listed = "".join(f"\t{i}.Field: {field}; Message: {text}" for i, (field, text) in enumerate(problems, 1))
    return ApiError(Code.INVALID_ARGUMENT, f"List of found errors:{listed}\t")


def _name_problems(job: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name = job.get("displayName")
    if not name or not isinstance(name, str):
        yield "batch_prediction_job.display_name", _MISSING
    elif len(name) > _NAME_MAX:
        yield "batch_prediction_job.display_name", f"The name is longer than {_NAME_MAX} characters."
    if not isinstance(job.get("model"), str) or not job["model"]:
        yield "batch_prediction_job.model", _MISSING
    for field in _UNSUPPORTED:
        if job.get(field):
            yield f"batch_prediction_job.{_snake(field)}", "Not supported for batch prediction with Gemini."
    yield from _label_problems(job.get("labels", {}))


def _label_problems(labels: object) -> Iterator[tuple[str, str]]:
    if not isinstance(labels, dict) or len(labels) > _LABELS_MAX:
        yield "batch_prediction_job.labels", f"At most {_LABELS_MAX} labels, as a map from string to string."
        return
    for key, value in labels.items():
        legal = isinstance(value, str) and _LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(value)
        if not legal or key != key.lower() or value != value.lower():
            yield (
                f"batch_prediction_job.labels.{key}",
                "Keys and values have at most 63 lowercase letters, digits, underscores and dashes.",
            )


def _input_problems(source: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    path = "batch_prediction_job.input_config"
    if not source:
        yield path, _MISSING
        return
    if source.get("instancesFormat") != "jsonl":
        yield f"{path}.instances_format", 'Must be "jsonl".'
    gcs = source.get("gcsSource")
    uris = gcs.get("uris") if isinstance(gcs, dict) else None
    if not isinstance(uris, list) or not uris:
        yield f"{path}.gcs_source.uris", _MISSING
    elif not all(_is_gcs(uri) for uri in uris):
        yield f"{path}.gcs_source.uris", "A URI of the form gs://bucket/object is expected."


def _output_problems(target: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    path = "batch_prediction_job.output_config"
    if not target:
        yield path, _MISSING
        return
    if target.get("predictionsFormat") != "jsonl":
        yield f"{path}.predictions_format", 'Must be "jsonl".'
    gcs = target.get("gcsDestination")
    prefix = gcs.get("outputUriPrefix") if isinstance(gcs, dict) else None
    if not prefix:
        yield f"{path}.gcs_destination.output_uri_prefix", _MISSING
    elif not _is_gcs(prefix):
        yield f"{path}.gcs_destination.output_uri_prefix", "A URI of the form gs://bucket/prefix is expected."


def _model_id(model: str, settings: Settings) -> str:
    match = _MODEL.fullmatch(model)
    if match is None:
        raise _invalid([("batch_prediction_job.model", "The model name does not have a form Vertex knows.")])
    if match["publisher"] != "google" or not settings.serves(match["id"]):
        raise ApiError(Code.NOT_FOUND, f"The PublisherModel {match['id']} does not exist.")
    return match["id"]


def _is_gcs(uri: object) -> bool:
    return isinstance(uri, str) and _GCS_URI.fullmatch(uri) is not None


def _camel(message: Mapping[str, Any]) -> dict[str, Any]:
    return {camel(key): item for key, item in message.items()}


def _snake(camel: str) -> str:
    return re.sub(r"[A-Z]", lambda m: "_" + m[0].lower(), camel)
