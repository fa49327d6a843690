import { afterAll, expect, test } from '@jest/globals';
import { ReadmeExample } from '@mortise/test-servers';

import { startStubServer } from './testing/index.ts';

const example = new ReadmeExample(new URL('../README.md', import.meta.url));
afterAll(() => example.remove());

test('the example in the README compiles', () => example.compile());

test('the example in the README does what it says', async () => {
  const server = await startStubServer();
  const stdout = await example.run({ MLFLOW_TRACKING_URI: server.url });
  const [loss, ...said] = [stdout.split('\n').slice(0, 3), ...stdout.split('\n').slice(3)];
  expect(loss).toEqual(['0 1', '1 0.5', '2 NaN']);
  expect(said[0]).toMatch(/^MLflow at .* refused runs\/log-batch: Changing param values is not allowed/);
  const [stored] = server.store.runs.values();
  expect([stored?.status, stored?.params.get('lr')]).toEqual(['FINISHED', '0.1']);
  expect([...server.store.artifacts.files.keys()]).toEqual([`1/${stored?.id}/artifacts/notes.txt`]);
  await server.stop();
});
