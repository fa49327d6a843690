// Run by `real-size.real.test.ts` in a process of its own: puts and gets one large object, and prints what that took.
import { createHash } from 'node:crypto';

import { create } from '../create.ts';
import { randomBody } from '@mortise/object-storage/testing';

const [config, key, size] = JSON.parse(process.argv[2]!) as [object, string, number];
const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet };
const defaults = { partSize: 8 << 20, timeoutMs: 60_000 };
const store = await create({ config: { ...defaults, ...config }, name: 'gcs', log, fetch, scratch: '/nowhere', projectRoot: '/nowhere' });

const written = await store.put(key, randomBody(size));
const digest = createHash('sha256');
let read = 0;
for await (const chunk of store.get(key)) {
  digest.update(chunk);
  read += chunk.length;
}
await store[Symbol.asyncDispose]();
console.log(JSON.stringify({ written, read: { size: read, sha256: digest.digest('hex') }, maxRss: process.resourceUsage().maxRSS * 1024 }));
