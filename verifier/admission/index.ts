export { serveAdmission } from './server.ts';
export { verifierAdmission } from './wire.ts';
