// Moves files to or from a bucket through the S3 artifact store, as core does for files: with the sha256 of every byte. Prints its peak memory, MiB.
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import s3 from '@mortise/s3';
import { writeHashedInWorker } from './sha256-in-worker.js';

const { config, action, path, key } = JSON.parse(process.argv[2]);
const quiet = () => undefined;
const { create } = await s3.load();
const store = await create({
  config: { maxConcurrency: 4, partSize: 8 << 20, timeoutMs: 30_000, ...config },
  name: 's3',
  log: { debug: quiet, info: quiet, warn: quiet },
  fetch,
  scratch: path,
  projectRoot: path,
});

async function* hashed(body, digest) {
  for await (const chunk of body) {
    digest.update(chunk);
    yield chunk;
  }
}

async function up(file, to) {
  await store.put(to, createReadStream(file, { highWaterMark: 1 << 20 }));
}

/** As core does: what comes next is read while the disk is at work. */
async function write(path, bytes) {
  const file = await open(path, 'wx');
  let [block, size, writing] = [[], 0];
  for await (const chunk of bytes) {
    block.push(chunk);
    size += chunk.length;
    if (size < 1 << 20) continue;
    await writing;
    writing = file.writev(block);
    [block, size] = [[], 0];
  }
  await writing;
  if (size > 0) await file.writev(block);
  await file.close();
}

async function down(from, file) {
  await write(file, hashed(store.get(from), createHash('sha256')));
}

async function upSmall(file, to) {
  await store.put(to, await readFile(file));
}

/** Sixteen at once, as core's steps would. */
async function many(names, each) {
  const queue = names.values();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const name of queue) await each(name);
    }),
  );
}

async function keysOf(prefix) {
  const keys = [];
  for (let after; ;) {
    const { items, next } = await store.list(prefix, after === undefined ? {} : { after });
    keys.push(...items.map((item) => item.key.slice(prefix.length)));
    if (next === undefined) return keys;
    after = next;
  }
}

if (action === 'up') await up(path, key);
if (action === 'down') await down(key, path);
if (action === 'down-worker') await writeHashedInWorker(path, store.get(key));
if (action === 'up-many') await many(readdirSync(path), (name) => upSmall(join(path, name), `${key}/${name}`));
if (action === 'down-many') await many(await keysOf(`${key}/`), (name) => down(`${key}/${name}`, join(path, name)));
await store[Symbol.asyncDispose]();
console.log(process.resourceUsage().maxRSS / 1024);
