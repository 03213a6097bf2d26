export { listenOnSocket } from './listen.ts';
export { near } from './near.ts';
