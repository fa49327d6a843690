import { expect, test } from '@jest/globals';
import { validate } from 'class-validator';

import { baseUrlOf } from './api-key.ts';
import { CometConnection } from './client/connection.ts';
import { CometTrackerConfig } from './comet-tracker-config.ts';
import { never } from './testing/play.ts';
import { trackerIn } from './testing/tracker-in.ts';

const SECRET = 'hunter2hunter2';
const tail = (json: string): string => Buffer.from(json).toString('base64');

async function flaws(apiKey: string): Promise<string> {
  const errors = await validate(Object.assign(new CometTrackerConfig(), { apiKey }));
  return errors.flatMap(({ property, constraints = {} }) => Object.values(constraints).map((text) => `${property} ${text}`)).join('; ');
}

const refusal = (apiKey: string): Promise<string> =>
  trackerIn('/nowhere', { apiKey }).then(
    () => '',
    (error: Error) => error.message,
  );

test.each([
  ['what is no base64', 'nonsense!', /after its "\*"/],
  ['what was cut', tail('{"baseUrl":"https://comet.mine"}').slice(0, -5), /after its "\*"/],
  ['JSON that is no object', tail('"https://comet.mine"'), /after its "\*"/],
  ['an address that is none', tail('{"baseUrl":"comet.mine"}'), /address of its server/],
  ['an address of another kind', tail('{"baseUrl":"ftp://comet.mine"}'), /address of its server/],
  ['nothing', '', /after its "\*"/],
  ['two parts', `${tail('{}')}*${tail('{}')}`, /more than one "\*"/],
])(
  'a key that has %s behind it is refused, in one line without the key, when it is registered and when it is used',
  async (_, end, why) => {
    const key = `${SECRET}*${end}`;
    for (const told of [await flaws(key), await refusal(key)]) {
      expect(told).toMatch(why);
      expect(told).not.toContain('\n');
      expect(told).not.toContain(SECRET);
      if (end !== '') expect(told).not.toContain(end);
    }
  },
);

test('a key with a line break is refused when it is registered, too', async () => {
  expect(await flaws(`${SECRET}\n`)).toMatch(/^apiKey has characters that no HTTP header takes/);
});

test.each([
  ['whole', (key: string) => key],
  ['without what follows its "*"', (key: string) => key.split('*')[0]!],
])('a server that repeats the key %s, and a network that does, do not get it into messages', async (_, repeated) => {
  const apiKey = `${SECRET}*${tail('{"baseUrl":"https://comet.mine"}')}`;
  const refusing = (): Promise<Response> => Promise.resolve(Response.json({ msg: `no such key: ${repeated(apiKey)}!` }, { status: 400 }));
  const failing = (): Promise<Response> => Promise.reject(new TypeError('fetch failed', { cause: new Error(`bad ${repeated(apiKey)}!`) }));
  for (const fetch of [refusing, failing]) {
    const connection = new CometConnection({ apiKey, root: 'https://comet.mine', timeoutMs: 1_000, fetch });
    const error: unknown = await connection.call({ method: 'GET', path: '/x' }, never).catch((thrown: unknown) => thrown);
    expect((error as Error).message).toContain('***!');
    expect((error as Error).message).not.toContain(SECRET);
  }
});

test.each([
  SECRET,
  `${SECRET}*${tail('{"baseUrl":"https://comet.mine"}')}`,
  `${SECRET}*${tail('{"baseUrl":"https://comet.mine"}').replace(/=+$/, '')}`,
])('a whole key is taken: %#', async (key) => {
  expect(await flaws(key)).toBe('');
  expect(await refusal(key)).toBe('');
  expect(baseUrlOf(key)).toBe(key === SECRET ? undefined : 'https://comet.mine');
});
