export { entriesOf, type RootEntry } from './entries.ts';
export { AttestError, type AttestErrorCode } from './error.ts';
export { MAX_BUNDLE_BYTES, type Opened, openBundle, openedOrRefused } from './open.ts';
export { type ListedMachine, type ListedPeople, readHumans, readMachines } from './people.ts';
export { type Published, publishedRoot } from './renew.ts';
export { readTrust, type SignedTime, type Trust } from './root.ts';
export { type SigningServices, signStatement } from './sign.ts';
