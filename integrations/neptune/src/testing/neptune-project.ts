import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, initProject, type JsonObject } from '@mortise/core';

const sourceOf = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

/** A project of its own in this process, whose only tracker, `team`, is Neptune with this config. */
export class NeptuneProject {
  readonly root: string;
  readonly client: Client;
  readonly #before: string | undefined;

  static async open(config: JsonObject): Promise<NeptuneProject> {
    const root = mkdtempSync(join(tmpdir(), 'mortise-neptune-'));
    const before = process.env['MORTISE_PROJECT'];
    process.env['MORTISE_PROJECT'] = root;
    await initProject(root);
    writeFileSync(join(root, 'flavor.ts'), `export { default } from ${sourceOf('../index.ts')};\n`);
    writeFileSync(join(root, 'importer.ts'), `export { default } from ${sourceOf('../import/index.ts')};\n`);
    const project = new NeptuneProject(root, before);
    await project.client.registerFlavor({ type: 'experiment-tracker', source: './flavor.ts' });
    await project.register('team', config);
    await project.client.registerStack('team', { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': 'team' });
    await project.client.setActiveStack('team');
    return project;
  }

  private constructor(root: string, before: string | undefined) {
    this.root = root;
    this.#before = before;
    this.client = new Client();
  }

  async register(name: string, config: JsonObject): Promise<void> {
    await this.client.registerComponent({ type: 'experiment-tracker', name, flavor: 'neptune', config }, { allowPlainSecrets: true });
  }

  async end(): Promise<void> {
    await this.client.close();
    if (this.#before === undefined) delete process.env['MORTISE_PROJECT'];
    else process.env['MORTISE_PROJECT'] = this.#before;
    rmSync(this.root, { recursive: true, force: true });
  }
}
