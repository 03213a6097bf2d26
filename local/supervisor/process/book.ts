import { type ProcessRecord, processId } from '#lib/datadir';

/** Which processes were started and have not ended: kept on disk, so that a start after a crash finds what was left behind. */
export interface Book {
  add(name: string, pid: number): void;
  remove(pid: number): void;
  list(): readonly ProcessRecord[];
}

/** `save` gets the whole list after every change. A process that has ended before it could be noted is left out. */
export function createBook(save: (records: readonly ProcessRecord[]) => void): Book {
  let records: readonly ProcessRecord[] = [];
  const change = (next: readonly ProcessRecord[]) => {
    records = next;
    save(records);
  };
  return {
    add(name, pid) {
      const id = processId(pid);
      if (id) change([...records.filter((record) => record.pid !== pid), { name, ...id }]);
    },
    remove: (pid) => change(records.filter((record) => record.pid !== pid)),
    list: () => records,
  };
}
