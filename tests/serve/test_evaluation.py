from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from retrieval.fusion import FusionWeights
from retrieval.retriever import RetrieverOptions
from retrieval.types import Chunk, Hit, Page, Span, StoredChunk
from serve.answers.events import Citation
from serve.errors import InvalidSetting
from serve.evaluation.citation_check import checked_citations, is_covered, is_verbatim
from serve.evaluation.evaluation import (
    Evaluation,
    Figures,
    Observation,
    abstention,
    document_ranking,
    evidence_shares,
    page_ranking,
    quote_ranking,
    spread,
)
from serve.evaluation.question_set import Question
from serve.evaluation.setting import Setting, parsed_setting
from tests.fixtures.library import Library, library

WORKSHOP = {
    "candles.txt": "Candles are poured on Tuesdays. Each candle burns for nine hours.",
    "bread.txt": "Rye bread is baked at dawn. The oven holds forty loaves.",
    "bees.txt": "Twelve hives stand in the orchard. Honey is taken in August.",
}
QUESTIONS = (
    Question("When are candles poured?", "candles.txt", 1, "Candles are poured on Tuesdays."),
    Question("How many loaves holds the oven?", "bread.txt", None, "The oven holds forty loaves."),
    Question("What does a submarine weigh?", answerable=False),
)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with library(tmp_path_factory.mktemp("evaluation"), WORKSHOP) as made:
        yield made


def measured(workshop: Library, setting: Setting, answers: int = 200) -> Figures:
    evaluation = Evaluation(
        workshop.database, workshop.embedder, workshop.retriever, workshop.scope
    )
    return evaluation.figures(QUESTIONS, setting, answers)


def hit(number: int, document: str, text: str, page: int = 1) -> Hit:
    chunk = Chunk(page, Span(0, len(text)), text)
    return Hit(StoredChunk(number, number, 1, document, chunk), 1.0 / number)


def seen(question: Question, *hits: Hit, support: float = 0.0) -> Observation:
    return Observation(question, hits, support)


def test_a_run_measures_documents_pages_quotes_answers_and_citations(workshop: Library) -> None:
    figures = measured(workshop, Setting())
    assert figures.document and figures.page and figures.quote and figures.answers
    assert figures.document.questions == 2
    assert figures.page.questions == 1
    assert figures.document.hit_at_1 == figures.quote.hit_at_1 == figures.page.mrr_at_10 == 1.0
    assert figures.evidence == {750: 1.0, 1_500: 1.0}
    assert figures.abstention.auroc == 1.0
    assert figures.answers.questions == 3
    assert figures.answers.failed == 0
    assert figures.answers.citations.total >= 1
    assert figures.answers.citations.validity == 1.0


def test_a_setting_decides_the_order_and_the_abstention(workshop: Library) -> None:
    lexical = Setting("bm25", RetrieverOptions(FusionWeights(dense=0.0, name=0.0)), threshold=1.0)
    figures = measured(workshop, lexical)
    assert figures.setting == "bm25"
    assert figures.abstention.coverage == 0.0
    assert figures.abstention.precision is None
    assert figures.answers is not None
    assert figures.answers.answered == 0
    assert figures.answers.citations.validity is None


def test_no_answers_are_written_where_none_are_wanted(workshop: Library) -> None:
    assert measured(workshop, Setting(), answers=0).answers is None


def test_a_document_is_ranked_by_its_best_chunk() -> None:
    one = seen(
        Question("q", "b"), hit(1, "a", "x"), hit(2, "a", "y"), hit(3, "b", "z"), hit(4, "b", "w")
    )
    ranking = document_ranking([one], k=1)
    assert ranking is not None
    assert (ranking.hit_at_1, ranking.hit_at_5, ranking.mrr_at_10) == (0.0, 1.0, 0.5)
    assert ranking.recall_at_k == 0.0
    assert ranking.ndcg_at_10 == pytest.approx(1 / np.log2(3))


def test_a_page_counts_only_in_its_document() -> None:
    one = seen(Question("q", "b", 2), hit(1, "a", "x", 2), hit(2, "b", "y", 1), hit(3, "b", "z", 2))
    ranking = page_ranking([one], k=8)
    assert ranking is not None
    assert ranking.mrr_at_10 == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("document", "rank"), [(None, 1), ("b", 2), ("c", None)], ids=["any", "its own", "nowhere"]
)
def test_a_quote_must_stand_whole_in_a_chunk_of_its_document(
    document: str | None, rank: int | None
) -> None:
    question = Question("q", document, None, "the whole  sentence.")
    one = seen(
        question, hit(1, "a", "It is the\nwhole sentence."), hit(2, "b", "the whole sentence.")
    )
    ranking = quote_ranking([one], k=8)
    assert ranking is not None
    assert ranking.mrr_at_10 == (1 / rank if rank else 0.0)


