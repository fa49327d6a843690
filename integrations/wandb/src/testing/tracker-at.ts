import type { LoggedEvent, Logger, TrackerRunStart } from '@mortise/core';

import { newStart as sampleStart } from '../../../../core/src/testing/sample-tracker-run.ts';
import { WandbTrackerConfig } from '../experiment-tracker/wandb-tracker-config.ts';
import { create, type WandbTracker } from '../experiment-tracker/wandb-tracker.ts';

export { eventsOf, never, newIdentity } from '../../../../core/src/testing/sample-tracker-run.ts';

/** A tracker, as a process of its own would make it. `warnings` takes what it says. */
export function trackerWith(
  config: Partial<WandbTrackerConfig>,
  { warnings = [], projectRoot = '/nowhere', http = fetch }: { warnings?: string[]; projectRoot?: string; http?: typeof fetch } = {},
): Promise<WandbTracker> {
  const log: Logger = { debug: () => undefined, info: () => undefined, warn: (message) => void warnings.push(message) };
  const about = { name: 'wandb', log, fetch: http, scratch: '/nowhere', projectRoot };
  return create({ config: Object.assign(new WandbTrackerConfig(), config), ...about });
}

export const KEY = 'k'.repeat(40);

export const newStart = (over: Partial<TrackerRunStart> = {}): TrackerRunStart =>
  sampleStart({ tags: { 'mortise.pipeline': 'wine' }, ...over });

export function curve(name: string, count: number, from = 0): LoggedEvent[] {
  return Array.from({ length: count }, (_, index) => ({ kind: 'metrics', values: { [name]: 1 / (from + index + 1) }, step: from + index }));
}
