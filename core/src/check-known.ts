import { BadUsage, UnknownOption } from './errors.ts';

/** @throws UnknownOption for a key of `options` that is not in `known`; BadUsage when they are no object at all */
export function checkKnown(of: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new BadUsage({ what: `the options of ${of} are no object` });
  for (const option of Object.keys(options)) if (!known.includes(option)) throw new UnknownOption({ of, option, known: [...known] });
}
