import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isError, isMortiseError, Permanent } from '@mortise/core';
import { startStubServer } from '@mortise/mlflow-client/testing';
import { selfSigned } from '@mortise/test-servers';

import { trackingServer } from './tracking-server.ts';

const SUFFIXES = ['URI', 'USERNAME', 'PASSWORD', 'TOKEN', 'INSECURE_TLS', 'SERVER_CERT_PATH', 'CLIENT_CERT_PATH', 'AUTH', 'AWS_SIGV4'];
const NAMES = [...SUFFIXES.map((name) => `MLFLOW_TRACKING_${name}`), 'MLFLOW_REGISTRY_URI'];
/** What MLflow takes for not set, of all by which it is let in. */
const NOBODY = {
  MLFLOW_TRACKING_USERNAME: '',
  MLFLOW_TRACKING_PASSWORD: '',
  MLFLOW_TRACKING_TOKEN: '',
  MLFLOW_TRACKING_AUTH: '',
  MLFLOW_TRACKING_CLIENT_CERT_PATH: '',
  MLFLOW_TRACKING_AWS_SIGV4: 'false',
  MLFLOW_TRACKING_INSECURE_TLS: 'false',
};
const before = NAMES.map((name) => process.env[name]);
beforeEach(() => NAMES.forEach((name) => delete process.env[name]));
afterEach(() => {
  NAMES.forEach((name, index) => {
    if (before[index] === undefined) delete process.env[name];
    else process.env[name] = before[index];
  });
});
const context = { projectRoot: '/project', fetch };

test('a spawned program is told the server, and how it lets us in, by the variables that MLflow knows', async () => {
  const { env, client } = await trackingServer(
    { trackingUri: 'https://x.test/ml/', trackingUsername: 'me', trackingPassword: 'hunter2', trackingInsecureTls: true },
    context,
  );
  expect(env).toEqual({
    ...NOBODY,
    MLFLOW_TRACKING_URI: 'https://x.test/ml',
    MLFLOW_REGISTRY_URI: 'https://x.test/ml',
    MLFLOW_TRACKING_USERNAME: 'me',
    MLFLOW_TRACKING_PASSWORD: 'hunter2',
    MLFLOW_TRACKING_INSECURE_TLS: 'true',
  });
  expect(client.trackingUri).toBe('https://x.test/ml');
  expect((await trackingServer({ trackingUri: 'http://x.test', trackingToken: 't' }, context)).env).toEqual({
    ...NOBODY,
    MLFLOW_TRACKING_URI: 'http://x.test',
    MLFLOW_REGISTRY_URI: 'http://x.test',
    MLFLOW_TRACKING_TOKEN: 't',
  });
});

