import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { get } from "../api/http";
import type { Schemas } from "../api/types";
import { useStatus } from "../chat/queries";
import { useBeginning } from "../chat/useAsking";
import { Button } from "../components/Button";
import { Field, FormError } from "../components/Field";
import { Icon } from "../components/Icon";
import { useMessageOf } from "../components/messages";
import { Spinner } from "../components/States";
import { useLanguage } from "../i18n/language";
import { useSampleQuestions } from "./sampleQuestions";
import { useWelcomeText } from "./texts";

type Suggestion = Pick<Schemas["SuggestionOut"], "question" | "document_title">;

const EVERYWHERE: readonly number[] = [];
const MOST = 3;

export function QuestionStep() {
  const welcome = useWelcomeText();
  const messageOf = useMessageOf();
  const begin = useBeginning();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const ask = async (question: string) => {
    if (isBusy) return;
    setBusy(true);
    setError(null);
    try {
      await begin(question, EVERYWHERE);
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const question = String(new FormData(event.currentTarget).get("question")).trim();
    if (question) void ask(question);
  };
  return (
    <>
      <p className="welcome-intro">{welcome.questionIntro}</p>
      {error !== null && <FormError>{messageOf(error)}</FormError>}
      <Suggestions onChoose={(question) => void ask(question)} />
      <form className="welcome-ask" onSubmit={submit}>
        <Field label={welcome.question} name="question" autoComplete="off" maxLength={4000} required />
        <Button kind="primary" type="submit" icon="send">
          {welcome.ask}
        </Button>
      </form>
    </>
  );
}

function Suggestions({ onChoose }: { onChoose: (question: string) => void }) {
  const welcome = useWelcomeText();
  const { language } = useLanguage();
  const { data: status } = useStatus();
  const suggestions = useQuery({
    queryKey: ["suggestions", "welcome", language, status?.documents.ready ?? 0],
    queryFn: () => get("/api/v1/suggestions", { query: { language, limit: MOST } }),
    enabled: status !== undefined,
  });
  const samples = useSampleQuestions().slice(0, MOST);
  if (samples.length === 0 && suggestions.isPending) return <Spinner label={welcome.asking} />;
  const items: Suggestion[] = samples.length
    ? samples.map((question) => ({ question, document_title: welcome.samplesTitle }))
    : (suggestions.data?.items ?? []);
  if (items.length === 0) return <p>{welcome.noSuggestions}</p>;
  return (
    <ul className="welcome-suggestions">
      {items.map((each) => (
        <li key={each.question}>
          <button type="button" onClick={() => onChoose(each.question)}>
            <span>
              {each.question}
              <small>{each.document_title}</small>
            </span>
            <Icon name="forward" />
          </button>
        </li>
      ))}
    </ul>
  );
}
