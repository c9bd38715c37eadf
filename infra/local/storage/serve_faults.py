"""The control resource for tests, `/_control/faults`."""

import msgspec
from starlette.responses import Response

from infra.local.storage.calls import Call, json_response
from infra.local.storage.errors import invalid
from infra.local.storage.faults import Fault


async def add(call: Call) -> Response:
    """POST: put one fault in force."""
    document = await call.document()
    try:
        call.services.faults.add(msgspec.convert(document, Fault))
    except msgspec.ValidationError as error:
        raise invalid(f"The fault is not valid: {error}.") from error
    return await listing(call)


async def listing(call: Call) -> Response:
    """GET: every fault, with how many requests it struck."""
    counts = call.services.faults.all()
    faults = [msgspec.to_builtins(entry.fault) | {"consumed": entry.consumed} for entry in counts]
    return json_response({"faults": faults})


async def clear(call: Call) -> Response:
    """DELETE: forget all faults."""
    call.services.faults.clear()
    return Response(status_code=204)
