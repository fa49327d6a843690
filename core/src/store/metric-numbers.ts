const MICRO = 1_000_000;

/** SQL has no NaN, and a key should not hold infinities: 1 NaN, 2 Infinity, 3 -Infinity, with the value 0; 0 for every other number. */
export function specialOf(value: number): 0 | 1 | 2 | 3 {
  if (value - value === 0) return 0;
  return Number.isNaN(value) ? 1 : value > 0 ? 2 : 3;
}

const SPECIAL = [0, NaN, Infinity, -Infinity];

export function decodeNumber(special: number, value: number): number {
  return special === 0 ? value : SPECIAL[special]!;
}

/** A step as an integer and decimal millionths from 0 to 999,999: -1.25 is -2 and 750,000. */
export function splitStep(step: number): { step: number; micro: number } {
  const whole = Math.floor(step);
  const micro = Math.round((step - whole) * MICRO);
  return micro === MICRO ? { step: whole + 1, micro: 0 } : { step: whole, micro };
}

export function joinStep(step: number, micro: number): number {
  return micro === 0 ? step : Number(((step * MICRO + micro) / MICRO).toPrecision(16));
}
