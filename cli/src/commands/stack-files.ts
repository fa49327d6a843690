import { readFileSync, writeFileSync } from 'node:fs';
import type { ImportedStack, StackDocument } from '@mortise/core/client';
import { announceFlavor } from '../announce-flavor.ts';
import { print, printLine, yamlOf } from '../print.ts';
import { withClient, type Core } from '../project-core.ts';

/** `mortise stack export [NAME] [FILE]`. */
export async function exportStack(name: string | undefined, file: string | undefined): Promise<void> {
  await withClient(async (client, core) => {
    const document = await client.exportStack(name);
    if (file === undefined) await print(document, 'yaml', String);
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
  const text = file === '-' ? await textOfStdin() : textOf(file, core);
  const { parse } = await import('yaml');
  try {
    return parse(text) as unknown;
  } catch (error) {
    const [reason = ''] = String((error as Error).message).split('\n');
    throw new core.BadStackDocument(
      { reason: `${file === '-' ? 'stdin' : file} is no YAML (${reason.replace(/:$/, '')})` },
      { cause: error },
    );
  }
}

function textOf(file: string, { FileBroken, FileNotFound }: Core): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new FileNotFound({ file }, { cause: error });
    throw new FileBroken({ file, reason: code === 'EISDIR' ? 'it is a folder' : code }, { cause: error });
  }
}

async function textOfStdin(): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString();
}

function printImported({ stack, registered, reused, flavors, warnings }: ImportedStack): void {
  for (const { type, name, source, version } of flavors) printLine(`registered ${type} flavor "${name}" from ${source} ${version}`);
  for (const { type, name } of registered) printLine(`registered ${type} "${name}"`);
  for (const { type, name } of reused) printLine(`${type} "${name}" is here already, and the same`);
  printLine(`registered stack "${stack.name}"`);
  for (const warning of warnings) printLine(`warning: ${warning}`);
}
