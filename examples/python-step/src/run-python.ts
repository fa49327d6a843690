import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface PythonOptions {
  /** What the script reads from stdin, as JSON. */
  input: unknown;
  /** Variables beside those of this process. */
  env: Record<string, string>;
  /** Ends the script. */
  signal: AbortSignal;
}

/**
 * Runs a Python script and gives the JSON in the last line that it printed. What it prints on stderr goes to ours as well.
 * @throws Error with the last line of its stderr when it does not end with 0
 */
export async function runPython<T>(script: URL, { input, env, signal }: PythonOptions): Promise<T> {
  const file = fileURLToPath(script);
  const child = spawn(process.env['PYTHON'] || 'python3', [file], { env: { ...process.env, ...env }, signal, stdio: 'pipe' });
  // A script that ends without reading all of it says why in its own words.
  child.stdin.on('error', () => undefined).end(JSON.stringify(input));
  child.stderr.pipe(process.stderr, { end: false });
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  if (code !== 0) throw new Error(`${basename(file)} ended with ${code ?? 'a signal'}: ${lastLine(stderr)}`);
  return JSON.parse(lastLine(stdout)) as T;
}

const lastLine = (output: string): string => output.trimEnd().split('\n').at(-1)!;
