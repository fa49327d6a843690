/** Further from 1970 there are no dates, and the store cannot read such a number back, ms. A vendor that takes any number has kept times in ns. */
const FURTHEST = 8.64e15;

export function isDate(at: number): boolean {
  return Math.abs(at) <= FURTHEST;
}

/** 1970 for what is no date. */
export function asDate(at: number): number {
  return isDate(at) ? at : 0;
}
