import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { consumer, type Consumer } from './testing/consumer.ts';

const PROGRAM = `
import { pipeline, runPipeline, step } from '@mortise/core';
const load = step('load', () => [1, 2, 3]);
const scale = step('scale', ({ rows, rate }: { rows: number[]; rate: number }) => rows.map((row) => row * rate));
const scaled = pipeline('scaled', { params: { rate: 0.1, word: 'a' } }, ({ rate }) => ({ rows: scale({ rows: load(), rate }) }));
pipeline('outer', () => scaled());
class Scaled {
  @step() async load() { return 1; }
  @pipeline({ params: { rate: 1 } }) async run({ rate }: { rate: number }) { return (await this.load()) * rate; }
}
export const rows: () => Promise<number[]> = async () => (await scaled.run()).result.rows;
void scaled.run({ rate: 1 });
void runPipeline(Scaled, { rate: 2 });
// @ts-expect-error: a param of another type
void scaled.run({ rate: 'fast' });
// @ts-expect-error: an unknown param
void scaled.run({ speed: 1 });
// @ts-expect-error: a wrong wire
pipeline('wrong', () => scale({ rows: scaled(), rate: 1 }));
`;

let others: Consumer;
beforeAll(() => {
  others = consumer();
  others.write('program.ts', PROGRAM.trim());
});
afterAll(() => others.remove());

test('a program that is compiled without strict may leave out params that have defaults, and is told of wrong ones', () => {
  const options = ['--noEmit', '--strict', 'false', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
  const { stdout, status } = others.tsc(...options, 'program.ts');
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
