import type { AnyNode, CallExpression, MemberExpression } from 'acorn';

import type { BodyScope, Origin, Path } from './body-scope.ts';
import { children, isFunction, keyOf, type FunctionNode } from './syntax-tree.ts';

/** Names that are never a step, so that `Date.now()` and `Object.keys({ a })` are values. */
const GLOBALS = new Set(
  (
    'Array Atomics BigInt Boolean Buffer Date Error Function Infinity Intl Iterator JSON Map Math NaN Number Object Promise Proxy Reflect ' +
    'RegExp Set String Symbol URL URLSearchParams WeakMap WeakSet atob btoa clearTimeout console crypto decodeURI decodeURIComponent ' +
    'encodeURI encodeURIComponent globalThis isFinite isNaN parseFloat parseInt performance process queueMicrotask require setTimeout ' +
    'structuredClone'
  ).split(' '),
);

/** Array methods whose result holds the same elements. */
const SAME_ELEMENTS = new Set(['filter', 'slice', 'concat', 'reverse', 'toReversed', 'sort', 'toSorted', 'flat', 'values']);
/** Array methods whose result is one of the elements. */
const ONE_ELEMENT = new Set(['find', 'findLast', 'at', 'pop', 'shift']);
/** Paths beyond this length come from `x = x.next` in a loop. */
const MAX_PATH = 6;

/**
 * Whether an expression of a pipeline's body may be a wire, as far as its source shows: a question of reachability from the expression,
 * through variables, objects, arrays and functions of the body, to the call of a step.
 *
 * The source does not say what a step is. A call is taken for a step's if it is given nothing, an object literal or a wire, and its callee
 * is neither a global nor reached through a param.
 */
export function isWire(node: AnyNode, scope: BodyScope): boolean {
  return isWireAt(node, [], { scope, seen: new Map() });
}

/** Whether some element of an expression may be a wire. */
export function holdsWires(node: AnyNode, scope: BodyScope): boolean {
  return isWireAt(node, ['*'], { scope, seen: new Map() });
}

interface Search {
  scope: BodyScope;
  seen: Map<Origin, Set<string>>;
}

function isWireAt(from: Origin, path: Path, search: Search): boolean {
  if (from === 'params') return false;
  if (from === 'inputs') return path.length > 0;
  const key = path.join('\0');
  const paths = search.seen.get(from) ?? new Set();
  if (paths.has(key) || path.length > MAX_PATH) return false;
  search.seen.set(from, paths.add(key));
  const at = (node: Origin, part: Path): boolean => isWireAt(node, part, search);
  switch (from.type) {
    case 'Identifier':
      return (search.scope.variable(from)?.sources ?? []).some((source) => {
        const rest = without(source.at, path);
        return rest !== undefined && at(source.from, [...source.path, ...rest]);
      });
    case 'MemberExpression':
      return at(from.object, [keyOf(from.property, from.computed), ...path]);
    case 'CallExpression':
      return isWireCall(from, path, search);
    case 'ObjectExpression':
      return from.properties.some((property) => {
        if (property.type === 'SpreadElement') return at(property.argument, path);
        const rest = without([keyOf(property.key, property.computed)], path);
        return rest !== undefined && at(property.value, rest);
      });
    case 'ArrayExpression':
      return from.elements.some((element, index) => {
        if (!element || path.length === 0 || !isIndex(path[0]!)) return false;
        if (element.type === 'SpreadElement') return at(element.argument, ['*', ...path.slice(1)]);
        const spreadBefore = from.elements.slice(0, index).some((before) => before?.type === 'SpreadElement');
        const rest = without([spreadBefore ? '*' : String(index)], path);
        return rest !== undefined && at(element, rest);
      });
    case 'LogicalExpression':
      return at(from.left, path) || at(from.right, path);
    case 'ConditionalExpression':
      return at(from.consequent, path) || at(from.alternate, path);
    case 'AssignmentExpression':
      return at(from.right, path);
    case 'SequenceExpression':
      return at(from.expressions.at(-1)!, path);
    case 'ChainExpression':
    case 'ParenthesizedExpression':
      return at(from.expression, path);
    case 'AwaitExpression':
    case 'SpreadElement':
      return at(from.argument, path);
    default:
      return false;
  }
}

function isWireCall(call: CallExpression, path: Path, search: Search): boolean {
  const callee = unwrap(call.callee);
  const functions = search.scope.functions(callee);
  if (functions.length > 0) return functions.some((fn) => returns(fn).some((value) => isWireAt(value, path, search)));
  if (callee.type === 'MemberExpression') {
    const known = isWireFromMethod(call, callee, path, search);
    if (known !== undefined) return known;
  }
  return mayBeStep(callee, search.scope) && isGivenLikeStep(call, search);
}

