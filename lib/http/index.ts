export { type AddressRule, addressRule, GLOBAL_V6, INSIDE_V4, TUNNELS_V6 } from './addresses.ts';
export { InFlight, readBounded, readJSON } from './body.ts';
export { type HeldPort, holdPort, isPortFree } from './hold-port.ts';
export { type Listening, listen } from './listen.ts';
export { observeRequests, serveMetrics } from './metrics.ts';
export { HttpError, type HttpErrorCode, problem, problemHandler } from './problem.ts';
