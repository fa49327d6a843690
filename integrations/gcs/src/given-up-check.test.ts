import { expect, it } from '@jest/globals';
import { startPlainServer } from '@mortise/test-servers';

import { openStore } from './testing/open-store.ts';

it.each([1, 2])('a check that is given up at its request %i leaves no object', async (number) => {
  const caller = new AbortController();
  const methods: string[] = [];
  const server = await startPlainServer((request, answer) => {
    methods.push(request.method!);
    if (methods.length === number) return caller.abort(new Error('enough'));
    const sent: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void sent.push(chunk));
    request.on('end', () => {
      const [, crc32c] = /"crc32c":"([^"]+)"/.exec(Buffer.concat(sent).toString()) ?? [];
      answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ crc32c }));
    });
  });
  try {
    const store = await openStore({ path: 'gs://bucket/prefix', endpoint: server.url });
    await expect(store.check(caller.signal)).rejects.toThrow('enough');
    expect(methods.at(-1)).toBe('DELETE');
  } finally {
    await server.stop();
  }
});
