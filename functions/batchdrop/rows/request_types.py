"""The messages of a request to Gemini, as the JSON of the API spells them.

Made from the definitions of google-cloud-aiplatform by `python -m tests.tools.make_request_types`; edit that instead.
Enums are the names that this version of it knows, `Any` is any JSON. What is required there is required here.
"""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Bytes = Annotated[str, Meta(extra={"format": "bytes"})]
Duration = Annotated[str, Meta(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,9})?s$")]
Timestamp = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})$")]
Float = Annotated[float, Meta(ge=-3.4028234663852886e38, le=3.4028234663852886e38)]
Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class Message(Struct, forbid_unknown_fields=True, kw_only=True, rename="camel"):
    """A message; of each of its `oneofs`, which name fields as JSON does, at most one may be set."""

    oneofs: ClassVar[tuple[tuple[str, ...], ...]] = ()


CodeExecutionResultOutcome = Literal["OUTCOME_UNSPECIFIED", "OUTCOME_OK", "OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED"]
DynamicRetrievalConfigMode = Literal["MODE_UNSPECIFIED", "MODE_DYNAMIC"]
ExecutableCodeLanguage = Literal["LANGUAGE_UNSPECIFIED", "PYTHON"]
FunctionCallingConfigMode = Literal["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"]
GenerationConfigMediaResolution = Literal[
    "MEDIA_RESOLUTION_UNSPECIFIED",
    "MEDIA_RESOLUTION_LOW",
    "MEDIA_RESOLUTION_MEDIUM",
    "MEDIA_RESOLUTION_HIGH",
]
GenerationConfigModality = Literal["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO"]
GenerationConfigRoutingConfigAutoRoutingModeModelRoutingPreference = Literal[
    "UNKNOWN",
    "PRIORITIZE_QUALITY",
    "BALANCED",
    "PRIORITIZE_COST",
]
GenerationConfigThinkingConfigThinkingLevel = Literal["THINKING_LEVEL_UNSPECIFIED", "LOW", "MEDIUM", "HIGH", "MINIMAL"]
HarmCategory = Literal[
    "HARM_CATEGORY_UNSPECIFIED",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
    "HARM_CATEGORY_JAILBREAK",
]
ImageConfigPersonGeneration = Literal["PERSON_GENERATION_UNSPECIFIED", "ALLOW_ALL", "ALLOW_ADULT", "ALLOW_NONE"]
NullValue = Literal["NULL_VALUE"]
PartMediaResolutionLevel = Literal[
    "MEDIA_RESOLUTION_UNSPECIFIED",
    "MEDIA_RESOLUTION_LOW",
    "MEDIA_RESOLUTION_MEDIUM",
    "MEDIA_RESOLUTION_HIGH",
    "MEDIA_RESOLUTION_ULTRA_HIGH",
]
SafetySettingHarmBlockMethod = Literal["HARM_BLOCK_METHOD_UNSPECIFIED", "SEVERITY", "PROBABILITY"]
SafetySettingHarmBlockThreshold = Literal[
    "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
    "BLOCK_LOW_AND_ABOVE",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_ONLY_HIGH",
    "BLOCK_NONE",
    "OFF",
]
ToolComputerUseEnvironment = Literal["ENVIRONMENT_UNSPECIFIED", "ENVIRONMENT_BROWSER"]
ToolPhishBlockThreshold = Literal[
    "PHISH_BLOCK_THRESHOLD_UNSPECIFIED",
    "BLOCK_LOW_AND_ABOVE",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_HIGH_AND_ABOVE",
    "BLOCK_HIGHER_AND_ABOVE",
    "BLOCK_VERY_HIGH_AND_ABOVE",
    "BLOCK_ONLY_EXTREMELY_HIGH",
]
Type = Literal["TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"]


class Blob(Message):
    """`google.cloud.aiplatform.v1.Blob`."""

    mime_type: str
    data: Bytes


class FileData(Message):
    """`google.cloud.aiplatform.v1.FileData`."""

    mime_type: str
    file_uri: str


class PartialArg(Message):
    """`google.cloud.aiplatform.v1.PartialArg`."""

    oneofs: ClassVar[tuple[tuple[str, ...], ...]] = (("nullValue", "numberValue", "stringValue", "boolValue"),)
    json_path: str
    null_value: NullValue | UnsetType = UNSET
    number_value: float | UnsetType = UNSET
    string_value: str | UnsetType = UNSET
    bool_value: bool | UnsetType = UNSET
    will_continue: bool | UnsetType = UNSET


