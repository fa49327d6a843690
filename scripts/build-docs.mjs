// The documentation as a static site in docs/.vitepress/dist: the guides, and the API reference that typedoc makes of the sources.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const docs = join(root, 'docs');

function run(file, args) {
  const options = { cwd: docs, stdio: ['ignore', 'inherit', 'pipe'], encoding: 'utf8' };
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'node_modules', file), ...args], options);
  process.stderr.write(stderr);
  // A page that cannot be rendered is only mentioned by vitepress.
  if (status !== 0 || /Error/.test(stderr)) process.exit(status || 1);
}

// What is served as it is.
cpSync(join(docs, 'schemas'), join(docs, 'public/schemas'), { recursive: true });
rmSync(join(docs, 'api'), { recursive: true, force: true });
run('typedoc/bin/typedoc', ['--logLevel', 'Warn', '--treatWarningsAsErrors']);
run('vitepress/bin/vitepress.js', ['build']);
