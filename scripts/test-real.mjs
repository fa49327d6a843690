// The tests against real servers, `*.real.test.ts`: `npm run test:real`, or some of them: `npm run test:real -- integrations/s3`.
// Everything that is started ends with this process, whatever ends it: see integrations/test-servers/src/guard.mjs.
import { createServer } from 'node:http';
import { constants } from 'node:os';
import { startGuarded } from '../integrations/test-servers/src/guarded-process.ts';
import { startAzurite, startGcs, startMlflow, startS3 } from '../integrations/test-servers/src/index.ts';
import { provisionAll } from './provision-servers.mjs';
import { testTwice } from './test-twice.ts';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(128 + constants.signals[signal]));

// A signal to the npm that started this does not come this far.
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(1), 500).unref();

/** Each is started when the first test file asks for it, and shared by all. */
function sharedServers() {
  const starts = {
    '/mlflow': async () => {
      const { url, python, stop } = await startMlflow();
      return { address: { url, python }, stop };
    },
    '/azurite': async () => {
      const { url, account, accountKey, stop } = await startAzurite();
      return { address: { url, account, accountKey }, stop };
    },
    '/gcs': async () => {
      const { url, stop } = await startGcs();
      return { address: { url }, stop };
    },
    '/s3': async () => {
      const { url, accessKeyId, secretAccessKey, region, stop } = await startS3();
      return { address: { url, accessKeyId, secretAccessKey, region }, stop };
    },
  };
  const started = {};
  const desk = createServer(async ({ url }, answer) => {
    try {
      const { address } = await (started[url] ??= starts[url]());
      answer.end(JSON.stringify(address));
    } catch (error) {
      answer.writeHead(500).end(error.message);
    }
  });
  return {
    listen: () => new Promise((resolve) => desk.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${desk.address().port}`))),
    async stop() {
      desk.closeAllConnections();
      desk.close();
      for (const start of await Promise.allSettled(Object.values(started))) await start.value?.stop();
    },
  };
}

async function runTests(args) {
  const servers = sharedServers();
  const servedAt = await servers.listen();
  const jest = [
    '--experimental-vm-modules',
    '--no-warnings=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--config',
    'jest.real.config.mjs',
  ];
  try {
    return await testTwice(async (args, env) => {
      const run = await startGuarded(process.execPath, [...jest, ...args], {
        env: { ...process.env, MORTISE_TEST_SERVERS: servedAt, ...env },
      });
      return run.exited();
    }, args);
  } finally {
    await servers.stop();
  }
}

const failed = await provisionAll();
if (failed > 0) console.log(`0 passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : await runTests(process.argv.slice(2));
