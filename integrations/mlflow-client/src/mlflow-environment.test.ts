import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

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

describe('~/.mlflow/credentials', () => {
  let home: string;
  let file: string;
  const read = (env: Record<string, string> = {}) => mlflowEnvironment({ HOME: home, USERPROFILE: home, ...env });
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'mortise-home-'));
    file = join(home, '.mlflow', 'credentials');
    mkdirSync(join(home, '.mlflow'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  test('gives the user and the password that no variable gives, as Python reads them', () => {
    expect(read()).toEqual({});
    writeFileSync(
      file,
      '# ours\r\n[other]\nmlflow_tracking_username = eve\n[mlflow]\nMLFLOW_Tracking_Username = ada\nmlflow_tracking_password: a=b:50%% \n',
    );
    expect(read()).toEqual({ username: 'ada', password: 'a=b:50%' });
    expect(read({ MLFLOW_TRACKING_PASSWORD: 'given' })).toEqual({ username: 'ada', password: 'given' });
    expect(read({ MLFLOW_TRACKING_USERNAME: 'bob', MLFLOW_TRACKING_PASSWORD: 'given' })).toEqual({ username: 'bob', password: 'given' });
  });

  test('counts for nothing when it makes no user with a password', () => {
    writeFileSync(file, '[mlflow]\nmlflow_tracking_username = ada\n');
    expect(read({ MLFLOW_TRACKING_TOKEN: 'token' })).toEqual({ token: 'token' });
  });

  test('that cannot be read, or makes no sense, is told in one line that shows nothing of it', () => {
    writeFileSync(file, 'mlflow_tracking_password = hush\n');
    expect(read).toThrow(`line 1 of ${file} is not "name = value" in a section such as [mlflow]`);
    writeFileSync(file, '[mlflow]\nhush\n');
    expect(read).toThrow(`line 2 of ${file} is not "name = value" in a section such as [mlflow]`);
    rmSync(file);
    mkdirSync(file);
    expect(read).toThrow(`MLflow's credentials in ${file} cannot be read (EISDIR)`);
  });
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
