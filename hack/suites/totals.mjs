// A reporter for `node --test`: writes the run's counts as one line of JSON.
export default async function* totals(source) {
  for await (const { type, data } of source) {
    // The summary without a file is that of the whole run.
    if (type === 'test:summary' && data.file === undefined) yield `${JSON.stringify(data.counts)}\n`;
  }
}
