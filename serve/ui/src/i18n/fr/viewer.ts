import type { Texts } from "../texts";
import type { viewer as english } from "../en/viewer";

export const viewer: Texts<typeof english> = {
  title: "Source",
};
