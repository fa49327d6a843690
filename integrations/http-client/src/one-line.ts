import { stripVTControlCharacters } from 'node:util';

/** Longest message, characters: some servers repeat whole values in theirs. */
const LONGEST = 400;
/** Shorter ones occur in messages by chance. */
const SHORTEST_SECRET = 4;

/** A message for a person: one line of well-formed text, without what commands a terminal and without these secrets. */
export function oneLine(message: string, secrets: readonly string[] = []): string {
  const said = stripVTControlCharacters(message)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  const known = secrets.filter(({ length }) => length >= SHORTEST_SECRET);
  const clean = known.reduce((text, secret) => text.replaceAll(secret, '***'), said);
  return (clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean).toWellFormed();
}
