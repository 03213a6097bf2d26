export { Changes } from './changes.ts';
export { listenOnSocket } from './listen.ts';
export { near } from './near.ts';
