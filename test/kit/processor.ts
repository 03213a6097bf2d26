/** Begins to count; what it answers says how many milliseconds of the processor were used since. Other programs of the machine count little, as they do by the clock. */
export function processorTime(): () => number {
  const begun = process.cpuUsage();
  return () => process.cpuUsage(begun).user / 1_000;
}
