import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { CliProject } from './cli-project.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** Copies an installed package to where `npm install` would put a second copy of it. */
export function copyPackage(name: string, to: string): void {
  const from = name === '@mortise/core' ? join(repository, 'core') : join(repository, 'node_modules', name);
  mkdirSync(dirname(to), { recursive: true });
  const parts = name === '@mortise/core' ? ['package.json', 'dist'] : ['.'];
  for (const part of parts) cpSync(join(from, part), join(to, part), { recursive: true, dereference: true });
}

/** Makes an installed package resolvable from a folder. */
export function linkPackage(name: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(join(repository, 'node_modules', name), to);
}

/** Code of an alerter flavor that does nothing. */
export const alerterFlavor = (name: string, top = ''): string => `
import { defineFlavor } from '@mortise/core';
${top}
export default defineFlavor({ apiVersion: 1, type: 'alerter', name: '${name}', load: async () => ({ create: async () => ({ send: async () => {} }) }) });
`;

/**
 * Code of an experiment tracker flavor that keeps a file of lines for each run, in the folder that its config names; while the variable DIARY_DOWN is set it
 * cannot be reached. A tracker run that is opened, and its end, are lines that begin with their word.
 */
export const diaryTracker = `
import { appendFileSync, mkdirSync } from 'node:fs';
import { resolve, join } from 'node:path';
import { Transient } from '@mortise/core';

const capabilities = {
  ids: 'client', step: 'decimal', monotonicStep: false, metricContext: 'native', nesting: 'parent', artifacts: 'reference',
  reopen: true, offline: true, failure: 'status+message', redelivery: 'dedup',
};

export async function create({ config, projectRoot }) {
  const folder = resolve(projectRoot, config.folder);
  const write = (key, line) => {
    if (process.env.DIARY_DOWN) throw new Transient('the diary is locked');
    mkdirSync(folder, { recursive: true });
    appendFileSync(join(folder, key + '.txt'), line + '\\n');
  };
  return {
    capabilities,
    async open({ key, stepId }) {
      write(key, 'open ' + (stepId ?? 'run'));
      const ref = { id: key, url: 'https://diary.example/' + key, ids: {} };
      return {
        ref,
        native: key,
        async deliver(events) {
          for (const event of events) write(key, JSON.stringify(event));
          return { ref, through: Object.fromEntries(events.map(({ writer, seq }) => [writer, seq])) };
        },
        async close(outcome) {
          write(key, 'close ' + outcome.status);
          return ref;
        },
      };
    },
  };
}
`;

/** Code of an artifact store flavor that is the local one under another name, and writes the process that makes it to \`made.txt\`. */
export const shelfStore = `
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { defineFlavor } from '@mortise/core';

export const shelf = defineFlavor({
  apiVersion: 1,
  type: 'artifact-store',
  name: 'shelf',
  load: async () => ({
    async create(context) {
      appendFileSync(join(context.projectRoot, 'made.txt'), process.pid + '\\n');
      const require = createRequire(fileURLToPath(import.meta.resolve('@mortise/core')));
      const { flavors } = await import(pathToFileURL(require.resolve('@mortise/flavor-local')).href);
      const local = flavors.find(({ type, name }) => type === 'artifact-store' && name === 'local');
      return (await local.load()).create({ ...context, config: {} });
    },
  }),
});
`;

/** Code of the pipeline `wine`, whose step `train` is tracked, and fails while the variable FAIL is set. */
export const trackedPipeline = `
  import { activeRun, pipeline, step } from '@mortise/core';
  const load = step('load', async () => 20);
  const train = step('train', { experimentTracker: true }, async ({ n }) => {
    activeRun().logMetrics({ loss: 1 / n });
    if (process.env.FAIL) throw new Error('no convergence');
    return n + 1;
  });
  export const wine = pipeline('wine', () => { train({ n: load() }); });
`;

/** Installs a package with the tracker flavor `diary`, as npm would: an ES module only, with copies of core and class-validator of its own. */
export function installDiary(project: CliProject): void {
  const folder = join(project.folder, 'node_modules/acme-diary');
  const write = (file: string, text: string): string => project.write(join('node_modules/acme-diary', file), text);
  write(
    'package.json',
    JSON.stringify({ name: 'acme-diary', version: '1.2.0', type: 'module', exports: { '.': { import: './lib/index.js' } } }),
  );
  write(
    'lib/index.js',
    `import { defineFlavor } from '@mortise/core';
    export const diary = defineFlavor({
      apiVersion: 1, type: 'experiment-tracker', name: 'diary', secrets: ['password'],
      config: async () => (await import('./config.js')).Config, load: () => import('./tracker.js'),
    });`,
  );
  write(
    'lib/config.js',
    `import { IsInt, IsOptional, IsString, Min } from 'class-validator';
    export class Config { folder = 'diary'; }
    IsString()(Config.prototype, 'folder');
    for (const decorate of [IsOptional(), IsString()]) decorate(Config.prototype, 'password');
    for (const decorate of [IsOptional(), IsInt(), Min(1)]) decorate(Config.prototype, 'pages');`,
  );
  write('lib/tracker.js', diaryTracker);
  copyPackage('@mortise/core', join(folder, 'node_modules/@mortise/core'));
  copyPackage('class-validator', join(folder, 'node_modules/class-validator'));
  for (const name of ['validator', 'libphonenumber-js']) linkPackage(name, join(folder, 'node_modules', name));
}

/** Installs it, and makes a stack `team` with a tracker `notes` of that flavor. */
export async function registerDiary(project: CliProject): Promise<void> {
  installDiary(project);
  for (const command of [
    'experiment-tracker flavor register acme-diary#diary',
    'experiment-tracker register notes --flavor=diary --folder=notes',
    'stack register team -o default -a default -e notes',
  ]) {
    const { code, stderr } = await project.mortise(command.split(' '));
    if (code !== 0) throw new Error(`mortise ${command} ended with ${code}: ${stderr}`);
  }
}
