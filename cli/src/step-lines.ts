import type { StepEvent } from '@mortise/core/client';
import { formatDuration } from './format-duration.ts';
import { paintStatus, printLine } from './print.ts';

/** Prints a line for each step as it starts and ends, and one that names the run before the first. */
export function stepPrinter(): (event: StepEvent) => void {
  let headed = false;
  return (event) => {
    if (!headed) printLine(`run ${event.runName}`);
    headed = true;
    printLine(stepLine(event));
  };
}

function stepLine({ step, status, attempt, durationMs, message }: StepEvent): string {
  const again = attempt > 1 ? ` (attempt ${attempt})` : '';
  const why = message === undefined ? '' : `: ${message.split('\n', 1)[0]}`;
  if (status === 'running') return `  ${step} started${again}`;
  const took = attempt === 0 || status === 'retrying' ? '' : ` in ${formatDuration(durationMs)}`;
  return `  ${step} ${paintStatus(status)}${again}${took}${why}`;
}
