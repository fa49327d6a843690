import { describe, expect, test } from '@jest/globals';
import { isError, Permanent, Transient } from '@mortise/core';
import { MlflowError, type MlflowErrorKind } from '@mortise/mlflow-client';
import { startStubServer } from '@mortise/mlflow-client/testing';
import { selfSigned } from '@mortise/test-servers';

import { never, trackerAt } from '../testing/tracker-at.ts';
import { atMlflow } from './tracker-failure.ts';

const failureOf = (error: Error): Promise<unknown> =>
  atMlflow(() => Promise.reject(error)).then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe('what may pass is tried again', () => {
  test.each<MlflowErrorKind>(['unreachable', 'timeout', 'busy', 'server'])('%s', async (kind) => {
    const failure = await failureOf(new MlflowError(kind, 'no', { retryAfter: 4_000 }));
    expect(isError(failure, Transient)).toBe(true);
    expect(failure).toMatchObject({ message: 'no', retryAfter: 4_000 });
  });
});

describe('what does not pass by itself says what to do', () => {
  test.each<[MlflowErrorKind, string]>([
    ['unauthorized', 'trackingPassword'],
    ['forbidden', 'ask for the permission'],
    ['protocol', 'trackingUri'],
    ['invalid', 'no'],
    ['not-found', 'no'],
    ['exists', 'no'],
  ])('%s', async (kind, advice) => {
    const failure = await failureOf(new MlflowError(kind, 'no'));
    expect(isError(failure, Permanent)).toBe(true);
    expect((failure as Error).message).toContain(advice);
  });
});

test('of a certificate that is not trusted it says once what to do, and nothing of authorities if another host is meant', async () => {
  const server = await startStubServer({ tls: selfSigned() });
  try {
    const checked = await trackerAt(server.url)
      .then((tracker) => tracker.check(never))
      .catch((reason: unknown) => reason);
    expect((checked as Error).message).toMatch(/not trusted here \(\w+\): give its authority as trackingCaFile$/);
  } finally {
    await server.stop();
  }
  const message = 'It has a certificate that is not trusted here (ERR_TLS_CERT_ALTNAME_INVALID). It is that of another host name';
  expect(((await failureOf(new MlflowError('untrusted', message))) as Error).message).toBe(message);
});

test('an address that the server does not take for its own is told apart from a permission', async () => {
  const failure = await failureOf(new MlflowError('forbidden', 'Invalid Host header - possible DNS rebinding attack detected (403)'));
  expect((failure as Error).message).toMatch(/\(403\): have its address allowed there \(mlflow server --allowed-hosts\)$/);
});

test('what a signal was aborted with stays what it is', async () => {
  const reason = new Error('enough');
  expect(await failureOf(reason)).toBe(reason);
});
