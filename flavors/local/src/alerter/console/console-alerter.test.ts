import { expect, jest, test } from '@jest/globals';
import { create } from './console-alerter.ts';

test('an alert is one line on stderr, whatever its text holds', async () => {
  const written: string[] = [];
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  const alerter = await create();
  const { signal } = new AbortController();
  const failed = {
    title: 'Run failed',
    text: 'boom\n\u001b[31mat step\u001b[0m "train"\u0007',
    severity: 'error',
    url: 'http://127.0.0.1/run/1',
  } as const;
  await alerter.send(failed, signal);
  await alerter.send({ title: 'Run done', text: 'accuracy 0.98', severity: 'info' }, signal);
  write.mockRestore();
  expect(written).toEqual(['[error] Run failed: boom at step "train" (http://127.0.0.1/run/1)\n', '[info] Run done: accuracy 0.98\n']);
});
