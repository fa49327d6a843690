// The array is stored and hashed where it lies, then read back into the same memory and checked: one copy, ever.
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';

const CHUNK = 1 << 20;
const file = 'floor/array.bin';

const values = new Float64Array(12_500_000);
for (let i = 0; i < values.length; i++) values[i] = i / 2;
const bytes = new Uint8Array(values.buffer);

/** Puts all bytes through `move`, which says how many it took, and gives their hash. */
function hashed(move) {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length;) {
    const length = move(bytes.subarray(at, at + CHUNK));
    hash.update(bytes.subarray(at, at + length));
    at += length;
  }
  return hash.digest('hex');
}

const out = openSync(file, 'w');
const written = hashed((chunk) => writeSync(out, chunk));
fsyncSync(out);
closeSync(out);
bytes.fill(0);
const back = openSync(file, 'r');
const read = hashed((chunk) => readSync(back, chunk));
closeSync(back);

let total = 0;
for (let i = 0; i < values.length; i++) total += values[i];
if (read !== written || total !== (12_500_000 * 12_499_999) / 4) throw new Error(`${read}, ${total}`);
console.log(JSON.stringify({ maxRssKiB: process.resourceUsage().maxRSS }));
