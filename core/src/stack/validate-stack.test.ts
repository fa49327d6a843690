import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { IsString } from 'class-validator';

import * as local from '@mortise/flavor-local';
import { Client, defineFlavor, type Alerter, type ComponentContext } from '../index.ts';
import { recordingFlavor, RecordingTracker } from '../testing/recording-tracker.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

class ServerConfig {
  @IsString()
  url!: string;
}

let tracker: RecordingTracker;
/** Made and let go of. */
const made: string[] = [];
const gone: string[] = [];
let createDelayMs = 0;

type Part = Partial<Pick<Alerter, 'check' | typeof Symbol.asyncDispose>>;
const alerter = (name: string, part: (context: ComponentContext<ServerConfig>) => Part | Promise<Part>) =>
  defineFlavor({
    apiVersion: 1,
    type: 'alerter',
    name,
    config: async () => ServerConfig,
    load: async () => ({
      async create(context): Promise<Alerter> {
        const own = await part(context as ComponentContext<ServerConfig>);
        made.push(name);
        return { send: async () => undefined, [Symbol.asyncDispose]: async () => void gone.push(name), ...own };
      },
    }),
  });
const flavors = [
  ...local.flavors,
  defineFlavor({ ...recordingFlavor(new RecordingTracker(), 'recording'), load: async () => ({ create: async () => tracker }) }),
  alerter('fetching-check', ({ config, fetch }) => ({ check: async (signal) => void (await fetch(config.url, { signal })) })),
  alerter('deaf-check', ({ config }) => ({ check: async () => void (await fetch(config.url)) })),
  alerter('tidy-check', ({ config, fetch }) => ({
    async check(signal) {
      await fetch(config.url, { signal }).catch(() => undefined);
      const removing = fetch(config.url, { method: 'DELETE', signal: AbortSignal.timeout(500) });
      await removing.catch(({ name }: Error) => gone.push(`what it wrote, as far as it had time: ${name}`));
    },
  })),
  alerter('hanging-create', async ({ config, fetch }) => (await fetch(config.url), {})),
  alerter('slow-create', async () => (await delay(createDelayMs), {})),
  alerter('blocking-create', () => {
    for (const until = performance.now() + 2_000; performance.now() < until;);
    return {};
  }),
  alerter('hanging-end', () => ({ [Symbol.asyncDispose]: () => new Promise(() => undefined) })),
  defineFlavor({
    apiVersion: 1,
    type: 'experiment-tracker',
    name: 'shapeless',
    load: async () => ({ create: async () => ({ capabilities: {} }) as never }),
  }),
  alerter('failing-twice', () => ({
    check: () => Promise.reject(new Error('the server does not know this key')),
    [Symbol.asyncDispose]: () => Promise.reject(new Error('nothing to let go of')),
  })),
  alerter('failing-end', () => ({ [Symbol.asyncDispose]: () => Promise.reject(new Error('nothing to let go of')) })),
  alerter('failing-create', () => Promise.reject(new Error('connect ECONNREFUSED\n    at somewhere'))),
];
jest.unstable_mockModule('@mortise/flavor-local', () => ({ flavors }));

let place: Awaited<ReturnType<typeof temporaryProject>>;
let client: Client;
let silent: Server;
let sockets: Socket[];
let url: string;

beforeEach(async () => {
  tracker = new RecordingTracker();
  made.length = gone.length = 0;
  place = await temporaryProject();
  client = await Client.open();
  sockets = [];
  // Takes connections, and never answers.
  silent = createServer((socket) => void sockets.push(socket.on('error', () => undefined).resume())).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  silent.close();
  await client.close();
  place.remove();
});

