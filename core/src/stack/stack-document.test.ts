import { describe, expect, it } from '@jest/globals';
import { parseStackDocument } from './stack-document.ts';

const component = { type: 'orchestrator', name: 'default', flavor: 'local', config: {}, labels: {} };
const document = { mortise: 1, stack: { name: 'team', labels: {} }, components: [component] };
const reasonOf = (value: unknown): string => {
  try {
    parseStackDocument(value);
  } catch (error) {
    return (error as { line: string }).line;
  }
  return 'taken';
};

describe('an exported stack', () => {
  it('may have labels with an empty value, as the store may', () => {
    const labels = { checked: '' };
    const parsed = parseStackDocument({ ...document, stack: { name: 'team', labels }, components: [{ ...component, labels }] });
    expect([parsed.stack.labels, parsed.components[0]!.labels]).toEqual([labels, labels]);
  });

  it.each<[object, string]>([
    [{ ...document, flavour: [] }, '"flavour", which there is not. Did you mean "flavors"?'],
    [{ ...document, stack: { name: 'team', label: {} } }, 'stack has "label", which there is not. Did you mean "labels"?'],
    [
      { ...document, components: [{ ...component, flavour: 'x' }] },
      'components[0] has "flavour", which there is not. Did you mean "flavor"?',
    ],
    [{ ...document, components: [{ ...component, extra: 1 }] }, 'components[0] has "extra", which there is not. Known: type, name, '],
    [{ ...document, secrets: [{ name: 'csv', key: [] }] }, 'secrets[0] has "key", which there is not. Did you mean "keys"?'],
    [{ ...document, components: [component, { ...component, flavor: 'x' }] }, 'components has the orchestrator "default" twice'],
    [
      { ...document, omitted: [{ type: 'alerter', name: 'bell', key: 'token' }] },
      'omitted[0] is of the alerter "bell", which is not among components',
    ],
    [{ ...document, stack: { name: 'team', labels: { tier: 1 } } }, 'stack.labels.tier is to be a text'],
  ])('is refused where it says what nobody reads: %#', (value, reason) => expect(reasonOf(value)).toContain(reason));

  it('is refused where a config holds what cannot be stored: an anchor within itself, a number that is none, bytes', () => {
    const cycle: Record<string, unknown> = { path: './x' };
    cycle['again'] = [{ whole: cycle }];
    const withConfig = (config: object): string => reasonOf({ ...document, components: [{ ...component, config }] });
    expect(withConfig(cycle)).toContain('components[0].config.again[0].whole holds itself');
    expect(withConfig({ rate: Number.NaN })).toContain('components[0].config.rate is NaN, which cannot be stored');
    expect(withConfig({ rates: [1, Infinity] })).toContain('components[0].config.rates[1] is Infinity, which cannot be stored');
    expect(withConfig({ key: Buffer.from('abc') })).toContain('components[0].config.key is neither a text, a number, ');
    const shared = { a: [1] };
    expect(withConfig({ one: shared, two: shared, none: null, yes: true })).toBe('taken');
  });
});
