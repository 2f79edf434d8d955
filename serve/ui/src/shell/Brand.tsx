import { Link } from "../components/Link";

/** The sign and the name: three arches of a cloister walk. */
export function Brand() {
  return (
    <Link href="/" className="brand">
      <svg aria-hidden="true" viewBox="0 0 28 24" width="28" height="24" fill="none">
        <path
          d="M3 20v-8a4 4 0 0 1 7.300 0v8M10.300 20v-8a4 4 0 0 1 7.400 0v8M17.700 20v-8a4 4 0 0 1 7.300 0v8M1.500 20.500h25M1.500 4h25"
          stroke="currentColor"
          strokeWidth="1.8"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      Cloister
    </Link>
  );
}
