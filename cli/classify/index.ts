export { type Diff, factsOf, parseDiff } from './diff.ts';
export { type Classified, renderClassified } from './explain.ts';
export { blobsOf, type ReadBlob, withTexts } from './texts.ts';
