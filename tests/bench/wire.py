"""A Vertex request as typed structs: what the fastest typed decoder there is would have to fill in."""

import msgspec


class Blob(msgspec.Struct, rename="camel"):
    """Inline data."""

    mime_type: str
    data: str


class FileData(msgspec.Struct, rename="camel"):
    """A file in Cloud Storage."""

    mime_type: str
    file_uri: str


class Part(msgspec.Struct, rename="camel"):
    """A part of a turn."""

    text: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: msgspec.Raw | None = None
    function_response: msgspec.Raw | None = None
    thought: bool = False


class Content(msgspec.Struct):
    """A turn."""

    parts: list[Part]
    role: str = "user"


class Schema(msgspec.Struct, rename="camel"):
    """A response's schema."""

    type: str | None = None
    format: str | None = None
    description: str | None = None
    nullable: bool = False
    enum: list[str] | None = None
    items: "Schema | None" = None
    properties: "dict[str, Schema] | None" = None
    required: list[str] | None = None
    property_ordering: list[str] | None = None


class Generation(msgspec.Struct, rename="camel"):
    """How to generate."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    candidate_count: int | None = None
    max_output_tokens: int | None = None
    stop_sequences: list[str] | None = None
    response_mime_type: str | None = None
    response_schema: Schema | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None


class Safety(msgspec.Struct):
    """A safety setting."""

    category: str
    threshold: str
    method: str | None = None


class Request(msgspec.Struct, rename="camel"):
    """What is asked of Gemini."""

    contents: list[Content]
    system_instruction: Content | None = None
    generation_config: Generation | None = None
    safety_settings: list[Safety] | None = None
    labels: dict[str, str] | None = None
    tools: list[msgspec.Raw] | None = None
    tool_config: msgspec.Raw | None = None


class Line(msgspec.Struct):
    """A line of a request file."""

    request: Request
