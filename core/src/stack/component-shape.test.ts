import { describe, expect, test } from '@jest/globals';
import { shapeFlaw } from './component-shape.ts';

const method = (): void => undefined;
const store = { put: method, get: method, stat: method, list: method, delete: method, uri: method, id: 'here', capabilities: {} };
const without = (key: keyof typeof store): object => Object.fromEntries(Object.entries(store).filter(([name]) => name !== key));

class Tracker {
  readonly capabilities = {};
  open(): void {}
}

describe('a component', () => {
  test('may be an object, or an instance with its methods on the prototype', () => {
    expect(shapeFlaw('artifact-store', store)).toBeUndefined();
    expect(shapeFlaw('experiment-tracker', new Tracker())).toBeUndefined();
    expect(shapeFlaw('experiment-tracker', new (class extends Tracker {})())).toBeUndefined();
  });

  test.each(['put', 'get', 'stat', 'list', 'delete', 'uri'] as const)('that is an artifact store has %s()', (name) => {
    expect(shapeFlaw('artifact-store', without(name))).toBe(`has no ${name}()`);
  });

  test.each([
    ['artifact-store', without('id'), 'has no id'],
    ['artifact-store', without('capabilities'), 'has no capabilities'],
    ['experiment-tracker', { capabilities: {} }, 'has no open()'],
    ['experiment-tracker', { capabilities: {}, open: 'yes' }, 'has no open()'],
    ['experiment-tracker', { open: method }, 'has no capabilities'],
    ['experiment-tracker', { open: method, capabilities: null }, 'has no capabilities'],
    ['orchestrator', {}, 'has no execute()'],
    ['alerter', {}, 'has no send()'],
    ['alerter', null, 'is null: create() is to give an object'],
    ['alerter', undefined, 'is undefined: create() is to give an object'],
  ] as const)('that is an %s, made as %j, %s', (type, component, flaw) => {
    expect(shapeFlaw(type, component)).toBe(flaw);
  });
});
