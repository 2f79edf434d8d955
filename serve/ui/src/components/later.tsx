import { useEffect, useState, type ComponentType, type ReactNode } from "react";

interface Later<P> {
  (props: P): ReactNode;
  /** Have it fetched before it is needed. */
  ahead: () => void;
}

/**
 * A component whose code comes when it is needed, and that is shown once it is there: Suspense would
 * hold it back for 300 ms after what stood in its place.
 */
export function later<P extends object>(
  load: () => Promise<{ default: ComponentType<P> }>,
  waiting: ReactNode = null,
): Later<P> {
  let found: ComponentType<P> | null = null;
  let coming: Promise<void> | null = null;
  const fetched = () => {
    coming ??= load().then(
      (loaded) => {
        found = loaded.default;
      },
      (error: unknown) => {
        coming = null;
        throw error;
      },
    );
    return coming;
  };
  function Part(props: P): ReactNode {
    const [Found, setFound] = useState(() => found);
    const [failed, setFailed] = useState<{ error: unknown } | null>(null);
    useEffect(() => {
      let isWanted = !Found;
      if (isWanted)
        fetched().then(
          () => isWanted && setFound(() => found),
          (error: unknown) => isWanted && setFailed({ error }),
        );
      return () => {
        isWanted = false;
      };
    }, [Found]);
    if (failed) throw failed.error;
    return Found ? <Found {...props} /> : waiting;
  }
  const ahead = () => void fetched().catch(() => undefined);
  return Object.assign(Part, { ahead });
}
