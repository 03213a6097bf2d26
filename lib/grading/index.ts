export { engines } from './engines.ts';
export { gradeRead } from './grade.ts';
export { type Graded, type Grading, gradingKey, policyNameOf, TierPolicies } from './policies.ts';
