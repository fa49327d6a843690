/** Begins the names of others that are not for users to set. */
export const OWN_PREFIX = 'mortise.';

/** Comet's own client cuts names here, which makes one of two. */
const LONGEST_NAME = 100;

/** Why a name is none for Comet, in words that follow it. */
export function nameRefusal(name: string): string | undefined {
  if (name.length > LONGEST_NAME) return `has ${name.length} characters, Comet takes ${LONGEST_NAME}`;
  if (name.trim() === '') return 'is no name';
  return name.isWellFormed() ? undefined : 'has half of a character in its name';
}

/** Why a path is none for Comet's assets, in words that follow it. */
export function pathRefusal(path: string): string | undefined {
  const isPath = path.split('/').every((segment) => !['', '.', '..'].includes(segment)) && !/[\\\p{Cc}]/u.test(path) && path.isWellFormed();
  return isPath ? undefined : 'is no path of an asset: it takes names with "/" between them';
}

/** A name as it is told in a reason. */
export function shownName(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}...` : name);
}
