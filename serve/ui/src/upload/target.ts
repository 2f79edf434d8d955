/** The collection that is in view, which takes what is dropped. */
import { useEffect } from "react";

let target: number | null = null;

export function currentTarget(): number | null {
  return target;
}

/** Have drops go into a collection while a page shows it. */
export function useUploadTarget(collection: number | null): void {
  useEffect(() => {
    target = collection;
    return () => {
      target = null;
    };
  }, [collection]);
}
