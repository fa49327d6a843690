import type { AnyNode, CallExpression, Identifier, Pattern } from 'acorn';

import { children, isFunction, keyOf, type FunctionNode } from './syntax-tree.ts';

/** An expression of the body, or one of its two arguments: the params (values) and the inputs of a nested pipeline (wires). */
export type Origin = AnyNode | 'params' | 'inputs';

/** Property names that lead from a value to a part of it; `*` is some element. */
export type Path = readonly string[];

/** One way in which a variable got its value: its part `at` is the part `path` of `from`. `const { a } = e` makes `a` the part `a` of `e`. */
export interface Source {
  at: Path;
  from: Origin;
  path: Path;
}

export interface Variable {
  sources: Source[];
}

/** What the names in a body mean. */
export interface BodyScope {
  /** Undefined for a name from outside of the body. */
  variable(name: Identifier): Variable | undefined;
  /** The functions written in the body that an expression may stand for. */
  functions(callee: AnyNode): FunctionNode[];
}

interface Scope {
  names: Map<string, Variable>;
  parent: Scope | undefined;
  isFunction: boolean;
}

/** Array methods that call their argument with an element, by the position of that element among the callback's parameters. */
const ELEMENT_PARAMETER: Record<string, number> = {
  map: 0,
  flatMap: 0,
  forEach: 0,
  filter: 0,
  find: 0,
  findLast: 0,
  findIndex: 0,
  findLastIndex: 0,
  some: 0,
  every: 0,
  reduce: 1,
  reduceRight: 1,
};

/** Binds every name of `body` to the expressions that may be its value, by the scoping rules of JavaScript; order and branches are ignored. */
export function bodyScope(body: FunctionNode): BodyScope {
  const scopes = new Map<AnyNode, Scope>();
  const variables = new Map<Identifier, Variable>();
  const calls: CallExpression[] = [];
  const scope: BodyScope = {
    variable: (name) => variables.get(name),
    functions: (callee) => functionsOf(callee, scope, new Set()),
  };

  declare(body, { names: new Map(), parent: undefined, isFunction: true });
  resolve(body, scopes.get(body)!);
  bindParameter(body, 0, 'params', []);
  bindParameter(body, 1, 'inputs', []);
  for (const call of calls) bindCall(call);
  return scope;

  /** First walk: which names each function and block declares. */
  function declare(node: AnyNode, outer: Scope): void {
    if (node.type === 'FunctionDeclaration' && node.id) addName(outer, node.id.name).sources.push({ at: [], from: node, path: [] });
    if (node.type === 'ClassDeclaration' && node.id) addName(outer, node.id.name);
    if (node.type === 'VariableDeclaration') {
      const target = node.kind === 'var' ? functionScope(outer) : outer;
      for (const { id } of node.declarations) for (const name of patternNames(id)) addName(target, name);
    }
    const inner = opensScope(node) ? { names: new Map<string, Variable>(), parent: outer, isFunction: isFunction(node) } : outer;
    if (inner !== outer) scopes.set(node, inner);
    if (isFunction(node)) {
      for (const param of node.params) for (const name of patternNames(param)) addName(inner, name);
      if (node.type === 'FunctionExpression' && node.id) addName(inner, node.id.name).sources.push({ at: [], from: node, path: [] });
    }
    if (node.type === 'CatchClause' && node.param) for (const name of patternNames(node.param)) addName(inner, name);
    for (const child of children(node)) declare(child, inner);
  }

  /** Second walk: which variable each identifier is, and what is assigned to it. */
  function resolve(node: AnyNode, outer: Scope): void {
    const here = scopes.get(node) ?? outer;
    if (node.type === 'Identifier') {
      const variable = lookUp(here, node.name);
      if (variable) variables.set(node, variable);
    } else if (node.type === 'VariableDeclarator' && node.init) {
      bind(node.id, node.init, [], here);
    } else if (node.type === 'ForOfStatement') {
      const target = node.left.type === 'VariableDeclaration' ? node.left.declarations[0]!.id : node.left;
      bind(target, node.right, ['*'], here);
    } else if (node.type === 'AssignmentExpression' && ['=', '||=', '&&=', '??='].includes(node.operator)) {
      bind(node.left, node.right, [], here);
    } else if (node.type === 'CallExpression') {
      calls.push(node);
    }
    for (const child of children(node)) resolve(child, here);
  }

  function bind(target: Pattern, from: Origin, path: Path, here: Scope): void {
    if (target.type === 'Identifier') {
      lookUp(here, target.name)?.sources.push({ at: [], from, path });
    } else if (target.type === 'AssignmentPattern') {
      bind(target.left, from, path, here);
      bind(target.left, target.right, [], here);
    } else if (target.type === 'RestElement') {
      bind(target.argument, from, path, here);
    } else if (target.type === 'ObjectPattern') {
      for (const part of target.properties) {
        if (part.type === 'RestElement') bind(part.argument, from, path, here);
        else bind(part.value, from, [...path, keyOf(part.key, part.computed)], here);
      }
    } else if (target.type === 'ArrayPattern') {
      for (const [index, part] of target.elements.entries()) if (part) bind(part, from, [...path, String(index)], here);
    } else {
      bindPart(target, [], { from, path }, here);
    }
  }

  /** `o.list[0] = wire`: the part `list.0` of `o`. */
  function bindPart(target: AnyNode, at: Path, value: { from: Origin; path: Path }, here: Scope): void {
    if (target.type === 'MemberExpression') bindPart(target.object, [keyOf(target.property, target.computed), ...at], value, here);
    if (target.type === 'Identifier') lookUp(here, target.name)?.sources.push({ at, ...value });
  }

  function bindParameter(fn: FunctionNode, index: number, from: Origin, path: Path): void {
    const param = fn.params[index];
    if (param) bind(param, from, path, scopes.get(fn)!);
  }

  /** Arguments of a call that reach a function written in the body: its own call, or that of an array method it was given to. */
  function bindCall(call: CallExpression): void {
    for (const fn of scope.functions(call.callee)) {
      for (const [index, argument] of call.arguments.entries()) bindParameter(fn, index, argument, []);
    }
    if (call.callee.type !== 'MemberExpression') return;
    const method = keyOf(call.callee.property, call.callee.computed);
    const [first, second] = call.arguments;
    const element = ELEMENT_PARAMETER[method];
    if (element !== undefined && first) {
      for (const fn of scope.functions(first)) {
        bindParameter(fn, element, call.callee.object, ['*']);
        if (element === 1 && second) bindParameter(fn, 0, second, []);
      }
    }
    if (method === 'push' || method === 'unshift') {
      const owner = call.callee.object;
      for (const from of call.arguments) if (owner.type === 'Identifier') variables.get(owner)?.sources.push({ at: ['*'], from, path: [] });
    }
  }
}

