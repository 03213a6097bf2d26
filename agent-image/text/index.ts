export { Clipper, clipped } from './clip.ts';
