export { readBounded } from './body.ts';
export { type Listening, listen } from './listen.ts';
export { serveMetrics, timeRequests } from './metrics.ts';
export { HttpError, type HttpErrorCode, problem, problemHandler } from './problem.ts';
