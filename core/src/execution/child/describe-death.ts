import { StepProcessDied } from '../../errors.ts';

/** How a step process ended that was not asked to. */
export interface Death {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last of what it wrote to stderr. */
  stderr: string;
  /** The limit of its JavaScript heap, if it has told it. */
  heapLimitMb: number | undefined;
}

const OUT_OF_MEMORY = /JavaScript heap out of memory|Reached heap limit|Ineffective mark-compacts near heap limit/;

/** In the words of the error: `ran out of memory (limit 512 MB)`, `was killed by SIGKILL`, `exited with code 3`. */
export function howItDied({ code, signal, stderr, heapLimitMb }: Death): string {
  if (isOutOfMemory(stderr)) return `ran out of memory${heapLimitMb === undefined ? '' : ` (limit ${heapLimitMb} MB)`}`;
  return signal === null ? `exited with code ${code}` : `was killed by ${signal}`;
}

export function stepProcessDied(step: string, death: Death): Error {
  return new StepProcessDied({ step, how: howItDied(death), advice: adviceOn(death) });
}

function isOutOfMemory(stderr: string): boolean {
  return OUT_OF_MEMORY.test(stderr);
}

function adviceOn({ signal, stderr }: Death): string | undefined {
  if (isOutOfMemory(stderr)) return 'Set memoryMb of the orchestrator higher, or let the step hold less at once.';
  if (signal === 'SIGKILL') return 'If nobody did that, the system was short of memory.';
  return signal === null ? 'A step ends by returning or throwing, not by process.exit().' : undefined;
}
