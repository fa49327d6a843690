/** Most characters of a tag's value; MLflow cuts what is longer in silence. */
export const LONGEST_TAG = 8_000;
/** Of a server of a version 2, as 2.7, which refuses what is longer. */
export const LONGEST_OLD_TAG = 5_000;

/** A text that fits into a tag: half of a character becomes U+FFFD, and one that is too long ends with a mark that says so, and how long it was. */
export function tagText(given: string, longest = LONGEST_TAG): string {
  const text = given.toWellFormed();
  if (text.length <= longest) return text;
  const mark = ` ... [cut, it had ${text.length} characters]`;
  const head = text.slice(0, longest - mark.length);
  // Half of a pair of surrogates is no character.
  return `${/[\uD800-\uDBFF]$/.test(head) ? head.slice(0, -1) : head}${mark}`;
}
