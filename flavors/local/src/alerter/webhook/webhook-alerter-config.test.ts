import { describe, expect, it } from '@jest/globals';
import { validate } from 'class-validator';

import { WebhookAlerterConfig } from './webhook-alerter-config.ts';

/** What is wrong with a config, by key. */
async function flaws(config: object): Promise<Record<string, string>> {
  const errors = await validate(Object.assign(new WebhookAlerterConfig(), config));
  return Object.fromEntries(errors.map(({ property, constraints }) => [property, Object.values(constraints!).join('; ')]));
}

const url = 'https://hooks.example.com/x';

describe('the config of a webhook', () => {
  it('needs a URL, and no more', async () => {
    expect(await flaws({ url })).toEqual({});
    expect(Object.keys(await flaws({}))).toEqual(['url']);
    expect(
      await flaws({ url: 'http://127.0.0.1:9/x', secret: 's', timeoutMs: 1, retries: 0, headers: { authorization: 'Bearer x' } }),
    ).toEqual({});
  });

  it.each(['ftp://x/y', 'hooks.example.com', 'https://ann:pa55@hooks.example.com', 7])(
    'refuses the URL %s, without telling it',
    async (wrong) => {
      const { url: said } = await flaws({ url: wrong });
      expect(said).toMatch(/must be an http or https URL/);
      expect(said).not.toContain('pa55');
    },
  );

  it.each([
    { timeoutMs: 0 },
    { retries: -1 },
    { retries: 1.5 },
    { secret: '' },
    { headers: 'a: b' },
    { headers: { a: 1 } },
    { headers: { a: 'b\nc' } },
  ])('refuses %j', async (wrong) => expect(Object.keys(await flaws({ url, ...wrong }))).toEqual(Object.keys(wrong)));
});
