import { stripVTControlCharacters, styleText } from 'node:util';
import type { StepEvent } from '@mortise/core/client';
import { firstLine } from './first-line.ts';
import { formatDuration } from './format-duration.ts';
import { paintStatus } from './print.ts';
import { table } from './table.ts';

/** A step that has begun, as a list of steps shows it. */
export interface ListedStep {
  step: string;
  status: StepEvent['status'];
  attempt: number;
  /** ms UTC. */
  beganAt: number;
  /** ms; undefined while it is not over. */
  endedAfter: number | undefined;
  message: string | undefined;
}

export interface StepList {
  run: string;
  /** In the order in which they began. */
  steps: readonly ListedStep[];
  /** ms UTC. */
  now: number;
  /** Most lines that there is room for. */
  rows: number;
  columns: number;
}

/** The run and its steps, a line each. Where they are too many, those under way are shown and the latest of the others, and the rest is counted. */
export function stepListLines({ run, steps, now, rows, columns }: StepList): string[] {
  const fits = steps.length + 1 <= rows;
  const shown = fits ? steps : mostTelling(steps, Math.max(0, rows - 2));
  const head = `run ${run}`;
  const lines =
    shown.length === 0
      ? []
      : table(
          ['', '', '', ''],
          shown.map((step) => cells(step, now)),
        )
          .split('\n')
          .slice(1);
  const rest = fits || rows < 2 ? [] : [`  ${counts(steps, shown)}`];
  return [head, ...lines, ...rest].map((line) => cutTo(line, columns - 1));
}

function cells({ step, status, attempt, beganAt, endedAfter, message }: ListedStep, now: number): string[] {
  const duration = attempt === 0 ? '' : formatSeconds(endedAfter ?? now - beganAt);
  const again = attempt > 1 ? `attempt ${attempt}` : '';
  return [`  ${step}`, paintStatus(status), duration, [again, firstLine(message ?? '')].filter((each) => each !== '').join(': ')];
}

/** Whole milliseconds would flicker. */
const formatSeconds = (ms: number): string => (ms < 1000 ? `${(ms / 1000).toFixed(1)} s` : formatDuration(ms));

/** What a person wants to see first: what goes on, then what failed, then what ended last. The order stays. */
function mostTelling(steps: readonly ListedStep[], most: number): ListedStep[] {
  const rank = ({ endedAfter, status }: ListedStep): number =>
    endedAfter === undefined ? 0 : status === 'failed' || status === 'killed' ? 1 : 2;
  const endOf = ({ beganAt, endedAfter = 0 }: ListedStep): number => beganAt + endedAfter;
  const chosen = new Set([...steps].sort((a, b) => rank(a) - rank(b) || endOf(b) - endOf(a)).slice(0, most));
  return steps.filter((step) => chosen.has(step));
}

/** `and 95 more: 90 completed, 5 running`. */
function counts(steps: readonly ListedStep[], shown: readonly ListedStep[]): string {
  const hidden = steps.filter((step) => !shown.includes(step));
  const byStatus = new Map<string, number>();
  for (const { status } of hidden) byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  const parts = [...byStatus].map(([status, n]) => `${n} ${status}`);
  return styleText('dim', `and ${hidden.length} more: ${parts.join(', ')}`, { stream: process.stdout });
}

/** A line that is longer than a row would go on in the next. Whoever cuts within a colour ends it. */
function cutTo(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return [...plain].length <= columns ? line : `${[...plain].slice(0, columns - 1).join('')}…`;
}
