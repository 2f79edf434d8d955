/** Files from a picker on any page, on their way to whoever takes files. */
import type { Picked } from "./dropped";

type Listener = (files: Picked[], target: number | null) => void;

let listener: Listener = () => undefined;

export function listenForPicked(given: Listener): () => void {
  listener = given;
  return () => {
    listener = () => undefined;
  };
}

/** Have files taken in; `target` is the collection in view. */
export function takeFiles(files: Picked[], target: number | null): void {
  listener(files, target);
}
