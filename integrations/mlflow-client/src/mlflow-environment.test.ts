import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { isMlflowError, mlflowEnvironment } from './index.ts';

test('MLflow’s own variables become options, the certificates read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mortise-environment-'));
  const path = join(folder, 'ca.pem');
  writeFileSync(path, 'PEM');
  const env = {
    MLFLOW_TRACKING_URI: 'https://host',
    MLFLOW_TRACKING_USERNAME: 'ada',
    MLFLOW_TRACKING_PASSWORD: 'secret',
    MLFLOW_TRACKING_TOKEN: 'token',
    MLFLOW_TRACKING_SERVER_CERT_PATH: path,
  };
  expect(mlflowEnvironment(env)).toEqual({ trackingUri: 'https://host', username: 'ada', password: 'secret', token: 'token', ca: 'PEM' });
  rmSync(folder, { recursive: true });
});

test('what is not set, or empty, is left out', () => {
  expect(mlflowEnvironment({ MLFLOW_TRACKING_URI: '', OTHER: 'x' })).toEqual({});
});

test.each([
  ['true', true],
  ['TRUE', true],
  ['1', true],
  ['false', undefined],
  ['0', undefined],
])('insecure TLS is %s: %s', (value, insecureTls) => {
  expect(mlflowEnvironment({ MLFLOW_TRACKING_INSECURE_TLS: value }).insecureTls).toBe(insecureTls);
});

test('certificates that cannot be read are an error that names the variable and the file', () => {
  const read = () => mlflowEnvironment({ MLFLOW_TRACKING_SERVER_CERT_PATH: '/nowhere/ca.pem' });
  expect(read).toThrow('MLFLOW_TRACKING_SERVER_CERT_PATH names /nowhere/ca.pem, which is no file that can be read (ENOENT)');
  try {
    read();
  } catch (error) {
    expect(isMlflowError(error) && error.kind).toBe('invalid');
  }
});
