/** Most characters of a tag's value; MLflow cuts what is longer in silence. */
export const LONGEST_TAG = 8_000;

/** A text that fits into a tag: half of a character becomes U+FFFD, and one that is too long ends with a mark that says so, and how long it was. */
export function tagText(given: string): string {
  const text = given.toWellFormed();
  if (text.length <= LONGEST_TAG) return text;
  const mark = ` ... [cut, it had ${text.length} characters]`;
  const head = text.slice(0, LONGEST_TAG - mark.length);
  // Half of a pair of surrogates is no character.
  return `${/[\uD800-\uDBFF]$/.test(head) ? head.slice(0, -1) : head}${mark}`;
}