class FunctionCall(Message):
    """`google.cloud.aiplatform.v1.FunctionCall`."""

    name: str | UnsetType = UNSET
    args: dict[str, Any] | UnsetType = UNSET
    partial_args: list[PartialArg] | UnsetType = UNSET
    will_continue: bool | UnsetType = UNSET


class FunctionResponseBlob(Message):
    """`google.cloud.aiplatform.v1.FunctionResponseBlob`."""

    mime_type: str
    data: Bytes
    display_name: str | UnsetType = UNSET


class FunctionResponseFileData(Message):
    """`google.cloud.aiplatform.v1.FunctionResponseFileData`."""

    mime_type: str
    file_uri: str
    display_name: str | UnsetType = UNSET


class FunctionResponsePart(Message):
    """`google.cloud.aiplatform.v1.FunctionResponsePart`."""

    oneofs: ClassVar[tuple[tuple[str, ...], ...]] = (("inlineData", "fileData"),)
    inline_data: FunctionResponseBlob | UnsetType = UNSET
    file_data: FunctionResponseFileData | UnsetType = UNSET


class FunctionResponse(Message):
    """`google.cloud.aiplatform.v1.FunctionResponse`."""

    name: str
    response: dict[str, Any]
    parts: list[FunctionResponsePart] | UnsetType = UNSET


class ExecutableCode(Message):
    """`google.cloud.aiplatform.v1.ExecutableCode`."""

    language: ExecutableCodeLanguage
    code: str


class CodeExecutionResult(Message):
    """`google.cloud.aiplatform.v1.CodeExecutionResult`."""

    outcome: CodeExecutionResultOutcome
    output: str | UnsetType = UNSET


class VideoMetadata(Message):
    """`google.cloud.aiplatform.v1.VideoMetadata`."""

    start_offset: Duration | UnsetType = UNSET
    end_offset: Duration | UnsetType = UNSET
    fps: float | UnsetType = UNSET


class PartMediaResolution(Message):
    """`google.cloud.aiplatform.v1.Part.MediaResolution`."""

    level: PartMediaResolutionLevel | UnsetType = UNSET


class Part(Message):
    """`google.cloud.aiplatform.v1.Part`."""

    oneofs: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"),
    )
    text: str | UnsetType = UNSET
    inline_data: Blob | UnsetType = UNSET
    file_data: FileData | UnsetType = UNSET
    function_call: FunctionCall | UnsetType = UNSET
    function_response: FunctionResponse | UnsetType = UNSET
    executable_code: ExecutableCode | UnsetType = UNSET
    code_execution_result: CodeExecutionResult | UnsetType = UNSET
    thought: bool | UnsetType = UNSET
    thought_signature: Bytes | UnsetType = UNSET
    video_metadata: VideoMetadata | UnsetType = UNSET
    media_resolution: PartMediaResolution | UnsetType = UNSET


class Content(Message):
    """`google.cloud.aiplatform.v1.Content`."""

    parts: Annotated[list[Part], Meta(min_length=1)]
    role: str | UnsetType = UNSET


class Schema(Message):
    """`google.cloud.aiplatform.v1.Schema`."""

    type_: Type | UnsetType = UNSET
    format_: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    nullable: bool | UnsetType = UNSET
    default: Any | UnsetType = UNSET
    items: "Schema | UnsetType" = UNSET
    min_items: Int64 | UnsetType = UNSET
    max_items: Int64 | UnsetType = UNSET
    enum: list[str] | UnsetType = UNSET
    properties: "dict[str, Schema] | UnsetType" = UNSET
    property_ordering: list[str] | UnsetType = UNSET
    required: list[str] | UnsetType = UNSET
    min_properties: Int64 | UnsetType = UNSET
    max_properties: Int64 | UnsetType = UNSET
    minimum: float | UnsetType = UNSET
    maximum: float | UnsetType = UNSET
    min_length: Int64 | UnsetType = UNSET
    max_length: Int64 | UnsetType = UNSET
    pattern: str | UnsetType = UNSET
    example: Any | UnsetType = UNSET
    any_of: "list[Schema] | UnsetType" = UNSET
    additional_properties: Any | UnsetType = UNSET
    ref: str | UnsetType = UNSET
    defs: "dict[str, Schema] | UnsetType" = UNSET


class FunctionDeclaration(Message):
    """`google.cloud.aiplatform.v1.FunctionDeclaration`."""

    name: str
    description: str | UnsetType = UNSET
    parameters: Schema | UnsetType = UNSET
    parameters_json_schema: Any | UnsetType = UNSET
    response: Schema | UnsetType = UNSET
    response_json_schema: Any | UnsetType = UNSET


