import { pipeline, step } from '@mortise/core';

const make = step('make', async () => {
  const values = new Float64Array(12_500_000);
  for (let i = 0; i < values.length; i++) values[i] = i / 2;
  return values;
});
const sum = step('sum', async ({ values }) => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
});
const array = pipeline('array', () => sum({ values: make() }));

const { status, result } = await array.run();
if (status !== 'completed' || result !== (12_500_000 * 12_499_999) / 4) throw new Error(`${status}, ${result}`);
console.log(JSON.stringify({ maxRssKiB: process.resourceUsage().maxRSS }));