def test_what_a_set_says_nothing_about_is_not_measured() -> None:
    one = [seen(Question("q"), hit(1, "a", "x")), seen(Question("r", "a", 1, "x", False))]
    assert document_ranking(one, 8) is page_ranking(one, 8) is quote_ranking(one, 8) is None


def test_evidence_counts_within_the_budget(workshop: Library) -> None:
    question = Question("q", None, None, "last words")
    one = seen(question, hit(1, "a", "one two three four"), hit(2, "b", "last words"))
    shares = evidence_shares([one], workshop.embedder.count_tokens, budgets=(5, 6))
    assert shares == {5: 0.0, 6: 1.0}


def test_abstention_tells_coverage_precision_and_auroc() -> None:
    yes, no = Question("q"), Question("q", answerable=False)
    found = abstention(
        [seen(yes, support=0.9), seen(no, support=0.8), seen(yes, support=0.1), seen(no)], 0.5
    )
    assert (found.coverage, found.precision, found.answered) == (0.5, 0.5, 0.5)
    assert found.auroc == pytest.approx(0.75)
    assert abstention([seen(yes)], 0.5).auroc is None


def test_questions_are_taken_evenly() -> None:
    assert spread(range(10), 3) == [0, 3, 6]
    assert spread(range(2), 3) == [0, 1]
    assert spread(range(2), 0) == []


def citation(
    quote: str, start: int, rects: Sequence[tuple[float, float, float, float]]
) -> Citation:
    return Citation(
        n=1,
        chunk_id=1,
        document_id=1,
        collection_id=1,
        document_name="a.pdf",
        paged=True,
        page=1,
        page_label="1",
        span=Span(start, start + len(quote)),
        quote=quote,
        rects=tuple(rects),
        page_size=(100.0, 100.0),
        verdict="exact",
    )


def page(text: str, boxes: Sequence[Sequence[float]] | None = None) -> Page:
    return Page(1, text, boxes=None if boxes is None else np.array(boxes, np.float32))


def test_a_quote_must_be_the_text_at_its_span() -> None:
    text = page("abc def")
    assert is_verbatim(citation("def", 4, []), text)
    assert not is_verbatim(citation("def", 3, []), text)
    assert not is_verbatim(citation(" ", 3, []), text)
    assert not is_verbatim(citation("defg", 4, []), text)


def test_rectangles_must_cover_every_letter() -> None:
    text = page("a b", [[0, 0, 5, 10], [0, 0, 0, 0], [10, 0, 15, 10]])
    assert is_covered(citation("a b", 0, [(0, 0, 15, 10)]), text)
    assert is_covered(citation("a b", 0, [(0, 0, 5, 10), (10, 0, 15, 10)]), text)
    assert not is_covered(citation("a b", 0, [(0, 0, 5, 10)]), text)
    assert not is_covered(citation("a b", 0, []), text)
    assert is_covered(citation("a b", 0, []), page("a b"))


def test_a_letter_without_a_box_is_not_covered() -> None:
    text = page("ab", [[0, 0, 5, 10], [0, 0, 0, 0]])
    assert not is_covered(citation("ab", 0, [(0, 0, 5, 10)]), text)


def test_false_citations_are_counted_by_what_is_wrong(workshop: Library) -> None:
    stored = workshop.retriever.retrieve("candles", workshop.scope, 1).hits[0].stored
    on_the_page = citation("Candles", 0, [(20, 768, 62, 780)])
    true = replace(on_the_page, document_id=stored.document_id, page=stored.chunk.page)
    false = [
        replace(true, page=9),
        replace(true, document_id=99),
        replace(true, quote="Bees"),
        replace(true, rects=((20, 768, 50, 780),)),
    ]
    checks = checked_citations(workshop.database, [true, *false])
    assert (checks.total, checks.valid) == (5, 1)
    assert (checks.no_page, checks.not_verbatim, checks.not_covered) == (2, 1, 1)
    assert checks.validity == 0.2


def test_a_setting_is_read_from_its_text() -> None:
    setting = parsed_setting("dense_weight=0.3, name_weight=0,candidates=20,threshold=0.7")
    assert setting.options == RetrieverOptions(FusionWeights(0.3, 0.0), 20)
    assert setting.threshold == 0.7
    assert parsed_setting("candidates=5").options.weights is None


@pytest.mark.parametrize(
    "text", ["", "dense_weight", "dense_weight=2", "weight=0.5", "name_weight=0", "threshold=nan"]
)
def test_a_setting_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(InvalidSetting):
        parsed_setting(text)