class VertexAISearchDataStoreSpec(Message):
    """`google.cloud.aiplatform.v1.VertexAISearch.DataStoreSpec`."""

    data_store: str | UnsetType = UNSET
    filter: str | UnsetType = UNSET


class VertexAISearch(Message):
    """`google.cloud.aiplatform.v1.VertexAISearch`."""

    datastore: str | UnsetType = UNSET
    engine: str | UnsetType = UNSET
    max_results: Int32 | UnsetType = UNSET
    filter: str | UnsetType = UNSET
    data_store_specs: list[VertexAISearchDataStoreSpec] | UnsetType = UNSET


class VertexRagStoreRagResource(Message):
    """`google.cloud.aiplatform.v1.VertexRagStore.RagResource`."""

    rag_corpus: str | UnsetType = UNSET
    rag_file_ids: list[str] | UnsetType = UNSET


class RagRetrievalConfigFilter(Message):
    """`google.cloud.aiplatform.v1.RagRetrievalConfig.Filter`."""

    oneofs: ClassVar[tuple[tuple[str, ...], ...]] = (("vectorDistanceThreshold", "vectorSimilarityThreshold"),)
    vector_distance_threshold: float | UnsetType = UNSET
    vector_similarity_threshold: float | UnsetType = UNSET
    metadata_filter: str | UnsetType = UNSET


class RagRetrievalConfigRankingRankService(Message):
    """`google.cloud.aiplatform.v1.RagRetrievalConfig.Ranking.RankService`."""

    model_name: str | UnsetType = UNSET


class RagRetrievalConfigRankingLlmRanker(Message):
    """`google.cloud.aiplatform.v1.RagRetrievalConfig.Ranking.LlmRanker`."""

    model_name: str | UnsetType = UNSET


class RagRetrievalConfigRanking(Message):
    """`google.cloud.aiplatform.v1.RagRetrievalConfig.Ranking`."""

    oneofs: ClassVar[tuple[tuple[str, ...], ...]] = (("rankService", "llmRanker"),)
    rank_service: RagRetrievalConfigRankingRankService | UnsetType = UNSET
    llm_ranker: RagRetrievalConfigRankingLlmRanker | UnsetType = UNSET


class RagRetrievalConfig(Message):
    """`google.cloud.aiplatform.v1.RagRetrievalConfig`."""

    top_k: Int32 | UnsetType = UNSET
    filter: RagRetrievalConfigFilter | UnsetType = UNSET
    ranking: RagRetrievalConfigRanking | UnsetType = UNSET


class VertexRagStore(Message):
    """`google.cloud.aiplatform.v1.VertexRagStore`."""

    rag_resources: list[VertexRagStoreRagResource] | UnsetType = UNSET
    similarity_top_k: Int32 | UnsetType = UNSET
    vector_distance_threshold: float | UnsetType = UNSET
    rag_retrieval_config: RagRetrievalConfig | UnsetType = UNSET


class Retrieval(Message):
    """`google.cloud.aiplatform.v1.Retrieval`."""

    oneofs: ClassVar[tuple[tuple[str, ...], ...]] = (("vertexAiSearch", "vertexRagStore"),)
    vertex_ai_search: VertexAISearch | UnsetType = UNSET
    vertex_rag_store: VertexRagStore | UnsetType = UNSET
    disable_attribution: bool | UnsetType = UNSET


class ToolGoogleSearch(Message):
    """`google.cloud.aiplatform.v1.Tool.GoogleSearch`."""

    exclude_domains: list[str] | UnsetType = UNSET
    blocking_confidence: ToolPhishBlockThreshold | UnsetType = UNSET


class DynamicRetrievalConfig(Message):
    """`google.cloud.aiplatform.v1.DynamicRetrievalConfig`."""

    mode: DynamicRetrievalConfigMode | UnsetType = UNSET
    dynamic_threshold: Float | UnsetType = UNSET


class GoogleSearchRetrieval(Message):
    """`google.cloud.aiplatform.v1.GoogleSearchRetrieval`."""

    dynamic_retrieval_config: DynamicRetrievalConfig | UnsetType = UNSET


class GoogleMaps(Message):
    """`google.cloud.aiplatform.v1.GoogleMaps`."""

    enable_widget: bool | UnsetType = UNSET


class EnterpriseWebSearch(Message):
    """`google.cloud.aiplatform.v1.EnterpriseWebSearch`."""

    exclude_domains: list[str] | UnsetType = UNSET
    blocking_confidence: ToolPhishBlockThreshold | UnsetType = UNSET


