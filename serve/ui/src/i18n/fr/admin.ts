import type { Texts } from "../texts";
import type { admin as english } from "../en/admin";

export const admin: Texts<typeof english> = {
  title: "Administration",
};
