import subprocess
import sys

import msgspec
from google.cloud.aiplatform_v1.types import GenerateContentRequest
from google.protobuf.descriptor import Descriptor

from batchdrop.rows import request_types
from batchdrop.rows.request_spec import MessageSpec, request_spec
from tests.tools.make_request_types import TARGET, module_text


def test_the_module_is_what_the_installed_definition_makes() -> None:
    assert TARGET.read_text() == module_text(), "run python -m tests.tools.make_request_types"


def test_every_field_is_found_by_both_its_names() -> None:
    found: dict[str, Descriptor] = {}
    specs: dict[str, MessageSpec] = {}
    _walk(GenerateContentRequest.pb(GenerateContentRequest()).DESCRIPTOR, request_spec(), found, specs)
    assert len(found) == 57
    for name, message in found.items():
        for field in message.fields:
            assert specs[name].fields[field.json_name].name == field.json_name
            assert specs[name].fields[field.name].name == field.json_name


def _walk(message: Descriptor, spec: MessageSpec, found: dict[str, Descriptor], specs: dict[str, MessageSpec]) -> None:
    if message.full_name in found:
        return
    found[message.full_name], specs[message.full_name] = message, spec
    for field in message.fields:
        inner = spec.fields[field.json_name].value.message
        if inner is not None and field.message_type is not None:
            entry = field.message_type
            kind = entry.fields_by_name["value"].message_type if entry.GetOptions().map_entry else entry
            assert kind is not None
            _walk(kind, inner, found, specs)


def test_a_request_decodes_into_the_types_and_back() -> None:
    line = (
        b'{"contents":[{"parts":[{"text":"hi"}],"role":"user"}],'
        b'"generationConfig":{"temperature":0.5,"responseSchema":{"type":"STRING","format":"enum","enum":["a"]}}}'
    )
    request = msgspec.json.decode(line, type=request_types.GenerateContentRequest)
    assert msgspec.json.decode(msgspec.json.encode(request)) == msgspec.json.decode(line)


def test_checking_requests_loads_no_client_of_google() -> None:
    code = "import sys, batchdrop.rows.native; print(any('aiplatform' in name for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd="functions")
    assert done.stdout.strip() == "False"
