import assert from 'node:assert/strict';
import { connect } from 'node:net';

import { proxiedArtifactPath } from '../../artifacts/proxied-artifact-path.ts';
import { bytesOf, failsWith, type Claim, type Place } from './claim.ts';

/** Where a new run's artifacts are, below the proxy's root. */
async function folder(place: Place): Promise<{ runId: string; root: string }> {
  const runId = await place.run();
  return { runId, root: proxiedArtifactPath((await place.client.getRun(runId))!.artifactUri)! };
}

const text = (value: string): Uint8Array => Buffer.from(value);

async function* inChunks(count: number, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < count; at++) yield new Uint8Array(size).fill(at);
}

export const artifactClaims: Claim[] = [
  {
    claim: 'bytes come back as they were put, whole or streamed, with their size told or not',
    async prove(place) {
      const { root } = await folder(place);
      const { artifacts } = place.client;
      const expected = await bytesOf(inChunks(7, 100_000));
      await artifacts.put(`${root}/whole`, expected);
      await artifacts.put(`${root}/told`, inChunks(7, 100_000), { size: 700_000 });
      await artifacts.put(`${root}/untold`, inChunks(7, 100_000));
      await artifacts.put(`${root}/none`, new Uint8Array());
      for (const name of ['whole', 'told', 'untold']) assert.ok((await bytesOf(artifacts.get(`${root}/${name}`))).equals(expected), name);
      assert.equal((await bytesOf(artifacts.get(`${root}/none`))).length, 0);
    },
  },
  {
    claim: 'a part of an artifact is read, also past its end',
    async prove(place) {
      const { root } = await folder(place);
      const path = `${root}/digits`;
      await place.client.artifacts.put(path, text('0123456789'));
      const read = async (range: { from?: number; to?: number }) => (await bytesOf(place.client.artifacts.get(path, range))).toString();
      assert.deepEqual(await Promise.all([{ from: 3, to: 6 }, { from: 8 }, { to: 2 }, { from: 8, to: 99 }].map(read)), [
        '345',
        '89',
        '01',
        '89',
      ]);
      assert.deepEqual(await Promise.all([{ from: 10 }, { from: 99, to: 120 }, { from: 4, to: 4 }].map(read)), ['', '', '']);
    },
  },
  {
    claim: 'an artifact tells its size and its time; one that there is not, and a folder, are undefined',
    async prove(place) {
      const { root } = await folder(place);
      await place.client.artifacts.put(`${root}/a/b`, text('12345'));
      const stat = await place.client.artifacts.stat(`${root}/a/b`);
      assert.equal(stat?.size, 5);
      assert.ok(Math.abs(stat.modifiedAt! - Date.now()) < 60_000);
      assert.equal(await place.client.artifacts.stat(`${root}/a/c`), undefined);
      assert.equal(await place.client.artifacts.stat(`${root}/a`), undefined);
    },
  },
  {
    claim: 'artifacts are listed by folder, through the proxy by name and of a run by path',
    async prove(place) {
      const { runId, root } = await folder(place);
      assert.deepEqual(await place.client.listArtifacts(runId), { rootUri: `mlflow-artifacts:/${root}`, files: [] });
      await place.client.artifacts.put(`${root}/plots/a b.txt`, text('123'));
      await place.client.artifacts.put(`${root}/model`, text('1'));
      const top = [
        { path: 'model', isDir: false, fileSize: 1 },
        { path: 'plots', isDir: true },
      ];
      assert.deepEqual((await place.client.listArtifacts(runId)).files, top);
      assert.deepEqual(await place.client.artifacts.list(root), top);
      assert.deepEqual((await place.client.listArtifacts(runId, 'plots')).files, [{ path: 'plots/a b.txt', isDir: false, fileSize: 3 }]);
      assert.deepEqual(await place.client.artifacts.list(`${root}/plots`), [{ path: 'a b.txt', isDir: false, fileSize: 3 }]);
      assert.deepEqual(await place.client.artifacts.list(`${root}/nowhere`), []);
    },
  },
  {
    claim: 'what is put again is replaced, what is deleted is gone, and deleting it again is fine',
    async prove(place) {
      const { root } = await folder(place);
      const { artifacts } = place.client;
      await artifacts.put(`${root}/a/b`, text('longer'));
      await artifacts.put(`${root}/a/b`, text('new'));
      assert.equal((await bytesOf(artifacts.get(`${root}/a/b`))).toString(), 'new');
      await artifacts.delete(`${root}/a`);
      await artifacts.delete(`${root}/a`);
      const error = await failsWith('not-found', bytesOf(artifacts.get(`${root}/a/b`)), /No such artifact/);
      assert.equal(error.status, 404);
    },
  },
  {
    claim: 'odd names are names',
    async prove(place) {
      const { root } = await folder(place);
      const names = [
        'a b',
        'é',
        'q?x',
        '50%',
        'p%x',
        'a:b',
        'a;b',
        'a&b=c',
        'a+b',
        '~x',
        "q'q",
        '"',
        '[x]',
        '...',
        '.hidden',
        '*',
        '<>|',
        'a@b,c$d!',
      ];
      for (const name of names) await place.client.artifacts.put(`${root}/${name}`, text(name));
      for (const name of names) assert.equal((await bytesOf(place.client.artifacts.get(`${root}/${name}`))).toString(), name);
      const listed = (await place.client.artifacts.list(root)).map(({ path }) => path);
      assert.deepEqual(listed.sort(), names.sort());
    },
  },
  {
    claim: 'the server decodes a path again and again and keeps it under another name; the client refuses such paths',
    async prove(place) {
      const { root } = await folder(place);
      const put = async (name: string) =>
        (await fetch(`${place.url}/api/2.0/mlflow-artifacts/artifacts/${root}/${name}`, { method: 'PUT', body: 'x' })).status;
      assert.deepEqual([await put('p%252541'), await put('q%3F'), await put('%252e%252e/up'), await put('h%23x')], [200, 200, 400, 400]);
      const listed = (await place.client.artifacts.list(root)).map(({ path }) => path);
      assert.deepEqual(listed, ['pA', 'q']);
      for (const name of ['p%41', 'q?', '%2e%2e/up', 'h#x', 'line\nbreak', '../up', './same', 'a//b', '', '/', 'a/']) {
        await failsWith('invalid', place.client.artifacts.put(`${root}/${name}`, text('x')), /artifact path/);
        await failsWith('invalid', bytesOf(place.client.artifacts.get(`${root}/${name}`)), /artifact path/);
      }
    },
  },
  {
    claim: 'a name takes 255 bytes; a longer one the server fails at, and the client refuses',
    async prove(place) {
      const { root } = await folder(place);
      const [longest, longer] = ['é'.repeat(127) + 'x', 'é'.repeat(128)];
      await place.client.artifacts.put(`${root}/${longest}/${longest}`, text('x'));
      assert.equal((await bytesOf(place.client.artifacts.get(`${root}/${longest}/${longest}`))).toString(), 'x');
      assert.equal((await place.raw('PUT', `mlflow-artifacts/artifacts/${root}/${encodeURIComponent(longer)}`, 'x')).status, 500);
      for (const path of [`${root}/${longer}`, `${root}/${longer}/x`])
        await failsWith('invalid', place.client.artifacts.put(path, text('x')), /more than 255 bytes/);
    },
  },
  {
    claim: 'an artifact that is a web page is one: it comes as an attachment, and an answer to writing is no page',
    async prove(place) {
      const { root } = await folder(place);
      const page = '<!doctype html><title>Report</title>';
      const path = `${root}/report.html`;
      await place.client.artifacts.put(path, text(page));
      const response = await fetch(`${place.url}/api/2.0/mlflow-artifacts/artifacts/${path}`);
      assert.match(`${response.headers.get('content-type')} ${response.headers.get('content-disposition')}`, /^text\/html.* attachment/);
      await response.text();
      assert.equal((await bytesOf(place.client.artifacts.get(path))).toString(), page);
      assert.equal((await place.client.artifacts.stat(path))?.size, page.length);
    },
  },
  {
    claim: 'a folder where a file should be, or a file where a folder should be, is the server’s trouble, in plain text',
    async prove(place) {
      const { root } = await folder(place);
      await place.client.artifacts.put(`${root}/a/b`, text('x'));
      const error = await failsWith('server', place.client.artifacts.put(`${root}/a`, text('x')), /Internal Server Error/);
      assert.equal(error.status, 500);
      await failsWith('server', place.client.artifacts.put(`${root}/a/b/c`, text('x')));
      await failsWith('invalid', bytesOf(place.client.artifacts.get(`${root}/a`)), /directory, not a file/);
    },
  },
  {
    claim: 'an upload that breaks off, for its source or for its connection, leaves nothing',
    async prove(place) {
      const { root } = await folder(place);
      const failing = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
        yield new Uint8Array(100_000);
        throw new RangeError('the source ended');
      };
      await assert.rejects(place.client.artifacts.put(`${root}/broken`, failing()), RangeError);
      for (const size of [699_999, 700_001]) {
        await failsWith('invalid', place.client.artifacts.put(`${root}/broken`, inChunks(7, 100_000), { size }), /said to have/);
      }
      await cutUpload(place.url, `${root}/broken`);
      await untilEmpty(() => place.client.artifacts.list(root));
      assert.equal(await place.client.artifacts.stat(`${root}/broken`), undefined);
      assert.deepEqual(await place.client.artifacts.list(root), []);
    },
  },
  {
    claim: 'a destination without parts says 501, and one PUT does it',
    async prove(place) {
      const { root } = await folder(place);
      const raw = await place.raw('POST', `mlflow-artifacts/mpu/create/${root}`, { path: 'a', num_parts: 2 });
      assert.deepEqual([raw.status, raw.json['error_code']], [501, 'NOT_IMPLEMENTED']);
      await assert.doesNotReject(place.client.artifacts.put(`${root}/a`, inChunks(3, 10), { size: 30 }));
    },
  },
];

/** The server takes a while to notice; gives up after a minute. */
async function untilEmpty(list: () => Promise<unknown[]>): Promise<void> {
  for (let tries = 0; tries < 600 && (await list()).length > 0; tries++) await new Promise((resolve) => setTimeout(resolve, 100));
}

/** Says that a thousand bytes come, sends ten and goes. */
async function cutUpload(url: string, path: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head = `PUT /api/2.0/mlflow-artifacts/artifacts/${path} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: 1000\r\n\r\n`;
  await new Promise((resolve) => socket.write(`${head}0123456789`, resolve));
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
}
