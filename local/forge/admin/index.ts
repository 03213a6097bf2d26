export { adminApp } from './routes.ts';
