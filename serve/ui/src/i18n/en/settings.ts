export const settings = {
  title: "Settings",
  language: "Language",
  theme: "Theme",
  themes: { system: "Like the system", light: "Light", dark: "Dark" },
  textSize: "Text size",
  textSizes: { normal: "Normal", large: "Large", larger: "Larger" },
};
