import { useQuery } from "@tanstack/react-query";

import { get } from "../api/http";
import { Link } from "../components/Link";
import { useLanguage, useText } from "../i18n/language";
import { useAskable, useStatus } from "./queries";

interface BeginningProps {
  collections: readonly number[];
  onAsk: (question: string) => void;
}

/** Before the first question: what could be asked, or why nothing can. */
export function Beginning({ collections, onAsk }: BeginningProps) {
  const { chat } = useText();
  return (
    <div className="beginning">
      <h1>{chat.title}</h1>
      <Holdings collections={collections} />
      <Suggestions collections={collections} onAsk={onAsk} />
    </div>
  );
}

function Holdings({ collections }: { collections: readonly number[] }) {
  const { chat } = useText();
  const { data: status } = useStatus();
  const askable = useAskable();
  if (!status) return null;
  const { ready = 0, queued = 0, parsing = 0, embedding = 0 } = status.documents;
  const coming = queued + parsing + embedding;
  const chosen = askable.filter((each) => collections.includes(each.id));
  if (coming)
    return (
      <p className="holdings" role="status">
        {ready ? chat.indexing(ready, ready + coming) : chat.indexingFirst(coming)}
      </p>
    );
  const isEmpty = chosen.length
    ? chosen.every((each) => each.document_count === 0)
    : ready === 0;
  if (!isEmpty) return <p className="holdings">{chat.intro}</p>;
  return (
    <div className="holdings">
      <p>{chosen.length ? chat.emptyCollection : chat.noDocuments}</p>
      <Link className="button button-plain" href="/documents">
        {chat.addDocuments}
      </Link>
    </div>
  );
}

function Suggestions({ collections, onAsk }: BeginningProps) {
  const { chat } = useText();
  const { language } = useLanguage();
  const { data: status } = useStatus();
  const { data } = useQuery({
    queryKey: ["suggestions", language, collections, status?.documents.ready ?? 0],
    queryFn: ({ signal }) =>
      get("/api/v1/suggestions", { query: { collections: [...collections], language }, signal }),
    staleTime: 60_000,
    enabled: status !== undefined,
  });
  if (!data?.items.length) return null;
  return (
    <section className="suggestions" aria-label={chat.suggestions}>
      {data.items.map((each) => (
        <button key={each.question} type="button" onClick={() => onAsk(each.question)}>
          {each.question}
        </button>
      ))}
    </section>
  );
}
