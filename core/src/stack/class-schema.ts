import type { ValidationError } from 'class-validator';
import type { ConfigClass, ConfigKey } from './flavor.ts';
import type { OpenedSchema, SchemaFlaw } from './opened-schema.ts';

type Rule = Awaited<ReturnType<typeof rulesByKey>> extends Map<string, (infer R)[]> ? R : never;

/** Opens a config class: its keys are the properties that carry a decorator of class-validator, their defaults what a new instance holds. */
export async function openClass(config: ConfigClass): Promise<OpenedSchema> {
  const { validate } = await import('class-validator');
  const rules = await rulesByKey(config);
  const defaults: Record<string, unknown> = { ...new config() };
  const keys = [...rules].map(([key, rulesOfKey]) => describeKey(key, rulesOfKey, defaults[key]));
  return {
    keys,
    tells: true,
    closed: true,
    async validate(given) {
      const instance: object = Object.assign(new config(), given);
      const errors = keys.length === 0 ? [] : await validate(instance);
      const [first, ...rest] = errors.map(flawOf);
      return first === undefined ? { value: instance } : { flaws: [first, ...rest] };
    },
  };
}

async function rulesByKey(config: ConfigClass) {
  const { getMetadataStorage } = await import('class-validator');
  // An inherited rule comes after the class's own ones, decorators of one property from the last to the first.
  const rules = getMetadataStorage().getTargetValidationMetadatas(config, '', false, false);
  return Map.groupBy(rules, (rule) => rule.propertyName);
}

function describeKey(key: string, rules: Rule[], initial: unknown): ConfigKey {
  const checked = rules.some((rule) => rule.type !== 'conditionalValidation' && rule.type !== 'whitelistValidation');
  const conditional = rules.some((rule) => rule.type === 'conditionalValidation');
  const description = rules.map(descriptionOf).find((text) => text !== undefined);
  return {
    key,
    type: typeOf(rules),
    required: checked && !conditional && initial === undefined,
    secret: false,
    ...(initial !== undefined && { default: initial }),
    ...(description !== undefined && { description }),
  };
}

/** `@IsString({ context: { description: '...' } })`: of what class-validator takes, this is for whoever reads its rules. */
function descriptionOf({ context }: { context?: unknown }): string | undefined {
  const { description } = (context ?? {}) as { description?: unknown };
  return typeof description === 'string' ? description : undefined;
}

/** Type that a rule of class-validator asks for. Those not listed check texts (`isUrl`, `minLength`, ...). */
const TYPE_OF_RULE: Readonly<Record<string, string>> = {
  isInt: 'integer',
  isNumber: 'number',
  min: 'number',
  max: 'number',
  isPositive: 'number',
  isNegative: 'number',
  isDivisibleBy: 'number',
  isBoolean: 'boolean',
  isObject: 'object',
  isNotEmptyObject: 'object',
};

function typeOf(rules: Rule[]): string {
  if (rules.some((rule) => rule.each || rule.name?.toLowerCase().includes('array'))) return 'array';
  const choices = rules.map(choicesOf).find((values) => values !== undefined);
  if (choices !== undefined) return choices.map(String).join(' | ');
  const types = rules.flatMap((rule) => (rule.type === 'nestedValidation' ? ['object'] : (TYPE_OF_RULE[rule.name ?? ''] ?? [])));
  return types.includes('integer') ? 'integer' : (types[0] ?? 'string');
}

/** The values that `@IsIn` or `@IsEnum` allows; class-validator keeps them among the rule's constraints. */
function choicesOf({ name, constraints }: Rule): readonly unknown[] | undefined {
  const [first, second] = (constraints ?? []) as unknown[];
  const values = name === 'isIn' ? first : name === 'isEnum' ? second : undefined;
  return Array.isArray(values) ? values : undefined;
}

function flawOf(error: ValidationError): SchemaFlaw {
  const constraints = Object.entries(error.constraints ?? {});
  const [, message] = constraints.find(([name]) => name.startsWith('is')) ?? constraints[0] ?? [];
  const child = error.children?.[0];
  const reason = message ?? (child === undefined ? 'is not valid' : `${child.property} ${flawOf(child).reason}`);
  return { key: error.property, reason: reason.startsWith(`${error.property} `) ? reason.slice(error.property.length + 1) : reason };
}
