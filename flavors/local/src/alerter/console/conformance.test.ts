import { describe, it, jest } from '@jest/globals';
import { temporaryBackend, testAlerter, type ReceivedAlert } from '@mortise/flavor-testkit';

import consoleAlerter from './index.ts';

const LINE = /^\[(info|warning|error)\] (.*?)(?: \((https?:[^ ]+)\))?$/u;

function read(line: string): ReceivedAlert {
  const [, severity, text, url] = LINE.exec(line)!;
  return { severity: severity as ReceivedAlert['severity'] & string, text: text!, ...(url !== undefined && { url }) };
}

testAlerter(
  { describe, it },
  {
    name: 'console',
    lacks: ['runId'],
    backend: async () => {
      const backend = await temporaryBackend(consoleAlerter)();
      const lines: string[] = [];
      const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text).trimEnd()) > 0);
      return {
        ...backend,
        received: async () => lines.map(read),
        remove() {
          write.mockRestore();
          backend.remove();
        },
      };
    },
  },
);
