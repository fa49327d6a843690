import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { validate } from 'class-validator';

import { MlflowTrackerConfig } from './mlflow-tracker-config.ts';
import { MlflowTrackerSettings } from './mlflow-tracker-settings.ts';

const { MLFLOW_TRACKING_URI: before } = process.env;
beforeEach(() => void delete process.env['MLFLOW_TRACKING_URI']);
afterEach(() => {
  if (before === undefined) delete process.env['MLFLOW_TRACKING_URI'];
  else process.env['MLFLOW_TRACKING_URI'] = before;
});

async function flaws(given: object, of: object = new MlflowTrackerConfig()): Promise<string> {
  const errors = await validate(Object.assign(of, given));
  return errors.flatMap(({ constraints = {} }) => Object.values(constraints)).join('; ');
}

describe('trackingUri', () => {
  test.each(['http://127.0.0.1:5000', 'https://mlflow.test/prefix'])('%s is taken', async (trackingUri) => {
    expect(await flaws({ trackingUri })).toBe('');
  });

  test.each(['sqlite:///mlflow.db', 'mlruns', 'databricks', 5, 'http://x.test/#/experiments/1'])('%s is refused', async (trackingUri) => {
    expect(await flaws({ trackingUri })).toContain('must be an http or https URL');
  });

  test.each(['sqlite:///mlflow.db', './mlruns'])('%s is refused with the command that serves it', async (trackingUri) => {
    expect(await flaws({ trackingUri })).toContain('"mlflow server --backend-store-uri ..." serves a folder or a database');
  });

  test('with a password in it is refused, without telling it', async () => {
    const told = await flaws({ trackingUri: 'http://me:hunter2@x.test' });
    expect(told).toContain('without a user, a password');
    expect(told).not.toContain('hunter2');
  });

  test('must be given unless MLflow has its variable', async () => {
    expect(await flaws({})).toBe('must be given unless the variable MLFLOW_TRACKING_URI is set');
    process.env['MLFLOW_TRACKING_URI'] = 'http://127.0.0.1:5000';
    expect(await flaws({})).toBe('');
    expect(await flaws({ trackingUri: 'nonsense' })).toContain('must be an http or https URL');
  });
});

test('a registered model has a name that MLflow takes', async () => {
  const settings = (given: object): Promise<string> => flaws(given, new MlflowTrackerSettings());
  expect(await settings({ registerModel: 'wine quality' })).toBe('');
  expect(await settings({ registerModel: 'a/b' })).toContain('without "/"');
  expect(await settings({ experimentName: '' })).not.toBe('');
});

describe('an alias', () => {
  const settings = (modelAlias: unknown, registerModel: string | undefined = 'wine'): Promise<string> =>
    flaws({ modelAlias, ...(registerModel !== undefined && { registerModel }) }, new MlflowTrackerSettings());

  test.each(['champion', 'prod-2026', 'v', 'v1-beta', 'Größe_1', 'x'.repeat(255)])('%s is taken', async (alias) => {
    expect(await settings(alias)).toBe('');
  });

  test.each(['', 'a b', 'a/b', 'latest', 'Latest', 'v12', 'V1', 'x'.repeat(256), 5])('%s is refused', async (alias) => {
    expect(await settings(alias)).toMatch(/^must be of letters, digits, "_" and "-"[^\n]*$/);
  });

  test('without a model is refused', async () => {
    expect(await flaws({ modelAlias: 'champion' }, new MlflowTrackerSettings())).toBe('needs "registerModel" beside it');
  });
});
