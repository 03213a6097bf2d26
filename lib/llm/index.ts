export { ModelError, type ModelErrorCode } from './error.ts';
export {
  type ContentBlock,
  createModel,
  type Message,
  type Model,
  type ModelOptions,
  type ModelRequest,
  type ModelTurn,
  type SystemBlock,
  type ToolDefinition,
} from './model.ts';
export { addTokens, NO_TOKENS, readMessageUsage, type Tokens, type Usage, UsageTap } from './usage.ts';
