/** Drawings of our own on a grid of 20; they say nothing to a screen reader. */
const PATHS = {
  add: "M10 4v12M4 10h12",
  admin: "M10 3l6 2.5v4.2c0 3.6-2.5 6-6 7.3-3.5-1.3-6-3.7-6-7.3V5.500z",
  back: "M12 4.500L6.500 10l5.500 5.500",
  chat: "M4 5h12v8.500H9L5.500 16.500v-3H4z",
  check: "M4 10.500l4 4 8-9",
  chevronDown: "M5 7.500l5 5 5-5",
  close: "M5 5l10 10M15 5L5 15",
  copy: "M7.500 7.500V4H16v8.500h-3.500M4 7.500h8.500V16H4z",
  document: "M5.500 3h6L15 6.500V17H5.500zM11.500 3v3.500H15M8 10.500h4.500M8 13.500h4.500",
  download: "M10 3v9M6 8.500l4 4 4-4M4 16.500h12",
  edit: "M4 16l.800-3.200L13 4.600 15.400 7l-8.200 8.200z",
  forward: "M8 4.500l5.500 5.500L8 15.500",
  help: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM7.900 8a2.100 2.100 0 1 1 2.900 2c-.6.3-.8.7-.8 1.500M10 14v.2",
  lock: "M5 9h10v7.500H5zM7 9V6.500a3 3 0 0 1 6 0V9M10 12v1.500",
  menu: "M3.500 5.500h13M3.500 10h13M3.500 14.500h13",
  minus: "M4 10h12",
  more: "M4.800 10h.2M9.900 10h.2M15 10h.2",
  newTab: "M11 4h5v5M16 4l-7 7M8 5H4v11h11v-4",
  person: "M10 3.500a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM4 16.500c.7-3 3-4.500 6-4.500s5.300 1.500 6 4.500",
  retry: "M15.800 9A6 6 0 1 0 16 11.500M16 4.500V9h-4.500",
  search: "M9 3.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11zM13 13l3.500 3.500",
  send: "M10 16V4.500M5 9l5-5 5 5",
  settings: "M3.500 6h7M14.500 6h2M3.500 14h2M9.500 14h7M12.500 4v4M7.500 12v4",
  signOut: "M8 4H4.500v12H8M8.500 10h8M13 6.500l3.500 3.500-3.500 3.500",
  stop: "M6 6h8v8H6z",
  thumbDown: "M7 11V4h7l2 6.500h-4.500l.500 4.500-1.500 1L7 11zM4 4v7",
  thumbUp: "M7 9v7h7l2-6.500h-4.500l.500-4.500-1.500-1L7 9zM4 9v7",
  trash: "M4 6h12M8 6V4h4v2M5.500 6l.700 10.500h7.600L14.500 6M8.500 9v5M11.500 9v5",
  upload: "M10 13V4M6 7.500l4-4 4 4M4 16.500h12",
  warning: "M10 3.500L17 16H3zM10 8v4M10 14v.2",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      className="icon"
      fill="none"
      height={size}
      stroke="currentColor"
      strokeLinecap="round"
      strokeLinejoin="round"
      strokeWidth="1.6"
      viewBox="0 0 20 20"
      width={size}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
