import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { describe, expect, it } from '@jest/globals';

import * as errors from '../core/src/errors.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const document = readFileSync(join(repository, 'docs/errors.md'), 'utf8');
const codes = Object.values(errors).flatMap((value) => (typeof value === 'function' && 'code' in value ? [value.code] : []));

describe('the reference of error codes', () => {
  it('is what scripts/error-reference.mjs makes of errors.ts', () => {
    const script = `import { errorReference } from ${JSON.stringify(pathToFileURL(join(repository, 'scripts/error-reference.mjs')).href)};
      process.stdout.write(await errorReference());`;
    const args = ['--no-warnings', '--conditions=mortise-source', '--input-type=module', '-e', script];
    expect(document).toBe(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  });

  it('has every code once', () => {
    const listed = [...document.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code);
    expect(listed.sort()).toEqual([...new Set(codes)].sort());
  });

  it('says of each what happened, in words', () => {
    expect(document).not.toMatch(/undefined|NaN|\[object|\[&lt;/);
  });
});

describe('every error', () => {
  const tests = globSync('{core,cli,flavors,scripts,examples}/**/*.test.ts', { cwd: repository, exclude: ['**/node_modules/**'] })
    .map((file) => readFileSync(join(repository, file), 'utf8'))
    .join('\n');
  const named = Object.entries(errors).flatMap(([name, value]) =>
    typeof value === 'function' && 'code' in value ? [{ name, code: value.code }] : [],
  );
  it.each(named)('$code is reached by a test', ({ name, code }) => {
    expect(new RegExp(`\\b(?:${name}|${code})\\b`).test(tests)).toBe(true);
  });
});