test('without a trackingUri a file of credentials that cannot be read is told in one line, with it nobody looks there', async () => {
  const home = mkdtempSync(join(tmpdir(), 'mortise-home-'));
  mkdirSync(join(home, '.mlflow', 'credentials'), { recursive: true });
  const { HOME, USERPROFILE } = process.env;
  Object.assign(process.env, { HOME: home, USERPROFILE: home, MLFLOW_TRACKING_URI: 'http://x.test' });
  try {
    const error: unknown = await trackingServer({}, context).catch((reason: unknown) => reason);
    expect(isError(error, Permanent) && error.message).toMatch(/^MLflow's credentials in .*credentials cannot be read \(EISDIR\)$/);
    expect((await trackingServer({ trackingUri: 'http://x.test' }, context)).env['MLFLOW_TRACKING_USERNAME']).toBe('');
  } finally {
    for (const [name, value] of Object.entries({ HOME, USERPROFILE }))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    rmSync(home, { recursive: true });
  }
});

test('without a trackingUri the variables of MLflow count', async () => {
  Object.assign(process.env, { MLFLOW_TRACKING_URI: 'http://x.test', MLFLOW_TRACKING_TOKEN: 't', MLFLOW_TRACKING_SERVER_CERT_PATH: '' });
  const { env } = await trackingServer({ trackingToken: 'of the config' }, context);
  const x = 'http://x.test';
  expect(env).toEqual({ ...NOBODY, MLFLOW_TRACKING_URI: x, MLFLOW_REGISTRY_URI: x, MLFLOW_TRACKING_TOKEN: 't' });
});

test('and a spawned program keeps those that only MLflow itself knows', async () => {
  const others = { MLFLOW_TRACKING_AUTH: 'kerberos', MLFLOW_TRACKING_AWS_SIGV4: 'true', MLFLOW_TRACKING_CLIENT_CERT_PATH: '/me.pem' };
  Object.assign(process.env, { MLFLOW_TRACKING_URI: 'http://x.test', ...others });
  expect((await trackingServer({}, context)).env).toMatchObject(others);
  expect((await trackingServer({ trackingUri: 'http://y.test' }, context)).env).toMatchObject(NOBODY);
});

test('and its models go to the registry that the variables name; with a trackingUri they go to that server, with the password for it', async () => {
  Object.assign(process.env, { MLFLOW_TRACKING_URI: 'http://x.test', MLFLOW_REGISTRY_URI: 'http://registry.test' });
  expect((await trackingServer({}, context)).env).toMatchObject({ MLFLOW_REGISTRY_URI: 'http://registry.test' });
  expect((await trackingServer({ trackingUri: 'http://y.test' }, context)).env).toMatchObject({ MLFLOW_REGISTRY_URI: 'http://y.test' });
});

test('with one, none of them does: a password for one server is not sent to another', async () => {
  const server = await startStubServer();
  try {
    Object.assign(process.env, {
      MLFLOW_TRACKING_URI: 'http://x.test',
      MLFLOW_TRACKING_USERNAME: 'me',
      MLFLOW_TRACKING_PASSWORD: 'hunter2',
    });
    const { client, env } = await trackingServer({ trackingUri: server.url }, context);
    await client.searchExperiments();
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(env).toEqual({ ...NOBODY, MLFLOW_TRACKING_URI: server.url, MLFLOW_REGISTRY_URI: server.url });
  } finally {
    await server.stop();
  }
});

test('the file of certificate authorities is meant from the project', async () => {
  const projectRoot = mkdtempSync(join(tmpdir(), 'mortise-mlflow-'));
  try {
    writeFileSync(join(projectRoot, 'ca.pem'), selfSigned().cert);
    const config = { trackingUri: 'https://x.test', trackingCaFile: 'ca.pem' };
    expect((await trackingServer(config, { ...context, projectRoot })).env['MLFLOW_TRACKING_SERVER_CERT_PATH']).toBe(
      join(projectRoot, 'ca.pem'),
    );
    await expect(trackingServer({ ...config, trackingCaFile: 'gone.pem' }, { ...context, projectRoot })).rejects.toMatchObject({
      code: 'PERMANENT',
      message: expect.stringContaining('trackingCaFile cannot be read'),
    });
  } finally {
    rmSync(projectRoot, { recursive: true });
  }
});

test('without any server it is said what to set', async () => {
  await expect(trackingServer({}, context)).rejects.toMatchObject({ message: expect.stringContaining('set trackingUri') });
});

describe('what cannot be is told in one line, in the words of who gave it', () => {
  const told = (config: object, env: Record<string, string> = {}): Promise<string> => {
    Object.assign(process.env, env);
    return trackingServer(config, { ...context, projectRoot: import.meta.dirname }).then(
      () => assert.fail('it was taken'),
      (error: unknown) => (isError(error, Permanent) && isMortiseError(error) ? error.message : assert.fail(String(error))),
    );
  };
  const trackingUri = 'https://x.test';
  const MLFLOW_TRACKING_URI = trackingUri;

  test.each<[string, object, RegExp]>([
    [
      'a user without a password',
      { trackingUsername: 'me' },
      /Give trackingUsername and trackingPassword together; trackingPassword is missing/,
    ],
    ['a password without a user', { trackingPassword: 'hunter2' }, /trackingUsername is missing/],
    ['a user with a colon', { trackingUsername: 'm:e', trackingPassword: 'hunter2' }, /^trackingUsername with a colon/],
    ['a token of two lines', { trackingToken: 'hunter2\nx' }, /^trackingToken is empty, or has characters/],
    ['no file', { trackingCaFile: 'gone.pem' }, /of trackingCaFile cannot be read: ENOENT/],
    ['a file of something else', { trackingCaFile: 'tracking-server.test.ts' }, /^trackingCaFile holds no certificate/],
    [
      'authorities and any',
      { trackingCaFile: 'tracking-server.ts', trackingInsecureTls: true },
      /^Give trackingCaFile or trackingInsecureTls, not both/,
    ],
  ])('config: %s', async (_, config, says) => {
    const line = await told({ trackingUri, ...config });
    expect(line).toMatch(says);
    expect(line).not.toMatch(/hunter2|\n/);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['databricks', { MLFLOW_TRACKING_URI: 'databricks' }, /^MLFLOW_TRACKING_URI must be an http or https URL/],
    ['a database', { MLFLOW_TRACKING_URI: 'sqlite:///x' }, /^MLFLOW_TRACKING_URI must be an http or https URL/],
    [
      'a password in the address',
      { MLFLOW_TRACKING_URI: 'http://u:hunter2@h' },
      /^MLFLOW_TRACKING_URI must be .* without a user, a password/,
    ],
    ['one in an address without a scheme', { MLFLOW_TRACKING_URI: 'u:hunter2@h' }, /^MLFLOW_TRACKING_URI must be an http/],
    ['a user without a password', { MLFLOW_TRACKING_URI, MLFLOW_TRACKING_USERNAME: 'me' }, /; MLFLOW_TRACKING_PASSWORD is missing/],
    [
      'no file',
      { MLFLOW_TRACKING_URI, MLFLOW_TRACKING_SERVER_CERT_PATH: '/gone.pem' },
      /of MLFLOW_TRACKING_SERVER_CERT_PATH cannot be read: ENOENT/,
    ],
    [
      'a file of something else',
      { MLFLOW_TRACKING_URI, MLFLOW_TRACKING_SERVER_CERT_PATH: import.meta.filename },
      /^MLFLOW_TRACKING_SERVER_CERT_PATH holds no/,
    ],
  ])('variables: %s', async (_, env, says) => {
    const line = await told({}, env);
    expect(line).toMatch(says);
    expect(line).not.toMatch(/hunter2|\n/);
  });
});

test('relative files of the variables are meant from the current folder, as MLflow means them', async () => {
  Object.assign(process.env, { MLFLOW_TRACKING_URI: 'https://x.test', MLFLOW_TRACKING_SERVER_CERT_PATH: 'gone.pem' });
  await expect(trackingServer({}, context)).rejects.toMatchObject({ message: expect.stringContaining(join(process.cwd(), 'gone.pem')) });
});
