import type { AnyNode, CallExpression, MemberExpression, NewExpression } from 'acorn';

import { children, keyOf } from './syntax-tree.ts';

/** Modules that code reaches by other means than `import` and `require`, which bundlers do not see. */
export interface HiddenReferences {
  /** Literal specifiers given to `import.meta.resolve`, relative to the module. */
  modules: string[];
  /** The same, given to a `createRequire` function or to `require.resolve`: of a package they may mean another module than for an import. */
  required: string[];
  /** Literal relative URLs: `new Worker(new URL('./x.ts', import.meta.url))`. They may name data, or nothing yet. */
  urls: string[];
  /** Where the source does not show which code it reaches: why, and the expression as written. */
  unknown: { why: string; expression: string }[];
}

export const NAME_AT_RUN_TIME = 'the name of a module is known only at run time';
const STRAY_REQUIRE = 'what createRequire makes can be followed only as `const name = createRequire(...)` that is called with literals';
const REQUIRE_ELSEWHERE = 'what it finds can be followed only where it is createRequire(import.meta.url)';
const PATH_OF_CWD = 'the module that it starts can be followed only as new URL(literal, import.meta.url)';
const STRAY_START = 'which modules it starts can be followed only where it is called by its name';
const REQUIRE_OF_ANOTHER = 'what the require of another module finds is known only at run time';
const CODE_AT_RUN_TIME = 'code is made at run time, and may import anything';

const HIDES =
  /\b(?:createRequire|import\.meta\.resolve|require\.resolve|new URL|worker_threads|child_process|eval|Function|require\.main|mainModule|module\.parent)\b/;
/** Names under which CommonJS has modules that are not this one. */
const OTHER_MODULES = /\b(?:require\.main|mainModule|module\.parent)\b/;

/** `code` is JavaScript that acorn reads (no types, JSX or decorators). acorn is loaded only if the text has one of the forms. */
export async function hiddenReferences(code: () => Promise<string>, text: string): Promise<HiddenReferences> {
  const found: HiddenReferences = { modules: [], required: [], urls: [], unknown: [] };
  if (!HIDES.test(text)) return found;
  const { parse } = await import('acorn');
  const source = await code();
  const places = [...descendants(parsed(parse, source), [])];
  const constants = constantsOf(places);
  const starters = startersOf(places, source);
  const otherModules = OTHER_MODULES.test(source);
  const refuse = (node: AnyNode, why: string): void => {
    found.unknown.push({ why, expression: source.slice(node.start, node.end).replace(/\s+/g, ' ').slice(0, 80) });
  };
  for (const { node, parents } of places) {
    const around = parents.at(-1) ?? node;
    if (isRequireCall(node, constants)) {
      const specifier = literal(node.arguments[0]);
      if (specifier.length > 0) found[isImportMetaResolve(node) ? 'modules' : 'required'].push(...specifier);
      else refuse(node, NAME_AT_RUN_TIME);
    }
    if (isCreateRequire(node) && !isThisModule(node.arguments[0], constants)) refuse(node, REQUIRE_ELSEWHERE);
    if (isStrayRequire(node, parents, constants)) refuse(around, STRAY_REQUIRE);
    if (isUrlBesideModule(node)) found.urls.push(...literal(node.arguments[0]));
    if (isStart(node, starters) && !startsModule(node, constants)) refuse(node, PATH_OF_CWD);
    if (isStrayStarter(node, parents, starters)) refuse(around, STRAY_START);
    if (otherModules && isRequireOfAnother(node)) refuse(around, REQUIRE_OF_ANOTHER);
    if (makesCode(node, parents)) refuse(around, CODE_AT_RUN_TIME);
  }
  return found;
}

/** Only where it is no module may it have what strict code must not: `with`, numbers like 010. */
function parsed(parse: typeof import('acorn').parse, source: string): AnyNode {
  const options = { ecmaVersion: 'latest', allowReturnOutsideFunction: true, checkPrivateFields: false } as const;
  try {
    return parse(source, { ...options, sourceType: 'module' });
  } catch (error) {
    try {
      return parse(source, { ...options, sourceType: 'script' });
    } catch {
      throw error;
    }
  }
}

interface Place {
  node: AnyNode;
  /** From the outside inwards. */
  parents: AnyNode[];
}

function* descendants(node: AnyNode, parents: AnyNode[]): Generator<Place> {
  yield { node, parents };
  for (const child of children(node)) yield* descendants(child, [...parents, node]);
}

/** What the names of `const` stand for: several things, where scopes have one of the same name. */
type Constants = ReadonlyMap<string, readonly AnyNode[]>;

