// Run by `real-size.real.test.ts` in a process of its own.
import { transferObject } from '@mortise/object-storage/testing';

import { create } from '../create.ts';

await transferObject(create, { maxConcurrency: 4, partSize: 8 << 20, timeoutMs: 120_000 });
