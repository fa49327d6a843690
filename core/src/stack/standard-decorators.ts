/**
 * What class-validator throws when its decorators are applied as standard ones: they get no prototype but `undefined`, and look for its class. TypeScript and
 * tsx compile them so unless `experimentalDecorators` is set.
 */
const THROWN = "Cannot read properties of undefined (reading 'constructor')";
/** Files of class-validator, as stacks name them: its source maps know them by other paths. */
const OF_CLASS_VALIDATOR = /class-validator|src[\\/]decorator[\\/]/;

/** What is wrong with a config class of which the decorators were compiled as standard ones, and how to mend it. */
export const STANDARD_DECORATORS = {
  reason: 'the decorators of class-validator were compiled as standard ones, and they are of the older kind',
  advice: 'Put "experimentalDecorators": true into the compilerOptions of the tsconfig.json next to it.',
} as const;

/** Whether an error came of that. */
export function isOfStandardDecorators(error: unknown): boolean {
  const { message, stack } = (error ?? {}) as { message?: unknown; stack?: unknown };
  return message === THROWN && OF_CLASS_VALIDATOR.test(String(stack));
}
