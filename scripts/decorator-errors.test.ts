import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { consumer, type Consumer } from './testing/consumer.ts';

/** Wrong methods `run`, one per line, and what the compiler is to say last: TypeScript 7 shows the last overload only. */
const WRONG = [
  {
    what: 'a run() that is not async',
    code: 'class A { @pipeline() run() { return 1; } }',
    last: /^Type 'number' is not assignable to type 'Promise<unknown>'\.$/,
  },
  {
    what: 'a @pipeline method with another name',
    code: 'class B { @pipeline() async start() { return 1; } }',
    last: /'"start"' is not assignable to .*'"run"'\.$/,
  },
  {
    what: 'a default of another type',
    code: "class C { @pipeline({ params: { a: 'x' } }) async run({ a }: { a: number }) { return a; } }",
    last: /is not assignable to type '"a declared default has another type than run\(\) takes"'\.$/,
  },
  {
    what: 'a param that nobody declares',
    code: 'class D { @pipeline() async run({ a }: { a: number }) { return a; } }',
    last: /is not assignable to type '"run\(\) takes a param that is not declared"'\.$/,
  },
];
const REASONS = /"(a declared default has [^"]*|a declared param is [^"]*|run\(\) takes a param [^"]*)"/g;

let others: Consumer;
beforeAll(() => {
  others = consumer();
  others.write('wrong.ts', ["import { pipeline } from '@mortise/core';", ...WRONG.map(({ code }) => code)].join('\n'));
});
afterAll(() => others.remove());

/** The compiler's message about each line: its first line, and those below it. */
function messages(experimentalDecorators: boolean): string[][] {
  const options = { module: 'nodenext', target: 'es2023', strict: true, skipLibCheck: true, types: ['node'], noEmit: true };
  others.write('tsconfig.json', JSON.stringify({ compilerOptions: { ...options, experimentalDecorators }, files: ['wrong.ts'] }));
  const { stdout } = others.tsc();
  const all = stdout.trim().split(/\n(?=\S)/);
  return WRONG.map((_, index) => all.filter((message) => message.startsWith(`wrong.ts(${index + 2},`)).flatMap((m) => m.split('\n')));
}

const found = new Map<boolean, string[][]>();
const messageOf = (legacy: boolean, index: number): string[] => {
  if (!found.has(legacy)) found.set(legacy, messages(legacy));
  return found.get(legacy)![index]!;
};

const cases = [true, false].flatMap((legacy) =>
  WRONG.map(({ what, last }, index) => ({ what, last, legacy, index, kind: legacy ? 'legacy' : 'standard' })),
);
test.each(cases)('with $kind decorators the compiler ends its message about $what with that', ({ last, legacy, index }) => {
  expect(messageOf(legacy, index).at(-1)!.trim()).toMatch(last);
});
test.each(cases)('and names no other reason for $what ($kind)', ({ last, legacy, index }) => {
  const reasons = messageOf(legacy, index).flatMap((line) => [...line.matchAll(REASONS)].map(([reason]) => reason));
  expect(reasons.filter((reason) => !last.test(`is not assignable to type '${reason}'.`))).toEqual([]);
});
