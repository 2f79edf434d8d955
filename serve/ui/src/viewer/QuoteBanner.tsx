import { Icon } from "../components/Icon";
import { useText } from "../i18n/language";
import type { Target } from "./document";

interface QuoteBannerProps {
  target: Target;
  verdict: "exact" | "relinked" | "approximate" | "struck" | undefined;
  isMarked: boolean | null;
}

/** The quoted words themselves, above the document; and what is to be known of them. */
export function QuoteBanner({ target, verdict, isMarked }: QuoteBannerProps) {
  const { viewer } = useText();
  const words = target.quote ?? target.passage;
  const notes = [
    target.isGone && viewer.passageGone,
    verdict === "approximate" && viewer.approximate,
    verdict === "relinked" && viewer.relinked,
    words && isMarked === false && viewer.notMarked,
  ].filter((note) => typeof note === "string");
  if (!words && !notes.length) return null;
  return (
    <div className="quote-banner">
      {words && (
        <>
          <p className="quote-banner-kind">{target.quote ? viewer.quote : viewer.passage}</p>
          {/* It may scroll, so that the keyboard must reach it. */}
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <blockquote dir="auto" tabIndex={0}>
            {words.text}
          </blockquote>
        </>
      )}
      {notes.map((note) => (
        <p key={note} className="quote-banner-note">
          <Icon name="help" size={16} />
          {note}
        </p>
      ))}
    </div>
  );
}
