import { FlavorBroken } from '../errors.ts';
import type { ComponentType } from './component-types.ts';
import type { FlavorDescriptor } from './flavor.ts';

/** What a component cannot be used without: methods, and fields with their types. */
interface Shape {
  methods: readonly string[];
  fields?: Readonly<Record<string, 'object' | 'string'>>;
}

/** By component type. A flavor in plain JavaScript has no compiler that would miss any of it. */
const SHAPES: Readonly<Partial<Record<ComponentType, Shape>>> = {
  orchestrator: { methods: ['execute'] },
  'artifact-store': { methods: ['put', 'get', 'stat', 'list', 'delete', 'uri'], fields: { id: 'string', capabilities: 'object' } },
  'experiment-tracker': { methods: ['open'], fields: { capabilities: 'object' } },
  alerter: { methods: ['send'] },
};

/** What a component lacks of what its type is for, in words that follow "its component"; undefined: nothing. */
export function shapeFlaw(type: ComponentType, component: unknown): string | undefined {
  if (typeof component !== 'object' || component === null)
    return `is ${component === null ? 'null' : typeof component}: create() is to give an object`;
  const { methods, fields = {} } = SHAPES[type] ?? { methods: [] };
  const parts = component as Record<string, unknown>;
  const method = methods.find((name) => typeof parts[name] !== 'function');
  if (method !== undefined) return `has no ${method}()`;
  const field = Object.entries(fields).find(([name, kind]) => typeof parts[name] !== kind || parts[name] === null)?.[0];
  return field === undefined ? undefined : `has no ${field}`;
}

/**
 * Lets go of a component that cannot be used.
 * @throws FlavorBroken
 */
export async function requireShape<T>(component: T, { type, name }: Pick<FlavorDescriptor, 'type' | 'name'>): Promise<T> {
  const flaw = shapeFlaw(type, component);
  if (flaw === undefined) return component;
  await (component as AsyncDisposable | null | undefined)?.[Symbol.asyncDispose]?.();
  throw new FlavorBroken({ type, flavor: name, reason: `its component ${flaw}` });
}
