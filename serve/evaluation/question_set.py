"""Question sets for evaluation: one JSON object a line, and the conversion of open sets to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from retrieval.errors import Refused
from retrieval.sentences import sentence_spans


class QuestionSetInvalid(Refused):
    """A question set, or a file to be converted to one, does not have the form it must have."""

    code = "question_set_invalid"


@dataclass(frozen=True, slots=True)
class Question:
    """A question and where its answer is.

    ``document`` is the document's name, ``page`` counts from 1, ``quote`` is the evidence word for
    word. ``answerable`` is False where the documents do not hold the answer.
    """

    question: str
    document: str | None = None
    page: int | None = None
    quote: str | None = None
    answerable: bool = True


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion has written."""

    documents: int
    questions: int
    unanswerable: int


_KINDS = {"question": str, "document": str, "page": int, "quote": str, "answerable": bool}
_MAY_BE_NULL = {"document", "page", "quote"}
_NAMES = {str: "text", int: "a whole number", bool: "true or false"}


def read_questions(path: Path) -> list[Question]:
    """Read a question set: UTF-8, one object a line with the fields of ``Question``.

    Empty lines are skipped. Raises ``QuestionSetInvalid`` with the number of the first bad line.
    """
    questions: list[Question] = []
    for number, line in enumerate(_text_of(path).split("\n"), 1):
        if line.strip():
            try:
                questions.append(_question(_parsed(line)))
            except QuestionSetInvalid as invalid:
                raise QuestionSetInvalid(f"{path.name}, line {number}: {invalid.message}") from None
    if not questions:
        raise QuestionSetInvalid(f"{path.name} holds no questions.")
    return questions


def write_questions(questions: Iterable[Question], path: Path) -> None:
    """Write a question set that ``read_questions`` reads; fields that are None are left out."""
    path.write_text(question_lines(questions), encoding="utf-8", newline="\n")


def question_lines(questions: Iterable[Question]) -> str:
    """A question set as text, one JSON object a line."""
    given = (
        {key: value for key, value in asdict(question).items() if value is not None}
        for question in questions
    )
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in given)


def convert_squad(path: Path, out: Path, by: Literal["article", "paragraph"]) -> Converted:
    """Convert a file in the form of SQuAD 1.1 or 2.0, also XQuAD and PIAF, to a question set.

    Writes ``out/questions.jsonl`` and one text file an article, or a paragraph, to
    ``out/documents``. The quote is the whole sentence with the first answer; without an offset, of
    the sentences with the answer that which shares most words with the question. Raises
    ``QuestionSetInvalid`` for another form, or where ``out`` holds something already.
    """
    articles = list(_articles(path))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise QuestionSetInvalid(f"{out} is not empty.", advice="Name a new folder.")
    folder = out / "documents"
    folder.mkdir(parents=True)
    questions: list[Question] = []
    names: set[str] = set()
    for article in articles:
        for title, paragraphs in article.documents(by):
            name = _free_name(title, names)
            text = "\n\n".join(paragraph.context for paragraph in paragraphs)
            (folder / name).write_text(text + "\n", encoding="utf-8", newline="\n")
            questions += [
                question.about(name) for paragraph in paragraphs for question in paragraph.questions
            ]
    write_questions(questions, out / "questions.jsonl")
    unanswerable = sum(not question.answerable for question in questions)
    return Converted(len(names), len(questions), unanswerable)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuestionSetInvalid(f"{path.name} is not UTF-8: {error}") from None
    except OSError as error:
        raise QuestionSetInvalid(f"{path} cannot be read: {error.strerror}") from None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QuestionSetInvalid(f"not JSON: {error}") from None


def _question(given: Any) -> Question:
    if not isinstance(given, dict):
        raise QuestionSetInvalid('an object like {"question": "..."} is needed.')
    for key, value in given.items():
        if key not in _KINDS:
            raise QuestionSetInvalid(f"unknown field {key!r}; known are {', '.join(_KINDS)}.")
        kind = _KINDS[key]
        if type(value) is not kind and not (value is None and key in _MAY_BE_NULL):
            raise QuestionSetInvalid(f"{key!r} must be {_NAMES[kind]}, not {value!r:.80}.")
    question = Question(**{"question": "", **given})
    if not question.question.strip():
        raise QuestionSetInvalid("'question' is missing or empty.")
    if question.page is not None and question.page < 1:
        raise QuestionSetInvalid(f"'page' counts from 1, not {question.page}.")
    return question


# SQuAD: {"data": [{"title", "paragraphs": [{"context", "qas": [{"question", "answers"}]}]}]}


@dataclass(frozen=True, slots=True)
class _Unplaced:
    """A question whose document has no name yet."""

    question: str
    quote: str | None

    def about(self, document: str) -> Question:
        return Question(self.question, document, None, self.quote, self.quote is not None)


@dataclass(frozen=True, slots=True)
class _Paragraph:
    context: str
    questions: tuple[_Unplaced, ...]


@dataclass(frozen=True, slots=True)
class _Article:
    title: str
    paragraphs: tuple[_Paragraph, ...]

    def documents(self, by: str) -> Iterator[tuple[str, tuple[_Paragraph, ...]]]:
        if by == "article":
            yield self.title, self.paragraphs
            return
        for number, paragraph in enumerate(self.paragraphs, 1):
            yield f"{self.title} {number:03}", (paragraph,)


def _articles(path: Path) -> Iterator[_Article]:
    try:
        data = _parsed(_text_of(path))["data"]
        for article in data:
            yield _Article(
                str(article["title"]), tuple(_paragraph(given) for given in article["paragraphs"])
            )
    except (KeyError, TypeError, AttributeError) as error:
        raise QuestionSetInvalid(
            f"{path.name} is not in the form of SQuAD: {error!r}",
            advice="Expected: data, then title and paragraphs, then context and qas.",
        ) from None


def _paragraph(given: Mapping[str, Any]) -> _Paragraph:
    context = str(given["context"]).strip("\ufeff \n")
    questions = [
        _Unplaced(str(asked["question"]), _evidence(str(given["context"]), asked))
        for asked in given["qas"]
    ]
    return _Paragraph(context, tuple(questions))


def _evidence(context: str, asked: Mapping[str, Any]) -> str | None:
    """The whole sentence or sentences of the first answer; None if unanswerable."""
    if asked.get("is_impossible", False) or not asked["answers"]:
        return None
    answer = asked["answers"][0]
    text = str(answer["text"])
    starts = [answer["answer_start"]] if "answer_start" in answer else _occurrences(text, context)
    candidates = [_sentences_over(context, start, start + len(text)) for start in starts]
    sought = _word_set(str(asked["question"]))
    return max(
        candidates, key=lambda candidate: len(sought & _word_set(candidate)), default=text
    ).strip("\ufeff ")


def _occurrences(text: str, context: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(text), context)]


def _sentences_over(context: str, start: int, end: int) -> str:
    spans = [s for s in sentence_spans(context) if s.start < end and start < s.end]
    return context[spans[0].start : spans[-1].end] if spans else context[start:end]


def _word_set(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _free_name(title: str, taken: set[str]) -> str:
    """A file name for a title, which may hold tags and anything else, and add it to ``taken``."""
    plain = re.sub(r"<[^<>]*>", "", title)
    stem = re.sub(r"[^\w ,()'’&+-]+", "_", plain).strip("_ ")[:100].strip() or "document"
    name, count = f"{stem}.txt", 1
    while name.lower() in taken:
        count += 1
        name = f"{stem} ({count}).txt"
    taken.add(name.lower())
    return name
