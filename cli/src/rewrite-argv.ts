import { COMPONENT_TYPES } from './component-types.ts';

/** Options of `<component type> register` and `update` that are not config keys, and those of them that have a value. */
const VALUED_OPTIONS = new Set(['--flavor', '--label', '--remove-label']);
const OWN_OPTIONS = new Set([...VALUED_OPTIONS, '--force', '--verbose', '--help']);

/** Config keys of these names cannot be given on the command line. */
export const HIDDEN_KEYS: readonly string[] = [...OWN_OPTIONS].map((option) => camelCase(option.slice(2)));

/** Commands that take config keys, and those of "stack" that name components. */
const CONFIGURING = ['register', 'update'];
const NAMING_PARTS = ['register', 'update', 'remove-component'];

/**
 * The arguments as commander can read them. It has no flags of two letters (`-al`), and takes an unknown option for the next argument:
 * config keys of `<component type> register NAME --flavor=F --tracking-uri=X`, and of `update`, become `--config=trackingUri=X`, and a key without a value `--config=key`.
 */
export function rewriteArgv(argv: readonly string[]): string[] {
  const [group, command] = argv.filter((argument) => !argument.startsWith('-'));
  if (group === undefined || command === undefined) return [...argv];
  if (group === 'stack' && NAMING_PARTS.includes(command)) return argv.map(longFlag);
  if (CONFIGURING.includes(command) && COMPONENT_TYPES.some(({ type }) => type === group)) {
    const start = argv.indexOf(command) + 1;
    return [...argv.slice(0, start), ...configOptions(argv.slice(start))];
  }
  return [...argv];
}

/** `-al` → `--alerter`, `-al=x` → `--alerter=x`. */
function longFlag(argument: string): string {
  const row = COMPONENT_TYPES.find(({ flag }) => flag.length > 1 && (argument === `-${flag}` || argument.startsWith(`-${flag}=`)));
  return row === undefined ? argument : `--${row.type}${argument.slice(row.flag.length + 1)}`;
}

function configOptions(args: readonly string[]): string[] {
  const rewritten: string[] = [];
  let named = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const [option = '', ...rest] = arg.split('=');
    const takesNext = rest.length === 0 && args[i + 1] !== undefined && isValue(args[i + 1]!);
    if (!arg.startsWith('--') || OWN_OPTIONS.has(option)) {
      rewritten.push(arg);
      if (VALUED_OPTIONS.has(option) && takesNext) rewritten.push(args[++i]!);
      else if (!arg.startsWith('-')) named = true;
      continue;
    }
    // Before the name, `--key NAME` cannot be told from a flag and the name: there a value needs its `=`.
    const value = rest.length > 0 ? rest.join('=') : named && takesNext ? args[++i]! : undefined;
    rewritten.push(`--config=${camelCase(option.slice(2))}${value === undefined ? '' : `=${value}`}`);
  }
  return rewritten;
}

/** Not another option; but `-1.5` is a number. */
const isValue = (argument: string): boolean => !argument.startsWith('-') || /^-\.?\d/.test(argument);

/** `tracking-uri` → `trackingUri`. */
export function camelCase(key: string): string {
  return key.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
