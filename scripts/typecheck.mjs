// Type-checks every package against the others' sources, tests included; nothing has to be built. What has not changed is skipped.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname } from 'node:path';

const packages = globSync('{core,cli,benchmarks,scripts,docs,{flavors,integrations,examples}/*}/tsconfig.json').map(dirname).sort();
// tsc takes a project without a single file for a mistake.
const filled = packages.filter((folder) => globSync('{*.ts,src/**/*.ts,.vitepress/*.ts}', { cwd: folder }).length > 0);

const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b', ...filled, 'tsconfig.types.json'], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
