import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, test } from '@jest/globals';

const MB = 1024 * 1024;

/** Peak memory, in MB, that `code` adds in a process of its own, which has the folder's modules and `array`: 100 MB of doubles. */
async function peakOf(code: string): Promise<number> {
  const script = `
    import { mkdtempSync, rmSync } from 'node:fs';
    import { tmpdir } from 'node:os';
    import { join } from 'node:path';
    const at = (path) => import(new URL(path, ${JSON.stringify(import.meta.url)}).href);
    const { saveValue } = await at('./save-value.ts');
    const { loadValue } = await at('./load-value.ts');
    const { fingerprint } = await at('./fingerprint.ts');
    const { HandOver } = await at('./hand-over.ts');
    const { temporaryArtifactStore } = await at('../testing/temporary-artifact-store.ts');
    using place = await temporaryArtifactStore();
    const { store } = place;
    let array = new Float64Array(${(100 * MB) / 8});
    for (let i = 0; i < array.length; i++) array[i] = i;
    const version = { id: 'v', artifact: 'a', version: 1 };
    const save = () => saveValue(array, { store, keyPrefix: 'a/v' });
    await saveValue([1], { store, keyPrefix: 'a/w' });
    const { peakMemory } = await at('../testing/peak-memory.ts');
    const before = peakMemory();
    ${code}
    console.log(peakMemory() - before);`;
  // Told where it is, so that the package's own sources are found.
  const options = { cwd: new URL('.', import.meta.url) };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=mortise-source', '--input-type=module', '-e', script],
    options,
  );
  return Number(stdout) / MB;
}

test('saving and fingerprinting 100 MB of an array takes no copy of it', async () => {
  expect(await peakOf('await save(); await fingerprint(array);')).toBeLessThan(30);
});

test('handing 100 MB over takes no second copy, and neither does loading it afresh when it was changed', async () => {
  const handOver = `const { encoded, ...saved } = await save();
    const record = { ...version, ...saved };
    const handOver = new HandOver();
    handOver.keep(record, array, encoded);`;
  expect(await peakOf(`${handOver} if (await handOver.take(record, store) !== array) throw new Error('copied');`)).toBeLessThan(30);
  const changed = `${handOver} array[0] = 9; array = undefined; const fresh = await handOver.take(record, store); if (fresh[0] !== 0) throw new Error('changed');`;
  expect(await peakOf(changed)).toBeLessThan(60);
});

test('loading 100 MB takes the array and little more', async () => {
  expect(await peakOf('const saved = await save(); await loadValue({ ...version, ...saved }, store);')).toBeLessThan(160);
});

test('a stream of 200 MB is stored as it comes, and read back in little memory', async () => {
  const saveStream = `const { stream } = await at('./stream-artifact.ts');
    const block = new Uint8Array(100_000);
    const saved = await saveValue(stream(async function* () { for (let i = 0; i < 2000; i++) yield block; }), { store, keyPrefix: 'a/v' });`;
  expect(await peakOf(saveStream)).toBeLessThan(30);
  // Buffers are freed as Node's collector sees fit: about 70 MB of them are about.
  const ofNewBlocks = saveStream.replace('yield block', 'yield new Uint8Array(100_000).fill(i)');
  expect(await peakOf(ofNewBlocks)).toBeLessThan(120);
  // Read buffers are freed as Node's collector sees fit: about 64 MB of them are about.
  const readStream = `let size = 0;
    for await (const bytes of await loadValue({ ...version, ...saved }, store)) size += bytes.length;
    if (size !== 200_000_000) throw new Error('read ' + size);`;
  expect(await peakOf(saveStream + readStream)).toBeLessThan(110);
});
