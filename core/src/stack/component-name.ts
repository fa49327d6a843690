import { BadName } from '../errors.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Whether a text may name a component, a stack or a flavor. */
export function isComponentName(text: string): boolean {
  return NAME.test(text);
}

/** @throws BadName with `kind` as what should have been named, e.g. `stack`. */
export function checkName(kind: string, name: string): void {
  if (!isComponentName(name)) throw new BadName({ kind, name });
}
