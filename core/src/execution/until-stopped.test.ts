import { afterEach, describe, expect, it, jest } from '@jest/globals';

import { isError, StepTimeout } from '../errors.ts';
import type { StepSpec } from '../pipeline/pipeline-spec.ts';
import { AttemptStop } from './attempt-stop.ts';
import { untilStopped } from './until-stopped.ts';

const stepOf = (timeoutMs: number): StepSpec => ({
  ...{ id: 'slow', name: 'slow', module: 'm', inputs: {}, outputs: [], splitOutputs: false, after: [], when: [] },
  options: { timeoutMs },
});

describe('the time of a step', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('is not up because somebody put the clock forward', async () => {
    const clock = Date.now.bind(Date);
    const work = async (): Promise<string> => {
      jest.spyOn(Date, 'now').mockImplementation(() => clock() + 3_600_000);
      return 'done';
    };
    expect(await untilStopped(work, stepOf(60_000), new AttemptStop())).toBe('done');
  });

  it('is up for code that never let the event loop turn, also when somebody put the clock back', async () => {
    const clock = Date.now.bind(Date);
    const work = async (): Promise<string> => {
      for (const end = clock() + 60; clock() < end;);
      jest.spyOn(Date, 'now').mockImplementation(() => clock() - 3_600_000);
      return 'too late';
    };
    const thrown: unknown = await untilStopped(work, stepOf(30), new AttemptStop()).catch((error: unknown) => error);
    expect(isError(thrown, StepTimeout)).toBe(true);
  });

  it('may be longer than a timer can be set for', async () => {
    const work = (): Promise<string> => new Promise((resolve) => setTimeout(resolve, 20, 'done'));
    for (const timeoutMs of [30 * 86_400_000, Number.MAX_VALUE])
      expect(await untilStopped(work, stepOf(timeoutMs), new AttemptStop())).toBe('done');
  });
});
