"""What programs send, as OpenAI's API has it; fields that mean nothing here are passed over."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from serve.schemas import Name, Words, storable

CitationChoice = Literal["markdown", "annotations", "open-webui", "none"]

_MOST_MESSAGES = 1_000
_MOST_PARTS = 1_000
_MOST_INPUTS = 2_048


class OpenAIBody(BaseModel):
    """A body of OpenAI's API, whose clients send many fields that are no business of ours.

    Lists in it are read up to the first item that breaks a rule, as everywhere (``fail_fast``).
    """

    model_config = ConfigDict(extra="ignore")


def _nothing(value: object) -> object:
    if value is not None:
        raise ValueError("is not taken here")
    return value


Refused = Annotated[Any, AfterValidator(_nothing)]
"""A field whose meaning would be lost if it were passed over."""

ModelId = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Content = (
    str | Annotated[list[dict[str, Any]], Field(max_length=_MOST_PARTS, fail_fast=True)] | None
)


class ChatMessage(OpenAIBody):
    """One message; only those of users and assistants, and for ``plain`` of the system, count."""

    role: str = Field(max_length=40)
    content: Content = None


class StreamOptions(OpenAIBody):
    """What a stream tells beside the answer."""

    include_usage: bool = False


class CompletionBody(OpenAIBody):
    """A chat completion; ``citations`` is ours."""

    model: ModelId
    messages: list[ChatMessage] = Field(min_length=1, max_length=_MOST_MESSAGES, fail_fast=True)
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    prompt_embeds: Refused = None
    citations: CitationChoice | None = None

    @property
    def tokens(self) -> int | None:
        """The most tokens that are asked for."""
        return self.max_completion_tokens or self.max_tokens


class InputItem(OpenAIBody):
    """A message, or another item, which counts for nothing."""

    type: str = Field(default="message", max_length=60)
    role: str = Field(default="", max_length=40)
    content: Content = None


class ResponseBody(OpenAIBody):
    """A request for a response; ``citations`` is ours. Nothing is kept between two of them."""

    model: ModelId
    input: str | Annotated[list[InputItem], Field(max_length=_MOST_MESSAGES, fail_fast=True)]
    instructions: Annotated[str, AfterValidator(storable)] | None = None
    stream: bool = False
    max_output_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    previous_response_id: Refused = None
    conversation: Refused = None
    background: Literal[False] | None = None
    citations: CitationChoice | None = None


class EmbeddingBody(OpenAIBody):
    """Texts to embed; ``input_type`` is ours: an embedder may read questions another way."""

    model: ModelId
    input: (
        str
        | Annotated[list[str], Field(fail_fast=True)]
        | Annotated[list[int], Field(fail_fast=True)]
        | Annotated[
            list[Annotated[list[int], Field(fail_fast=True)]],
            Field(max_length=_MOST_INPUTS, fail_fast=True),
        ]
    )
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    input_type: Literal["document", "query"] = "document"


class StoreBody(OpenAIBody):
    """A vector store, which is a collection, to be made."""

    name: Name | None = None
    file_ids: list[str] = Field(default_factory=list, max_length=500, fail_fast=True)
    expires_after: Refused = None


class StoreFileBody(OpenAIBody):
    """A file to be taken into a vector store."""

    file_id: str = Field(max_length=60)


class RankingOptions(OpenAIBody):
    """``score_threshold`` leaves out what is found with less."""

    score_threshold: float = 0.0


class StoreSearchBody(OpenAIBody):
    """A search in a vector store; several queries are one."""

    query: Words | Annotated[list[Words], Field(min_length=1, max_length=16, fail_fast=True)]
    max_num_results: int = Field(default=10, ge=1, le=50)
    ranking_options: RankingOptions | None = None
    filters: Refused = None

    @property
    def words(self) -> str:
        """All that is searched for."""
        return self.query if isinstance(self.query, str) else " ".join(self.query)
