export { type Diff, factsOf, parseDiff } from './diff.ts';
export { type Classified, renderClassified } from './explain.ts';
export { raisedByFloor } from './floor.ts';
export { type Logged, pullGrade } from './logged.ts';
export { policyFrom } from './policy.ts';
export { blobsOf, type ReadBlob, withTexts } from './texts.ts';
