import { describe, expect, test } from '@jest/globals';
import { BadFlavor } from '../errors.ts';
import { defineFlavor, isFlavor } from './define-flavor.ts';

const alerter = async () => ({ create: async () => ({ send: async () => undefined }) });
const literal = { apiVersion: 1, type: 'alerter', name: 'bell', load: alerter } as const;

describe('defineFlavor', () => {
  test('gives the literal back, marked, so that it is told from an unmarked one', () => {
    const given = { ...literal };
    expect(defineFlavor(given)).toBe(given);
    expect(isFlavor(given)).toBe(true);
    expect(isFlavor({ ...literal })).toBe(false);
    expect(isFlavor(undefined)).toBe(false);
  });

  test('marks in a way that another copy of the package recognises, and that does not show', () => {
    const flavor = defineFlavor({ ...literal });
    expect(Symbol.for('mortise.flavor.v1') in flavor).toBe(true);
    expect(Object.keys(flavor)).toEqual(Object.keys(literal));
  });

  test.each([
    [{ apiVersion: 2 }, 'its apiVersion is 2, this Mortise knows 1'],
    [{ type: 'alarm' }, 'its type is "alarm", which is none of orchestrator, artifact-store, experiment-tracker, alerter'],
    [{ name: 'a b' }, 'its name is "a b"'],
    [{ name: undefined }, 'its name is missing'],
    [{ secrets: 'token' }, 'its secrets are not a list of config keys'],
    [{ docs: 1 }, 'its docs are not a text'],
    [{ config: {} }, 'its config is not a function that gives the schema'],
    [{ settings: [] }, 'its settings is not a function that gives the schema'],
    [{ load: undefined }, 'its load is not a function that imports the implementation'],
  ])('refuses %j', (wrong, reason) => {
    const define = (): unknown => defineFlavor({ ...literal, ...wrong } as never);
    expect(define).toThrow(BadFlavor);
    expect(define).toThrow(reason);
  });

  test('imports neither config nor implementation', () => {
    const fail = (): never => {
      throw new Error('imported');
    };
    expect(() => defineFlavor({ ...literal, config: fail, settings: fail, load: fail })).not.toThrow();
  });
});
