import { expect, it } from '@jest/globals';
import { isFree } from './free-port.ts';
import { startNobody } from './nobody.ts';

it('is an address that answers to nobody, and that nobody takes until it is given back', async () => {
  // Whoever else is on this machine may take a port as soon as it is given back.
  const freed: boolean[] = [];
  while (freed.length < 5 && !freed.includes(true)) {
    const nobody = await startNobody();
    const port = Number(new URL(nobody.url).port);
    await expect(fetch(nobody.url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect(await isFree(port)).toBe(false);
    await nobody.stop();
    freed.push(await isFree(port));
  }
  expect(freed).toContain(true);
});
