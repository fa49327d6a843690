const LONGEST_NAME = 250;

/**
 * Why MLflow would refuse a name of a metric, a param or a tag, in words that follow it; undefined if it takes it. The server says so too, but refuses
 * the whole batch with it.
 */
export function nameRefusal(name: string): string | undefined {
  if (name.length > LONGEST_NAME) return `has ${name.length} characters, MLflow takes ${LONGEST_NAME}`;
  // As Python's \w.
  if (!/^[/\p{L}\p{N}_.\- :]+$/u.test(name)) return 'is no name for MLflow: it takes letters, digits, "_", "-", ".", " ", ":" and "/"';
  if (isOddPath(name)) return 'is no name for MLflow: as a path it would be another one';
  return undefined;
}

function isOddPath(name: string): boolean {
  return name.startsWith('..') || name.split('/').some((segment) => segment === '' || segment === '.' || segment === '..');
}

/** A name as it is told in a reason. */
export function shownName(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}...` : name);
}
