const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday: the day that decides which year a week belongs to (ISO 8601). */
const THURSDAY = 3;

/** The week of a moment in ms, in UTC, as ISO 8601 has it: `2026-W01`. */
export function weekOf(ms: number): string {
  const day = Math.floor(ms / DAY_MS);
  const weekday = (((day + THURSDAY) % 7) + 7) % 7;
  const thursday = day - weekday + THURSDAY;
  const year = yearOf(thursday);
  return `${year}-W${String(Math.floor((thursday - firstDay(year)) / 7) + 1).padStart(2, '0')}`;
}

function firstDay(year: number): number {
  const before = year - 1;
  return 365 * (year - 1970) + leapsUntil(before) - leapsUntil(1969);
}

const leapsUntil = (year: number): number => Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);

function yearOf(day: number): number {
  let year = 1970 + Math.floor(day / 365.2425);
  while (firstDay(year) > day) year -= 1;
  while (firstDay(year + 1) <= day) year += 1;
  return year;
}
