/** Answers that are being written, by conversation; they go on while one looks at other pages. */
import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

import { codeOf } from "../api/problem";
import { events } from "../api/sse";
import type { AnswerEvent } from "../api/types";
import { COLLECTIONS } from "../documents/collections";
import { answerAfter, ASKED, type Answer } from "./answer";
import { draftKey, keepDraft, keptDraft, takenBack } from "./drafts";
import { freshConversation, readConversation, readStillAskable } from "./queries";

const FLUSH_MS = 80;
const LOOKS = 20;
const LOOK_MS = 150;

/** A question to be answered, after the last turn or in the place of another. */
export interface Ask {
  question: string;
  path: string;
  body: { question?: string; collections?: readonly number[]; language?: string };
  /** The turn beside which the answer comes. */
  besideId: number | null;
}

export interface Run {
  ask: Ask;
  answer: Answer;
  turnId: number | null;
  /** Why no more comes; the text that came is kept. */
  error: unknown;
  isOver: boolean;
}

interface Running {
  run: Run;
  abort: AbortController;
}

const running = new Map<number, Running>();
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The answer that is being written in a conversation. */
export function useRun(conversationId: number): Run | null {
  return useSyncExternalStore(subscribe, () => running.get(conversationId)?.run ?? null);
}

/** Stop the answer; the server stops, too. */
export function stopRun(conversationId: number): void {
  running.get(conversationId)?.abort.abort();
}

/** Have done with an answer that failed. */
export function dismissRun(conversationId: number): void {
  if (running.delete(conversationId)) tell();
}

/** The question of a run that the server did not take, and so does not keep; empty where it did. */
export function unkeptQuestion(run: Run | null | undefined): string {
  if (!run?.isOver || run.error === null || run.turnId !== null) return "";
  // Without it, another answer was wanted to a question that is kept already.
  return "question" in run.ask.body ? run.ask.question : "";
}

export function unkeptQuestionIn(conversationId: number): string {
  return unkeptQuestion(running.get(conversationId)?.run);
}

/** Nobody is signed in any more, or somebody else. */
export function forgetRuns(): void {
  for (const each of running.values()) each.abort.abort();
  running.clear();
  tell();
}

/** Ask anew what was refused since the session had ended. */
export function resumeRuns(client: QueryClient): void {
  for (const [id, { run }] of running)
    if (run.isOver && codeOf(run.error) === "not_signed_in") void startRun(client, id, run.ask);
}

/** Have questions that the server did not take kept as drafts, for when the page is left. */
export function keepQuestions(personId: number | null): void {
  for (const [id, { run }] of running) {
    const question = unkeptQuestion(run);
    const key = draftKey(personId, id);
    if (question) keepDraft(key, takenBack(keptDraft(key), question));
  }
}

/** Ask, and keep what comes until the conversation itself has it. */
export async function startRun(client: QueryClient, id: number, ask: Ask): Promise<void> {
  running.get(id)?.abort.abort();
  const own: Running = {
    run: { ask, answer: ASKED, turnId: null, error: null, isOver: false },
    abort: new AbortController(),
  };
  running.set(id, own);
  const update = (change: Partial<Run>) => {
    if (running.get(id) !== own) return;
    own.run = { ...own.run, ...change };
    tell();
  };
  tell();
  let error: unknown = null;
  try {
    const options = { body: await sentBody(client, ask), signal: own.abort.signal };
    await flushed(events<AnswerEvent>("POST", ask.path, options), (batch) => {
      const started = batch.find((each) => each.type === "started");
      update({
        answer: answerAfter(own.run.answer, batch),
        ...(started ? { turnId: started.turn_id ?? null } : {}),
      });
    });
  } catch (failed) {
    if (!own.abort.signal.aborted) error = failed;
  }
  await settle(client, id, own, error);
  if (running.get(id) === own) update({ error, isOver: true });
}

/** What was chosen may have been taken away since, and since the same was asked first. */
async function sentBody(client: QueryClient, { body }: Ask): Promise<Ask["body"]> {
  const { collections } = body;
  return collections
    ? { ...body, collections: await readStillAskable(client, collections) }
    : body;
}

/** Once the server shows the turn in the conversation, that is what counts. */
async function settle(client: QueryClient, id: number, own: Running, error: unknown) {
  if (running.get(id) !== own) return;
  void client.invalidateQueries({ queryKey: ["conversations"] });
  if (codeOf(error) === "not_found") void client.invalidateQueries(COLLECTIONS);
  if (error !== null && own.run.turnId === null) return;
  try {
    await storedTurn(client, id, own.run.turnId);
    if (running.get(id) === own) dismissRun(id);
  } catch {
    // Out of reach: what came stays where it is seen.
  }
}

/** The conversation once the turn is written down in it: a server learns of a stop in a moment. */
async function storedTurn(client: QueryClient, id: number, turnId: number | null): Promise<void> {
  for (let left = LOOKS; left > 0; left--) {
    const { turns } = await readConversation(id);
    if (turns.some((each) => each.id === turnId && each.state !== "answering")) break;
    await new Promise((resolve) => window.setTimeout(resolve, LOOK_MS));
  }
  await freshConversation(client, id);
}

/** Hand on events in batches: a page drawn anew for every token would do nothing else. */
async function flushed(
  stream: AsyncIterable<AnswerEvent>,
  take: (batch: AnswerEvent[]) => void,
): Promise<void> {
  let batch: AnswerEvent[] = [];
  let timer: number | undefined;
  const flush = () => {
    window.clearTimeout(timer);
    timer = undefined;
    if (batch.length) take(batch);
    batch = [];
  };
  try {
    for await (const event of stream) {
      batch.push(event);
      if (event.type !== "text") flush();
      else timer ??= window.setTimeout(flush, FLUSH_MS);
    }
  } finally {
    flush();
  }
}