function constantsOf(places: readonly Place[]): Constants {
  const constants = new Map<string, AnyNode[]>();
  for (const { node } of places) {
    if (node.type !== 'VariableDeclaration' || node.kind !== 'const') continue;
    for (const { id, init } of node.declarations)
      if (id.type === 'Identifier' && init) constants.set(id.name, [...(constants.get(id.name) ?? []), init]);
  }
  return constants;
}

function meaningsOf(node: AnyNode | undefined, constants: Constants): readonly AnyNode[] {
  return constants.get(nameOf(node) ?? '') ?? (node ? [node] : []);
}

/** What starts modules: `Worker` and `fork`, whose own modules must be named in the source. */
interface Starters {
  /** As they are called where they come from. */
  names: ReadonlySet<string>;
  /** Under which the source has them. */
  local: ReadonlySet<string>;
}

function startersOf(places: readonly Place[], source: string): Starters {
  const names = new Set([...(source.includes('worker_threads') ? ['Worker'] : []), ...(source.includes('child_process') ? ['fork'] : [])]);
  const local = new Set<string>();
  for (const { node, parents } of places) {
    if (node.type === 'ImportSpecifier' && names.has(keyOf(node.imported, false))) local.add(node.local.name);
    const isTaken = node.type === 'Property' && parents.at(-1)?.type === 'ObjectPattern' && names.has(keyOf(node.key, node.computed));
    const alias = isTaken
      ? nameOf(node.value)
      : node.type === 'VariableDeclarator' && isStarter(node.init, { names, local })
        ? nameOf(node.id)
        : undefined;
    if (alias !== undefined) local.add(alias);
  }
  return { names, local };
}

/** `Worker`, or `threads.Worker`. */
function isStarter(node: AnyNode | null | undefined, { names, local }: Starters): boolean {
  if (node?.type === 'MemberExpression') return names.has(lastName(node) ?? '');
  return local.has(nameOf(node ?? undefined) ?? '');
}

function isStart(node: AnyNode, { names, local }: Starters): node is CallExpression | NewExpression {
  if (node.type !== 'NewExpression' && node.type !== 'CallExpression') return false;
  const name = lastName(node.callee) ?? '';
  return names.has(name) || local.has(name);
}

/** One that is neither imported, kept under a name, nor called: what a class that extends it starts, or whoever it is given to, is not seen. */
function isStrayStarter(node: AnyNode, parents: readonly AnyNode[], starters: Starters): boolean {
  const parent = parents.at(-1);
  if (parent === undefined || !isStarter(node, starters) || isOnlyName(node, parent)) return false;
  switch (parent.type) {
    case 'CallExpression':
    case 'NewExpression':
      return parent.callee !== node;
    case 'VariableDeclarator':
      return nameOf(parent.id) === undefined;
    case 'Property':
      return parents.at(-2)?.type !== 'ObjectPattern';
    case 'ImportSpecifier':
    case 'BinaryExpression':
    case 'UnaryExpression':
      return false;
    default:
      return true;
  }
}

/** `require.main.require(...)`; `module.require` is the module's own, which bundlers follow. */
function isRequireOfAnother(node: AnyNode): boolean {
  return node.type === 'MemberExpression' && lastName(node) === 'require' && nameOf(node.object) !== 'module';
}

/** Its file is the module itself, or that of a URL which was followed: a composed one may be that of any. */
function startsModule({ arguments: [file] }: CallExpression | NewExpression, constants: Constants): boolean {
  const urls = meaningsOf(file, constants);
  if (file !== undefined && isThisModule(file, constants)) return true;
  return urls.length > 0 && urls.every((url) => isUrlBesideModule(url) && literal(url.arguments[0]).length > 0);
}

/** `import.meta.url`, `import.meta.filename`, `__filename`, `fileURLToPath(import.meta.url)`, `new URL(import.meta.url)`: what is relative to it is relative to the module. */
function isThisModule(node: AnyNode | undefined, constants: Constants): boolean {
  if (nameOf(node) === '__filename') return true;
  return meaningsOf(node, constants).every((meaning) => {
    const isMadeOfUrl =
      (meaning.type === 'CallExpression' && lastName(meaning.callee) === 'fileURLToPath') ||
      (meaning.type === 'NewExpression' && nameOf(meaning.callee) === 'URL' && meaning.arguments.length === 1);
    const place = isMadeOfUrl ? meaning.arguments[0] : meaning;
    return place?.type === 'MemberExpression' && place.object.type === 'MetaProperty' && /^(?:url|filename)$/.test(lastName(place) ?? '');
  });
}

