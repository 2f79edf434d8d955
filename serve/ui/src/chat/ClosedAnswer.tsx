import { Button } from "../components/Button";
import { Icon } from "../components/Icon";
import { useText } from "../i18n/language";

/** In the place of an answer whose documents its reader may not see any more: nothing of its words. */
export function ClosedAnswer({ onAgain }: { onAgain: () => void }) {
  const { chat } = useText();
  return (
    <section className="closed" aria-label={chat.closed}>
      <Icon name="lock" size={22} />
      <div className="closed-words">
        <h3>{chat.closed}</h3>
        <p>{chat.closedWhy}</p>
        <p>{chat.closedHelp}</p>
        <Button icon="retry" onClick={onAgain}>
          {chat.closedAgain}
        </Button>
      </div>
    </section>
  );
}
