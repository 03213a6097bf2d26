export { readDocuments } from './documents.ts';
export { type Manifests, readManifests } from './manifests.ts';
export { sameYAML } from './same.ts';
