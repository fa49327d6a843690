import { inspect } from 'node:util';

/** What was thrown, in one line, whatever it is; the name of an error says much where it is not a plain one. */
export function messageOf(error: unknown): string {
  const { name, message } = fieldsOf(error);
  if (typeof message !== 'string') return `${plainText(error)} was thrown`;
  // A compiler says the place in the second line.
  const line = /^.*: ERROR: .*$/m.exec(message)?.[0] ?? message.split('\n', 1)[0]!;
  return typeof name === 'string' && name !== 'Error' ? `${name}: ${line}` : line;
}

/** The message of an error, whole; of anything else that was thrown, what it is. */
export function wholeMessageOf(error: unknown): string {
  const { message } = fieldsOf(error);
  return message === undefined ? plainText(error) : plainText(message);
}

function fieldsOf(error: unknown): { name?: unknown; message?: unknown } {
  return typeof error === 'object' && error !== null ? error : {};
}

/** Not all can be made a text of: an object without a prototype cannot. */
function plainText(value: unknown): string {
  return typeof value === 'object' && value !== null ? inspect(value, { breakLength: Infinity, depth: 1 }) : String(value);
}
