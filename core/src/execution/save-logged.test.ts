import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

import * as local from '@mortise/flavor-local';
import { activeRun, Client, defineFlavor, pipeline, step, type ArtifactStore } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

/** What a put of a logged file was given; it goes on until it is told to stop. */
let put: { signal: AbortSignal | undefined; ended: Promise<unknown> } | undefined;
let given: () => void;
/** The store does not hear that it is to stop. */
let deaf = false;

/** A store whose uploads of logged files never come to their end. */
async function create(...options: Parameters<Awaited<ReturnType<typeof local.localArtifactStore.load>>['create']>): Promise<ArtifactStore> {
  const store = await (await local.localArtifactStore.load()).create(...options);
  const whole = store.put.bind(store);
  return Object.assign(store, {
    put(...[key, body, { signal, ...others } = {}]: Parameters<ArtifactStore['put']>) {
      if (!key.includes('/logged.')) return whole(key, body, others);
      const ended = new Promise<never>((_, reject) => deaf || signal?.addEventListener('abort', () => reject(signal.reason as Error)));
      put = { signal, ended: ended.catch((error: unknown) => error) };
      given();
      return ended;
    },
  });
}

jest.unstable_mockModule('@mortise/flavor-local', () => ({
  flavors: [
    ...local.flavors,
    defineFlavor({ ...local.localArtifactStore, name: 'slow', load: async () => ({ create }) } as typeof local.localArtifactStore),
  ],
}));

let place: Awaited<ReturnType<typeof temporaryProject>>;
let client: Client;
beforeEach(async () => {
  put = undefined;
  deaf = false;
  given = () => undefined;
  place = await temporaryProject();
  client = new Client({ project: place.project.root });
  await client.registerComponent({ type: 'artifact-store', name: 'slow', flavor: 'slow', config: { path: 'slow' } });
  await client.registerStack('slow', { orchestrator: 'default', 'artifact-store': 'slow' });
});
afterEach(async () => {
  await client.close();
  place.remove();
});

test.each([
  ['waits for it', true],
  ['does not wait for it', false],
])('the upload of a logged file ends with its step, which %s, and is no error of its own', async (_, waits) => {
  const stop = new AbortController();
  given = () => stop.abort();
  const logs = step('logs', { cache: false }, async () => {
    const saving = activeRun().logArtifact(new Uint8Array(10), { path: 'a.bin' });
    if (waits) await saving;
  });
  const run = await pipeline('stopped', () => void logs()).run({}, { stack: 'slow', signal: stop.signal });
  expect(run.steps['logs']!.status).toBe('killed');
  expect(put!.signal!.aborted).toBe(true);
  expect(await put!.ended).toBe(put!.signal!.reason);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(run.warnings).toEqual([]);
});

test.each([
  ['a time that is up', { timeoutMs: 50 }, 'failed'],
  ['the caller giving up', {}, 'killed'],
])(
  '%s ends a step that has returned, too, while a file that it logged is on its way to a store that does not stop',
  async (_, options, status) => {
    deaf = true;
    const stop = new AbortController();
    const leaves = step('leaves', { cache: false, ...options }, () => {
      activeRun()
        .logArtifact(new Uint8Array(10), { path: 'a.bin' })
        .catch(() => undefined);
      if (status === 'killed') setTimeout(() => stop.abort(), 50);
    });
    const running = pipeline('reading', () => leaves()).run({}, { stack: 'slow', signal: stop.signal });
    const hangs = new Promise((resolve) => setTimeout(resolve, 5_000, 'hangs').unref());
    expect(await Promise.race([running.then(({ steps }) => steps['leaves']!.status), hangs])).toBe(status);
  },
);

test.each([
  ['a file and then a file below it', ['a', 'a/b', 'a/c', 'a']],
  ['a file and then the folder that it lies in', ['x/y/z', 'x/y', 'x', 'x/y/z', 'x']],
])('%s can be logged by one step, and both are kept', async (_, paths) => {
  const logs = step('logs', { cache: false }, async () => {
    for (const [index, path] of paths.entries()) await activeRun().logArtifact(Buffer.from(`${index} ${path}`), { path });
  });
  const run = await pipeline('nested', () => void logs()).run();
  expect(run.steps['logs']!.error).toBeNull();
  const folder = join(place.project.artifactsFolder, 'nested');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const logged = files.map((entry) => join(entry.parentPath, entry.name)).filter((file) => file.includes('/logged.'));
  const texts = logged.map((file) => readFileSync(file, 'utf8'));
  expect(texts.toSorted()).toEqual(paths.map((path, index) => `${index} ${path}`));
});