/** The methods of arrays and of `Object` that carry wires through; undefined for any other method. */
function isWireFromMethod(call: CallExpression, callee: MemberExpression, path: Path, search: Search): boolean | undefined {
  const at = (node: Origin, part: Path): boolean => isWireAt(node, part, search);
  const method = keyOf(callee.property, callee.computed);
  const [first, second] = call.arguments;
  if (callee.object.type === 'Identifier' && callee.object.name === 'Object' && first) {
    if (method === 'assign' || method === 'freeze') return call.arguments.some((argument) => at(argument, path));
    const [index, ...rest] = path;
    if (index === undefined || !isIndex(index)) return false;
    if (method === 'values') return at(first, ['*', ...rest]);
    if (method === 'entries') return rest[0] !== '0' && at(first, ['*', ...rest.slice(1)]);
    return false;
  }
  const callbacks = first ? search.scope.functions(first) : [];
  const results = callbacks.flatMap(returns);
  if ((method === 'map' || method === 'flatMap') && callbacks.length > 0) {
    if (path.length === 0 || !isIndex(path[0]!)) return false;
    return results.some((result) => at(result, path.slice(1)) || (method === 'flatMap' && at(result, path)));
  }
  if (method.startsWith('reduce') && callbacks.length > 0)
    return [...results, ...(second ? [second] : [])].some((result) => at(result, path));
  if (ONE_ELEMENT.has(method)) return at(callee.object, ['*', ...path]);
  if (!SAME_ELEMENTS.has(method)) return undefined;
  const sources = method === 'concat' ? [callee.object, ...call.arguments] : [callee.object];
  return sources.some((source) => at(source, path) || (method === 'flat' && at(source, ['*', ...path])));
}

/** A name from outside the body, a property of one, or a variable of the body that is neither a param nor a part of something. */
function mayBeStep(callee: AnyNode, scope: BodyScope): boolean {
  if (callee.type === 'MemberExpression') return isOutside(callee.object, scope);
  if (callee.type !== 'Identifier') return false;
  const variable = scope.variable(callee);
  if (!variable) return !GLOBALS.has(callee.name);
  return variable.sources.some(({ from }) => typeof from !== 'string' && (from.type === 'CallExpression' || isOutside(from, scope)));
}

/** A name from outside the body, or reached from one by properties alone. */
function isOutside(node: AnyNode, scope: BodyScope, seen = new Set<AnyNode>()): boolean {
  if (seen.has(node)) return false;
  seen.add(node);
  if (node.type === 'MemberExpression') return isOutside(node.object, scope, seen);
  if (node.type !== 'Identifier') return false;
  const variable = scope.variable(node);
  if (!variable) return !GLOBALS.has(node.name);
  return variable.sources.some(({ from }) => typeof from !== 'string' && isOutside(from, scope, seen));
}

function isGivenLikeStep(call: CallExpression, search: Search): boolean {
  const first = call.arguments[0];
  if (!first || isUndefined(first)) return true;
  if (isObjectLiteral(first, search.scope)) return true;
  return isWireAt(first, [], search);
}

function isObjectLiteral(node: AnyNode, scope: BodyScope): boolean {
  if (node.type === 'ObjectExpression') return true;
  if (node.type !== 'Identifier') return false;
  const sources = scope.variable(node)?.sources ?? [];
  return sources.some(
    ({ at, from, path }) => at.length + path.length === 0 && typeof from !== 'string' && from.type === 'ObjectExpression',
  );
}

function isUndefined(node: AnyNode): boolean {
  return (node.type === 'Identifier' && node.name === 'undefined') || (node.type === 'UnaryExpression' && node.operator === 'void');
}

/** The callee without what surrounds it: CommonJS output calls `(0, x_js.load)()`. */
export function unwrap(callee: AnyNode): AnyNode {
  if (callee.type === 'SequenceExpression') return unwrap(callee.expressions.at(-1)!);
  if (callee.type === 'ChainExpression' || callee.type === 'ParenthesizedExpression') return unwrap(callee.expression);
  return callee;
}

/** What a function written in the body may return. */
function returns(fn: FunctionNode): AnyNode[] {
  if (fn.async || fn.generator) return [];
  return fn.body.type === 'BlockStatement' ? returnsWithin(fn.body) : [fn.body];
}

function returnsWithin(node: AnyNode): AnyNode[] {
  if (isFunction(node)) return [];
  if (node.type === 'ReturnStatement') return node.argument ? [node.argument] : [];
  return [...children(node)].flatMap(returnsWithin);
}

function isIndex(key: string): boolean {
  return key === '*' || /^\d+$/.test(key);
}

/** What is left of `path` below its part `at`; undefined if it leads elsewhere. A path that ends above `at` is a holder, hence no wire. */
function without(at: Path, path: Path): Path | undefined {
  if (path.length < at.length) return undefined;
  return at.every((key, index) => key === '*' || path[index] === '*' || key === path[index]) ? path.slice(at.length) : undefined;
}
