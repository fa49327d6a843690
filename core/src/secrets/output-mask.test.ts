import { expect, test } from '@jest/globals';

import { keepSecret } from './kept-secrets.ts';
import { OutputMask } from './output-mask.ts';

const SECRET = 'S3cret-Tökén-xyz';

function printed(chunks: readonly (string | Uint8Array)[]): string {
  const mask = new OutputMask();
  return Buffer.concat([...chunks.map((chunk) => Buffer.from(mask.push(chunk) as string)), mask.flush()]).toString();
}

test('without secrets a chunk goes on untouched', () => {
  const chunk = Buffer.from([0xff, 0x00]);
  expect(new OutputMask().push(chunk)).toBe(chunk);
});

test('a secret in two writes is masked, wherever it is cut, within a character too', () => {
  keepSecret(SECRET);
  const bytes = Buffer.from(`before ${SECRET} after\n`);
  for (let cut = 0; cut <= bytes.length; cut++) expect(printed([bytes.subarray(0, cut), bytes.subarray(cut)])).toBe('before *** after\n');
});

test('a secret letter by letter is masked', () => {
  keepSecret(SECRET);
  expect(printed([...`a ${SECRET} b`])).toBe('a *** b');
});

test('two secrets that overlap are both masked, wherever they are cut', () => {
  keepSecret('abcdefgh');
  keepSecret('efghijkl');
  const text = '<abcdefghijkl> <abcdefgh>';
  for (let cut = 0; cut <= text.length; cut++) {
    const shown = printed([text.slice(0, cut), text.slice(cut)]);
    expect(shown).toBe('<***> <***>');
  }
});

test('only what may be the beginning of a secret is held back', () => {
  keepSecret(SECRET);
  const mask = new OutputMask();
  expect(String(mask.push('progress 10 %'))).toBe('progress 10 %');
  expect(String(mask.push('loading S3cr'))).toBe('loading ');
  expect(String(mask.push('isis'))).toBe('S3crisis');
  expect(String(mask.push('the end S3'))).toBe('the end ');
  expect(Buffer.from(mask.flush()).toString()).toBe('S3');
});

test('bytes that are no text pass as they are', () => {
  keepSecret(SECRET);
  const bytes = Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28, 0x80]);
  expect(Buffer.from(new OutputMask().push(bytes) as Uint8Array)).toEqual(bytes);
});
