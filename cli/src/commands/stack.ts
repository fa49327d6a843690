import type { Client, ComponentType, StackQuery, StackView } from '@mortise/core/client';
import { COMPONENT_TYPES } from '../component-types.ts';
import { problemColumn, problemText } from '../flavor-problems.ts';
import { labelsOf, labelText } from '../label-options.ts';
import { listOptions, nextPageHint, type ListOptions } from '../list-options.ts';
import { print, printLine, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';
import { partsOf, type StackOptions } from '../stack-options.ts';
import { table } from '../table.ts';
import { partsText } from './stack-edits.ts';

export async function registerStack(name: string, options: StackOptions & { label?: string[]; set?: boolean }): Promise<void> {
  await withClient(async (client, core) => {
    const stack = await client.registerStack(name, partsOf(options), labelsOf(options.label, core));
    printLine(`registered stack "${name}": ${partsText(stack)}`);
    if (options.set) await activate(client, name);
  });
}

export async function setStack(name: string): Promise<void> {
  await withClient((client) => activate(client, name));
}

async function activate(client: Client, name: string): Promise<void> {
  await client.setActiveStack(name);
  printLine(`active stack: "${name}"`);
  const forced = process.env['MORTISE_ACTIVE_STACK'];
  if (forced && forced !== name) printLine(`but MORTISE_ACTIVE_STACK says "${forced}", which comes first`);
}

/** What a list may be asked for, as commander gives it. */
type StackFilters = Pick<StackQuery, 'sort' | 'name' | 'component'> & { label?: string[] };

export async function listStacks({ output, limit, after, label, ...filters }: ListOptions & StackFilters): Promise<void> {
  await withClient(async (client, core) => {
    const stacks = await client.listStacks({ ...filters, ...labelsOf(label, core), ...listOptions({ limit, after }, core) });
    await print(stacks, output, ({ items, next }) => {
      const types = COMPONENT_TYPES.map(({ type }) => type);
      const problems = problemColumn(items.map(({ components }) => components));
      const rows = items.map((stack, index) => [
        ...[stack.active ? '*' : '', stack.name, ...types.map((type) => namesOf(stack, type))],
        ...[labelText(stack.labels), ...problems.cells[index]!],
      ]);
      return table(['', 'NAME', ...types.map((type) => type.toUpperCase()), 'LABELS', ...problems.header], rows) + nextPageHint(next);
    });
  });
}

/** Without a name, the active one. */
export async function describeStack(name: string | undefined, { output }: { output: OutputFormat }): Promise<void> {
  await withClient(async (client) => print(await (name === undefined ? client.activeStack() : client.getStack(name)), output, stackText));
}

export async function deleteStack(name: string): Promise<void> {
  await withClient(async (client) => {
    await client.deleteStack(name);
    printLine(`deleted stack "${name}"`);
  });
}

function namesOf({ components }: StackView, type: ComponentType): string {
  const names = components.filter((component) => component.type === type).map((component) => component.name);
  return names.join(', ') || '-';
}

function stackText({ name, active, components, labels }: StackView): string {
  const rows = components.map((component) => [component.type, component.name, component.flavor, configText(component.config)]);
  const labelled = Object.keys(labels).length === 0 ? '' : `\nlabels: ${labelText(labels)}`;
  return `stack ${name}${active ? ' (active)' : ''}${labelled}\n\n${table(['TYPE', 'NAME', 'FLAVOR', 'CONFIG'], rows)}${problemText(components)}`;
}

function configText(config: StackView['components'][number]['config']): string {
  return Object.entries(config)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
