import { maskOutput } from './mask-output.ts';

/** From now on stdout is only for what a command answers: what the code of flavors prints goes to stderr, so that a program can read the answer. */
export function keepStdout(): void {
  // It takes note of stdout as it is, for the answer.
  maskOutput();
  const { stdout, stderr } = process;
  const write: unknown = stderr.write.bind(stderr);
  Object.defineProperty(stdout, 'write', { value: write, writable: true, configurable: true, enumerable: false });
}
