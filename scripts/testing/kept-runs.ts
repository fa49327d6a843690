/** What the clients of several trackers log, so that it can be moved from each: 20 runs with 5,000 points each, some of which failed or were killed. */
export const RUNS = 20;
export const POINTS = 5_000;
/** When the first of them began, ms since the epoch; each lasts a minute, and the next one begins then. */
const FIRST = 1_700_000_000_000;
const MINUTE = 60_000;

export type KeptStatus = 'completed' | 'failed' | 'killed';

export interface KeptRun {
  name: string;
  startedAt: number;
  endedAt: number;
  status: KeptStatus;
  params: Record<string, string>;
  tags: Record<string, string>;
  /** Path and text. */
  file: [path: string, text: string];
}

export const KEPT: readonly KeptRun[] = Array.from({ length: RUNS }, (_, i) => ({
  name: `run-${i}`,
  startedAt: FIRST + i * MINUTE,
  endedAt: FIRST + (i + 1) * MINUTE,
  status: i % 5 === 1 ? 'failed' : i % 5 === 2 ? 'killed' : 'completed',
  params: { lr: String(i / 8), depth: String(i) },
  tags: { color: 'red', number: String(i) },
  file: ['notes/weights.txt', `weights of ${i}`],
}));

/** The value of `loss` of a run at a step: exact in binary, but for one NaN. */
export const lossOf = (run: number, step: number): number => (run === 3 && step === 7 ? NaN : run + step / 8);

/** The same in Python: \`RUNS\` and \`loss(run, step)\`. */
export const PYTHON = `
import json, os
RUNS = json.loads(os.environ['KEPT'])
POINTS = ${POINTS}
def loss(run, step):
    return float('nan') if run == 3 and step == 7 else run + step / 8
`;
export const PYTHON_ENV = { KEPT: JSON.stringify(KEPT) };
