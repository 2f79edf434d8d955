import { useEffect, useState } from "react";

import { isQuoted, type ShownCitation } from "../chat/answer";
import { useText } from "../i18n/language";
import { useSource } from "../shell/source";
import { sourceOf } from "./shown";

const FEW = 4;

interface SourceStripProps {
  citations: readonly ShownCitation[];
  turnId: number | null;
}

/** What an answer cites, one line each. */
export function SourceStrip({ citations, turnId }: SourceStripProps) {
  const { chat } = useText();
  const { open } = useSource();
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? citations : citations.slice(0, FEW);
  const hasSome = citations.length > 0;
  useEffect(() => {
    if (hasSome) void import("../viewer/SourceView").catch(() => undefined);
  }, [hasSome]);
  if (!hasSome) return null;
  return (
    <section className="sources" aria-label={chat.sources}>
      <h3>{chat.sourceCount(citations.length)}</h3>
      <ul>
        {shown.map((each) => (
          <li key={each.n}>
            {isQuoted(each) ? (
              <button
                type="button"
                className="source"
                onClick={() => open(sourceOf(each, { citations, turnId }))}
              >
                <span className="source-n">{each.n}</span>
                <span className="source-name">{each.document_name}</span>
                {each.paged && (
                  <span className="source-page">
                    {chat.page(each.page_label || String(each.page))}
                  </span>
                )}
              </button>
            ) : (
              <span className="source source-gone">
                <span className="source-n">{each.n}</span>
                {chat.sourceGone}
              </span>
            )}
          </li>
        ))}
      </ul>
      {citations.length > FEW && (
        <button type="button" className="link-button" onClick={() => setWhole(!isWhole)}>
          {isWhole ? chat.fewerSources : chat.allSources(citations.length)}
        </button>
      )}
    </section>
  );
}
