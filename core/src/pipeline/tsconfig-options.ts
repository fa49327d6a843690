import type { AnyNode } from 'acorn';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';

import type { StampedFiles } from './stamped-files.ts';
import { keyOf } from './syntax-tree.ts';

/** The compiler options under which the same source can mean something else. */
const MEANINGFUL = new Set([
  'emitDecoratorMetadata',
  'esModuleInterop',
  'experimentalDecorators',
  'importHelpers',
  'isolatedModules',
  'jsx',
  'jsxFactory',
  'jsxFragmentFactory',
  'jsxImportSource',
  'module',
  'target',
  'useDefineForClassFields',
  'verbatimModuleSyntax',
]);

export interface TsconfigOptions {
  /** Absolute path of the tsconfig.json. */
  file: string;
  /** Those options that change what the code does, with the inherited ones. */
  options: { [name: string]: unknown };
}

/** Finds the tsconfig.json nearest to a folder (undefined if there is none), reading each once. Every file on the way is stamped. */
export function tsconfigFinder(files: StampedFiles): (folder: string) => Promise<TsconfigOptions | undefined> {
  const found = new Map<string, Promise<TsconfigOptions | undefined>>();
  const find = (folder: string): Promise<TsconfigOptions | undefined> => {
    const known = found.get(folder) ?? look(folder);
    found.set(folder, known);
    return known;
  };
  const look = async (folder: string): Promise<TsconfigOptions | undefined> => {
    const file = join(folder, 'tsconfig.json');
    if (files.exists(file)) return { file, options: await optionsOf(file, files, []) };
    return folder === dirname(folder) ? undefined : find(dirname(folder));
  };
  return find;
}

async function optionsOf(file: string, files: StampedFiles, inheritors: string[]): Promise<TsconfigOptions['options']> {
  const text = files.read(file)?.toString('utf8') ?? '';
  const config = await parseJsonWithComments(text);
  // No compiler could use it either, but a change to it must still be seen.
  if (!isObject(config)) return { unreadable: text };
  const options: TsconfigOptions['options'] = {};
  for (const base of [config['extends']].flat()) {
    const path = typeof base === 'string' ? basePath(base, file, files) : undefined;
    if (path !== undefined && !inheritors.includes(path)) Object.assign(options, await optionsOf(path, files, [...inheritors, file]));
  }
  const own = isObject(config['compilerOptions']) ? config['compilerOptions'] : {};
  for (const [name, value] of Object.entries(own)) if (MEANINGFUL.has(name)) options[name] = value;
  return options;
}

/** `./base`, `./base.json`, `@tsconfig/node24/tsconfig.json`, `@tsconfig/node24`. */
function basePath(base: string, file: string, files: StampedFiles): string | undefined {
  if (base.startsWith('.') || isAbsolute(base)) {
    const path = resolve(dirname(file), base);
    return [path, `${path}.json`].find((candidate) => candidate.endsWith('.json') && files.exists(candidate));
  }
  const require = createRequire(file);
  for (const candidate of [base, `${base}.json`, `${base}/tsconfig.json`]) {
    try {
      const path = require.resolve(candidate);
      if (path.endsWith('.json')) return path;
    } catch {
      // The next spelling may be the right one.
    }
  }
  return undefined;
}

/** JSON with comments and trailing commas is an expression of JavaScript. */
async function parseJsonWithComments(text: string): Promise<unknown> {
  const json = text.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(json) as unknown;
  } catch {
    const { parseExpressionAt } = await import('acorn');
    try {
      return valueOf(parseExpressionAt(json, 0, { ecmaVersion: 'latest' }));
    } catch {
      return undefined;
    }
  }
}

function valueOf(node: AnyNode | null): unknown {
  if (node?.type === 'Literal') return node.value;
  if (node?.type === 'ArrayExpression') return node.elements.map(valueOf);
  if (node?.type !== 'ObjectExpression') return undefined;
  return Object.fromEntries(node.properties.flatMap((p) => (p.type === 'Property' ? [[keyOf(p.key, p.computed), valueOf(p.value)]] : [])));
}

function isObject(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
