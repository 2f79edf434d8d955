import type { Collection, Document } from "../api/types";
import { Icon } from "../components/Icon";
import type { Asked } from "./DocumentDialogs";
import { DocumentRow } from "./DocumentRow";
import { sortedBy, type DocumentsFilter, type SortKey } from "./filter";
import { canWrite } from "./collections";
import { useDocumentsText } from "./texts";

interface DocumentTableProps {
  documents: Document[];
  collections: Collection[];
  filter: DocumentsFilter;
  selected: ReadonlySet<number>;
  onFilter: (filter: DocumentsFilter) => void;
  onSelect: (selected: ReadonlySet<number>) => void;
  onAsk: (asked: Asked) => void;
}

/** The documents; on a narrow screen each row becomes a card. */
export function DocumentTable(props: DocumentTableProps) {
  const { documents, collections, filter, selected, onFilter, onSelect, onAsk } = props;
  const text = useDocumentsText();
  const byId = new Map(collections.map((each) => [each.id, each]));
  const areAll = documents.every((each) => selected.has(each.id));
  const toggle = (id: number) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelect(next);
  };
  const head = (key: SortKey, title: string, className = "") => (
    <th
      scope="col"
      className={className}
      aria-sort={filter.sort === key ? (filter.descending ? "descending" : "ascending") : "none"}
    >
      <button
        type="button"
        className="documents-sort"
        aria-label={text.sortBy(title)}
        onClick={() => onFilter(sortedBy(filter, key))}
      >
        {title}
        {filter.sort === key && (
          <span className={filter.descending ? "" : "documents-up"}>
            <Icon name="chevronDown" size={14} />
          </span>
        )}
      </button>
    </th>
  );
  return (
    <div className="documents-frame">
      <table className="table documents-table">
        <thead>
          <tr>
            <th scope="col" className="documents-check">
              <input
                type="checkbox"
                aria-label={text.selectAll}
                checked={areAll}
                onChange={() => onSelect(new Set(areAll ? [] : documents.map(({ id }) => id)))}
              />
            </th>
            {head("name", text.name)}
            <th scope="col">{text.collection}</th>
            <th scope="col">{text.state}</th>
            {head("pages", text.pages, "documents-number")}
            {head("size", text.size, "documents-number")}
            <th scope="col">{text.language}</th>
            {head("created", text.added)}
            <th aria-hidden="true" />
          </tr>
        </thead>
        <tbody>
          {documents.map((document) => (
            <DocumentRow
              key={document.id}
              document={document}
              collection={byId.get(document.collection_id)}
              isWritable={canWrite(byId.get(document.collection_id))}
              isSelected={selected.has(document.id)}
              onToggle={() => toggle(document.id)}
              onAsk={onAsk}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}
