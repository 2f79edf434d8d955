import { Dialog } from "../components/Dialog";
import { useText } from "../i18n/language";
import { useShortcuts } from "./shortcuts";

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const { shell } = useText();
  const names: Record<string, string> = { mod: shell.ctrl, shift: shell.shift, Escape: "Esc" };
  const shown = new Map(useShortcuts().map((each) => [each.keys, each]));
  return (
    <Dialog title={shell.shortcuts} onClose={onClose}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{shell.key}</th>
            <th scope="col">{shell.does}</th>
          </tr>
        </thead>
        <tbody>
          {[...shown.values()].map(({ keys, does }) => (
            <tr key={keys}>
              <td>
                {keys.split("+").map((key) => (
                  <kbd key={key}>{names[key] ?? key.toUpperCase()}</kbd>
                ))}
              </td>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
