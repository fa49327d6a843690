/** Comet's own client cuts the value of an other here. */
const LONGEST = 1_000;

/** A text of ours that fits: one that is too long ends with a mark that says so. */
export function otherText(given: string): string {
  const text = given.toWellFormed();
  if (text.length <= LONGEST) return text;
  const mark = ` ... [cut, it had ${text.length} characters]`;
  return `${text.slice(0, LONGEST - mark.length).replace(/[\uD800-\uDBFF]$/, '')}${mark}`;
}
