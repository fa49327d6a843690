import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { afterAll, expect, jest, test } from '@jest/globals';

import type { Statement } from '../core/src/store/compiled-statement.ts';
import * as statements from '../core/src/store/statement.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const store = join(repository, 'core/src/store');
const scratch = mkdtempSync(join(tmpdir(), 'mortise-statements-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The text that the build makes of each module, by its name. The plugin loads modules by hooks of Node's, which a test's own modules have not. */
function built(files: string[]): Record<string, string> {
  const script = join(scratch, 'build.mjs');
  writeFileSync(
    script,
    `import { compiledModule } from ${JSON.stringify(pathToFileURL(join(repository, 'scripts/compile-statements.mjs')).href)};
    import { basename } from 'node:path';
    const texts = {};
    for (const file of ${JSON.stringify(files)}) texts[basename(file)] = await compiledModule(file);
    console.log(JSON.stringify(texts));`,
  );
  const options = { encoding: 'utf8', maxBuffer: 1e8, stdio: 'pipe' } as const;
  return JSON.parse(execFileSync(process.execPath, ['--no-warnings', script], options)) as Record<string, string>;
}

/** A module of a store of its own, whose statements count as compiled by Kysely. */
function moduleWith(text: string): string {
  const folder = join(scratch, 'core/src/store');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'statement.ts'),
    `export { statement } from ${JSON.stringify(pathToFileURL(join(store, 'statement.ts')).href)};\n`,
  );
  const file = join(folder, `module-${text.length}.ts`);
  writeFileSync(file, text);
  return file;
}

const COMPILED = /compiledStatement\(("(?:[^"\\]|\\.)*"), (\[.*\])\)/g;
const compiledIn = (text: string) => [...text.matchAll(COMPILED)].map(([, sql, parameters]) => `${sql} ${parameters}`);
const sources = globSync('*.ts', { cwd: store }).filter((file) => !file.includes('.test.') && file !== 'statement.ts');

test('what is built runs the same SQL with the same parameters as the sources do', async () => {
  const made: Statement<unknown, unknown>[] = [];
  jest.unstable_mockModule('../core/src/store/statement.ts', () => ({
    ...statements,
    statement: (build: Parameters<typeof statements.statement>[0]) => {
      const statement = statements.statement(build);
      made.push(statement);
      return statement;
    },
  }));
  for (const file of sources) await import(pathToFileURL(join(store, file)).href);
  const atRunTime = made.map(({ sql, parameters }) => `${JSON.stringify(sql)} ${JSON.stringify(parameters)}`);
  const texts = built(sources.map((file) => join(store, file)));
  expect(Object.values(texts).flatMap(compiledIn).sort()).toEqual(atRunTime.sort());
  expect(made.length).toBeGreaterThan(90);
  expect(Object.values(texts).filter((text) => /\bstatement\(/.test(text.replace(/\/\*.*?\*\//gs, '')))).toEqual([]);
});

test('every line stays where it was, so that source maps stay right', () => {
  const text = `import { type Param, statement } from './statement.ts';
const a = statement((db, p: Param<{ name: string }>) =>
  db.selectFrom('stacks').selectAll().where('name', '=', p('name')).limit(5),
);
export const line = new Error().stack;
`;
  const file = moduleWith(text);
  const lines = built([file])[basename(file)]!.split('\n');
  expect(lines[0]).toBe(`import { compiledStatement } from './compiled-statement.ts';`);
  expect(lines[1]).toBe(
    `const a = compiledStatement(${JSON.stringify('select * from "stacks" where "name" = ? limit ?')}, ["name",{"constant":5}])`,
  );
  expect(lines.slice(4)).toEqual(text.split('\n').slice(4));
});

test('a statement that is made later than its module fails the build with one line that says where', () => {
  const file = moduleWith(`import { statement } from './statement.ts';
export const first = statement((db) => db.selectFrom('stacks').selectAll());
export const late = () => statement((db) => db.selectFrom('runs').selectAll());
`);
  let stderr = '';
  try {
    built([file]);
  } catch (error) {
    stderr = (error as { stderr: string }).stderr;
  }
  expect(stderr).toContain(`Error: ${file}:3: this statement is not made when its module loads, so it cannot be compiled at build time\n`);
  expect(dirname(file)).not.toBe(store);
});
