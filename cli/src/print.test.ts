import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { jsonOf, yamlOf } from './print.ts';

it('nothing in JSON or YAML commands a terminal, and both read as what was printed', async () => {
  const value = {
    csi: '\u009b2J',
    lines: 'one\n\u009b2Jtwo\n\u001b[2Jthree\u007f',
    list: ['\u0085', '\u001b]0;x\u0007', 'a "quoted" \\u009b'],
    '\u009b31m key': { plain: 'a word', number: 1, nothing: null, absent: undefined },
  };
  for (const text of [jsonOf(value, 2), await yamlOf(value)]) {
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
  }
  expect(await yamlOf(value)).toContain('plain: a word\n');
});
