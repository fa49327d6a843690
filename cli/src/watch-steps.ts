import type { StepEvent } from '@mortise/core/client';
import { stepPrinter } from './step-lines.ts';

/** Shows the steps of a run while it goes. */
export interface StepWatch {
  onStep: (event: StepEvent) => void;
  /** The run is over, or the process ends. May be called again. */
  close(): void;
}

/** A list that is kept up to date where a person looks at a terminal, else a line for each event. */
export async function watchSteps(): Promise<StepWatch> {
  if (!isLive()) return { onStep: stepPrinter(), close: () => undefined };
  const { LiveSteps } = await import('./live-steps.ts');
  return new LiveSteps();
}

function isLive(): boolean {
  const { CI, NO_COLOR, TERM } = process.env;
  return process.stdout.isTTY && !CI && !NO_COLOR && TERM !== 'dumb';
}
