// Run by `real-size.real.test.ts` in a process of its own.
import { transferObject } from '@mortise/object-storage/testing';

import { create } from '../create.ts';

await transferObject(create, { partSize: 8 << 20, timeoutMs: 60_000 });
