import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import type { Alert } from '@mortise/core';
import { temporaryBackend, testAlerter, type ReceivedAlert } from '@mortise/flavor-testkit';

import flavor from './index.js';

/** What arrived. The backend is asked, never the alerter. */
function receivedIn(file: string): ReceivedAlert[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const { title, text, ...facts } = JSON.parse(line) as Alert;
    return { text: `${title} ${text}`, ...facts };
  });
}

testAlerter(
  { describe, it },
  {
    name: 'flavor-name',
    faults: ['down'],
    backend: async () => {
      const backend = await temporaryBackend(flavor, () => ({ file: 'alerts.log' }))();
      const file = join(backend.folder, 'alerts.log');
      return {
        ...backend,
        received: async () => receivedIn(file),
        // A folder where the file was: nothing can be written there.
        fail: async () => {
          const away = existsSync(file);
          if (away) renameSync(file, `${file}-away`);
          mkdirSync(file);
          return async () => {
            rmSync(file, { recursive: true });
            if (away) renameSync(`${file}-away`, file);
          };
        },
      };
    },
  },
);
