// node run-mapped.js ITEMS: a step mapped over a list, and another one over what its items gave
import { pipeline, step } from '@mortise/core';

const numbers = step('numbers', async ({ length }) => Array.from({ length }, (_, index) => index));
const twice = step('twice', async ({ n }) => 2 * n);
const next = step('next', async ({ n }) => n + 1);
const total = step('total', async ({ all }) => all.reduce((sum, n) => sum + n, 0));

const mapped = pipeline('mapped', { params: { length: 100 } }, ({ length }) =>
  total({ all: next.map({ n: twice.map({ n: numbers({ length }) }) }) }),
);

const length = Number(process.argv[2]);
const { status, result } = await mapped.run({ length }, { cache: false });
if (status !== 'completed' || result !== length * length) throw new Error(`${status}, ${result} of ${length * length}`);
