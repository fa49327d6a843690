import { checkKnown } from './check-known.ts';
import { checkFlags, checkTexts } from './check-texts.ts';

/** What each option is to be. `other` is looked at where it is used. */
export type OptionKinds<Options> = { readonly [Name in keyof Options]-?: 'text' | 'flag' | 'other' };

/**
 * For callers without types: an option that is misspelt, or is not what it should be, would often stand for all there is.
 * @throws UnknownOption, BadUsage
 */
export function checkOptions<Options extends object>(of: string, options: Options, kinds: OptionKinds<Options>): void {
  checkKnown(of, options, Object.keys(kinds));
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (value === undefined) continue;
    const kind = kinds[name as keyof Options];
    if (kind === 'text') checkTexts(of, { [name]: value });
    if (kind === 'flag') checkFlags(of, { [name]: value });
  }
}
