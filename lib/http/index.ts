export { InFlight, readBounded } from './body.ts';
export { type Listening, listen } from './listen.ts';
export { observeRequests, serveMetrics } from './metrics.ts';
export { HttpError, type HttpErrorCode, problem, problemHandler } from './problem.ts';
