export { parseRigfile, RIGFILE, type Rigfile } from './rigfile.ts';
