export { decodeNodeId, nodeId } from './node-id.ts';
export type * from './rows.ts';
export { Store } from './store.ts';
export type { Where } from './table.ts';
