/** Files of a drop or a picker, with the folders that they lie in. */

export interface Picked {
  file: File;
  /** The path below what was dropped. */
  path: string;
}

/** All files of a drop; folders are walked. To be called while the event is handled. */
export async function filesOfDrop(data: DataTransfer): Promise<Picked[]> {
  // Both are gone after the first await.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = [...data.files];
  if (entries.every((entry) => entry === null))
    return plain.map((file) => ({ file, path: file.name }));
  const found: Picked[] = [];
  for (const entry of entries) if (entry) await walk(entry, found);
  return found;
}

/** All files of a picker; one for folders tells their paths. */
export function filesOfPicker(files: FileList | null): Picked[] {
  return [...(files ?? [])]
    .map((file) => ({ file, path: file.webkitRelativePath || file.name }))
    .filter(({ path }) => !isHidden(path));
}

/** Whether it is something that a system keeps beside documents. */
export function isHidden(path: string): boolean {
  return path
    .split("/")
    .some((part) => part.startsWith(".") || part === "Thumbs.db" || part === "desktop.ini");
}

async function walk(entry: FileSystemEntry, found: Picked[]): Promise<void> {
  const path = entry.fullPath.replace(/^\//, "");
  if (isHidden(path)) return;
  if (entry.isFile) {
    const file = await fileOf(entry as FileSystemFileEntry);
    if (file) found.push({ file, path });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives at most 100 entries at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve) =>
      reader.readEntries(resolve, () => resolve([])),
    );
    if (!some.length) return;
    for (const each of some) await walk(each, found);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File | null> {
  return new Promise((resolve) => entry.file(resolve, () => resolve(null)));
}
