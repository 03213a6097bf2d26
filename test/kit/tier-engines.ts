/** What the rules of tiers are asked with in every program. */
export { engines } from '#lib/grading';
