/** Neptune takes steps from 0 up to here, without this one. */
export const STEP_LIMIT = 1_000_000_000_000;

/** `Step`: millionths are kept, and nothing finer. */
export interface WireStep {
  whole: number;
  micro: number;
}

export function wireStep(step: number): WireStep {
  const whole = Math.floor(step);
  const micro = Math.round((step - whole) * 1e6);
  return micro === 1e6 ? { whole: whole + 1, micro: 0 } : { whole, micro };
}

export function stepNumber({ whole, micro }: WireStep): number {
  // Parsed, so that 0.1 is 0.1.
  return micro === 0 ? whole : Number(`${whole}.${String(micro).padStart(6, '0')}`);
}

/** The step as Neptune keeps it; or why it cannot, in words that follow its number. */
export function keptStep(step: number): { step: number } | { why: string } {
  if (!(step >= 0 && step < STEP_LIMIT)) return { why: 'is no step for Neptune: it takes those from 0 to below 1e12' };
  const kept = stepNumber(wireStep(step));
  // What is left over of 0.1 + 0.2 is no digit of the step.
  if (Math.abs(kept - step) > Math.max(1e-9, step * 4e-16)) return { why: 'has more than six digits after the point, Neptune keeps six' };
  return { step: kept };
}
