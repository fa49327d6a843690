import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { file, folder } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';
import { Client } from './client.ts';

type Untyped = Record<string, (...args: unknown[]) => unknown>;

let project: Awaited<ReturnType<typeof temporaryProject>>;
let client: Client;
beforeAll(async () => {
  project = await temporaryProject();
  client = new Client();
});
afterAll(async () => {
  await client.close();
  project.remove();
});

const store = 'artifact-store';

describe('a call without types is refused in words', () => {
  it.each<[string, unknown[], string]>([
    ['setActiveStack', [], 'setActiveStack() needs a text as its name, not undefined'],
    ['getStack', [3], 'getStack() needs a text as its name, not a number'],
    ['registerStack', ['a'], 'registerStack() needs an object as its parts, not undefined'],
    ['updateStack', ['default'], 'updateStack() needs an object as its edit, not undefined'],
    ['copyStack', ['default'], 'copyStack() needs a text as its newName, not undefined'],
    ['deleteStack', [], 'deleteStack() needs a text as its name, not undefined'],
    ['exportStack', [3], 'exportStack() needs a text as its name, not a number'],
    ['registerComponent', [], 'registerComponent() needs an object as its component, not undefined'],
    ['registerComponent', [{}], 'registerComponent() needs a text as its type, not undefined'],
    [
      'registerComponent',
      [{ type: store, name: 'x', flavor: 'local' }],
      'registerComponent() needs an object as its config, not undefined',
    ],
    ['getComponent', [store], 'getComponent() needs a text as its name, not undefined'],
    ['updateComponent', [store, 'default'], 'updateComponent() needs an object as its edit, not undefined'],
    ['removeComponentAttributes', [store, 'default'], 'removeComponentAttributes() needs a list as its keys'],
    ['createSecret', ['x'], 'createSecret() needs an object as its values, not undefined'],
    ['createSecret', ['x', 'hush'], 'createSecret() needs an object as its values, not a text'],
    ['updateSecret', ['x'], 'updateSecret() needs an object as its change, not undefined'],
    ['getSecret', [], 'getSecret() needs a text as its name, not undefined'],
    ['registerFlavor', [], 'registerFlavor() needs an object as its flavor, not undefined'],
    ['registerFlavor', [{}], 'registerFlavor() needs a text as its type, not undefined'],
    ['getFlavor', [store], 'getFlavor() needs a text as its name, not undefined'],
    ['getArtifactVersion', [], 'getArtifactVersion() needs a text as its artifact, not undefined'],
    ['trackerStatus', [3], 'trackerStatus() needs a text as its component, not a number'],
    ['deliverRuns', [{}], 'deliverRuns() needs a text as its to, not undefined'],
    ['importRuns', [], 'importRuns() needs an object as its options, not undefined'],
    ['importRuns', [{ vendor: 3, from: 'x' }], 'importRuns() needs a text as its vendor, not a number'],
    ['importRuns', [{ vendor: 'x', from: 'x', experiment: 3 }], 'importRuns() needs a text as its experiment, not a number'],
    ['importRuns', [{ vendor: 'x', from: 'x', dryRun: 'yes' }], 'importRuns() needs true or false as its dryRun, not a text'],
    ['collectGarbage', [{ dryRun: null }], 'collectGarbage() needs true or false as its dryRun, not null'],
    ['collectGarbage', [{ unknown: 'false' }], 'collectGarbage() needs true or false as its unknown, not a text'],
    ['dropUndelivered', ['wandb'], 'the options of dropUndelivered() are no object'],
    ['dropUndelivered', [{ component: 3 }], 'dropUndelivered() needs a text as its component, not a number'],
    ['deliver', [{ component: 3 }], 'deliver() needs a text as its component, not a number'],
    ['deliver', [{ patienceMs: 'long' }], 'deliver() needs a number of ms from 0 as its patienceMs'],
    ['deliver', [{ signal: 3 }], 'deliver() needs an AbortSignal as its signal, not a number'],
    ['refreshFlavors', [{}, { onLoad: 'log' }], 'refreshFlavors() needs a function as its onLoad, not a text'],
    ['cancelRun', ['x', { waitMs: 'long' }], 'cancelRun() needs a number of ms from 0 as its waitMs'],
    ['cancelRun', ['x', null], 'the options of cancelRun() are no object'],
    ['validateStack', ['default', { timeoutMs: NaN }], 'validateStack() needs a number of ms from 0 as its timeoutMs'],
    ['registerStack', ['a', { orchestrator: 3 }], 'registerStack() needs a list of texts as its orchestrator, not a number'],
    ['registerStack', ['a', {}, { labels: 'red' }], 'registerStack() needs an object as its labels, not a text'],
    ['updateStack', ['default', { labels: 3 }], 'updateStack() needs an object as its labels, not a number'],
    ['updateStack', ['default', { removeLabels: 'team' }], 'updateStack() needs a list of texts as its removeLabels, not a text'],
    [
      'registerComponent',
      [{ type: store, name: 'x', flavor: 'local', config: {}, labels: 'red' }],
      'registerComponent() needs an object as its labels, not a text',
    ],
    ['updateComponent', [store, 'default', { config: null }], 'updateComponent() needs an object as its config, not null'],
    ['importStack', [{}, { name: 3 }], 'importStack() needs a text as its name, not a number'],
    ['updateSecret', ['x', { remove: 'key' }], 'updateSecret() needs a list of texts as its remove, not a text'],
    ['refreshFlavors', [{ name: 'x' }], 'refreshFlavors() needs a type beside a name'],
    ['getArtifactVersion', ['x', {}], 'getArtifactVersion() needs a number or "latest" as its version'],
    ['listRuns', [{ sort: 3 }], 'listRuns() needs a text as its sort, not a number'],
    ['listRuns', [{ after: {} }], 'listRuns() needs a text as its after, not an object'],
    ['listStacks', [{ name: ['a'] }], 'listStacks() needs a text as its name, not a list'],
  ])('%s of %j', async (method, args, message) => {
    await expect((client as unknown as Untyped)[method]!.call(client, ...args)).rejects.toMatchObject({ code: 'BAD_USAGE', message });
  });
});

