"""What answering needs, loaded behind the listening server and then kept in step with the store."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from retrieval.contents import foreign_embedder
from retrieval.database import Database
from retrieval.embedder import Embedder
from retrieval.embedder_choice import EmbedderChoice, query_embedder
from retrieval.errors import CloisterError, EmbedderMismatch, EmbedderUnavailable, WeightsChanged
from retrieval.indexes import Indexes
from retrieval.retriever import Retrieval, Retriever
from retrieval.store import current_seq
from retrieval.types import Scope
from serve.answers.answerer import Answerer
from serve.answers.counts import AnswerCounts
from serve.answers.events import Event
from serve.answers.extractive import ExtractiveLLM
from serve.answers.follow_up import Finder
from serve.answers.guard import Guard, guarded
from serve.answers.inquiry import Inquiry
from serve.answers.served_model import ServedModel
from serve.answers.writers import Writers
from serve.audit.acting import acting
from serve.audit.acts import Act
from serve.audit.answers import recorded_answer
from serve.audit.journal import Journal
from serve.errors import NotReady
from serve.revocation import Watch
from serve.telemetry.spans import traced

log = logging.getLogger(__name__)

_FOLLOW_SECONDS = 0.2
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_STOP_SECONDS = 5.0
_LOADING_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Engine:
    """Everything between a question and its answer."""

    embedder: Embedder
    indexes: Indexes
    retriever: Retriever
    answerer: Answerer
    journal: Journal
    database: Database
    guard: Guard | None = None
    counts: AnswerCounts | None = None

    def answer(self, inquiry: Inquiry) -> AsyncGenerator[Event, None]:
        """The events of one question, as ``Answerer`` tells them, judged if there is a guard.

        They are recorded for whoever acts, and end where they may not be read any more.
        """
        events = self.looked_after(self.answerer.answer(inquiry), inquiry)
        return self.counts.counted(events) if self.counts else events

    def looked_after(
        self, events: AsyncGenerator[Event, None], inquiry: Inquiry
    ) -> AsyncGenerator[Event, None]:
        """The events of an answer, whoever gives it, as they may leave here.

        They are judged if there is a guard, recorded for whoever acts, and end where they may not
        be read any more.
        """
        if self.guard:
            events = guarded(events, self.guard, inquiry.request_id)
        if (caller := acting().caller) is not None:
            events = Watch(self.database, caller).until_revoked(events, inquiry)
        return recorded_answer(events, inquiry, self.journal)

    def search(self, query: str, scope: Scope, k: int) -> Retrieval:
        """The best passages for a query, once it is recorded who is to read them."""
        with traced("retrieval") as span:
            found = self.retriever.retrieve(query, scope, k)
            span.attributes["cloister.passages"] = len(found.hits)
        read = sorted({hit.stored.document_id for hit in found.hits})
        self.journal.record(Act.SEARCHED, documents=read)
        return found


class Searching:
    """Loads the engine in a thread of its own, then follows the store's seq.

    ``engine`` is a future: of the engine, or of the error for which there will never be one.
    """

    def __init__(
        self,
        database: Database,
        choice: EmbedderChoice,
        folder: Path,
        journal: Journal,
        model: ServedModel | None = None,
        guard: Guard | None = None,
        counts: AnswerCounts | None = None,
    ) -> None:
        self._database = database
        self._choice = choice
        self._folder = folder
        self._journal = journal
        self._model = model
        self._guard = guard
        self._counts = counts
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.engine: Future[Engine] = Future()
        self.trouble = ""
        """Why the engine is not there yet, where something stands in the way."""

    def start(self, when_ready: Callable[[], None], when_refused: Callable[[], None]) -> None:
        """Start loading; afterwards one of the two is called, in the loading thread."""

        def run() -> None:
            engine = self._loaded()
            if engine is None:
                when_refused()
                return
            tidying = threading.Thread(
                target=self._repeat,
                args=(partial(self._tidy, engine),),
                name="tidying",
                daemon=True,
            )
            tidying.start()
            self._until_done(when_ready)
            self._repeat(partial(self._follow, engine))
            tidying.join()

        self.engine.set_running_or_notify_cancel()
        self._thread = threading.Thread(target=run, name="searching", daemon=True)
        self._thread.start()

    @property
    def seq(self) -> int:
        """The latest visible change that searching sees in full; 0 until the engine is there."""
        return self.ready.indexes.seq if self.ready else 0

    @property
    def ready(self) -> Engine | None:
        """The engine, if it is there."""
        is_built = self.engine.done() and self.engine.exception() is None
        return self.engine.result() if is_built else None

    @property
    def refusal(self) -> CloisterError | None:
        """Why there will never be an engine, if so."""
        error = self.engine.exception() if self.engine.done() else None
        return error if isinstance(error, CloisterError) else None

    def _loaded(self) -> Engine | None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                engine = self._built()
            except (EmbedderMismatch, WeightsChanged) as error:
                self.engine.set_exception(error)
                return None
            except EmbedderUnavailable as error:
                self.trouble = error.message
                log.warning("%s Trying again.", error.message)
                self._stopping.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            except Exception as error:
                log.exception("searching cannot start")
                failure = CloisterError(f"Searching cannot start: {error!r}.")
                self.engine.set_exception(failure)
                return None
            else:
                self.engine.set_result(engine)
                return engine
        self.engine.set_exception(NotReady("The server stops."))
        return None

    def _built(self) -> Engine:
        embedder = matching_embedder(self._database, self._choice)
        indexes = Indexes(self._database, embedder.model, self._folder)
        retriever = Retriever(self._database, embedder, indexes)
        answerer = self._answerer(retriever, embedder)
        log.info("embedder %s is loaded", embedder.model.name)
        return Engine(
            embedder=embedder,
            indexes=indexes,
            retriever=retriever,
            answerer=answerer,
            journal=self._journal,
            database=self._database,
            guard=self._guard,
            counts=self._counts,
        )

    def _answerer(self, retriever: Retriever, embedder: Embedder) -> Answerer:
        extractive, model = ExtractiveLLM(embedder), self._model
        if model is None:
            return Answerer(self._database, Finder(retriever), Writers(extractive))
        writers = Writers(model.llm, stand_in=extractive, admission=model.admission)
        return Answerer(self._database, Finder(retriever, model.rewriter), writers)

    def _follow(self, engine: Engine) -> None:
        with self._database.read() as connection:
            seq = current_seq(connection)
        if seq != engine.indexes.seq:
            engine.indexes.follow()

    def _tidy(self, engine: Engine) -> None:
        self._database.forget_put_off()
        engine.indexes.tidy()

    def _repeat(self, work: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            self._until_done(work)
            self._stopping.wait(_FOLLOW_SECONDS)

    def _until_done(self, work: Callable[[], None]) -> None:
        """Try until it succeeds: nothing that fails may end what all searching waits for."""
        while not self._stopping.is_set():
            try:
                work()
            except Exception:
                log.exception("searching met with an error; trying again")
                self._stopping.wait(_FIRST_PAUSE)
            else:
                return

    def forget_deleted(self) -> None:
        """Take deleted text out of the index files now; nobody may be waiting for an answer.

        Raises:
            CloisterError: There is no engine to do it with.
        """
        try:
            engine = self.engine.result(_LOADING_SECONDS)
        except TimeoutError:
            raise NotReady(f"The embedder is still loading. {self.trouble}") from None
        engine.indexes.purge()

    def stop(self) -> None:
        """End the threads and write the snapshot."""
        self._stopping.set()
        if self.ready is not None:
            self.ready.indexes.stop()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
        if self.ready is not None:
            self.ready.indexes.close()


def matching_embedder(database: Database, choice: EmbedderChoice) -> Embedder:
    """The embedder of questions, which the stored vectors are of.

    Raises:
        EmbedderMismatch: They are of another one.
        EmbedderUnavailable: It cannot be loaded or reached now.
    """
    embedder = query_embedder(choice)
    with database.write() as connection:
        foreign = foreign_embedder(connection, embedder.model)
    if foreign:
        raise EmbedderMismatch(
            f"The stored vectors come from the embedder {foreign!r}, "
            f"but the configured one is {embedder.model.name!r}.",
            advice="Make the vectors of all documents anew: cloister reembed. Or set "
            f"CLOISTER_EMBEDDER={foreign} again, with its address and prefixes as they were.",
        )
    return embedder