function opensScope(node: AnyNode): boolean {
  return isFunction(node) || /^(?:BlockStatement|For\w*Statement|SwitchStatement|CatchClause|StaticBlock)$/.test(node.type);
}

function functionScope(scope: Scope): Scope {
  return scope.isFunction || !scope.parent ? scope : functionScope(scope.parent);
}

function addName(scope: Scope, name: string): Variable {
  const variable = scope.names.get(name) ?? { sources: [] };
  scope.names.set(name, variable);
  return variable;
}

function lookUp(scope: Scope | undefined, name: string): Variable | undefined {
  return scope && (scope.names.get(name) ?? lookUp(scope.parent, name));
}

function patternNames(node: Pattern): string[] {
  if (node.type === 'Identifier') return [node.name];
  if (node.type === 'RestElement') return patternNames(node.argument);
  if (node.type === 'AssignmentPattern') return patternNames(node.left);
  if (node.type === 'ArrayPattern') return node.elements.flatMap((part) => (part ? patternNames(part) : []));
  if (node.type !== 'ObjectPattern') return [];
  return node.properties.flatMap((part) => patternNames(part.type === 'RestElement' ? part : part.value));
}

function functionsOf(node: AnyNode, scope: BodyScope, seen: Set<AnyNode>): FunctionNode[] {
  if (isFunction(node)) return [node];
  // tsx keeps the names of functions: `__name((a) => ..., 'both')`.
  if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === '__name') {
    return functionsOf(node.arguments[0]!, scope, seen);
  }
  if (node.type !== 'Identifier' || seen.has(node)) return [];
  seen.add(node);
  const whole = scope.variable(node)?.sources.filter(({ at, path }) => at.length === 0 && path.length === 0) ?? [];
  return whole.flatMap(({ from }) => (typeof from === 'string' ? [] : functionsOf(from, scope, seen)));
}
