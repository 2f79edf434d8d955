import type { Texts } from "../texts";
import type { settings as english } from "../en/settings";

export const settings: Texts<typeof english> = {
  title: "Paramètres",
  language: "Langue",
  theme: "Thème",
  themes: { system: "Comme le système", light: "Clair", dark: "Sombre" },
  textSize: "Taille du texte",
  textSizes: { normal: "Normale", large: "Grande", larger: "Très grande" },
};
