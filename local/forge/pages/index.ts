export { pagesApp } from './pages.ts';
