// Every test of the project: `npm test`, or some of them: `npm test -- core/src/store`.
import { spawnSync } from 'node:child_process';
import { testTwice } from './test-twice.ts';

const jest = ['--experimental-vm-modules', '--no-warnings=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const run = async (args, env) =>
  spawnSync(process.execPath, [...jest, ...args], { stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;
process.exitCode = await testTwice(run, process.argv.slice(2));