/** A stack with the default components and these. */
async function stackWith(parts: { trackers?: string[]; alerters?: string[] }, config: { url: string } = { url }): Promise<void> {
  for (const name of parts.trackers ?? []) await client.registerComponent({ type: 'experiment-tracker', name, flavor: name, config: {} });
  for (const name of parts.alerters ?? []) await client.registerComponent({ type: 'alerter', name, flavor: name, config: { ...config } });
  const required = { orchestrator: 'default', 'artifact-store': 'default' };
  await client.registerStack('team', { ...required, 'experiment-tracker': parts.trackers ?? [], alerter: parts.alerters ?? [] });
}
const problems = async (timeoutMs = 60_000) => {
  const { components } = await client.validateStack('team', { timeoutMs });
  return Object.fromEntries(components.map(({ name, problem }) => [name, problem]));
};

describe('a stack that is validated', () => {
  test('is ok when every component can be made and reached, and leaves nothing behind', async () => {
    await stackWith({ trackers: ['recording', 'local'], alerters: ['slow-create'] });
    const validation = await client.validateStack('team');
    expect(validation).toMatchObject({ stack: 'team', ok: true });
    expect(validation.components.map(({ type, name, flavor, ok, checked, problem }) => [type, name, flavor, ok, checked, problem])).toEqual(
      [
        ['orchestrator', 'default', 'local', true, false, null],
        ['artifact-store', 'default', 'local', true, true, null],
        ['experiment-tracker', 'recording', 'recording', true, true, null],
        ['experiment-tracker', 'local', 'local', true, true, null],
        ['alerter', 'slow-create', 'slow-create', true, false, null],
      ],
    );
    expect(tracker.calls).toEqual(['check']);
    expect([made, gone]).toEqual([['slow-create'], ['slow-create']]);
    expect(readdirSync(join(place.project.root, '.mortise/artifacts/.tmp'))).toEqual([]);
    expect(existsSync(join(place.project.trackingFolder, 'local'))).toBe(true);
    expect(readdirSync(join(place.project.trackingFolder, 'local'))).toEqual([]);
  });

  test('is the active one unless it is named; one that there is not is an error', async () => {
    expect((await client.validateStack()).stack).toBe('default');
    await expect(client.validateStack('taem')).rejects.toThrow('no stack named "taem"');
  });

  test('is not when a component cannot be reached: its problem is one line, and the others are looked at all the same', async () => {
    tracker = new RecordingTracker({ failOpen: Infinity });
    await stackWith({ trackers: ['recording'], alerters: ['failing-create', 'slow-create'] });
    const found = await problems();
    expect(found).toMatchObject({ default: null, 'slow-create': null });
    expect(found['recording']).toEqual(expect.any(String));
    expect(found['failing-create']).toMatch(/^FLAVOR_BROKEN: .*connect ECONNREFUSED/);
    for (const problem of Object.values(found)) expect(problem ?? '').not.toContain('\n');
  });

  test('is not when a component lacks what its type is for', async () => {
    await stackWith({ trackers: ['shapeless'] });
    expect((await problems())['shapeless']).toMatch(
      /^FLAVOR_BROKEN: the experiment tracker flavor "shapeless" cannot be loaded: its component has no open\(\)/,
    );
  });

  test('is not when a component cannot let go of what it holds; what its check says comes before that', async () => {
    await stackWith({ alerters: ['failing-twice', 'failing-end'] });
    expect(await problems()).toMatchObject({
      'failing-twice': 'the server does not know this key',
      'failing-end': expect.stringContaining('nothing to let go of'),
    });
  });

  test('tells of references that lead nowhere, before the component is made', async () => {
    await stackWith({ alerters: ['slow-create'] }, { url: '{{secret.team.url}}/{{env.NO_SUCH_VARIABLE}}' });
    const { 'slow-create': problem } = await problems();
    expect(problem).toContain('{{secret.team.url}}');
    expect(problem).toContain('NO_SUCH_VARIABLE');
    expect(made).toEqual([]);
  });
});

describe('one component', () => {
  test('is made, asked and let go of, and what is wrong is told', async () => {
    await stackWith({ alerters: ['slow-create', 'failing-twice', 'hanging-create'] });
    expect(await client.checkComponent('alerter', 'slow-create')).toMatchObject({
      name: 'slow-create',
      ok: true,
      checked: false,
      problem: null,
    });
    expect([made, gone]).toEqual([['slow-create'], ['slow-create']]);
    expect((await client.checkComponent('alerter', 'failing-twice')).problem).toBe('the server does not know this key');
    expect((await client.checkComponent('alerter', 'hanging-create', { timeoutMs: 2_000 })).problem).toBe('making it took longer than 2 s');
    await expect(client.checkComponent('alerter', 'unknown')).rejects.toThrow('no alerter named "unknown"');
  });
});

