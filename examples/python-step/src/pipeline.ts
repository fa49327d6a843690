import { activeRun, pipeline, step, tracked } from '@mortise/core';

import { runPython } from './run-python.ts';

interface Point {
  x: number;
  y: number;
}

interface Line {
  slope: number;
  offset: number;
}

/** Points around y = 3x + 1. */
const load = step('load', ({ count }: { count: number }): Point[] =>
  Array.from({ length: count }, (_, i) => ({ x: i / count, y: (3 * i) / count + 1 + Math.sin(i) / 10 })),
);

/** The script is a file that the step depends on: when it changes, the step runs again. */
const train = step(
  'train',
  { experimentTracker: true, cacheFiles: ['src/train.py'], outputs: { model: {}, metrics: tracked.metrics() } },
  async ({ points, rate, epochs }: { points: Point[]; rate: number; epochs: number }) => {
    const run = activeRun();
    run.logParam('optimizer', 'stochastic gradient descent, in Python');
    const { loss, ...model } = await runPython<Line & { loss: number }>(new URL('train.py', import.meta.url), {
      input: { points, rate, epochs },
      env: await run.env(),
      signal: run.signal,
    });
    return { model, metrics: { finalLoss: loss } };
  },
);

const describe = step('describe', ({ model }: { model: Line }) => `y = ${model.slope.toFixed(2)}x + ${model.offset.toFixed(2)}`);

export const pythonStep = pipeline('python-step', { params: { count: 200, rate: 0.05, epochs: 20 } }, ({ count, rate, epochs }) =>
  describe({ model: train({ points: load({ count }), rate, epochs }).model }),
);
