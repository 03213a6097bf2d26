export { serveWebhooks, type WebhookSettings } from './server.ts';
export { surroundings } from './surroundings.ts';
