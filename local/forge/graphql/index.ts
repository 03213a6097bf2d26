export { graphqlApp } from './app.ts';
