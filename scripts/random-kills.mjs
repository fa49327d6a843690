// The test of random kills, with more of them: npm run random-kills -- [kills=200] [seed] [inline|process]
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const [kills = '200', seed = String(Date.now() % 1_000_000), isolation = 'inline'] = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', 'core/src/execution/random-kills.test.ts'],
  {
    cwd: dirname(dirname(fileURLToPath(import.meta.url))),
    env: { ...process.env, KILLS: kills, SEED: seed, ISOLATION: isolation },
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
