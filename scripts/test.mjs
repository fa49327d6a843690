// Every test of the project: `npm test`, or some of them: `npm test -- core/src/store`.
import { spawnSync } from 'node:child_process';

const jest = ['--experimental-vm-modules', '--no-warnings=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const { status } = spawnSync(process.execPath, [...jest, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
