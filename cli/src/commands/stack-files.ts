import { createReadStream, writeFileSync } from 'node:fs';
import type { ImportedStack, StackDocument } from '@mortise/core/client';
import { announceFlavor } from '../announce-flavor.ts';
import { boundedBytes, TOO_MANY_BYTES } from '../bounded-bytes.ts';
import { firstLine } from '../first-line.ts';
import { print, printLine, yamlOf } from '../print.ts';
import { withClient, type Core } from '../project-core.ts';

/** `mortise stack export [NAME] [FILE]`; `-` is stdout. */
export async function exportStack(name: string | undefined, file: string | undefined): Promise<void> {
  await withClient(async (client, core) => {
    const document = await client.exportStack(name);
    if (file === undefined || file === '-') await print(document, 'yaml', String);
    else {
      await write(file, document, core);
      printLine(`wrote stack "${document.stack.name}" to ${file}`);
    }
    // stdout may be the file.
    for (const { type, name: component, key } of document.omitted)
      process.stderr.write(`left out: "${key}" of ${type} "${component}", which is secret, and no reference\n`);
  });
}

async function write(file: string, document: StackDocument, { FileNotWritable }: Core): Promise<void> {
  const text = await yamlOf(document);
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new FileNotWritable({ file, reason: (error as NodeJS.ErrnoException).code ?? String(error) }, { cause: error });
  }
}

/** `mortise stack import FILE`; `-` is stdin. */
export async function importStack(file: string, { name, force = false }: { name?: string; force?: boolean }): Promise<void> {
  await withClient(async (client, core) => {
    const document = await read(file, core);
    printImported(await client.importStack(document, { ...(name !== undefined && { name }), force, onLoad: announceFlavor }));
  });
}

/** `-` is stdin. */
async function read(file: string, core: Core): Promise<unknown> {
  const { FileBroken, BadStackDocument } = core;
  const place = file === '-' ? 'stdin' : file;
  const bytes = await (file === '-' ? boundedBytes(process.stdin) : bytesOf(file, core));
  if (bytes === undefined) throw new FileBroken({ file: place, reason: TOO_MANY_BYTES });
  const text = decoded(bytes);
  if (text === undefined) throw new FileBroken({ file: place, reason: 'it is not UTF-8' });
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { intAsBigInt: true });
  // A warning is of what is read as something else than what stands there.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const several = problem.code === 'MULTIPLE_DOCS' && 'it holds several documents';
    throw new BadStackDocument(
      { reason: `${place} is no YAML (${several || firstLine(problem.message).replace(/:$/, '')})` },
      { cause: problem },
    );
  }
  try {
    return document.toJS({ reviver: exact }) as unknown;
  } catch (error) {
    throw new BadStackDocument({ reason: `${place} is no YAML (${firstLine((error as Error).message)})` }, { cause: error });
  }
}

/** A whole number that would be stored as another one is refused, as on the command line. */
function exact(key: unknown, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new Error(`"${String(key)}" cannot be kept exactly: whole numbers go to ${Number.MAX_SAFE_INTEGER}, a text of digits has quotes`);
  return number;
}

/** Undefined: it is no UTF-8, and would be stored with other letters than it has. */
function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function bytesOf(file: string, { FileBroken, FileNotFound }: Core): Promise<Uint8Array | undefined> {
  try {
    return await boundedBytes(createReadStream(file));
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new FileNotFound({ file }, { cause: error });
    throw new FileBroken({ file, reason: code === 'EISDIR' ? 'it is a folder' : code }, { cause: error });
  }
}

function printImported({ stack, registered, reused, flavors, warnings }: ImportedStack): void {
  for (const { type, name, source, version } of flavors) printLine(`registered ${type} flavor "${name}" from ${source} ${version}`);
  for (const { type, name } of registered) printLine(`registered ${type} "${name}"`);
  for (const { type, name } of reused) printLine(`${type} "${name}" is here already, and the same`);
  printLine(`registered stack "${stack.name}"`);
  for (const warning of warnings) printLine(`warning: ${warning}`);
}
