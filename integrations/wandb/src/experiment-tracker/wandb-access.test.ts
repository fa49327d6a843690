import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { wandbAccess, type WandbAccess } from './wandb-access.ts';
import type { WandbTrackerConfig } from './wandb-tracker-config.ts';

const [MINE, OURS, THEIRS] = ['m', 'o', 't'].map((letter) => letter.repeat(40)) as [string, string, string];

let before: NodeJS.ProcessEnv;
let folder: string;
beforeEach(() => {
  before = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith('WANDB_')) delete process.env[name];
  folder = mkdtempSync(join(tmpdir(), 'mortise-netrc-'));
  process.env['NETRC'] = join(folder, 'netrc');
  writeFileSync(
    process.env['NETRC'],
    `machine api.wandb.ai\n  login user\n  password ${THEIRS}\nmachine own.test login user password ${OURS}\n`,
  );
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
  rmSync(folder, { recursive: true });
});

const access = (config: Partial<WandbTrackerConfig> = {}): WandbAccess => wandbAccess(config, { projectRoot: '/project', fetch });

test('who has but an identity token is told that it is not taken', () => {
  Object.assign(process.env, { WANDB_IDENTITY_TOKEN_FILE: '/run/token', WANDB_BASE_URL: 'https://no-key.test' });
  expect(() => access()).toThrow(/no API key .*: set apiKey .*, or log in there \(wandb login\); WANDB_IDENTITY_TOKEN_FILE is not taken/);
});

describe('the key', () => {
  test.each<[string, NodeJS.ProcessEnv, Partial<WandbTrackerConfig>, string | undefined]>([
    ['of the config comes first', { WANDB_API_KEY: OURS }, { apiKey: MINE }, MINE],
    ['of the environment comes before that of netrc', { WANDB_API_KEY: MINE }, {}, MINE],
    ['of netrc is that of the host', { WANDB_BASE_URL: 'https://own.test' }, {}, OURS],
    ['of netrc is that of the public server without another', {}, {}, THEIRS],
    [
      'of the environment goes to the server of the config, where it names none',
      { WANDB_API_KEY: MINE },
      { baseUrl: 'https://own.test/' },
      MINE,
    ],
    [
      'of the environment goes to no other server than its own',
      { WANDB_API_KEY: MINE, WANDB_BASE_URL: 'https://else.test' },
      { baseUrl: 'https://own.test' },
      OURS,
    ],
    [
      'of the environment goes to no other server than its own, also when there is no other',
      { WANDB_API_KEY: MINE, WANDB_BASE_URL: 'https://else.test' },
      { baseUrl: 'https://unknown.test' },
      undefined,
    ],
  ])('%s', (_claim, env, config, key) => {
    Object.assign(process.env, env);
    if (key === undefined) expect(() => access(config)).toThrow(/no API key .* at https:\/\/unknown\.test: set apiKey/);
    else expect(access(config).childEnv['WANDB_API_KEY']).toBe(key);
  });

  test('is not needed offline', () => {
    process.env['NETRC'] = '/nowhere';
    expect(access({ mode: 'offline' })).toMatchObject({
      mode: 'offline',
      dir: '/project',
      childEnv: { WANDB_MODE: 'offline', WANDB_DIR: '/project' },
    });
  });

  test('with a line break is refused before it is sent', () => {
    expect(() => access({ apiKey: 'a\nb' })).toThrow(/characters that no key has/);
  });
});

describe('the rest', () => {
  test('is that of the config, then of the environment', () => {
    Object.assign(process.env, { WANDB_ENTITY: 'team', WANDB_PROJECT: 'wine', WANDB_MODE: 'offline', WANDB_DIR: 'runs' });
    expect(access()).toMatchObject({ mode: 'offline', entity: 'team', project: 'wine', dir: '/project/runs' });
    expect(access({ mode: 'disabled', entity: 'me', project: 'beer', dir: '/data' })).toMatchObject({
      ...{ mode: 'disabled', entity: 'me', project: 'beer', dir: '/data' },
    });
  });

  test('pages are where the vendor has them, or where the environment says', () => {
    expect(access().client!.appUrl).toBe('https://wandb.ai');
    process.env['WANDB_APP_URL'] = 'https://pages.test/';
    expect(access().client!.appUrl).toBe('https://pages.test');
  });
});
