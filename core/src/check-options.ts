import { checkKnown } from './check-known.ts';
import { checkCallbacks, checkFlags, checkLists, checkMs, checkObjects, checkSignals, checkTexts } from './check-texts.ts';

/** `list`: of texts. `ms`: a duration. */
const CHECKS = {
  text: checkTexts,
  flag: checkFlags,
  object: checkObjects,
  list: checkLists,
  ms: checkMs,
  signal: checkSignals,
  callback: checkCallbacks,
};

/** What an option is to be. `other` is looked at where it is used. */
type OptionKind = keyof typeof CHECKS | 'other';

export type OptionKinds<Options> = { readonly [Name in keyof Options]-?: OptionKind };

/**
 * For callers without types: an option that is misspelt, or is not what it should be, would often stand for all there is.
 * @throws UnknownOption, BadUsage
 */
export function checkOptions<Options extends object>(of: string, options: Options, kinds: OptionKinds<Options>): void {
  checkKnown(of, options, Object.keys(kinds));
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (value === undefined) continue;
    const kind: OptionKind = kinds[name as keyof Options];
    if (kind !== 'other') CHECKS[kind](of, { [name]: value });
  }
}
