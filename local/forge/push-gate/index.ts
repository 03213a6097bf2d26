export { GATE_PATH, PushGate } from './push-gate.ts';