class ToolParallelAiSearch(Message):
    """`google.cloud.aiplatform.v1.Tool.ParallelAiSearch`."""

    api_key: str | UnsetType = UNSET
    enable_zero_data_retention: bool | UnsetType = UNSET
    custom_configs: dict[str, Any] | UnsetType = UNSET


class ToolExaAiSearch(Message):
    """`google.cloud.aiplatform.v1.Tool.ExaAiSearch`."""

    api_key: str
    custom_configs: dict[str, Any] | UnsetType = UNSET


class ToolCodeExecution(Message):
    """`google.cloud.aiplatform.v1.Tool.CodeExecution`."""


class UrlContext(Message):
    """`google.cloud.aiplatform.v1.UrlContext`."""


class ToolComputerUse(Message):
    """`google.cloud.aiplatform.v1.Tool.ComputerUse`."""

    environment: ToolComputerUseEnvironment
    excluded_predefined_functions: list[str] | UnsetType = UNSET


class Tool(Message):
    """`google.cloud.aiplatform.v1.Tool`."""

    function_declarations: list[FunctionDeclaration] | UnsetType = UNSET
    retrieval: Retrieval | UnsetType = UNSET
    google_search: ToolGoogleSearch | UnsetType = UNSET
    google_search_retrieval: GoogleSearchRetrieval | UnsetType = UNSET
    google_maps: GoogleMaps | UnsetType = UNSET
    enterprise_web_search: EnterpriseWebSearch | UnsetType = UNSET
    parallel_ai_search: ToolParallelAiSearch | UnsetType = UNSET
    exa_ai_search: ToolExaAiSearch | UnsetType = UNSET
    code_execution: ToolCodeExecution | UnsetType = UNSET
    url_context: UrlContext | UnsetType = UNSET
    computer_use: ToolComputerUse | UnsetType = UNSET


class FunctionCallingConfig(Message):
    """`google.cloud.aiplatform.v1.FunctionCallingConfig`."""

    mode: FunctionCallingConfigMode | UnsetType = UNSET
    allowed_function_names: list[str] | UnsetType = UNSET
    stream_function_call_arguments: bool | UnsetType = UNSET


class LatLng(Message):
    """`google.type.LatLng`."""

    latitude: float | UnsetType = UNSET
    longitude: float | UnsetType = UNSET


class RetrievalConfig(Message):
    """`google.cloud.aiplatform.v1.RetrievalConfig`."""

    lat_lng: LatLng | UnsetType = UNSET
    language_code: str | UnsetType = UNSET


class ToolConfig(Message):
    """`google.cloud.aiplatform.v1.ToolConfig`."""

    function_calling_config: FunctionCallingConfig | UnsetType = UNSET
    retrieval_config: RetrievalConfig | UnsetType = UNSET


class SafetySetting(Message):
    """`google.cloud.aiplatform.v1.SafetySetting`."""

    category: HarmCategory
    threshold: SafetySettingHarmBlockThreshold
    method: SafetySettingHarmBlockMethod | UnsetType = UNSET


class ModelArmorConfig(Message):
    """`google.cloud.aiplatform.v1.ModelArmorConfig`."""

    prompt_template_name: str | UnsetType = UNSET
    response_template_name: str | UnsetType = UNSET


class GenerationConfigRoutingConfigAutoRoutingMode(Message):
    """`google.cloud.aiplatform.v1.GenerationConfig.RoutingConfig.AutoRoutingMode`."""

    model_routing_preference: GenerationConfigRoutingConfigAutoRoutingModeModelRoutingPreference | UnsetType = UNSET


class GenerationConfigRoutingConfigManualRoutingMode(Message):
    """`google.cloud.aiplatform.v1.GenerationConfig.RoutingConfig.ManualRoutingMode`."""

    model_name: str | UnsetType = UNSET


class GenerationConfigRoutingConfig(Message):
    """`google.cloud.aiplatform.v1.GenerationConfig.RoutingConfig`."""

    oneofs: ClassVar[tuple[tuple[str, ...], ...]] = (("autoMode", "manualMode"),)
    auto_mode: GenerationConfigRoutingConfigAutoRoutingMode | UnsetType = UNSET
    manual_mode: GenerationConfigRoutingConfigManualRoutingMode | UnsetType = UNSET


class PrebuiltVoiceConfig(Message):
    """`google.cloud.aiplatform.v1.PrebuiltVoiceConfig`."""

    voice_name: str | UnsetType = UNSET


