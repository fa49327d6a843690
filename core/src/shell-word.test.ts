import { execFileSync } from 'node:child_process';

import { expect, test } from '@jest/globals';

import { shellWord } from './shell-word.ts';

test.each(['', 'a b', "it's `id` $HOME \\n !", '*', '~', 'a\nb', '-n;id'])('a shell takes %j for what it is, and for one word', (text) => {
  expect(execFileSync('sh', ['-c', `printf '<%s>' ${shellWord(text)}`]).toString()).toBe(`<${text}>`);
});

test('a plain path stays as it is', () => {
  expect(shellWord('/home/me/wine-1.0/a_b,c=d@e%f+g:h.zip')).toBe('/home/me/wine-1.0/a_b,c=d@e%f+g:h.zip');
});
