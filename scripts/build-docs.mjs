// The documentation as a static site in docs/.vitepress/dist: the guides, and the API reference that typedoc makes of the sources.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const docs = join(root, 'docs');

function run(file, args) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', file), ...args], { cwd: docs, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

rmSync(join(docs, 'api'), { recursive: true, force: true });
run('typedoc/bin/typedoc', ['--logLevel', 'Warn', '--treatWarningsAsErrors']);
run('vitepress/bin/vitepress.js', ['build']);
