import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { cometEnvironment } from './comet-environment.ts';
import type { CometTrackerConfig } from './comet-tracker-config.ts';

let root: string;
let home: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mortise-comet-'));
  home = join(root, 'home');
  mkdirSync(home);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const told = (config: Partial<CometTrackerConfig>, env: Record<string, string> = {}) =>
  cometEnvironment(config, { env: { HOME: home, ...env }, projectRoot: root });
const keyFor = (baseUrl: string): string => `KEY*${Buffer.from(JSON.stringify({ baseUrl })).toString('base64')}`;

test('with nothing told it is the cloud, online, with no key', async () => {
  expect(await told({})).toEqual({
    ...{ apiKey: undefined, workspace: undefined, projectName: undefined, root: 'https://www.comet.com', mode: 'online' },
    ...{ offlineDirectory: join(root, '.cometml-runs'), timeoutMs: 30_000, names: { experimentName: undefined, labels: [] }, output: true },
  });
});

test('the config comes before COMET_ variables, and those before the file', async () => {
  writeFileSync(
    join(root, '.comet.config'),
    '[other]\napi_key=wrong\n[comet]\n# a key\napi_key = from-file\nworkspace: "of the file"\nproject_name=p\n',
  );
  const env = { COMET_API_KEY: 'from-env', COMET_WORKSPACE: 'of-env', COMET_URL_OVERRIDE: 'https://comet.corp/clientlib/' };
  expect(await told({})).toMatchObject({ apiKey: 'from-file', workspace: 'of the file', projectName: 'p' });
  expect(await told({}, env)).toMatchObject({ apiKey: 'from-env', workspace: 'of-env', projectName: 'p', root: 'https://comet.corp' });
  expect(await told({ apiKey: 'given', urlOverride: 'http://127.0.0.1:5' }, env)).toMatchObject({
    apiKey: 'given',
    root: 'http://127.0.0.1:5',
  });
});

test("the file is that of COMET_CONFIG, then the project's, then the one in the home folder: each for what those before it do not say", async () => {
  writeFileSync(join(home, '.comet.config'), '[comet]\napi_key=home\nworkspace=of-home\n');
  expect((await told({})).apiKey).toBe('home');
  writeFileSync(join(root, '.comet.config'), '[comet]\napi_key=project\n');
  expect(await told({})).toMatchObject({ apiKey: 'project', workspace: 'of-home' });
  writeFileSync(join(root, 'else'), '[comet]\napi_key=elsewhere\n');
  expect((await told({}, { COMET_CONFIG: join(root, 'else') })).apiKey).toBe('elsewhere');
  expect((await told({}, { COMET_CONFIG: home })).apiKey).toBe('home');
});

test('a key of a server of its own says where that is, unless something else does', async () => {
  const apiKey = keyFor('https://comet.mine');
  expect(await told({ apiKey })).toMatchObject({ apiKey, root: 'https://comet.mine' });
  expect(await told({ apiKey }, { COMET_URL_OVERRIDE: 'https://other/clientlib/' })).toMatchObject({ root: 'https://other' });
});

test('COMET_START_ONLINE and COMET_OFFLINE_DIRECTORY are as Comet has them', async () => {
  const env = { COMET_START_ONLINE: 'false', COMET_OFFLINE_DIRECTORY: '/archives' };
  expect(await told({}, env)).toMatchObject({ mode: 'offline', offlineDirectory: '/archives' });
  expect(await told({ mode: 'online', offlineDirectory: 'here' }, env)).toMatchObject({
    mode: 'online',
    offlineDirectory: join(root, 'here'),
  });
});

test.each([
  [' ', false],
  ['simple', true],
  ['', false],
  ['off', false],
  ['False', false],
])('COMET_AUTO_LOG_OUTPUT_LOGGER %j says whether output is kept: %s', async (word, output) => {
  expect(await told({}, { COMET_AUTO_LOG_OUTPUT_LOGGER: word })).toMatchObject({ output });
});

test('sections of the file are as Comet has them', async () => {
  writeFileSync(
    join(root, '.comet.config'),
    '[comet]\nstart_experiment_name = nightly\nworkspace =\n[comet_start]\nonline=false\n[comet_timeout]\nhttp=2.5\n',
  );
  expect(await told({})).toMatchObject({ mode: 'offline', timeoutMs: 2_500, workspace: undefined, names: { experimentName: 'nightly' } });
});

test('COMET_TIMEOUT_HTTP is in seconds, and the names of runs are a list of words', async () => {
  const env = { COMET_TIMEOUT_HTTP: '7', COMET_EXPERIMENT_NAME: 'second', COMET_START_EXPERIMENT_TAGS: ' a, b c,,' };
  expect(await told({}, env)).toMatchObject({ timeoutMs: 7_000, names: { experimentName: 'second', labels: ['a', 'b c'] } });
  expect(await told({ timeoutMs: 9 }, { ...env, COMET_START_EXPERIMENT_NAME: 'first' })).toMatchObject({
    ...{ timeoutMs: 9, names: { experimentName: 'first' } },
  });
});

test.each([
  ['COMET_START_ONLINE', 'maybe'],
  ['COMET_OFFLINE', 'offline'],
  ['COMET_TIMEOUT_HTTP', 'ten'],
  ['COMET_TIMEOUT_HTTP', '-1'],
])('%s=%s is refused, with its name', async (name, value) => {
  await expect(told({}, { [name]: value })).rejects.toMatchObject({ code: 'PERMANENT', message: expect.stringContaining(name) });
});
