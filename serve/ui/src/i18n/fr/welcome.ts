import type { Texts } from "../texts";
import type { welcome as english } from "../en/welcome";

export const welcome: Texts<typeof english> = {
  title: "Bienvenue",
};
