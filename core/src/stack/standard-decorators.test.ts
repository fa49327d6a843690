import { describe, expect, test } from '@jest/globals';
import { IsOptional, IsString } from 'class-validator';
import { FlavorBroken } from '../errors.ts';
import { describeFlavor } from './describe-flavor.ts';
import { orBroken } from './flavor-broken.ts';
import { defineFlavor } from './define-flavor.ts';
import { isOfStandardDecorators } from './standard-decorators.ts';

/** As a compiler does it that was not told otherwise. */
function decorateAsStandard(decorator: PropertyDecorator): never {
  (decorator as unknown as (value: undefined, context: object) => void)(undefined, { kind: 'field', name: 'folder' });
  throw new Error('class-validator took it');
}

const flavor = defineFlavor({
  apiVersion: 1,
  type: 'alerter',
  name: 'bell',
  config: async () => decorateAsStandard(IsString()),
  load: async () => ({ create: async () => ({ send: async () => undefined }) }),
});

describe('a config class with decorators that were compiled as standard ones', () => {
  test.each([IsString(), IsOptional()])('is known by what class-validator throws', (decorator) => {
    let thrown: unknown;
    try {
      decorateAsStandard(decorator);
    } catch (error) {
      thrown = error;
    }
    expect(isOfStandardDecorators(thrown)).toBe(true);
    expect(isOfStandardDecorators(new TypeError("Cannot read properties of undefined (reading 'constructor')"))).toBe(false);
  });

  test('is not registered, with the option that its tsconfig needs', async () => {
    await expect(describeFlavor(flavor, './bell.ts#default', '-')).rejects.toMatchObject({
      line: expect.stringMatching(/^FLAVOR_BAD_SCHEMA: .*compiled as standard ones.*"experimentalDecorators": true .*tsconfig\.json/),
    });
  });

  test('is told of when a component of it is made', async () => {
    const broken = orBroken(flavor, flavor.config!);
    await expect(broken).rejects.toThrow(FlavorBroken);
    await expect(broken).rejects.toMatchObject({ line: expect.stringContaining('"experimentalDecorators": true') });
  });
});
