// node busy.js STEPS
import { pipeline, step } from '@mortise/core';

/** About a second of computing. */
const count = step('count', ({ from }) => {
  let x = from;
  for (let i = 0; i < 600_000_000; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return x;
});
const busy = pipeline('busy', { params: { steps: 1 } }, ({ steps }) => {
  for (let i = 0; i < steps; i++) count({ from: i });
});

const { status, steps } = await busy.run({ steps: Number(process.argv[2]) }, { cache: false, isolation: 'process' });
const times = Object.values(steps).flatMap(({ startedAt, endedAt }) => [Date.parse(startedAt), Date.parse(endedAt)]);
if (status !== 'completed') throw new Error(status);
console.log(JSON.stringify({ ms: Math.max(...times) - Math.min(...times) }));
