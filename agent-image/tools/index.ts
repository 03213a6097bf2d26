export { codingTools, endOf } from './coding.ts';
export { failureName } from './failure-name.ts';
export { planTools } from './plan.ts';
export { type Review, reviewTools } from './review.ts';
export { type Resolution, resolveThreadTool, toSend } from './threads.ts';
export type { Answer, Ending, Tool } from './tool.ts';
export { Toolbox } from './toolbox.ts';
