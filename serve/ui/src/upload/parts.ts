/** What shows uploads. It comes with the first sign of a person: later, the line may be lost. */
import { later } from "../components/later";

export const DropZone = later(() => import("./DropZone"));
export const Tray = later(() => import("./Tray"));

export function uploadsAhead(): void {
  DropZone.ahead();
  Tray.ahead();
}
