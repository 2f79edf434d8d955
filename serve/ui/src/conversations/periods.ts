/** When something was, as people say it. */
export const PERIODS = ["today", "yesterday", "week", "month", "older"] as const;
export type Period = (typeof PERIODS)[number];

const DAYS: [period: Period, days: number][] = [
  ["today", 0],
  ["yesterday", 1],
  ["week", 7],
  ["month", 30],
];

/** The period of a moment, by days of the reader's calendar. */
export function periodOf(moment: Date, now: Date): Period {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  for (const [period, days] of DAYS) {
    const since = new Date(midnight);
    since.setDate(since.getDate() - days);
    if (moment >= since) return period;
  }
  return "older";
}

/** Items by their periods, in order; periods without any are left out. */
export function byPeriod<T>(items: T[], momentOf: (item: T) => Date, now: Date): [Period, T[]][] {
  return PERIODS.map((period): [Period, T[]] => [
    period,
    items.filter((each) => periodOf(momentOf(each), now) === period),
  ]).filter(([, found]) => found.length > 0);
}
