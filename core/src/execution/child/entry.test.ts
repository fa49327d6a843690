import { expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { stepProcessEntry } from './entry.ts';

test('where core was bundled into a program, a step process is refused with what to do about it', () => {
  const bundle = new URL('./a-program.js', import.meta.url).href;
  expect(() => stepProcessEntry(bundle.replace('/src/', '/out/'))).toThrow(
    expect.objectContaining({
      code: 'STEP_PROCESS_NOT_STARTED',
      message: expect.stringContaining(
        `there is no ${fileURLToPath(new URL('dist/execution/child/main.js', bundle.replace('/src/', '/out/')))}`,
      ),
    }),
  );
});