it.each<[string, unknown[]]>([
  ['dropUndelivered', [{ componnet: 'wandb' }]],
  ['deliver', [{ componnet: 'wandb' }]],
  ['retrySetAside', [{ componnet: 'wandb' }]],
  ['deliverRuns', [{ runs: [], to: 'x', patience: 3 }]],
  ['importRuns', [{ vendor: 'x', from: 'x', dryrun: true }]],
  ['registerComponent', [{ type: store, name: 'x', flavor: 'local', config: {}, label: { team: 'red' } }]],
  ['updateComponent', [store, 'default', { confg: {} }]],
  ['updateStack', ['default', { part: {} }]],
  ['registerStack', ['a', { orchestrator: 'default', [store]: 'default' }, { label: { team: 'red' } }]],
  ['registerComponent', [{ type: store, name: 'x', flavor: 'local', config: {} }, { allowPlainSecret: true }]],
  ['importStack', [{}, { nam: 'x' }]],
  ['updateSecret', ['x', { values: { key: 'new' } }]],
  ['refreshFlavors', [{ typ: store }]],
  ['registerFlavor', [{ type: store, source: 'x' }, { forced: true }]],
  ['cancelRun', ['x', { wait: 1 }]],
])('%s refuses a misspelt option, which would stand for all or for nothing', async (method, args) => {
  await expect((client as unknown as Untyped)[method]!.call(client, ...args)).rejects.toMatchObject({ code: 'UNKNOWN_OPTION' });
});

it('the logs of a misspelt step are not those of all steps', async () => {
  const logs = (options: unknown) => client.stepLogs('x', options as object).next();
  await expect(logs({ stp: 'train' })).rejects.toMatchObject({ code: 'UNKNOWN_OPTION' });
  await expect(logs({ step: 3 })).rejects.toMatchObject({ message: 'stepLogs() needs a text as its step, not a number' });
  await expect(logs({ signal: 3, follow: true })).rejects.toMatchObject({
    message: 'stepLogs() needs an AbortSignal as its signal, not a number',
  });
});

it('what only looks like the end of a page is refused', async () => {
  const after = (...key: unknown[]): string => Buffer.from(JSON.stringify(key)).toString('base64url');
  const pages: [method: string, query: object][] = [
    ['listRuns', { after: after('-startedAt', 1) }],
    ['listRuns', { after: after('-startedAt', 1, {}) }],
    ['listArtifacts', { sort: 'createdAt', after: after('createdAt', 1, 'id of a stack') }],
    ['listStacks', { sort: 'createdAt', after: after('createdAt', 'id of a version') }],
    ['listComponents', { after: after('component', true, 'x') }],
    ['listSecrets', { after: after('secret', null) }],
  ];
  for (const [method, query] of pages)
    await expect((client as unknown as Untyped)[method]!.call(client, query)).rejects.toMatchObject({ code: 'BAD_USAGE' });
});

it('a client of a misspelt option is refused: it would be that of the working directory', () => {
  const made = (options: unknown) => () => new (Client as unknown as new (options: unknown) => Client)(options);
  expect(made({ projekt: '/elsewhere' })).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }));
  expect(made({ project: 3 })).toThrow(expect.objectContaining({ code: 'BAD_USAGE' }));
  expect(made({ project: '' })).toThrow('new Client() was given an empty path');
  expect(made(null)).toThrow(expect.objectContaining({ code: 'BAD_USAGE' }));
});

it('file() and folder() take a path that is a text and not empty', () => {
  for (const [name, make] of Object.entries({ file, folder })) {
    const untyped = make as (path: unknown) => unknown;
    expect(() => untyped(3)).toThrow(`${name}() needs a text as its path, not a number`);
    expect(() => untyped('')).toThrow(`${name}() was given an empty path`);
  }
});
