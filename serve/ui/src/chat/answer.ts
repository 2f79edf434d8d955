/** An answer as far as it is known: what the events of its stream add up to. */
import type { AnswerEvent, Problem, Schemas, Source } from "../api/types";

export type Quoted = Schemas["KeptCitationOut"];
export type ShownCitation = Quoted | Schemas["WithheldCitationOut"];
export type Struck = Schemas["StruckOut"];
export type Stage = "searching" | "reading" | "queued" | "writing" | "ended";

export interface Answer {
  stage: Stage;
  /** How many are answered before, while the stage is `queued`. */
  place: number;
  language: string;
  text: string;
  citations: readonly ShownCitation[];
  struck: readonly Struck[];
  hits: readonly Source[];
  degraded: Problem | null;
  error: Problem | null;
  abstained: boolean;
  grounded: boolean;
  truncated: boolean;
}

export const ASKED: Answer = {
  stage: "searching",
  place: 0,
  language: "",
  text: "",
  citations: [],
  struck: [],
  hits: [],
  degraded: null,
  error: null,
  abstained: false,
  grounded: false,
  truncated: false,
};

/** The answer after some more events. */
export function answerAfter(answer: Answer, events: readonly AnswerEvent[]): Answer {
  return events.reduce(afterOne, answer);
}

function afterOne(answer: Answer, event: AnswerEvent): Answer {
  switch (event.type) {
    case "retrieved":
      return { ...answer, stage: "reading", language: event.language, hits: event.hits };
    case "queued":
      return { ...answer, stage: "queued", place: event.place };
    case "degraded":
      return { ...answer, degraded: event.error };
    case "text":
      return { ...answer, stage: "writing", text: answer.text + event.delta };
    case "cited":
      return {
        ...answer,
        stage: "writing",
        citations: [...answer.citations, { ...event.citation, available: true }],
      };
    case "struck": {
      const { quote, start, end } = event;
      return { ...answer, struck: [...answer.struck, { quote, start, end }] };
    }
    case "failed":
      return { ...answer, stage: "ended", error: event.error };
    case "done": {
      const { abstained, grounded, truncated } = event;
      return { ...answer, stage: "ended", abstained, grounded, truncated };
    }
    default:
      return answer;
  }
}

/** The answer of a turn that is stored. */
export function storedAnswer(turn: Schemas["TurnOut"]): Answer {
  return {
    stage: turn.state === "answering" ? "writing" : "ended",
    place: 0,
    language: turn.language,
    text: turn.answer,
    citations: turn.citations,
    struck: turn.struck,
    hits: [],
    degraded: turn.degraded ?? null,
    error: turn.error ?? null,
    abstained: turn.abstained,
    grounded: turn.grounded,
    truncated: turn.truncated,
  };
}

/** Whether a citation may be seen. */
export function isQuoted(citation: ShownCitation): citation is Quoted {
  return citation.available !== false;
}

/** Where a character of a text is that a server in Python counts: not in halves of pairs. */
export function utf16Index(text: string, characters: number): number {
  let index = 0;
  for (let left = characters; left > 0 && index < text.length; left--) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return index;
}
