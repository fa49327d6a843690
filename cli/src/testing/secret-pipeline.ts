/** Code of an experiment tracker flavor whose vendor is an HTTP server: every call carries the token of its config. */
export const httpTracker = `
import { defineFlavor, Transient } from '@mortise/core';

const schema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => ({ value }),
    jsonSchema: {
      input: () => ({ type: 'object', properties: { url: { type: 'string' }, token: { type: 'string' } }, required: ['url', 'token'] }),
    },
  },
};
const capabilities = {
  ids: 'client', step: 'decimal', monotonicStep: false, metricContext: 'native', nesting: 'parent', artifacts: 'reference',
  reopen: true, offline: false, failure: 'status+message', redelivery: 'dedup',
};

async function create({ config, log, fetch }) {
  if (process.env.BROKEN) throw new Error('cannot use ' + config.token, { cause: new Error('nor ' + encodeURIComponent(config.token)) });
  const call = async (path, body, signal) => {
    log.warn('calling ' + config.url + ' with ' + config.token);
    const response = await fetch(config.url + path, { method: 'POST', headers: { authorization: 'Bearer ' + config.token }, body: JSON.stringify(body), signal });
    if (!response.ok) throw new Transient('refused the token ' + config.token + ' with status ' + response.status);
  };
  return {
    capabilities,
    async open(identity, start, known, signal) {
      await call('/open', { identity, start }, signal);
      const ref = { id: identity.key, url: config.url + '/runs/' + identity.key + '?token=' + encodeURIComponent(config.token), ids: {} };
      return {
        ref,
        native: undefined,
        async deliver(events, until) {
          await call('/events', events, until);
          return { ref, through: Object.fromEntries(events.map(({ writer, seq }) => [writer, seq])) };
        },
        async close(outcome, endedAt, until) {
          await call('/close', outcome, until);
          return ref;
        },
      };
    },
    async check(signal) {
      await call('/check', {}, signal);
    },
  };
}

export default defineFlavor({
  apiVersion: 1, type: 'experiment-tracker', name: 'http', secrets: ['token'],
  config: async () => schema, settings: async () => ({ '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }),
  load: async () => ({ create }),
});
`;

/** Code of pipelines that tell the token in the variable LEAKED wherever they can; only the step `report` returns it. */
export const tellingPipelines = `
import { activeRun, notify, pipeline, step, tracked } from '@mortise/core';

const token = () => process.env.LEAKED;
const say = ({ error }) => {
  if (error) console.log('a hook saw', error.message);
};

const tell = step('tell', { experimentTracker: ['vendor', 'other'], settings: { 'experiment-tracker:vendor': { note: '{{secret.vendor.token}}' } } }, async () => {
  const run = activeRun();
  run.logParams({ token: token(), list: [{ deep: 'x ' + token() }] });
  run.setTags({ token: token(), ['tag-' + token()]: 'x' });
  run.logMetric('loss of ' + token(), 0.5);
  run.logMetrics({ loss: 1, accuracy: NaN }, { step: 3, context: 'in ' + token() });
  run.setNote('a note with ' + token());
  run.logJson('answer', { body: JSON.stringify({ token: token() }) });
  run.logJson('named ' + token(), 1);
  run.logTable('table', [{ token: token(), [token()]: 1 }]);
  run.logDataset({ name: 'data', source: 'https://u:' + encodeURIComponent(token()) + '@host/data' });
  await run.logArtifact(new TextEncoder().encode('the bytes are the data of the user'), { path: 'of-' + encodeURIComponent(token()) + '/file.txt' });
  console.log('printed', token());
  console.error('basic', Buffer.from('user:' + token()).toString('base64'));
  const half = token().length >> 1;
  process.stdout.write('split ' + token().slice(0, half));
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.stdout.write(token().slice(half) + ' joined\\n');
  process.stderr.write('cut off ' + token().slice(0, half));
});

const report = step('report', { experimentTracker: ['vendor', 'other'], outputs: { answer: tracked.json() } }, async () => ({ answer: { token: token() } }));

const fail = step('fail', { experimentTracker: ['vendor', 'other'], onFailure: notify(), onEnd: say, retry: { retries: 1 } }, async () => {
  setTimeout(() => undefined, 1);
  const error = new TypeError('401 for ' + token(), { cause: new Error('because of ' + encodeURIComponent(token())) });
  error.request = { headers: { authorization: token() } };
  throw error;
});

const take = step('take', async ({ given }) => {
  console.log('given', given);
});

export const telling = pipeline('telling', { params: { given: '' }, onFailure: notify() }, ({ given }) => {
  const told = tell();
  const taken = take({ given }, { after: [told] });
  const answered = report(undefined, { after: [taken] });
  fail(undefined, { after: [answered] });
});
`;
