import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isError, Permanent } from '@mortise/core';
import { validate } from 'class-validator';

import { neptuneAccess } from './neptune-access.ts';
import { NeptuneTrackerConfig } from './neptune-tracker-config.ts';
import { NeptuneTrackerSettings } from './neptune-tracker-settings.ts';

const VARIABLES = ['NEPTUNE_API_TOKEN', 'NEPTUNE_PROJECT', 'NEPTUNE_MODE', 'NEPTUNE_LOG_DIRECTORY'];
const before = VARIABLES.map((name) => [name, process.env[name]] as const);
beforeEach(() => VARIABLES.forEach((name) => delete process.env[name]));
afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

const tokenOf = (parts: object): string => Buffer.from(JSON.stringify({ api_key: 'hunter2', ...parts })).toString('base64');
const HOSTED = tokenOf({ api_address: 'https://app.neptune.ai', api_url: 'https://eu-west-1.cloud.neptune.ai' });
const OWN = tokenOf({ api_address: 'https://neptune.example.com', api_url: 'https://neptune.example.com' });

async function flaws(given: object, of: object = new NeptuneTrackerConfig()): Promise<string> {
  const errors = await validate(Object.assign(of, given));
  return errors.flatMap(({ property, constraints = {} }) => Object.values(constraints).map((text) => `${property} ${text}`)).join('; ');
}

function refusal(config: Partial<NeptuneTrackerConfig>): string {
  try {
    neptuneAccess(config, '/project');
  } catch (error) {
    if (isError(error, Permanent)) return error.message;
    throw error;
  }
  return '';
}

