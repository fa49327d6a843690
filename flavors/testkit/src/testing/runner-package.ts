import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../..', import.meta.url));

/** How many tests a runner says it ran. */
export interface RunnerCount {
  passed: number;
  failed: number;
}

/** A package outside this repository that uses the testkit as it was built, and has all three test runners. */
export interface RunnerPackage {
  write(file: string, source: string): void;
  /** Runs one test file in a process of its own. */
  run(runner: 'jest' | 'vitest' | 'node:test', file: string): { status: number | null; count: RunnerCount };
  remove(): void;
}

/** Builds what changed since the last build. */
export function runnerPackage(): RunnerPackage {
  execFileSync(process.execPath, [join(repository, 'scripts/build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
  const folder = mkdtempSync(join(tmpdir(), 'mortise-runners-'));
  const link = (name: string, target: string): void => {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(repository, target), join(folder, 'node_modules', name), 'dir');
  };
  link('@mortise/core', 'core');
  link('@mortise/flavor-testkit', 'flavors/testkit');
  for (const name of ['jest', '@jest/globals', 'vitest']) link(name, `node_modules/${name}`);
  const write = (file: string, source: string): void => writeFileSync(join(folder, file), source);
  write('package.json', JSON.stringify({ name: 'bell', type: 'module', jest: { transform: {} } }));

  const node = (...args: string[]): { status: number | null; stdout: string } => {
    // A test of ours runs this: what it sets for its own children is not for these.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(JEST|VITEST|NODE_)/.test(name)));
    const { status, stdout } = spawnSync(process.execPath, ['--no-warnings', ...args], { cwd: folder, env, encoding: 'utf8' });
    return { status, stdout };
  };
  const bin = (path: string): string => join(repository, 'node_modules', path);
  return {
    write,
    remove: () => rmSync(folder, { recursive: true, force: true }),
    run(runner, file) {
      if (runner === 'node:test') {
        const { status, stdout } = node('--test', '--test-reporter=tap', file);
        const told = (what: string): number => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(stdout)?.[1]);
        return { status, count: { passed: told('pass'), failed: told('fail') } };
      }
      const out = join(folder, `${file}.json`);
      const { status } =
        runner === 'jest'
          ? node('--experimental-vm-modules', bin('jest/bin/jest.js'), '--json', '--outputFile', out, file)
          : node(bin('vitest/vitest.mjs'), 'run', '--reporter=json', '--outputFile', out, file);
      const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(out, 'utf8')) as Record<string, number>;
      return { status, count: { passed: numPassedTests!, failed: numFailedTests! } };
    },
  };
}
