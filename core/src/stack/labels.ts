import { BadLabel, UnknownLabel } from '../errors.ts';
import type { Labels } from '../store/stack-data.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/;
const LONGEST = 256;

/** How to change labels: what is not named stays. */
export interface LabelChange {
  labels?: Labels;
  /** Names of labels that go. */
  removeLabels?: readonly string[];
}

/** Labels as they may be stored and asked for. Throws `BadLabel`. */
export function checkLabels(labels: Labels): Labels {
  for (const [name, text] of Object.entries(labels)) {
    const refuse = (reason: string): Error => new BadLabel({ label: `${name}=${String(text)}`, reason });
    if (!NAME.test(name)) throw refuse(`"${name}" cannot be its name`);
    if (typeof text !== 'string') throw refuse('its value is no text');
    if (text.length > LONGEST) throw refuse(`its value has more than ${LONGEST} characters`);
    if (/\p{Cc}/u.test(text)) throw refuse('its value is not one line of text');
  }
  return labels;
}

/** @param of whose they are, for messages: `stack "team"`. Throws `BadLabel`, `UnknownLabel`. */
export function changedLabels(of: string, labels: Labels, { labels: added = {}, removeLabels = [] }: LabelChange): Labels {
  const missing = removeLabels.find((name) => !Object.hasOwn(labels, name));
  if (missing !== undefined) throw new UnknownLabel({ of, label: missing, known: Object.keys(labels) });
  const kept = Object.entries(labels).filter(([name]) => !removeLabels.includes(name));
  return { ...Object.fromEntries(kept), ...checkLabels(added) };
}
