import { afterAll, expect, test } from '@jest/globals';
import { ReadmeExample } from '@mortise/test-servers';

import { startWandbRecorder } from './testing/index.ts';

const example = new ReadmeExample(new URL('../README.md', import.meta.url));
afterAll(() => example.remove());

test('the example in the README compiles', () => example.compile());

test('the example in the README does what it says', async () => {
  const recorder = await startWandbRecorder();
  expect(await example.run({ WANDB_API_KEY: 'k'.repeat(40), WANDB_BASE_URL: recorder.url })).toBe(`${recorder.url}/acme/wine/runs/run-1\n`);
  const { displayName, tags, exitCode, streams } = recorder.run('run-1')!;
  expect({ displayName, tags, exitCode, rows: streams['wandb-history.jsonl']!.length }).toEqual({
    displayName: 'first',
    tags: ['red'],
    exitCode: 0,
    rows: 3,
  });
  await recorder.stop();
});
