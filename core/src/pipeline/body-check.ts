import type { AnyNode } from 'acorn';

import { bodyScope, type BodyScope } from './body-scope.ts';
import { children, isFunction, keyOf, type FunctionNode } from './syntax-tree.ts';
import { holdsWires, isWire, unwrap } from './wire-flow.ts';

/** One thing wrong with the body of a function-style pipeline. */
export interface BodyProblem {
  kind: 'condition' | 'uncheckable';
  /** Where in the body's source, both from 1. */
  line: number;
  column: number;
  /** The wire as it is written there, on one line, at most 80 characters. */
  expression: string;
  /** One line: what is wrong and the ways out. */
  message: string;
}

/** Every place where a wire goes untrapped contains one of these. `\u` because an escape can hide a name. */
const UNTRAPPED = /\b(?:if|while|for|switch|typeof|Boolean|Object|Array)\b|[?!]|&&|\|\||==|\\u/;
/** The `for` of `for (const x of` and of `for (let i = 0; i < n;`: the first has no condition, and a comparison is trapped. */
const HARMLESS_FOR =
  /\bfor(?=\s*\(\s*(?:const|let|var)\s+(?:(?:[\w$]+|[[{][^()=;]*[\]}])\s+(?:of|in)\b|[^();'"`/]*;\s*[\w$.]+\s*[<>]=?\s*[\w$.]+\s*;))/g;
const NATIVE = /\{\s*\[native code\]\s*\}\s*$/;
const checked = new Map<string, Promise<readonly BodyProblem[]>>();
const IDENTITY = new Set(['===', '!==', '==', '!=']);
const TESTING_CALLS = new Set(['Boolean', 'Object.is', 'Array.isArray']);
const TAKES_PREDICATE = new Set(['filter', 'find', 'findLast', 'findIndex', 'findLastIndex', 'some', 'every']);

/**
 * Finds wires in conditions in `source`, the text of a function-style pipeline's body (`body.toString()`), where no proxy can trap them:
 * a wire is an object, hence always true, never null and equal only to itself.
 *
 * The params (first argument) are values; the inputs of a nested pipeline (second argument) are wires. What the source does not show is not
 * seen: a helper outside the body that tests a wire it is given. A call that only looks like a step's (`isProd()`, `isBig({ lr })`) is taken
 * for one, so the message names the way out.
 *
 * Costs a regular expression when the text has no condition, and nothing when it was checked before; otherwise acorn is loaded, some 35 ms
 * the first time.
 */
export function checkBody(source: string): Promise<readonly BodyProblem[]> {
  const result = checked.get(source) ?? check(source);
  checked.set(source, result);
  return result;
}

async function check(source: string): Promise<BodyProblem[]> {
  if (NATIVE.test(source)) return [uncheckable('a bound or native function has no source: give the pipeline the function itself')];
  if (!UNTRAPPED.test(source.replace(HARMLESS_FOR, ''))) return [];
  const body = await parseBody(source);
  if (typeof body === 'string') return [uncheckable(`its source cannot be read (${body})`)];
  const scope = bodyScope(body.node);
  const found = new Set<AnyNode>();
  visit(body.node, scope, found);
  return [...found]
    .sort((a, b) => a.start - b.start)
    .map((node) => conditionProblem(source, node.start - body.offset, node.end - body.offset));
}

/** A function parses as an expression, a method only within an object literal. */
async function parseBody(source: string): Promise<{ node: FunctionNode; offset: number } | string> {
  const { parse } = await import('acorn');
  let reason = 'it is no function';
  for (const [before, after] of [
    ['(', '\n)'],
    ['({', '\n})'],
  ] as const) {
    try {
      const program = parse(before + source + after, {
        ecmaVersion: 'latest',
        sourceType: 'script',
        allowSuperOutsideMethod: true,
        allowImportExportEverywhere: true,
        checkPrivateFields: false,
      });
      const statement = program.body[0];
      const expression = statement?.type === 'ExpressionStatement' ? statement.expression : undefined;
      const property = expression?.type === 'ObjectExpression' ? expression.properties[0] : undefined;
      const node = property?.type === 'Property' ? property.value : expression;
      if (node && isFunction(node)) return { node, offset: before.length };
    } catch (error) {
      reason = (error as Error).message;
    }
  }
  return reason;
}

/** Looks at the positions where a wire is tested without being touched. */
function visit(node: AnyNode, scope: BodyScope, found: Set<AnyNode>): void {
  switch (node.type) {
    case 'IfStatement':
    case 'ConditionalExpression':
    case 'WhileStatement':
    case 'DoWhileStatement':
    case 'ForStatement':
      if (node.test) condition(node.test, scope, found);
      break;
    case 'UnaryExpression':
      if (node.operator === '!' || node.operator === 'typeof') condition(node.argument, scope, found);
      break;
    case 'LogicalExpression':
      condition(node.left, scope, found);
      break;
    case 'AssignmentExpression':
      if (['||=', '&&=', '??='].includes(node.operator)) condition(node.left, scope, found);
      break;
    case 'BinaryExpression':
      if (IDENTITY.has(node.operator)) for (const side of [node.left, node.right]) condition(side, scope, found);
      break;
    case 'SwitchStatement':
      for (const test of [node.discriminant, ...node.cases.map((part) => part.test)]) if (test) condition(test, scope, found);
      break;
    case 'CallExpression': {
      const callee = unwrap(node.callee);
      const [object, name] =
        callee.type === 'MemberExpression' ? [callee.object, keyOf(callee.property, callee.computed)] : [undefined, nameOf(callee)];
      if (TESTING_CALLS.has(object ? `${nameOf(object)}.${name}` : name)) for (const part of node.arguments) condition(part, scope, found);
      const predicate = node.arguments[0];
      if (object && TAKES_PREDICATE.has(name) && predicate && nameOf(predicate) === 'Boolean' && holdsWires(object, scope))
        found.add(object);
      // What a step defined within the body does inside is its own matter.
      if (name === 'step') return;
      break;
    }
  }
  for (const child of children(node)) visit(child, scope, found);
}

/** The parts of a tested expression whose truth decides. */
function condition(node: AnyNode, scope: BodyScope, found: Set<AnyNode>): void {
  if (node.type === 'LogicalExpression') {
    condition(node.left, scope, found);
    condition(node.right, scope, found);
  } else if (node.type === 'ConditionalExpression') {
    condition(node.consequent, scope, found);
    condition(node.alternate, scope, found);
  } else if (node.type === 'SequenceExpression') {
    condition(node.expressions.at(-1)!, scope, found);
  } else if (isWire(node, scope)) {
    found.add(node);
  }
}

function nameOf(node: AnyNode): string {
  return node.type === 'Identifier' ? node.name : '';
}

function conditionProblem(source: string, start: number, end: number): BodyProblem {
  const before = source.slice(0, start).split('\n');
  const text = source.slice(start, end).replace(/\s+/g, ' ');
  const expression = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  const line = before.length;
  return {
    kind: 'condition',
    line,
    column: before.at(-1)!.length + 1,
    expression,
    message:
      `\`${expression}\` (line ${line} of the body) is a wire: it has no value while the pipeline is planned, so it cannot be tested. ` +
      'Branch with when(wire, { then, else }); if it is no step, compute it above the pipeline or pass it as a param.',
  };
}

function uncheckable(why: string): BodyProblem {
  return { kind: 'uncheckable', line: 1, column: 1, expression: '', message: `the body cannot be checked for wires in conditions: ${why}` };
}
