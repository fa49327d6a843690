import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a run of jest says of itself: see last-line-reporter.mjs. Files are relative to the folder it runs in. */
interface Results {
  passed: number;
  passedIn: Record<string, number>;
  fallen: { file: string; test: string }[];
}

/** Runs jest with these arguments and these variables beside its own environment; resolves with its exit code. */
type RunJest = (args: readonly string[], env: { MORTISE_TEST_RESULTS: string }) => Promise<number>;

/** More than this is no accident of time. */
const MOST_FILES = 3;

/**
 * Runs the tests. When all are run and a few files fall, these are run once more, alone: thousands of tests start processes, end them by signals and let
 * them race, and one of them in many runs fails by the load of the machine. Nothing of it is silent: each test that passed only the second time is named
 * before the last line, and is a fault to be found.
 * @param args what the person asked for; with any argument there is no second run
 * @returns the exit code
 */
export async function testTwice(run: RunJest, args: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'mortise-tests-'));
  const once = async (name: string, asked: readonly string[]) => {
    const path = join(folder, name);
    return { status: await run(asked, { MORTISE_TEST_RESULTS: path }), results: read(path) };
  };
  try {
    const first = await once('first', args);
    const fallen = first.results?.fallen ?? [];
    const files = [...new Set(fallen.map(({ file }) => file))];
    if (first.results === undefined || args.length > 0 || files.length === 0 || files.length > MOST_FILES) return first.status;
    console.log(`\n${files.length === 1 ? 'One file' : `${files.length} files`} once more, alone:`);
    const { status, results } = await once('second', ['--runInBand', '--runTestsByPath', ...files]);
    if (results === undefined) return status;
    const still = new Set(results.fallen.map(({ test }) => test));
    for (const { test, file } of fallen) if (!still.has(test)) console.log(`passed only the second time: ${file}: ${test}`);
    const elsewhere = first.results.passed - files.reduce((sum, file) => sum + (first.results!.passedIn[file] ?? 0), 0);
    console.log(`${elsewhere + results.passed} passed, ${results.fallen.length} failed`);
    return status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Nothing, when jest ended before it could say. */
function read(path: string): Results | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results) : undefined;
}
