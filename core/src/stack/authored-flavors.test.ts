import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { IsString } from 'class-validator';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigMissingKey, FlavorBroken, MissingPackage } from '../errors.ts';
import { projectAt, type Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { openStore } from '../store/open-store.ts';
import type { ComponentContext } from './flavor.ts';
import { defineFlavor } from './define-flavor.ts';

class ServerConfig {
  @IsString()
  token!: string;
}

const contexts: ComponentContext[] = [];
const ended: string[] = [];
const alerter = { send: async () => undefined };
/** Of what each type of component must have, all. */
const everyPart = {
  ...Object.fromEntries(
    ['execute', 'put', 'get', 'stat', 'list', 'delete', 'uri', 'send'].map((method) => [method, async () => undefined]),
  ),
  ...{ id: 'here', capabilities: {} },
};
const plain = async () => ({
  async create(context: ComponentContext) {
    contexts.push(context);
    return { ...everyPart, [Symbol.asyncDispose]: async () => void ended.push(context.name) } as never;
  },
});
const gone = (name: string) => ({ [Symbol.asyncDispose]: async () => void ended.push(name) });
const bell = { apiVersion: 1, type: 'alerter' } as const;

/** Flavors that stand for those of other authors. */
const flavors = [
  defineFlavor({ apiVersion: 1, type: 'orchestrator', name: 'plain', load: plain }),
  defineFlavor({ apiVersion: 1, type: 'artifact-store', name: 'plain', load: plain }),
  defineFlavor({ ...bell, name: 'server', secrets: ['token'], config: async () => ServerConfig, load: plain }),
  defineFlavor({ ...bell, name: 'fails', load: async () => ({ create: () => Promise.reject(new Error('connection refused')) }) }),
  defineFlavor({ ...bell, name: 'no-create', load: async () => ({ make: () => alerter }) as never }),
  defineFlavor({ ...bell, name: 'no-module', load: () => Promise.reject(new Error("Cannot find module './bell.js'")) }),
  defineFlavor({ ...bell, name: 'no-send', load: async () => ({ create: async () => ({ sent: true, ...gone('no-send') }) }) as never }),
  defineFlavor({ ...bell, name: 'nothing', load: async () => ({ create: async () => undefined }) as never }),
  defineFlavor({
    ...bell,
    name: 'no-package',
    load: () => Promise.reject(new MissingPackage({ package: 'bell-sdk', of: 'alerter flavor "no-package"' })),
  }),
];
jest.unstable_mockModule('@mortise/flavor-local', () => ({ flavors }));
const { assembleStack } = await import('./assemble-stack.ts');
const { StackRegistry } = await import('./stack-registry.ts');

let project: Project;
let store: MetadataStore;
let registry: InstanceType<typeof StackRegistry>;
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };

beforeEach(async () => {
  const root = mkdtempSync(join(tmpdir(), 'mortise-flavors-'));
  project = { ...projectAt(root), storeUrl: `sqlite:${join(root, 'store.db')}` };
  store = await openStore(project.storeUrl, { create: true });
  registry = new StackRegistry({ store, project });
  contexts.length = ended.length = 0;
  for (const type of ['orchestrator', 'artifact-store']) await registry.registerComponent({ type, name: 'p', flavor: 'plain', config: {} });
});
afterEach(() => {
  store.close();
  rmSync(project.root, { recursive: true });
});

async function assembleWith(flavor: string, config = {}) {
  await registry.registerComponent({ type: 'alerter', name: 'a', flavor, config }, { allowPlainSecrets: true });
  await registry.registerStack('s', { orchestrator: 'p', 'artifact-store': 'p', alerter: 'a' });
  return assembleStack('s', { store, project, log });
}

describe('a flavor', () => {
  test('whose required key is missing is refused, and nothing is stored', async () => {
    const before = await registry.components();
    const attempt = registry.registerComponent({ type: 'alerter', name: 'a', flavor: 'server', config: {} });
    await expect(attempt).rejects.toThrow(ConfigMissingKey);
    await expect(attempt).rejects.toThrow('alerter flavor "server" needs the config key "token"');
    expect(await registry.components()).toEqual(before);
  });

  test('gets its config as an instance, its name, a folder of its own and the project root', async () => {
    await using stack = await assembleWith('server', { token: 't0ken' });
    expect(stack.snapshot.components[2]).toMatchObject({ name: 'a', config: { token: 't0ken' } });
    const context = contexts[2]!;
    expect(context.config).toBeInstanceOf(ServerConfig);
    expect(context).toMatchObject({ name: 'a', projectRoot: project.root, config: { token: 't0ken' } });
    expect(new Set(contexts.map(({ scratch }) => scratch)).size).toBe(3);
    expect(contexts.every(({ scratch }) => scratch.startsWith(project.folder))).toBe(true);
  });

  test('keeps its secret keys in its descriptor', async () => {
    expect((await registry.flavor('alerter', 'server')).config).toEqual([{ key: 'token', type: 'string', required: true, secret: true }]);
  });

  test.each([
    ['fails', 'the alerter flavor "fails" cannot be loaded: connection refused'],
    ['no-create', 'the alerter flavor "no-create" cannot be loaded: its implementation exports no create()'],
    ['no-module', `the alerter flavor "no-module" cannot be loaded: Cannot find module './bell.js'`],
  ])('that is broken (%s) is named with the reason, and what was made before is let go', async (flavor, message) => {
    const assembly = assembleWith(flavor);
    await expect(assembly).rejects.toThrow(FlavorBroken);
    await expect(assembly).rejects.toThrow(message);
    expect(ended).toEqual(['p', 'p']);
    expect((await registry.stacks()).items).toHaveLength(1);
  });

  test('whose component lacks a method is told of, and the component let go of', async () => {
    await expect(assembleWith('no-send')).rejects.toThrow('the alerter flavor "no-send" cannot be loaded: its component has no send()');
    expect(ended.toSorted()).toEqual(['no-send', 'p', 'p']);
  });

  test('of which create() gives nothing is told of', async () => {
    await expect(assembleWith('nothing')).rejects.toThrow('its component is undefined: create() is to give an object');
  });

  test('that misses its package says so in its own words', async () => {
    await expect(assembleWith('no-package')).rejects.toThrow(MissingPackage);
  });
});
