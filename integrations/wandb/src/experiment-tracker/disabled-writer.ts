import type { RunWriter } from '@mortise/wandb-client';

import type { RunRecords } from './run-records.ts';

const nothing = (): undefined => undefined;
const done = (): Promise<void> => Promise.resolve();

/** Takes everything and keeps nothing, as the vendor's own client does when it is disabled. */
const WRITER: RunWriter = {
  ...{
    history: nothing,
    systemMetrics: nothing,
    config: nothing,
    summary: nothing,
    output: nothing,
    defineMetric: nothing,
    describe: nothing,
  },
  ...{ file: done, alert: done, flush: done, exit: done },
  artifact: () => Promise.resolve({ clientId: '', sequenceClientId: '' }),
};

export function disabledRecords(id: string): RunRecords {
  return {
    ...{ mode: 'disabled', id, ids: { wandb_run_id: id }, writer: WRITER, lastStep: -1, state: {}, marks: false, isShared: false },
    refresh: () => Promise.resolve(undefined),
    discard: nothing,
    rest: done,
  };
}
