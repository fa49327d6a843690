import { expect, test } from '@jest/globals';
import * as errors from './errors.ts';

/** Facts of whatever a message asks for. */
const anything: object = new Proxy(() => '', {
  get: (_, key) =>
    key === Symbol.toPrimitive ? () => '1' : key === 'toString' ? () => 'x' : key === 'length' ? 0 : key === 'join' ? () => 'x' : anything,
  apply: () => anything,
});

const classes = Object.entries(errors).flatMap(([name, type]) =>
  typeof type === 'function' && 'code' in type ? [{ name, type: type as unknown as new (facts: unknown) => Error }] : [],
);

test.each(classes)('an error of the class $name is called so, in its stack too', ({ name, type }) => {
  const error = new type(['Transient', 'Permanent'].includes(name) ? 'no wine' : anything);
  expect([type.name, error.name]).toEqual([name, name]);
  expect(error.stack).toMatch(new RegExp(`^${name}: `));
});
