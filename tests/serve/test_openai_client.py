"""The OpenAI door with OpenAI's own client: models, chat completions and responses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import openai
import pytest

from serve.scripted.replies import Reply, quoting
from tests.fixtures.programs import async_openai_client, openai_client, pdf_of_pages
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import until
from tests.serve.test_chat_api import status

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.chat import ChatCompletionMessageParam

    from tests.conftest import RunningServer, ServerFactory

STEPS = "How many steps does the lighthouse keeper climb?"
QUOTE = "The lighthouse keeper climbs 217 steps every evening"
ASK: ChatCompletionMessageParam = {"role": "user", "content": STEPS}


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm() as running:
        yield running


@pytest.fixture(scope="module")
def site(llm: ScriptedLlm, module_server: ServerFactory) -> RunningServer:
    server = module_server(LLM_URL=llm.url, LLM_STREAMS="1", LLM_QUEUE="0", LLM_IDLE_SECONDS="5")
    server.collection("Été & Phare")
    pages = pdf_of_pages("Built of granite.", f"{QUOTE}. The lamp was made in Paris.")
    server.ingest({"light[house].pdf": pages}, "Été & Phare")
    server.ingest({"bridge.txt": b"The bridge is 152 metres long. It was opened in 1847."})
    until(lambda: status(server)["llm"]["writes"])
    return server


@pytest.fixture
def client(site: RunningServer) -> Iterator[OpenAI]:
    with openai_client(site) as made:
        yield made


@pytest.fixture(autouse=True)
def quoting_again(llm: ScriptedLlm) -> Iterator[None]:
    yield
    llm.server.script = quoting


def writes(text: str, **how: Any) -> Callable[[dict[str, Any]], Reply]:
    """A script for answers that leaves the probe in peace."""

    def script(body: dict[str, Any]) -> Reply:
        return Reply(text, **how) if "<src" in str(body["messages"][-1]) else quoting(body)

    return script


def test_collections_are_models(client: OpenAI) -> None:
    assert [each.id for each in client.models.list()] == ["all", "default", "ete-phare", "plain"]
    assert client.models.retrieve("ete-phare").owned_by == "cloister"
    with pytest.raises(openai.NotFoundError) as error:
        client.models.retrieve("nobody")
    assert error.value.code == "model_not_found"


def test_an_answer_ends_with_links_to_its_sources(client: OpenAI, site: RunningServer) -> None:
    answer = client.chat.completions.create(model="ete-phare", messages=[ASK])
    text = answer.choices[0].message.content or ""
    said, _, link = text.partition("\n\nSources:\n\n")
    assert said == "It says so here: [1]."
    assert link.startswith(f"- [1] [light\\[house\\].pdf, p. 2]({site.url}/d/1#page=2&c=")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage
    assert answer.usage.total_tokens > 100


def test_a_stream_adds_up_to_the_answer(client: OpenAI) -> None:
    whole = client.chat.completions.create(model="all", messages=[ASK])
    chunks = list(
        client.chat.completions.create(
            model="all", messages=[ASK], stream=True, stream_options={"include_usage": True}
        )
    )
    said = [each.choices[0].delta.content or "" for each in chunks if each.choices]
    assert "".join(said) == whole.choices[0].message.content
    reasons = [each.choices[0].finish_reason for each in chunks if each.choices]
    assert reasons == [*[None] * (len(reasons) - 1), "stop"]
    assert [each.usage is not None for each in chunks] == [*[False] * len(reasons), True]
    assert len({each.id for each in chunks}) == 1


def test_without_being_asked_a_stream_tells_no_usage(client: OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="all", messages=[ASK], stream=True))
    assert all(each.usage is None and each.choices for each in chunks)


def test_annotations_say_where_they_stand(client: OpenAI, site: RunningServer) -> None:
    message = (
        client.chat.completions.create(
            model="ete-phare", messages=[ASK], extra_body={"citations": "annotations"}
        )
        .choices[0]
        .message
    )
    assert message.content == "It says so here: [1]."
    assert message.annotations
    cited = message.annotations[0].url_citation
    assert message.content[cited.start_index : cited.end_index] == "[1]"
    assert cited.title == "light[house].pdf, p. 2"
    assert cited.url.startswith(f"{site.url}/d/1#page=2")
    extra = cited.model_extra or {}
    assert (extra["page"], extra["quote"].rstrip(".")) == (2, QUOTE)


def test_the_streaming_helper_puts_annotations_together(client: OpenAI, llm: ScriptedLlm) -> None:
    llm.server.script = writes(
        'Steps <q s="1">The lighthouse keeper climbs 217 steps</q> and the lamp '
        '<q s="1">The lamp was made in Paris</q>.'
    )
    with client.chat.completions.stream(
        model="ete-phare", messages=[ASK], extra_headers={"X-Citations": "annotations"}
    ) as stream:
        for _ in stream:
            pass
        message = stream.get_final_completion().choices[0].message
    assert message.content == "Steps [1] and the lamp [2]."
    extra = message.annotations or []
    assert [getattr(each, "type", None) for each in extra] == ["url_citation"] * 2


def test_citations_can_be_left_out(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model="all", messages=[ASK], extra_headers={"X-Citations": "none"}
    )
    assert answer.choices[0].message.content == "It says so here: [1]."
    with pytest.raises(openai.BadRequestError, match="X-Citations"):
        client.chat.completions.create(
            model="all", messages=[ASK], extra_headers={"X-Citations": "footnotes"}
        )


def test_earlier_messages_are_the_conversation(client: OpenAI, llm: ScriptedLlm) -> None:
    first = client.chat.completions.create(model="ete-phare", messages=[ASK])
    client.chat.completions.create(
        model="ete-phare",
        messages=[
            {"role": "system", "content": "Never quote."},
            ASK,
            {"role": "assistant", "content": first.choices[0].message.content},
            {
                "role": "user",
                "content": [{"type": "text", "text": "And was the lamp made in Paris?"}],
            },
        ],
    )
    prompt = llm.server.requests[-1]["messages"]
    assert "Never quote" not in str(prompt)
    assert [each["role"] for each in prompt] == ["system", "user", "assistant", "user"]
    assert prompt[1]["content"].startswith(f"Question: {STEPS}")
    assert prompt[2]["content"] == "It says so here:."
    assert "And was the lamp made in Paris?" in prompt[3]["content"]


def test_the_plain_model_hears_everything_as_it_is(client: OpenAI, llm: ScriptedLlm) -> None:
    llm.server.script = lambda body: Reply("Plainly.")
    answer = client.chat.completions.create(
        model="plain",
        messages=[{"role": "system", "content": "Be short."}, ASK],
        max_tokens=20,
        temperature=0.5,
    )
    assert answer.choices[0].message.content == "Plainly."
    asked = llm.server.requests[-1]
    assert asked["messages"][0] == {"role": "system", "content": "Be short."}
    assert (asked["max_tokens"], asked["temperature"]) == (20, 0.5)


def test_tasks_of_open_webui_go_to_the_model_without_passages(
    client: OpenAI, llm: ScriptedLlm
) -> None:
    llm.server.script = lambda body: Reply('{"title": "Steps"}')
    task: ChatCompletionMessageParam = {"role": "user", "content": "### Task:\nA title, please."}
    answer = client.chat.completions.create(model="ete-phare", messages=[task])
    assert answer.choices[0].message.content == '{"title": "Steps"}'
    assert "<src" not in str(llm.server.requests[-1]["messages"])


def test_an_abstention_is_an_answer(client: OpenAI, llm: ScriptedLlm) -> None:
    llm.server.script = writes("NO_ANSWER")
    answer = client.chat.completions.create(model="all", messages=[ASK])
    assert answer.choices[0].message.content == "The documents do not hold the answer."
    assert (answer.model_extra or {})["cloister"]["abstained"]


@pytest.mark.parametrize("citations", ["markdown", "annotations", "open-webui"])
def test_a_broken_stream_ends_in_an_error_and_without_a_reason(
    client: OpenAI, llm: ScriptedLlm, citations: str
) -> None:
    llm.server.script = writes("It says a lot of things here. " * 9, fault="cut", after=12)
    seen: list[Any] = []
    with pytest.raises(openai.APIError) as error:
        seen.extend(
            each.choices[0].finish_reason
            for each in client.chat.completions.create(
                model="all", messages=[ASK], stream=True, extra_body={"citations": citations}
            )
        )
    assert error.value.code == "llm_interrupted"
    assert set(seen) <= {None}
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="all", messages=[ASK])


def test_too_many_questions_are_told_when_to_come_back(
    client: OpenAI, site: RunningServer, llm: ScriptedLlm
) -> None:
    llm.server.script = writes("Slowly, slowly it goes on. " * 20, token_seconds=0.1)
    with client.chat.completions.create(model="all", messages=[ASK], stream=True) as held:
        next(iter(held))
        until(lambda: status(site)["llm"]["running"] == 1)
        for model in ("all", "plain"):
            with pytest.raises(openai.RateLimitError) as error:
                client.chat.completions.create(model=model, messages=[ASK], stream=True)
            assert int(error.value.response.headers["Retry-After"]) >= 1
            assert error.value.code == "too_many_questions"
    until(lambda: status(site)["llm"]["running"] == 0)


def test_raw_responses_have_a_request_id(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="all", messages=[ASK])
    assert raw.headers["X-Request-Id"]
    assert raw.parse().choices[0].message.content


def test_asyncio_clients_come_in_too(site: RunningServer) -> None:
    async def asked() -> tuple[list[str], str]:
        async with async_openai_client(site) as client:
            models = [each.id async for each in client.models.list()]
            stream = await client.chat.completions.create(model="all", messages=[ASK], stream=True)
            said = [each.choices[0].delta.content or "" async for each in stream]
        return models, "".join(said)

    models, said = asyncio.run(asked())
    assert "all" in models
    assert said.startswith("It says so here: [1].")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"n": 2}, "n"),
        ({"prompt_embeds": "AAAA"}, "prompt_embeds"),
        ({"messages": [{"role": "assistant", "content": "Hello."}]}, "nothing is asked"),
        ({"messages": [{"role": "user", "content": "x" * 4_001}]}, "at most 4000"),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": {"url": "data:,"}}],
                    }
                ]
            },
            "image_url",
        ),
    ],
)
def test_what_cannot_be_done_is_a_bad_request(
    client: OpenAI, body: dict[str, Any], message: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=message) as error:
        client.chat.completions.create(model="all", messages=[ASK], extra_body=body)
    assert error.value.type == "invalid_request_error"


def test_fields_that_mean_nothing_here_are_passed_over(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model="all", messages=[ASK], user="u", top_p=0.5, seed=1, extra_body={"chat_id": "7"}
    )
    assert answer.choices[0].message.content


def test_a_response_keeps_page_and_quote(client: OpenAI) -> None:
    response = client.responses.create(model="ete-phare", input=STEPS, instructions="Be short.")
    assert response.output_text == "It says so here: [1]."
    assert response.status == "completed"
    part = response.output[0].model_dump()["content"][0]
    cited = part["annotations"][0]
    assert (cited["type"], cited["file_id"]) == ("file_citation", "file-1")
    assert part["text"][cited["index"] :].startswith("[1]")
    assert (cited["page"], cited["quote"].rstrip(".")) == (2, QUOTE)


def test_the_events_of_a_response_are_numbered_and_add_up(client: OpenAI) -> None:
    given: Any = [
        {"role": "user", "content": "Where is the bridge?"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Far away. [1]"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": STEPS}]},
    ]
    with client.responses.stream(model="all", input=given) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [each.sequence_number for each in events] == list(range(len(events)))
    kinds = [each.type for each in events]
    unique = [kind for i, kind in enumerate(kinds) if i == 0 or kinds[i - 1] != kind]
    assert unique == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.annotation.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert final.output_text == "It says so here: [1]."
    assert final.usage
    assert final.usage.output_tokens > 0


def test_a_response_that_breaks_off_has_failed(client: OpenAI, llm: ScriptedLlm) -> None:
    llm.server.script = writes("It says a lot of things here. " * 9, fault="cut", after=12)
    *_, last = client.responses.create(model="all", input=STEPS, stream=True)
    assert last.type == "response.failed"
    assert last.response.error
    assert last.response.error.model_dump()["code"] == "llm_interrupted"


def test_a_response_needs_all_of_its_conversation(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        client.responses.create(model="all", input=STEPS, previous_response_id="resp_1")
