// What a download would cost if its sha256 were computed by another thread: chunks are gathered in shared memory, which is hashed there and written here.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const BLOCK_BYTES = 1 << 20;
const BLOCKS = 8;

if (!isMainThread) {
  const digest = createHash('sha256');
  parentPort.on('message', ({ block, length, end }) => {
    if (end) return parentPort.postMessage({ sha256: digest.digest('hex') });
    digest.update(new Uint8Array(block, 0, length));
    parentPort.postMessage({ hashed: true });
  });
}

/** Writes the bytes of a body to a new file; gives their sha256. */
export async function writeHashedInWorker(path, body) {
  const worker = new Worker(new URL(import.meta.url));
  const file = await open(path, 'wx');
  const free = Array.from({ length: BLOCKS }, () => new SharedArrayBuffer(BLOCK_BYTES));
  const hashing = [];
  let sha256;
  let wake = () => undefined;
  worker.on('message', (message) => {
    if (message.hashed) hashing.shift().resolve();
    else sha256 = message.sha256;
    wake();
  });
  const until = async (isDone) => {
    while (!isDone()) await new Promise((resolve) => (wake = resolve));
  };
  let [used, at] = [0, 0];
  let block = free.pop();
  const handOn = () => {
    const [given, length] = [block, used];
    const hashed = Promise.withResolvers();
    hashing.push(hashed);
    worker.postMessage({ block: given, length });
    const written = file.write(new Uint8Array(given, 0, length), 0, length, at);
    at += length;
    void Promise.all([hashed.promise, written]).then(() => {
      free.push(given);
      wake();
    });
  };
  for await (const chunk of body) {
    if (used + chunk.length > BLOCK_BYTES) {
      handOn();
      await until(() => free.length > 0);
      block = free.pop();
      used = 0;
    }
    new Uint8Array(block).set(chunk, used);
    used += chunk.length;
  }
  handOn();
  await until(() => free.length === BLOCKS);
  worker.postMessage({ end: true });
  await until(() => sha256 !== undefined);
  await worker.terminate();
  await file.close();
  return sha256;
}
