import { pipeline, step } from '@mortise/core';

const next = step('next', async ({ n }) => n + 1);

export const chain = pipeline('chain', { params: { steps: 100 } }, ({ steps }) => {
  let n = next({ n: 0 });
  for (let i = 1; i < steps; i++) n = next({ n });
  return n;
});
