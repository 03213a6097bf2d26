export { AttestError, type AttestErrorCode } from './error.ts';
export { MAX_BUNDLE_BYTES, type Opened, openBundle } from './open.ts';
export { type ListedHuman, type ListedMachine, type ListedPeople, readHumans, readMachines } from './people.ts';
export { readTrust, type SignedTime, type Trust } from './root.ts';
export { type SigningServices, signStatement } from './sign.ts';
