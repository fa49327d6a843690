/**
 * Code of an experiment tracker flavor that prints its token wherever it is called, throws it with BROKEN, and whose schema repeats the values that it
 * refuses. It takes nothing while DOWN is set, and keeps what it was told in `told.txt`.
 */
export const loudTracker = `
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineFlavor, Transient } from '@mortise/core';

const schema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      String(value.token).startsWith('bad') ? { issues: [{ message: 'refuses "' + value.token + '"', path: ['token'] }] } : { value },
    jsonSchema: { input: () => ({ type: 'object', properties: { token: { type: 'string' } }, required: ['token'] }) },
  },
};
const capabilities = {
  ids: 'client', step: 'decimal', monotonicStep: false, metricContext: 'native', nesting: 'parent', artifacts: 'reference',
  reopen: true, offline: false, failure: 'status+message', redelivery: 'dedup',
};

async function create({ config, projectRoot }) {
  const { token } = config;
  if (process.env.BROKEN) throw Object.assign(new Error('cannot use ' + token, { cause: new Error('nor ' + token) }), { request: { token } });
  const say = (what, told) => {
    console.log(what, 'with', token);
    console.error({ what, token });
    process.stdout.write(Buffer.from(what + ' in bytes: ' + token + '\\n'));
    if (process.env.DOWN) throw new Transient('down');
    appendFileSync(join(projectRoot, 'told.txt'), JSON.stringify({ what, told }) + '\\n');
  };
  return {
    capabilities,
    async open({ key }, start) {
      say('opening');
      const ref = { id: key, url: 'https://host/' + key, ids: { name: 'x' }, state: { status: 'open' } };
      return {
        ref,
        native: undefined,
        async deliver(events) {
          say('delivering', events);
          return { ref, through: Object.fromEntries(events.map(({ writer, seq }) => [writer, seq])) };
        },
        async close(outcome) {
          say('closing', outcome);
          return ref;
        },
      };
    },
    async check() {
      say('checking');
    },
    async [Symbol.asyncDispose]() {
      console.log('leaving with', token);
    },
  };
}

export default defineFlavor({
  apiVersion: 1, type: 'experiment-tracker', name: 'loud', secrets: ['token'],
  config: async () => schema, settings: async () => ({ '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }),
  load: async () => ({ create }),
});
`;
