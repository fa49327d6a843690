import { globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';
import { isFlavor, type Flavor } from '@mortise/core';

import { UnknownFlavor } from '../core/src/errors.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** All that packages of ours export; `source`: what registers it, the package alone for what is its default export. */
async function packagedFlavors(): Promise<{ of: string; source: string; type: string; name: string }[]> {
  const packages = globSync('integrations/*/src/index.ts', { cwd: repository });
  const exported = packages.map(async (file) => {
    const module = (await import(join(repository, file))) as Record<string, unknown>;
    const of = `@mortise/${file.split(/[\\/]/)[1]}`;
    const flavors = Object.entries(module).filter(([key, value]) => isFlavor(value) && (key === 'default' || value !== module['default']));
    return flavors.map(([key, flavor]) => {
      const { type, name } = flavor as Flavor;
      return { of, source: key === 'default' ? of : `${of}#${key}`, type, name };
    });
  });
  return (await Promise.all(exported)).flat();
}

test('who asks for a flavor of one of our packages is told which, and how to get it', async () => {
  const flavors = await packagedFlavors();
  expect(flavors.length).toBeGreaterThanOrEqual(8);
  for (const { of, source, type, name } of flavors) {
    const advice = `"${name}" is of the package ${of}: run "npm install ${of}" and "mortise ${type} flavor register ${source}".`;
    expect(new UnknownFlavor({ type, flavor: name, known: ['local'] })).toMatchObject({ advice });
  }
});

test('and so is who misspells it, unless it looks more like one that is known', () => {
  const adviceOn = (flavor: string) => new UnknownFlavor({ type: 'experiment-tracker', flavor, known: ['local'] }).advice;
  expect(adviceOn('mlflo')).toMatch(/^"mlflow" is of the package @mortise\/mlflow: /);
  expect(adviceOn('locl')).toBe('Did you mean "local"?');
  expect(adviceOn('sagemaker')).toBe(
    'Known: local. One of a package is made known by "mortise experiment-tracker flavor register PACKAGE".',
  );
});
