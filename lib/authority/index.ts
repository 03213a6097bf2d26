export { makeAuthority } from './authority.ts';
export { serveCertificates } from './certificate.ts';
