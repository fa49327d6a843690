import { describe, expect, test } from '@jest/globals';

import { keepSecret } from '../secrets/kept-secrets.ts';
import { trackerRunStart } from './tracker-run-start.ts';

const environment = { user: 'ann', host: 'cellar', command: ['node', 'wine.ts', '--fast'], file: 'wine.ts' };
const params = { rate: 0.1, grapes: ['merlot', 'syrah'], table: 'x'.repeat(2_000) };
const run = { id: 'r-1', name: 'wine-1', pipeline: 'wine', experiment: 'wines', startedAt: 1, tags: {}, environment, params };
const begun = { startedAt: 1, settings: { own: {} } };

describe('a tracker run begins', () => {
  test('for the pipeline run, with what that was called with, as far as it is short', () => {
    expect(trackerRunStart(run, undefined, begun).params).toEqual({ rate: 0.1, grapes: ['merlot', 'syrah'] });
    expect(trackerRunStart({ ...run, params: {} }, undefined, begun)).not.toHaveProperty('params');
  });

  test('for a step, without that: its own inputs are events', () => {
    expect(trackerRunStart(run, { stepId: 'train', attempt: 1 }, begun)).not.toHaveProperty('params');
  });

  test('without values of secrets', () => {
    keepSecret('not-a-real-password');
    const { params: shown, source } = trackerRunStart(
      { ...run, params: { key: 'not-a-real-password' }, environment: { ...environment, file: 'not-a-real-password.ts' } },
      undefined,
      begun,
    );
    expect({ shown, file: source?.file }).toEqual({ shown: { key: '***' }, file: '***.ts' });
  });

  test('with the file that was run, beside the command', () => {
    expect(trackerRunStart(run, undefined, begun).source).toEqual({ command: environment.command, file: 'wine.ts', host: 'cellar' });
  });
});
