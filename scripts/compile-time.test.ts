import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/** `*.types.ts` hold what must not compile: each `@ts-expect-error` in them is a claim, and one test here. */
const files = globSync('{core,cli,flavors/*,integrations/*,examples/*}/src/**/*.types.ts').sort();

interface Diagnostic {
  file: string;
  line: number;
  message: string;
}

function compile(): Diagnostic[] {
  const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json', '--pretty', 'false'], {
    encoding: 'utf8',
  });
  const located = /^(.+?)\((\d+),\d+\): (error .*)$/;
  return tsc.stdout
    .split('\n')
    .filter((line) => /\berror TS\d+:/.test(line))
    .map((line) => {
      const [, file, number, message] = located.exec(line) ?? [undefined, '', '0', line];
      return { file: file === '' ? '' : resolve(file ?? ''), line: Number(number), message: message ?? line };
    });
}

const diagnostics = compile();
const unusedDirective = (diagnostic: Diagnostic) => diagnostic.message.includes('TS2578');
const shown = (found: Diagnostic[]) => found.map(({ line, message }) => `line ${line}: ${message}`);

for (const file of files) {
  const here = diagnostics.filter((diagnostic) => diagnostic.file === resolve(file));
  const lines = readFileSync(file, 'utf8').split('\n');
  describe(file, () => {
    lines.forEach((text, index) => {
      const claim = /^\s*(?:\/\/|\{?\/\*)\s*@ts-expect-error[\s:,-]*(.*?)(?:\*\/\}?)?$/.exec(text)?.[1];
      if (claim === undefined) return;
      it(`line ${index + 1} does not compile: ${claim || lines[index + 1]?.trim()}`, () => {
        expect(shown(here.filter((diagnostic) => unusedDirective(diagnostic) && diagnostic.line === index + 1))).toEqual([]);
      });
    });
    it('compiles otherwise', () => {
      expect(shown(here.filter((diagnostic) => !unusedDirective(diagnostic)))).toEqual([]);
    });
  });
}

it('what the compile-time tests import compiles', () => {
  const elsewhere = diagnostics.filter(({ file }) => !files.some((known) => resolve(known) === file));
  expect(elsewhere.map(({ file, line, message }) => `${file}:${line}: ${message}`)).toEqual([]);
});
