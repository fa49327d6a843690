import type { ComponentView } from '@mortise/core/client';

/** Flavors of components that cannot be loaded, each once: `csv` (experiment tracker) and why. */
export function brokenFlavors(components: readonly ComponentView[]): { type: string; flavor: string; reason: string }[] {
  const broken = components.flatMap(({ type, flavor, flavorProblem }) =>
    flavorProblem === null ? [] : [{ type, flavor, reason: flavorProblem }],
  );
  return broken.filter(({ type, flavor }, index) => broken.findIndex((other) => other.type === type && other.flavor === flavor) === index);
}

/** A column of a table of stacks or components, which is there only when one of them has something to say in it. */
export function problemColumn(rows: readonly (readonly ComponentView[])[]): { header: string[]; cells: string[][] } {
  const broken = rows.map(brokenFlavors);
  if (broken.every((flavors) => flavors.length === 0)) return { header: [], cells: rows.map(() => []) };
  return { header: ['PROBLEM'], cells: broken.map((flavors) => [flavors.map(({ flavor }) => `flavor "${flavor}" is broken`).join(', ')]) };
}

/** Lines below a stack or a component: which flavors are broken, why, and what to do. Empty when none is. */
export function problemText(components: readonly ComponentView[]): string {
  const lines = brokenFlavors(components).map(
    ({ type, flavor, reason }) => `broken: the ${type.replaceAll('-', ' ')} flavor "${flavor}": ${reason}. ${advice(type, flavor, reason)}`,
  );
  return lines.length === 0 ? '' : `\n\n${lines.join('\n')}`;
}

const advice = (type: string, flavor: string, reason: string): string =>
  reason === 'it is not registered'
    ? `Run "mortise ${type} flavor register PACKAGE_OR_PATH".`
    : `Mend it, then run "mortise ${type} flavor refresh ${flavor}".`;
