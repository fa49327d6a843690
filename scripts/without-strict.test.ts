import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { consumer, type Consumer } from './testing/consumer.ts';

const PROGRAM = `
import { pipeline, runPipeline, step } from '@mortise/core';
const load = step('load', () => [1, 2, 3]);
const scale = step('scale', ({ rows, rate }: { rows: number[]; rate: number }) => rows.map((row) => row * rate));
const scaled = pipeline('scaled', { params: { rate: 0.1, word: 'a' } }, ({ rate }) => ({ rows: scale({ rows: load(), rate }) }));
pipeline('outer', () => scaled());
const sized = step('sized', ({ size = 1 }: { size?: number }) => size);
pipeline('sizes', () => [sized(), sized({ size: 2 }), sized.map({ size: load() })]);
// @ts-expect-error: an unknown input beside none that must be given
pipeline('sizes', () => sized({ length: 2 }));
// @ts-expect-error: an input for a step that takes none
pipeline('none', () => load({ size: 2 }));
class Scaled {
  @step() async load() { return 1; }
  @pipeline({ params: { rate: 1 } }) async run({ rate }: { rate: number }) { return (await this.load()) * rate; }
}
class Sized {
  @pipeline({ params: { size: 1 } }) async run({ size = 2 }: { size?: number } = {}) { return size; }
}
void runPipeline(Sized, { size: 3 });
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
