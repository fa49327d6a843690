// Type-checks every package against the others' sources, tests included; nothing has to be built. What has not changed is skipped.
import { spawnSync } from 'node:child_process';

// Two programs, by the kind of decorators; what each package has of its own (`tsconfig.json`) is for editors.
const projects = ['tsconfig.all.json', 'tsconfig.types.json'];
const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b', ...projects], { stdio: 'inherit' });
process.exitCode = status ?? 1;