class ReplicatedVoiceConfig(Message):
    """`google.cloud.aiplatform.v1.ReplicatedVoiceConfig`."""

    mime_type: str | UnsetType = UNSET
    voice_sample_audio: Bytes | UnsetType = UNSET


class VoiceConfig(Message):
    """`google.cloud.aiplatform.v1.VoiceConfig`."""

    oneofs: ClassVar[tuple[tuple[str, ...], ...]] = (("prebuiltVoiceConfig", "replicatedVoiceConfig"),)
    prebuilt_voice_config: PrebuiltVoiceConfig | UnsetType = UNSET
    replicated_voice_config: ReplicatedVoiceConfig | UnsetType = UNSET


class SpeakerVoiceConfig(Message):
    """`google.cloud.aiplatform.v1.SpeakerVoiceConfig`."""

    speaker: str
    voice_config: VoiceConfig


class MultiSpeakerVoiceConfig(Message):
    """`google.cloud.aiplatform.v1.MultiSpeakerVoiceConfig`."""

    speaker_voice_configs: Annotated[list[SpeakerVoiceConfig], Meta(min_length=1)]


class SpeechConfig(Message):
    """`google.cloud.aiplatform.v1.SpeechConfig`."""

    voice_config: VoiceConfig | UnsetType = UNSET
    language_code: str | UnsetType = UNSET
    multi_speaker_voice_config: MultiSpeakerVoiceConfig | UnsetType = UNSET


class GenerationConfigThinkingConfig(Message):
    """`google.cloud.aiplatform.v1.GenerationConfig.ThinkingConfig`."""

    include_thoughts: bool | UnsetType = UNSET
    thinking_budget: Int32 | UnsetType = UNSET
    thinking_level: GenerationConfigThinkingConfigThinkingLevel | UnsetType = UNSET


class ImageConfigImageOutputOptions(Message):
    """`google.cloud.aiplatform.v1.ImageConfig.ImageOutputOptions`."""

    mime_type: str | UnsetType = UNSET
    compression_quality: Int32 | UnsetType = UNSET


class ImageConfig(Message):
    """`google.cloud.aiplatform.v1.ImageConfig`."""

    image_output_options: ImageConfigImageOutputOptions | UnsetType = UNSET
    aspect_ratio: str | UnsetType = UNSET
    person_generation: ImageConfigPersonGeneration | UnsetType = UNSET
    image_size: str | UnsetType = UNSET


class GenerationConfig(Message):
    """`google.cloud.aiplatform.v1.GenerationConfig`."""

    temperature: Float | UnsetType = UNSET
    top_p: Float | UnsetType = UNSET
    top_k: Float | UnsetType = UNSET
    candidate_count: Int32 | UnsetType = UNSET
    max_output_tokens: Int32 | UnsetType = UNSET
    stop_sequences: list[str] | UnsetType = UNSET
    response_logprobs: bool | UnsetType = UNSET
    logprobs: Int32 | UnsetType = UNSET
    presence_penalty: Float | UnsetType = UNSET
    frequency_penalty: Float | UnsetType = UNSET
    seed: Int32 | UnsetType = UNSET
    response_mime_type: str | UnsetType = UNSET
    response_schema: Schema | UnsetType = UNSET
    response_json_schema: Any | UnsetType = UNSET
    routing_config: GenerationConfigRoutingConfig | UnsetType = UNSET
    audio_timestamp: bool | UnsetType = UNSET
    response_modalities: list[GenerationConfigModality] | UnsetType = UNSET
    media_resolution: GenerationConfigMediaResolution | UnsetType = UNSET
    speech_config: SpeechConfig | UnsetType = UNSET
    thinking_config: GenerationConfigThinkingConfig | UnsetType = UNSET
    image_config: ImageConfig | UnsetType = UNSET


class GenerateContentRequest(Message):
    """`google.cloud.aiplatform.v1.GenerateContentRequest`."""

    contents: Annotated[list[Content], Meta(min_length=1)]
    model: str | UnsetType = UNSET
    system_instruction: Content | UnsetType = UNSET
    cached_content: str | UnsetType = UNSET
    tools: list[Tool] | UnsetType = UNSET
    tool_config: ToolConfig | UnsetType = UNSET
    labels: dict[str, str] | UnsetType = UNSET
    safety_settings: list[SafetySetting] | UnsetType = UNSET
    model_armor_config: ModelArmorConfig | UnsetType = UNSET
    generation_config: GenerationConfig | UnsetType = UNSET
