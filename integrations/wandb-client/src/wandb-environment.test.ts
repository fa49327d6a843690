import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { netrcKey, wandbEnvironment } from './wandb-environment.ts';
import { appUrlOf, runUrl } from './wandb-urls.ts';

describe("the vendor's variables", () => {
  test('are read, in our units', () => {
    const env = {
      ...{
        WANDB_API_KEY: 'k',
        WANDB_BASE_URL: 'http://b',
        WANDB_APP_URL: 'http://a',
        WANDB_ENTITY: 'e',
        WANDB_PROJECT: 'p',
        WANDB_MODE: 'dryrun',
      },
      ...{
        WANDB_DIR: 'd',
        WANDB_RUN_GROUP: 'g',
        WANDB_NAME: 'n',
        WANDB_NOTES: 'o',
        WANDB_TAGS: 'a, b,,',
        WANDB_JOB_TYPE: 'j',
        WANDB_RUN_ID: 'i',
      },
      ...{ WANDB_RESUME: 'allow', WANDB_HTTP_TIMEOUT: '1.5', WANDB_INSECURE_DISABLE_SSL: 'true', WANDB_CONSOLE: 'off' },
    };
    expect(wandbEnvironment(env)).toEqual({
      ...{
        apiKey: 'k',
        baseUrl: 'http://b',
        appUrl: 'http://a',
        entity: 'e',
        project: 'p',
        mode: 'offline',
        dir: 'd',
        group: 'g',
        name: 'n',
        notes: 'o',
      },
      ...{ tags: ['a', 'b'], jobType: 'j', runId: 'i', resume: 'allow', timeoutMs: 1_500, insecureTls: true, console: 'off' },
    });
  });

  test('that are empty or make no sense count as not set', () => {
    expect(
      wandbEnvironment({
        WANDB_API_KEY: '',
        WANDB_MODE: 'sideways',
        WANDB_HTTP_TIMEOUT: 'soon',
        WANDB_INSECURE_DISABLE_SSL: 'false',
        WANDB_CONSOLE: 'wrap',
      }),
    ).toEqual({});
  });
});

describe('netrc', () => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'mortise-netrc-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  const keyIn = (text: string, url: string): string | undefined => {
    writeFileSync(join(folder, 'netrc'), text);
    return netrcKey(url, { NETRC: join(folder, 'netrc') });
  };
  const TEXT = '# wandb\nmachine api.wandb.ai\n  login user\n  password one\nmachine own.test login user password two\n';

  test.each([
    ['https://api.wandb.ai', TEXT, 'one'],
    ['https://own.test:8080/prefix', TEXT, 'two'],
    ['https://other.test', TEXT, undefined],
    ['https://other.test', `${TEXT}default login x password three`, 'three'],
    // As Python's netrc reads them, and so the vendor's client: the default is for machines without an entry alone.
    ['https://own.test', `default login x password three\n${TEXT}`, 'two'],
    ['https://api.wandb.ai', 'machine api.wandb.ai login user\ndefault login x password three', undefined],
    ['https://own.test', `${TEXT}machine own.test login user password four`, 'four'],
    ['https://own.test', 'machine own.test login machine password five # machine other.test', 'five'],
    ['https://own.test', 'machine own.test login user password #seven', '#seven'],
    // "wandb login" writes the port, where there is one.
    ['http://own.test:8080', `default login x password three\n${TEXT}machine own.test:8080 login user password six`, 'six'],
  ])('has the key of %s', (url, text, key) => {
    expect(keyIn(text, url)).toBe(key);
  });
});

describe('addresses', () => {
  test.each([
    ['https://api.wandb.ai', 'https://wandb.ai'],
    ['https://api.wandb.test/', 'https://wandb.test'],
    ['https://api.company.test', 'https://app.company.test'],
    ['https://wandb.company.test/', 'https://wandb.company.test'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ])('of pages, for the API at %s: %s', (api, app) => {
    expect(appUrlOf(api)).toBe(app);
  });

  test('of a run have its id, each part escaped as the vendor does', () => {
    expect(runUrl('https://wandb.ai', { entity: 'a b', project: 'p/q', id: 'r=+&$@/1' })).toBe(
      'https://wandb.ai/a%20b/p%2Fq/runs/r=+&$@%2F1',
    );
  });
});
