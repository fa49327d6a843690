/** W&B keeps no more of a failure than the exit code; but Python tells of the exception on the console. */
export function failureOf(code: number, errors: readonly string[]): { name: string; message: string; stack?: string } {
  const begin = errors.findLastIndex((line) => line.startsWith('Traceback (most recent call last):'));
  const traceback = begin === -1 ? [] : errors.slice(begin);
  // Frames are indented; the exception's own line is not, and more lines of its message may follow.
  const end = traceback.findIndex((line, index) => index > 0 && EXCEPTION.test(line));
  const [, name, message = ''] = EXCEPTION.exec(traceback[end] ?? '') ?? [];
  if (name === undefined) return { name: 'Error', message: `the run ended with exit code ${code}` };
  return { name, message, stack: traceback.join('\n').trimEnd() };
}

const EXCEPTION = /^([A-Za-z_][\w.]*)(?:: (.*))?$/;
