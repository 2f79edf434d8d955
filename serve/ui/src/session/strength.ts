export type Strength = "short" | "fair" | "good" | "strong";

const LEAST_CHARACTERS = 12;

/** How strong a password looks by its length and variety; what is common only the server knows. */
export function strengthOf(password: string): Strength {
  const characters = [...password.normalize("NFC")];
  const different = new Set(characters.map((each) => each.toLowerCase())).size;
  if (characters.length < LEAST_CHARACTERS) return "short";
  if (different < 7) return "fair";
  if (characters.length >= 20 && different >= 10) return "strong";
  return characters.length >= 16 ? "good" : "fair";
}
