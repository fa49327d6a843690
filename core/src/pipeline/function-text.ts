import { hash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type AnyFunction = (...inputs: never[]) => unknown;

/** Raise it when the hash is made in another way. */
const FILE_VERSION = 1;
/** Of one module; older ones are dropped. */
const MOST_KEPT = 500;
const NATIVE = /\{\s*\[native code\]\s*\}\s*$/;

/**
 * Hashes of what functions are written as, without comments and white space: they tell apart two functions of one name in one module. undefined for one
 * that has no text, because it is bound or built in. A small file in `cacheFolder` remembers each text, so that only a changed one is read by acorn.
 */
export class FunctionTexts {
  private readonly file: string;
  private known: Map<string, string> | undefined;

  constructor(o: { module: string; cacheFolder: string }) {
    this.file = join(o.cacheFolder, `${hash('sha256', o.module).slice(0, 32)}.functions.json`);
  }

  async hashOf(fn: AnyFunction): Promise<string | undefined> {
    const text = Function.prototype.toString.call(fn);
    if (NATIVE.test(text)) return undefined;
    const key = hash('sha256', text).slice(0, 32);
    this.known ??= readKnown(this.file);
    const kept = this.known.get(key);
    if (kept !== undefined) return kept;
    const normalised = hash('sha256', await withoutComments(text)).slice(0, 32);
    this.known.set(key, normalised);
    writeKnown(this.file, this.known);
    return normalised;
  }
}

/** Its tokens alone; the text as it is where it has none that acorn knows. */
async function withoutComments(text: string): Promise<string> {
  const { tokenizer } = await import('acorn');
  try {
    return JSON.stringify(
      Array.from(tokenizer(text, { ecmaVersion: 'latest', sourceType: 'module' }), ({ start, end }) => text.slice(start, end)),
    );
  } catch {
    return text;
  }
}

function readKnown(file: string): Map<string, string> {
  try {
    const { version, texts } = JSON.parse(readFileSync(file, 'utf8')) as { version: number; texts: [string, string][] };
    return new Map(version === FILE_VERSION ? texts : []);
  } catch {
    // Missing, or damaged: it is made anew.
    return new Map();
  }
}

/** By a rename, so that no other process reads half of it. */
function writeKnown(file: string, known: Map<string, string>): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(temporary, JSON.stringify({ version: FILE_VERSION, texts: [...known].slice(-MOST_KEPT) }));
    renameSync(temporary, file);
  } catch {
    // A folder that cannot be written costs the next process some time and nothing else.
  }
}
