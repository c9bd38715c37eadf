"""The fields that a list filter can name, and what its operators mean for each."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, TypeAlias, cast

from infra.local.vertex.errors import ApiError, Code
from infra.local.vertex.jobs import Job
from infra.local.vertex.states import JobState

Operator = Literal["=", "!=", ":", "<", "<=", ">", ">="]
Test: TypeAlias = Callable[[Job], bool]

_OPERATORS = frozenset({"=", "!=", ":", "<", "<=", ">", ">="})


def comparison(field: str, operator: str, value: str) -> Test:
    """One `field operator value` of a filter, with field names in snake or camel case.

    Raises:
        ApiError: 400 for an unknown field, or an operator or value that does not fit it.
    """
    if operator not in _OPERATORS:
        raise invalid(f"{operator!r} is not an operator")
    known = cast("Operator", operator)
    if field.startswith("labels."):
        return _label(field.removeprefix("labels."), known, value)
    match re.sub(r"(?<=[a-z])([A-Z])", r"_\1", field).lower():
        case "display_name":
            return _text(lambda job: job.spec.display_name, field, known, value)
        case "model_display_name":
            return _text(lambda job: job.spec.model_id, field, known, value)
        case "state":
            return _state(known, value)
        case "create_time":
            return _time(lambda job: job.created, known, value)
        case "update_time":
            return _time(lambda job: job.updated, known, value)
        case _:
            raise invalid(f"the field {field!r} cannot be filtered on")


def invalid(why: str) -> ApiError:
    """The 400 for a filter."""
    return ApiError(Code.INVALID_ARGUMENT, f"Invalid filter: {why}.")


def _text(of: Callable[[Job], str], field: str, operator: Operator, value: str) -> Test:
    match operator:
        case "=":
            return lambda job: of(job) == value
        case "!=":
            return lambda job: of(job) != value
        case ":":
            pattern = re.compile(".*".join(map(re.escape, value.split("*"))), re.DOTALL)
            return lambda job: pattern.fullmatch(of(job)) is not None
        case _:
            raise invalid(f"{field} cannot be compared with {operator!r}")


def _label(key: str, operator: Operator, value: str) -> Test:
    if operator == ":" and value == "*":
        return lambda job: key in job.spec.labels
    match operator:
        case "=" | ":":
            return lambda job: job.spec.labels.get(key) == value
        case "!=":
            return lambda job: job.spec.labels.get(key) != value
        case _:
            raise invalid(f"labels cannot be compared with {operator!r}")


def _state(operator: Operator, value: str) -> Test:
    if value not in JobState.__members__ or operator not in {"=", "!="}:
        raise invalid("state takes = or != and the name of a JobState")
    state = JobState[value]
    return (lambda job: job.state is state) if operator == "=" else (lambda job: job.state is not state)


def _time(of: Callable[[Job], datetime], operator: Operator, value: str) -> Test:
    moment = _moment(value)
    match operator:
        case "<":
            return lambda job: of(job) < moment
        case "<=":
            return lambda job: of(job) <= moment
        case ">":
            return lambda job: of(job) > moment
        case ">=":
            return lambda job: of(job) >= moment
        case "=" | ":":
            return lambda job: of(job) == moment
        case "!=":
            return lambda job: of(job) != moment


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise invalid("a time is written as in RFC 3339") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
