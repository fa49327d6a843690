import { COMPONENT_TYPES } from './component-types.ts';

/** Options of `<component type> register` that are not config keys. */
const OWN_OPTIONS = new Set(['--flavor', '--verbose', '--help']);

/**
 * The arguments as commander can read them. It has no flags of two letters (`-al`), and takes an unknown option for the next argument:
 * config keys of `<component type> register NAME --flavor=F --tracking-uri=X` become `--config=trackingUri=X`.
 */
export function rewriteArgv(argv: readonly string[]): string[] {
  const [group, command] = argv.filter((argument) => !argument.startsWith('-'));
  const own = command === 'register' && group !== undefined;
  if (own && group === 'stack') return argv.map(longFlag);
  if (own && COMPONENT_TYPES.some(({ type }) => type === group)) {
    const start = argv.indexOf('register') + 1;
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
    const takesNext = rest.length === 0 && args[i + 1] !== undefined && !args[i + 1]!.startsWith('-');
    if (!arg.startsWith('--') || OWN_OPTIONS.has(option)) {
      rewritten.push(arg);
      if (option === '--flavor' && takesNext) rewritten.push(args[++i]!);
      else if (!arg.startsWith('-')) named = true;
      continue;
    }
    // Before the name, `--key NAME` cannot be told from a flag and the name: there a value needs its `=`.
    const value = rest.length > 0 ? rest.join('=') : named && takesNext ? args[++i]! : 'true';
    rewritten.push(`--config=${camelCase(option.slice(2))}=${value}`);
  }
  return rewritten;
}

/** `tracking-uri` → `trackingUri`. */
function camelCase(key: string): string {
  return key.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
