// What the scripts share that try out the packages as they would be published.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What is published, by its folder. */
export const PUBLISHED = ['core', 'flavors/local', 'flavors/testkit', 'cli'];

/** Standard output of a program. Throws when it does not end well. */
export const run = (file, args, cwd, env = process.env) =>
  execFileSync(file, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Packs packages into a folder: what npm tells of each. */
export function pack(folders, destination) {
  const workspaces = folders.flatMap((folder) => ['-w', folder]);
  const report = JSON.parse(run('npm', ['pack', '--json', '--silent', '--pack-destination', destination, ...workspaces], root));
  return (Array.isArray(report) ? report : Object.values(report)).map((each) => ({ ...each, tarball: join(destination, each.filename) }));
}

/** Proves claims one after another, goes on after a failure, and counts. */
export class Claims {
  #passed = 0;
  #failed = 0;

  check(claim, prove) {
    try {
      prove();
      this.#passed += 1;
      console.log(`ok    ${claim}`);
    } catch (error) {
      this.#failed += 1;
      console.log(`FAIL  ${claim}\n${[error.message, error.stdout, error.stderr].filter(Boolean).join('\n').replace(/^/gm, '      ')}`);
    }
  }

  /** The last line, and the exit code. */
  sumUp() {
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    process.exitCode = this.#failed === 0 ? 0 : 1;
  }
}
