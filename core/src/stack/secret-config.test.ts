import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Client } from '../client/client.ts';
import type { Project } from '../project/project.ts';
import { openStore } from '../store/open-store.ts';
import { temporaryProject } from '../testing/temporary-project.ts';
import { assembleStack } from './assemble-stack.ts';

/** An alerter whose token may not be of a service that has closed. */
const BELL = `
import { defineFlavor } from '@mortise/core';
const schema = {
  '~standard': {
    version: 1, vendor: 'test',
    validate: (value) => /^closed/.test(value.token) ? { issues: [{ path: ['token'], message: 'the token ' + value.token + ' is of a closed service' }] } : { value },
    jsonSchema: { input: () => ({ type: 'object', properties: { token: { type: 'string' }, level: { type: 'string' } } }) },
  },
};
export default defineFlavor({ apiVersion: 1, type: 'alerter', name: 'bell', secrets: ['token'], config: async () => schema,
  load: async () => ({ create: async () => ({ send: async () => {} }) }) });
`;

let client: Client;
let project: Project;
let remove: () => void;
beforeEach(async () => {
  const made = await temporaryProject();
  ({ remove, project } = made);
  writeFileSync(join(made.project.root, 'bell.mjs'), BELL);
  client = new Client({ project: made.project.root });
  await client.registerFlavor({ type: 'alerter', source: './bell.mjs' });
  await client.createSecret('old', { key: 'closed-hunter2' });
  await client.createSecret('new', { key: 'open-hunter3' });
});
afterEach(async () => {
  await client.close();
  delete process.env['BELL_TOKEN'];
  remove();
});

const register = (token: string, name = 'bell') => client.registerComponent({ type: 'alerter', name, flavor: 'bell', config: { token } });

test('what a secret stands for is checked when a component is registered, and not shown', async () => {
  await expect(register('{{secret.old.key}}')).rejects.toMatchObject({
    code: 'CONFIG_WRONG_TYPE',
    message: expect.stringMatching(/the token \*\*\* is of a closed service/),
  });
  expect((await client.listComponents({ type: 'alerter', name: 'bell' })).items).toEqual([]);
  expect((await register('{{secret.new.key}}')).config).toEqual({ token: '{{secret.new.key}}' });
});

test('and when it is changed', async () => {
  await register('{{secret.new.key}}');
  const changed = client.updateComponent('alerter', 'bell', { config: { token: '{{secret.old.key}}' } });
  await expect(changed).rejects.toMatchObject({ code: 'CONFIG_WRONG_TYPE' });
});

test('a secret that is not there yet, and a variable, which is another one where it runs, are left for then', async () => {
  process.env['BELL_TOKEN'] = 'closed';
  for (const [i, token] of ['{{secret.none.key}}', '{{secret.old.none}}', '{{env.BELL_TOKEN}}'].entries())
    expect((await register(token, `bell-${i}`)).config).toEqual({ token });
});

/** An alerter that writes into what it was given, and whose schema does too. */
const WRITER = `
import { defineFlavor } from '@mortise/core';
const schema = { '~standard': { version: 1, vendor: 'test',
  validate: (value) => ((value.retries ??= 3), (value.headers.seen = 'yes'), { value }),
  jsonSchema: { input: () => ({ type: 'object', properties: { token: {}, headers: { type: 'object' }, retries: { type: 'number' } } }) } } };
export default defineFlavor({ apiVersion: 1, type: 'alerter', name: 'writer', secrets: ['token'], config: async () => schema,
  load: async () => ({ create: async ({ config }) => { config.headers.authorization = 'Bearer ' + config.token; return { send: async () => {} }; } }) });
`;

test('what a flavor writes into its config is neither stored with the component nor with a run: it may be a secret', async () => {
  writeFileSync(join(project.root, 'writer.mjs'), WRITER);
  await client.registerFlavor({ type: 'alerter', source: './writer.mjs' });
  const config = () => ({ token: '{{secret.new.key}}', headers: { accept: '*' } });
  await client.registerComponent({ type: 'alerter', name: 'writer', flavor: 'writer', config: config() });
  await client.registerStack('all', { orchestrator: 'default', 'artifact-store': 'default', alerter: 'writer' });
  expect((await client.getComponent('alerter', 'writer')).config).toEqual(config());
  const store = await openStore(project.storeUrl);
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };
  await using stack = await assembleStack('all', { store, project, log });
  expect(JSON.stringify(stack.snapshot)).not.toContain('hunter3');
  expect(stack.snapshot.components.find(({ type }) => type === 'alerter')?.config).toEqual(config());
  store.close();
});
