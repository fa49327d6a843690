import { describe, expect, test } from '@jest/globals';
import { parseFlavorSource, sourceText } from './flavor-source.ts';

describe('the source of a flavor', () => {
  test.each([
    ['acme-flavor', 'acme-flavor#default'],
    ['@acme/flavor#Csv', '@acme/flavor#Csv'],
    ['@acme/flavor/csv#default', '@acme/flavor/csv#default'],
    ['./csv.ts', './csv.ts#default'],
    ['./flavors/../csv.ts#csv', './csv.ts#csv'],
    ['../shared/csv.js', '../shared/csv.js#default'],
    ['/home/ana/project/flavors/csv.js#csv', './flavors/csv.js#csv'],
    ['/home/ana/shared/csv.js', '../shared/csv.js#default'],
    ['file:///home/ana/project/csv.js', './csv.js#default'],
    ['./.hidden/csv.js', './.hidden/csv.js#default'],
    ['/home/ana/project/.flavors/csv.js', './.flavors/csv.js#default'],
  ])('%s is stored as %s', (text, stored) => {
    const source = parseFlavorSource(text, '/home/ana/project');
    expect(sourceText(source)).toBe(stored);
    expect(parseFlavorSource(stored, '/home/ana/project')).toEqual(source);
  });

  test.each(
    [['', ' ', '#csv', './csv.js#', '#internal', 'node:fs', 'https://example.org/x.js', 'data:text/javascript,0', 'a b', '@acme']]
      .flat()
      .map((text) => [text]),
  )('%j is none', (text) => {
    expect(() => parseFlavorSource(text, '/home/ana/project')).toThrow(expect.objectContaining({ code: 'BAD_FLAVOR_SOURCE' }));
  });
});
