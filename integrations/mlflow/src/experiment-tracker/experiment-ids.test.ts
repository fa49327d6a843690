import { expect, test } from '@jest/globals';
import type { TrackerRunStart } from '@mortise/core';

import { experimentNameOf } from './experiment-ids.ts';

const start = (experiment: string, settings: object = {}): TrackerRunStart => ({
  name: 'train',
  experiment,
  group: 'g',
  tags: { 'mortise.pipeline': 'wine' },
  startedAt: 0,
  settings,
});

test('the setting experimentName comes first, then what the run names, then the config, then the name of the pipeline', () => {
  expect(experimentNameOf(start('named', { experimentName: 'set' }), 'configured')).toBe('set');
  expect(experimentNameOf(start('named'), 'configured')).toBe('named');
  expect(experimentNameOf(start('wine'), 'configured')).toBe('configured');
  expect(experimentNameOf(start('wine'), undefined)).toBe('wine');
});
