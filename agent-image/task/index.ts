export { runTask, type TaskDeps } from './run.ts';