/** `createRequire(...)`, `module.createRequire(...)`. */
function isCreateRequire(node: AnyNode | null | undefined): node is CallExpression {
  return node?.type === 'CallExpression' && lastName(node.callee) === 'createRequire';
}

function isRequire(node: AnyNode, constants: Constants): boolean {
  return meaningsOf(node, constants).some(isCreateRequire);
}

/** `require(...)`, `require.resolve(...)`, `import.meta.resolve(...)`. */
function isRequireCall(node: AnyNode, constants: Constants): node is CallExpression {
  if (node.type !== 'CallExpression') return false;
  const { callee } = node;
  if (callee.type !== 'MemberExpression') return isRequire(callee, constants);
  if (lastName(callee) !== 'resolve') return false;
  return callee.object.type === 'MetaProperty' || nameOf(callee.object) === 'require' || isRequire(callee.object, constants);
}

function isImportMetaResolve({ callee }: CallExpression): boolean {
  return callee.type === 'MemberExpression' && callee.object.type === 'MetaProperty';
}

/** `createRequire`, or the function that it made, where it is neither imported, kept under a constant name, nor called. */
function isStrayRequire(node: AnyNode, parents: readonly AnyNode[], constants: Constants): boolean {
  const parent = parents.at(-1);
  if (parent === undefined || isOnlyName(node, parent)) return false;
  if (nameOf(node) === 'createRequire' || (node.type === 'MemberExpression' && lastName(node) === 'createRequire'))
    return !isCallee(node, parent) && !isPlainImport(parent) && parent.type !== 'Property';
  if (!isRequire(node, constants) || isCallee(node, parent)) return false;
  if (parent.type === 'MemberExpression') return lastName(parent) !== 'resolve' || !isCallee(parent, parents.at(-2));
  if (parent.type !== 'VariableDeclarator') return true;
  const exported = parents.at(-3)?.type === 'ExportNamedDeclaration';
  return exported || (parent.init === node && (parents.at(-2) as { kind?: string }).kind !== 'const');
}

/** `import { createRequire }`: not under another name, where it would not be seen again. */
function isPlainImport(parent: AnyNode): boolean {
  return parent.type === 'ImportSpecifier' && keyOf(parent.imported, false) === parent.local.name;
}

/** A name that stands for no variable: `o.name`, `{ name: x }`. */
function isOnlyName(node: AnyNode, parent: AnyNode): boolean {
  if (parent.type === 'MemberExpression') return parent.property === node && !parent.computed;
  if (parent.type === 'MethodDefinition' || parent.type === 'PropertyDefinition') return parent.key === node && !parent.computed;
  return parent.type === 'Property' && parent.key === node && !parent.computed && !parent.shorthand;
}

/** `eval(...)`, `(0, eval)(...)`, `globalThis.eval(...)`, `new Function(...)`, `Function(...)`. */
function makesCode(node: AnyNode, parents: readonly AnyNode[]): boolean {
  const parent = parents.at(-1);
  if (parent === undefined) return false;
  if (node.type === 'MemberExpression') return nameOf(node.object) === 'globalThis' && MAKERS.has(lastName(node) ?? '');
  if (nameOf(node) === 'eval') return !isOnlyName(node, parent);
  return nameOf(node) === 'Function' && (isCallee(node, parent) || (parent.type === 'NewExpression' && parent.callee === node));
}

const MAKERS = new Set(['eval', 'Function']);

function isUrlBesideModule(node: AnyNode | undefined): node is NewExpression {
  if (node?.type !== 'NewExpression' || nameOf(node.callee) !== 'URL') return false;
  const [, base] = node.arguments;
  return base?.type === 'MemberExpression' && base.object.type === 'MetaProperty';
}

function isCallee(node: AnyNode, parent: AnyNode | undefined): boolean {
  return parent?.type === 'CallExpression' && parent.callee === node;
}

function nameOf(node: AnyNode | undefined): string | undefined {
  return node?.type === 'Identifier' ? node.name : undefined;
}

/** `b` of `b` and of `a.b`. */
function lastName(node: AnyNode | MemberExpression): string | undefined {
  return node.type === 'MemberExpression' ? keyOf(node.property, false) : nameOf(node);
}

function literal(node: AnyNode | undefined): string[] {
  if (node?.type === 'Literal' && typeof node.value === 'string') return [node.value];
  return node?.type === 'TemplateLiteral' && node.quasis.length === 1 ? [node.quasis[0]!.value.cooked ?? ''] : [];
}
