import { ExitCode, ExitError } from '#lib/terminal';

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** Seconds of a duration such as 90s, 10m or 1h30m. Throws ExitError `Usage`. */
export function parseSince(text: string): number {
  const parts = [...text.matchAll(/(\d{1,6})([smhd])/g)];
  const whole = parts.map(([part]) => part).join('');
  const seconds = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * SECONDS[unit as keyof typeof SECONDS],
    0,
  );
  if (whole === text && seconds > 0) return seconds;
  throw new ExitError(ExitCode.Usage, `"${text}" is no duration: write it as 30s, 10m or 1h30m.`);
}
