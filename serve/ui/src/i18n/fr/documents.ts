import type { Texts } from "../texts";
import type { documents as english } from "../en/documents";

export const documents: Texts<typeof english> = {
  title: "Documents",
};
