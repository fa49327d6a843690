import type { AnyNode, CallExpression, NewExpression } from 'acorn';

import { children, keyOf } from './syntax-tree.ts';

/** Modules that code reaches by other means than `import` and `require`, which bundlers do not see. */
export interface HiddenReferences {
  /** Literal specifiers given to a `createRequire` function or to `import.meta.resolve`, relative to the module. */
  modules: string[];
  /** Literal relative URLs: `new Worker(new URL('./x.ts', import.meta.url))`. They may name data, or nothing yet. */
  urls: string[];
  /** Calls of a `createRequire` function with something that is no literal, as written. */
  unknown: string[];
}

const HIDES = /\bcreateRequire\b|\bimport\.meta\.resolve\b|\bnew URL\b/;

/** `code` is JavaScript that acorn reads (no types, JSX or decorators). acorn is loaded only if the text has one of the forms. */
export async function hiddenReferences(code: () => Promise<string>, text: string): Promise<HiddenReferences> {
  const found: HiddenReferences = { modules: [], urls: [], unknown: [] };
  if (!HIDES.test(text)) return found;
  const { parse } = await import('acorn');
  const source = await code();
  const options = { ecmaVersion: 'latest', sourceType: 'module', allowReturnOutsideFunction: true, checkPrivateFields: false } as const;
  const nodes = [...descendants(parse(source, options))];
  const requires = new Set(
    nodes.flatMap((node) => (node.type === 'VariableDeclarator' && isCreateRequire(node.init) ? nameOf(node.id) : [])),
  );
  for (const node of nodes) {
    if (node.type === 'NewExpression' && isUrlBesideModule(node)) found.urls.push(...literal(node.arguments[0]));
    if (node.type !== 'CallExpression') continue;
    const callee =
      node.callee.type === 'MemberExpression' && keyOf(node.callee.property, false) === 'resolve' ? node.callee.object : node.callee;
    if (callee.type === 'MetaProperty') found.modules.push(...literal(node.arguments[0]));
    if (!isCreateRequire(callee) && !nameOf(callee).some((name) => requires.has(name))) continue;
    const specifier = literal(node.arguments[0]);
    if (specifier.length > 0) found.modules.push(...specifier);
    else found.unknown.push(source.slice(node.start, node.end).replace(/\s+/g, ' ').slice(0, 80));
  }
  return found;
}

function* descendants(node: AnyNode): Generator<AnyNode> {
  yield node;
  for (const child of children(node)) yield* descendants(child);
}

/** `createRequire(...)`, `module.createRequire(...)`. */
function isCreateRequire(node: AnyNode | null | undefined): node is CallExpression {
  if (node?.type !== 'CallExpression') return false;
  return (node.callee.type === 'MemberExpression' ? keyOf(node.callee.property, false) : nameOf(node.callee)[0]) === 'createRequire';
}

function isUrlBesideModule(node: NewExpression): boolean {
  const [, base] = node.arguments;
  return nameOf(node.callee)[0] === 'URL' && base?.type === 'MemberExpression' && base.object.type === 'MetaProperty';
}

function nameOf(node: AnyNode): string[] {
  return node.type === 'Identifier' ? [node.name] : [];
}

function literal(node: AnyNode | undefined): string[] {
  if (node?.type === 'Literal' && typeof node.value === 'string') return [node.value];
  return node?.type === 'TemplateLiteral' && node.quasis.length === 1 ? [node.quasis[0]!.value.cooked ?? ''] : [];
}
