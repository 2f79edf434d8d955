import { Icon } from "../components/Icon";
import { useText } from "../i18n/language";
import { useStatus } from "./queries";

/** Below the composer: where answers come from, and what stands in their way. */
export function Footing() {
  const { chat } = useText();
  const { data } = useStatus();
  const llm = data?.llm ?? null;
  const trouble = llm && !llm.writes ? chat.modelDown : "";
  return (
    <div className="footing">
      {trouble && (
        <p className="footing-trouble" role="status">
          <Icon name="warning" size={16} />
          {trouble}
        </p>
      )}
      <p>
        {data && !llm ? chat.sourcesOnly : chat.privacy}
        {llm?.is_llama && <span className="footing-llama">Built with Llama</span>}
      </p>
    </div>
  );
}
