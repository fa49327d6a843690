import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, expect, it, jest } from '@jest/globals';
import { BadUsage } from '@mortise/core/client';
import { reportError } from './report-error.ts';

afterEach(() => void jest.restoreAllMocks());

/** What is said on stderr, and the exit code. */
function reported(error: unknown, verbose = false): { code: number; said: string } {
  let said = '';
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
  return { code: reportError(error, { verbose }), said };
}

it('a mistake is its line and 1, with its stack and its cause under --verbose', () => {
  const mistake = new BadUsage({ what: 'this is\n wrong', advice: 'Do that.' }, { cause: new Error('the cause') });
  expect(reported(mistake)).toEqual({ code: 1, said: 'error BAD_USAGE: this is wrong. Do that.\n' });
  expect(reported(mistake, true).said).toMatch(
    /^error BAD_USAGE: [^\n]*\nBadUsage: [\s\S]*\n +at [\s\S]*\ncaused by Error: the cause\n +at /,
  );
});

it('anything else is a bug of ours and 2, and asks to be reported', () => {
  for (const bug of [new TypeError('x is\nundefined'), 'TypeError: x is undefined']) {
    const { code, said } = reported(bug);
    expect(code).toBe(2);
    expect(said).toMatch(
      /^error INTERNAL: TypeError: x is undefined\. This is a bug in Mortise: please report it, with what this command prints with --verbose\.\n$/,
    );
  }
});

it('a working directory that was deleted is no bug of ours', () => {
  const before = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), 'mortise-gone-'));
  process.chdir(folder);
  rmdirSync(folder);
  let error: unknown;
  try {
    process.cwd();
  } catch (thrown) {
    error = thrown;
  } finally {
    process.chdir(before);
  }
  expect(reported(error)).toEqual({
    code: 1,
    said: 'error BAD_USAGE: the working directory of this command has been deleted. Go to a folder that is there, and try again.\n',
  });
});

it('what could command a terminal is shown as text', () => {
  const error = new BadUsage({ what: 'it says \u001b[2Jboo' }, { cause: new Error('the \u001b[2J\u009bcause') });
  expect(reported(error).said).toBe('error BAD_USAGE: it says \\x1b[2Jboo\n');
  expect(reported(error, true).said).not.toMatch(/[\u001b\u009b]/);
});
