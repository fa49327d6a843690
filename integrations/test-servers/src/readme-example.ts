import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** The first TypeScript block of a README, in a folder of its own. */
export class ReadmeExample {
  readonly #folder = mkdtempSync(join(tmpdir(), 'mortise-readme-'));

  constructor(readme: URL) {
    const text = /```ts\n(.*?)```/s.exec(readFileSync(readme, 'utf8'))![1]!;
    symlinkSync(join(repository, 'node_modules'), join(this.#folder, 'node_modules'), 'dir');
    const config = { extends: join(repository, 'tsconfig.base.json'), compilerOptions: { noEmit: true } };
    const files = { 'package.json': '{ "type": "module" }', 'example.ts': text, 'tsconfig.json': JSON.stringify(config) };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(this.#folder, name), content);
  }

  /** Throws with what the compiler says. */
  async compile(): Promise<void> {
    await run(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', this.#folder]);
  }

  /** Gives what it printed. */
  async run(env: Record<string, string>): Promise<string> {
    const args = ['--conditions=mortise-source', '--no-warnings', join(this.#folder, 'example.ts')];
    const { stdout } = await run(process.execPath, args, { env: { PATH: process.env['PATH'], ...env } });
    return stdout;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
