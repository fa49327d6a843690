// node apart.js inline|process STEPS
import { pipeline, step } from '@mortise/core';

const next = step('next', async ({ n }) => n + 1);
const apart = pipeline('apart', { params: { steps: 20 } }, ({ steps }) => {
  let n = next({ n: 0 });
  for (let i = 1; i < steps; i++) n = next({ n });
  return n;
});

const [isolation, steps] = [process.argv[2], Number(process.argv[3])];
const ends = [];
const onStep = ({ status }) => status === 'completed' && ends.push(performance.now());
const { status, result } = await apart.run({ steps }, { cache: false, isolation, onStep });
if (status !== 'completed' || result !== steps) throw new Error(`${status}, ${result} of ${steps}`);
// From the end of the first step on: then the process is warm.
console.log(JSON.stringify({ msPerStep: (ends.at(-1) - ends[0]) / (steps - 1) }));
