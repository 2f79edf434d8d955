import { useMemo, useState } from "react";

import { Button } from "../components/Button";
import { ErrorState, Spinner } from "../components/States";
import { Page } from "../shell/Page";
import { PickButtons } from "../upload/PickButtons";
import { useUploadTarget } from "../upload/target";
import { canWrite, useCollections } from "./collections";
import { DocumentDialogs, type Asked } from "./DocumentDialogs";
import { DocumentFilters } from "./DocumentFilters";
import { DocumentTable } from "./DocumentTable";
import { NoDocuments } from "./NoDocuments";
import { FIRST_FILTER, type DocumentsFilter } from "./filter";
import { useDocuments } from "./queries";
import { SelectionBar } from "./SelectionBar";
import { useDocumentsText } from "./texts";
import "./documents.css";

export default function DocumentsPage() {
  const text = useDocumentsText();
  const [filter, setFilter] = useState<DocumentsFilter>(FIRST_FILTER);
  const [timesCleared, setTimesCleared] = useState(0);
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const [asked, setAsked] = useState<Asked | null>(null);
  const { data: collections } = useCollections();
  const found = useDocuments(filter);
  const documents = useMemo(() => found.data?.pages.flatMap((page) => page.items), [found.data]);
  const inView = collections?.find((each) => String(each.id) === filter.collection);
  const target = inView?.id ?? null;
  useUploadTarget(target);
  const mayAdd = inView ? canWrite(inView) : (collections ?? []).some(canWrite);
  const chosen = documents?.filter((each) => selected.has(each.id)) ?? [];
  const isEmpty = documents?.length === 0;
  const clear = () => {
    setFilter(FIRST_FILTER);
    setTimesCleared(timesCleared + 1);
  };
  return (
    <Page title={text.title} actions={mayAdd && <PickButtons target={target} />}>
      {inView && !mayAdd && <p className="documents-note">{text.notWritable}</p>}
      <DocumentFilters
        key={timesCleared}
        filter={filter}
        collections={collections ?? []}
        onChange={setFilter}
      />
      {chosen.length > 0 && (
        <SelectionBar
          documents={chosen}
          collections={collections ?? []}
          onClear={() => setSelected(new Set())}
          onDelete={(deletable) => setAsked({ kind: "delete", documents: deletable })}
        />
      )}
      {found.isError && <ErrorState error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && <Spinner />}
      {isEmpty && <NoDocuments filter={filter} mayAdd={mayAdd} onClear={clear} />}
      {documents && !isEmpty && (
        <DocumentTable
          documents={documents}
          collections={collections ?? []}
          filter={filter}
          selected={selected}
          onFilter={setFilter}
          onSelect={setSelected}
          onAsk={setAsked}
        />
      )}
      {documents && !isEmpty && (
        <footer className="documents-foot">
          <span>{text.shown(documents.length)}</span>
          {found.hasNextPage && (
            <Button disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
              {text.more}
            </Button>
          )}
        </footer>
      )}
      <DocumentDialogs
        asked={asked}
        onClose={() => setAsked(null)}
        onDeleted={() => setSelected(new Set())}
      />
    </Page>
  );
}