describe('a component that hangs is told of within the limit, all of them side by side', () => {
  test('in a check that a server never answers, whether it listens to the signal or not; and what was made is let go of', async () => {
    await stackWith({ alerters: ['fetching-check', 'deaf-check', 'slow-create'] });
    expect(await problems(3_000)).toEqual({
      default: null,
      'fetching-check': 'checking it took longer than 3 s',
      'deaf-check': 'checking it took longer than 3 s',
      'slow-create': null,
    });
    expect(gone.toSorted()).toEqual(['deaf-check', 'fetching-check', 'slow-create']);
  });

  test('in a check that removes what it wrote when it is given up: before it is let go of', async () => {
    await stackWith({ alerters: ['tidy-check'] });
    expect(await problems(1_000)).toMatchObject({ 'tidy-check': 'checking it took longer than 1 s' });
    expect(gone).toEqual(['what it wrote, as far as it had time: TimeoutError', 'tidy-check']);
  });

  test('while it is made: what it asks for is ended, so that no connection stays', async () => {
    await stackWith({ alerters: ['hanging-create'] });
    expect((await problems(2_000))['hanging-create']).toBe('making it took longer than 2 s');
    expect(sockets).toHaveLength(1);
    if (!sockets[0]!.closed) await once(sockets[0]!, 'close');
  });

  test('while it is made, for good or not: what comes late is let go of', async () => {
    createDelayMs = 2_200;
    await stackWith({ alerters: ['slow-create'] });
    expect((await problems(2_000))['slow-create']).toBe('making it took longer than 2 s');
    await delay(0);
    expect([made, gone]).toEqual([['slow-create'], ['slow-create']]);
    createDelayMs = 0;
  });

  test('while its code blocks the process, whose time is not that of the others', async () => {
    await stackWith({ alerters: ['slow-create', 'blocking-create', 'failing-create'] });
    // What is loaded for it once takes none of its time.
    await client.checkComponent('alerter', 'slow-create');
    const { components } = await client.validateStack('team', { timeoutMs: 1_500 });
    const found = Object.fromEntries(components.map(({ name, problem, durationMs }) => [name, { problem, durationMs }]));
    expect(found['blocking-create']!.problem).toBe('making it took longer than 1.5 s');
    expect(found['blocking-create']!.durationMs).toBeGreaterThanOrEqual(2_000);
    expect(found['slow-create']!.problem).toBeNull();
    for (const name of ['slow-create', 'failing-create']) expect(found[name]!.durationMs).toBeLessThan(1_500);
  });

  test('while it lets go', async () => {
    await stackWith({ alerters: ['hanging-end'] });
    expect((await problems(2_000))['hanging-end']).toBe('letting go of it took longer than 2 s');
  });
});

describe('the local flavors', () => {
  test('write into their folders, and say so when they cannot', async () => {
    await stackWith({ trackers: ['local'] });
    expect(await problems()).toEqual({ default: null, local: null });
    const { root, trackingFolder } = place.project;
    rmSync(join(root, '.mortise/artifacts/.tmp'), { recursive: true });
    writeFileSync(join(root, '.mortise/artifacts/.tmp'), 'a file where a folder belongs');
    rmSync(join(trackingFolder, 'local'), { recursive: true });
    writeFileSync(join(trackingFolder, 'local'), 'a file where a folder belongs');
    const { components } = await client.validateStack('team');
    expect(components.filter(({ ok }) => !ok).map(({ type, problem }) => [type, problem])).toEqual([
      ['artifact-store', expect.stringContaining('.tmp')],
      ['experiment-tracker', expect.stringContaining('cannot make')],
    ]);
  });
});
