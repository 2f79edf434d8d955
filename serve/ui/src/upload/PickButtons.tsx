import { useEffect, useRef } from "react";

import { Button } from "../components/Button";
import { useDocumentsText } from "../documents/texts";
import { filesOfPicker } from "./dropped";
import { uploadsAhead } from "./parts";
import { takeFiles } from "./picked";

const FOLDER = { webkitdirectory: "" };

/** Buttons for files and for a whole folder. */
export function PickButtons({ target }: { target: number | null }) {
  const text = useDocumentsText();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  useEffect(uploadsAhead, []);
  const take = (input: HTMLInputElement) => {
    takeFiles(filesOfPicker(input.files), target);
    input.value = "";
  };
  return (
    <>
      <input ref={files} type="file" multiple hidden onChange={(e) => take(e.currentTarget)} />
      <input ref={folder} type="file" hidden {...FOLDER} onChange={(e) => take(e.currentTarget)} />
      <Button onClick={() => folder.current?.click()}>{text.addFolder}</Button>
      <Button kind="primary" icon="upload" onClick={() => files.current?.click()}>
        {text.addFiles}
      </Button>
    </>
  );
}
