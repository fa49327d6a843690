import { expect, it } from '@jest/globals';
import { isFree } from './free-port.ts';
import { startNobody } from './nobody.ts';

it('is an address that answers to nobody, and that nobody takes until it is given back', async () => {
  const nobody = await startNobody();
  const port = Number(new URL(nobody.url).port);
  await expect(fetch(nobody.url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  expect(await isFree(port)).toBe(false);
  await nobody.stop();
  expect(await isFree(port)).toBe(true);
});
