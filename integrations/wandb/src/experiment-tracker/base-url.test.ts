import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, test } from '@jest/globals';
import { startWandbRecorder } from '@mortise/wandb-client/testing';
import { validate } from 'class-validator';

import { curve, eventsOf, KEY, never, newIdentity, newStart, trackerWith } from '../testing/tracker-at.ts';
import { wandbAccess } from './wandb-access.ts';
import { WandbTrackerConfig } from './wandb-tracker-config.ts';

const RULE = 'must be an address http(s)://HOST[:PORT][/PATH], without a user, a query or a fragment';
const before = process.env['WANDB_BASE_URL'];
afterEach(() => {
  if (before === undefined) delete process.env['WANDB_BASE_URL'];
  else process.env['WANDB_BASE_URL'] = before;
});

async function complaints(baseUrl: string): Promise<string[]> {
  const errors = await validate(Object.assign(new WandbTrackerConfig(), { baseUrl }));
  return errors.flatMap(({ constraints }) => Object.values(constraints ?? {}));
}

const GOOD = [
  'https://wandb.example',
  'https://wandb.example/',
  'https://wandb.example:8443',
  'http://localhost:8080/wandb/',
  'http://[::1]:80',
];
const BAD = [
  ...['https://wandb.example?x=1', 'https://wandb.example/#/home', 'https://api:key@wandb.example', 'wandb.example', 'ftp://wandb.example'],
  ...['https://', 'https://wandb.example/a b'],
];

describe('an address of a server', () => {
  test.each(GOOD)('%s is taken', async (url) => expect(await complaints(url)).toEqual([]));

  test.each(BAD)('%s is refused when the component is registered, in one line', async (url) =>
    expect(await complaints(url)).toEqual([RULE]),
  );

  test.each(BAD)('%s of the environment is refused as well', (url) => {
    process.env['WANDB_BASE_URL'] = url;
    expect(() => wandbAccess({ apiKey: KEY }, { projectRoot: '/project', fetch })).toThrow(`WANDB_BASE_URL ${RULE}`);
  });

  test('may have a path, below which the whole of a run goes', async () => {
    const recorder = await startWandbRecorder();
    const { hostname, port } = new URL(recorder.url);
    const paths = new Set<string>();
    const front = createServer((asked, answer) => {
      const { url = '', method, headers } = asked;
      paths.add(url.split('/')[1]!);
      const onward = request({ hostname, port, method, headers, path: url.replace(/^\/wandb/, '') }, (got) => {
        answer.writeHead(got.statusCode!, got.headers);
        got.pipe(answer);
      });
      asked.pipe(onward);
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(front.address() as AddressInfo).port}/wandb/`;
    recorder.showAs(baseUrl.replace(/\/$/, ''));
    const run = await (await trackerWith({ baseUrl, apiKey: KEY, project: 'wine' })).open(newIdentity(), newStart(), undefined, never);
    await run.deliver(eventsOf([...curve('loss', 2), { kind: 'json', name: 'notes', mime: 'application/json', value: 1 }]), never);
    const { url } = await run.close({ status: 'completed' }, Date.now(), never);
    expect(url).toBe(`${baseUrl}acme/wine/runs/${run.ref.id!}`);
    expect(recorder.run(run.ref.id!)).toMatchObject({ exitCode: 0, files: { 'notes.json': Buffer.from('1') } });
    expect([...paths]).toEqual(['wandb']);
    front.close();
    await recorder.stop();
  });
});
