import { IconButton } from "../components/Button";
import { useText } from "../i18n/language";
import type { OpenSource } from "../shell/source";
import "./viewer.css";

interface SourcePaneProps {
  source: OpenSource;
  onClose: () => void;
}

/** The source of a citation beside the chat. */
export function SourcePane({ source, onClose }: SourcePaneProps) {
  const { shell } = useText();
  return (
    <header className="source-head">
      <h2>{source.documentName}</h2>
      <IconButton icon="close" label={shell.close} onClick={onClose} />
    </header>
  );
}