describe('the hosted service, which ended', () => {
  test('is refused, with the date, the reason, and what to do; and without the token', async () => {
    const told = await flaws({ project: 'a/b', apiToken: HOSTED });
    expect(told).toMatch(
      /^apiToken is of Neptune's hosted service, which ended on 5 March 2026 .*mode=offline.*mortise import neptune.*allowClosedService/,
    );
    expect(told).not.toContain('\n');
    expect(told).not.toContain(HOSTED);
  });

  test('is nobody’s concern where all goes into files', async () => {
    expect(await flaws({ project: 'a/b', apiToken: HOSTED, mode: 'offline' })).toBe('');
    expect(await flaws({ project: 'a/b', apiToken: HOSTED, mode: 'online' })).toMatch(/^apiToken is of Neptune's hosted service/);
  });

  test('is refused by the variable too, as soon as it would be sent to', async () => {
    process.env['NEPTUNE_API_TOKEN'] = HOSTED;
    expect(await flaws({ project: 'a/b' })).toBe('');
    expect(await flaws({ project: 'a/b', mode: 'offline' })).toBe('');
    expect(await flaws({ project: 'a/b', mode: 'online' })).toMatch(
      /^mode cannot be used online: the token in the variable NEPTUNE_API_TOKEN is of .*5 March 2026/,
    );
    process.env['NEPTUNE_MODE'] = 'async';
    expect(await flaws({ project: 'a/b' })).toMatch(/^project cannot be used online: .*5 March 2026/);
  });

  test('is taken when it is forced', async () => {
    expect(await flaws({ project: 'a/b', apiToken: HOSTED, allowClosedService: true })).toBe('');
    process.env['NEPTUNE_API_TOKEN'] = HOSTED;
    expect(await flaws({ project: 'a/b', mode: 'online', allowClosedService: true })).toBe('');
    expect(neptuneAccess({ project: 'a/b', mode: 'online', allowClosedService: true }, '/')).toMatchObject({
      server: 'https://eu-west-1.cloud.neptune.ai',
    });
  });

  test('is refused as well when the token is known only when a stack is assembled', () => {
    expect(refusal({ project: 'a/b', mode: 'online', apiToken: HOSTED })).toMatch(/5 March 2026/);
    expect(refusal({ project: 'a/b', mode: 'online', apiToken: HOSTED })).not.toContain(HOSTED);
    expect(refusal({ project: 'a/b', mode: 'offline', apiToken: HOSTED })).toBe('');
  });

  test.each(['https://neptune.ai', 'https://app.neptune.ai/', 'https://x.y.NEPTUNE.ai:443'])('lives at %s', async (api_url) => {
    expect(await flaws({ project: 'a/b', apiToken: tokenOf({ api_url }) })).toContain('5 March 2026');
  });

  test.each(['https://neptune.example.com', 'https://notneptune.ai', 'https://neptune.ai.example.com', 'http://127.0.0.1:8080'])(
    'does not live at %s',
    async (api_url) => {
      expect(await flaws({ project: 'a/b', apiToken: tokenOf({ api_url }) })).toBe('');
    },
  );
});

test.each(['nonsense', '', Buffer.from('{}').toString('base64'), tokenOf({ api_url: 'ftp://x' }), tokenOf({})])(
  'a token that is none is refused: %j',
  async (apiToken) => {
    expect(await flaws({ project: 'a/b', apiToken })).toContain('is no API token of Neptune');
  },
);

test('a token of older Neptunes has an address only', () => {
  expect(
    neptuneAccess({ project: 'a/b', mode: 'online', apiToken: tokenOf({ api_address: 'https://old.example.com/' }) }, '/'),
  ).toMatchObject({
    server: 'https://old.example.com',
  });
});

describe('project', () => {
  test.each(['workspace/project', 'my team/wine 2'])('%s is taken', async (project) => {
    expect(await flaws({ project })).toBe('');
  });

  test.each(['project', 'a/b/c', '/b', 'a/', 5])('%s is refused', async (project) => {
    expect(await flaws({ project })).toBe('project must be workspace/project');
  });

  test('must be given unless Neptune has its variable', async () => {
    expect(await flaws({})).toBe('project must be given unless the variable NEPTUNE_PROJECT is set');
    process.env['NEPTUNE_PROJECT'] = 'a/b';
    expect(await flaws({})).toBe('');
    expect(neptuneAccess({}, '/')).toMatchObject({ project: 'a/b' });
  });
});

describe('what is not configured', () => {
  test('is offline, below the project', () => {
    expect(neptuneAccess({ project: 'a/b' }, '/project')).toMatchObject({ mode: 'offline', directory: '/project/.neptune' });
    expect(neptuneAccess({ project: 'a/b', offlineDirectory: 'logs' }, '/project')).toMatchObject({ directory: '/project/logs' });
  });

  test('keeps what runs print, unless it is told not to', () => {
    const given = { project: 'a/b' };
    expect([{}, { enableConsoleLogCapture: false }].map((more) => neptuneAccess({ ...given, ...more }, '/').output)).toEqual([true, false]);
  });

  test("is taken from Neptune's variables", () => {
    Object.assign(process.env, { NEPTUNE_API_TOKEN: OWN, NEPTUNE_MODE: 'async', NEPTUNE_LOG_DIRECTORY: '/logs' });
    expect(neptuneAccess({ project: 'a/b' }, '/')).toMatchObject({ mode: 'online', server: 'https://neptune.example.com', apiToken: OWN });
    expect(neptuneAccess({ project: 'a/b', mode: 'offline' }, '/')).toMatchObject({ mode: 'offline', directory: '/logs' });
  });

  test('is told when it is needed', () => {
    expect(refusal({})).toMatch(/NEPTUNE_PROJECT/);
    expect(refusal({ project: 'a/b', mode: 'online' })).toMatch(/NEPTUNE_API_TOKEN/);
    expect(refusal({ project: 'a/b', mode: 'online', apiToken: 'nonsense' })).toMatch(/base64/);
  });
});

test('mode is offline or online', async () => {
  expect(await flaws({ project: 'a/b', mode: 'online', apiToken: OWN })).toBe('');
  expect(await flaws({ project: 'a/b', mode: 'sometimes' })).toContain('mode must be one of');
});

test('an experiment has a name', async () => {
  expect(await flaws({ experimentName: 'wine' }, new NeptuneTrackerSettings())).toBe('');
  expect(await flaws({ experimentName: '' }, new NeptuneTrackerSettings())).not.toBe('');
});

test.each(['ofline', 'disabled', 'read-only'])(
  'NEPTUNE_MODE=%s, which does not say where to, is refused with what to do, unless the config says it',
  (mode) => {
    process.env['NEPTUNE_MODE'] = mode;
    expect(refusal({ project: 'a/b' })).toBe(
      `NEPTUNE_MODE is ${JSON.stringify(mode)}, which does not say where runs go: set it to async or offline, or mode in the config; a stack without the tracker sends nothing`,
    );
    expect(refusal({ project: 'a/b', mode: 'offline' })).toBe('');
  },
);
