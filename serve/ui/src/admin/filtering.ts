/** Those whose names hold the words, without case and accents. */
export function named<T extends { name: string }>(items: readonly T[], words: string): T[] {
  const wanted = folded(words);
  return items.filter((each) => folded(each.name).includes(wanted));
}

function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}
