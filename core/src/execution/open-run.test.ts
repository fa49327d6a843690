import { expect, it, jest } from '@jest/globals';

import { pipeline, step } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';
import { openRun } from './open-run.ts';

const one = step('one', async () => 1);

it('a warning is told once, and what fails again and again adds neither warnings nor writes without end, also after the end', async () => {
  const project = await temporaryProject();
  const { spec } = await pipeline('warned', () => one()).compile();
  const run = await openRun(spec, {});
  const added = jest.spyOn(run.store, 'addWarnings');
  for (let tick = 0; tick < 5; tick++) run.warn('the timer failed');
  expect(run.warnings).toEqual(['the timer failed']);
  await run.finish('completed');
  for (let tick = 0; tick < 5; tick++) run.warn('the timer failed');
  for (let tick = 0; tick < 2_000; tick++) run.warn(`tick ${tick} failed`);
  expect(added.mock.calls.length).toBeLessThan(500);
  await Promise.all(added.mock.results.map(({ value }) => value));
  const { warnings } = (await run.store.run(run.id))!;
  expect(warnings.slice(0, 2)).toEqual(['the timer failed', 'tick 0 failed']);
  expect(warnings.at(-1)).toBe('there were more warnings, which are not kept');
  await run.release();
  project.remove();
});
