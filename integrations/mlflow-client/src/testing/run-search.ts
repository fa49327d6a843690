import { invalid } from './stub-refusal.ts';
import type { StubRun } from './stub-store.ts';

/** `metrics.loss`, ``tags.`a.b` ``, `status`. */
const NAME = /(?:(\w+)\.)?(?:`([^`]+)`|"([^"]+)"|([\w.]+))/;
const VALUE = /'[^']*'|"[^"]*"|-?[\d.]+(?:e-?\d+)?|\((?:\s*(?:'[^']*'|"[^"]*")\s*,?)+\)/;
const CLAUSE = new RegExp(String.raw`^\s*${NAME.source}\s*(!=|<=|>=|=|<|>|\bI?LIKE\b|\bIN\b)\s*(${VALUE.source})\s*(?:AND\b|$)`, 'i');

type Test = (run: StubRun) => boolean;

/** Runs that a filter is true of. It knows AND only. */
export function foundBy(filter: string, runs: readonly StubRun[]): StubRun[] {
  const tests: Test[] = [];
  for (let rest = filter.trim(); rest !== '';) {
    const clause = CLAUSE.exec(rest);
    if (clause === null)
      throw invalid(
        `Invalid clause(s) in filter string: ${rest
          .split(/\s+/)
          .map((word) => `'${word}'`)
          .join(', ')}`,
      );
    const [whole, entity = 'attributes', ticked, quoted, plain, operator = '', value = ''] = clause;
    tests.push(testOf(entity.toLowerCase(), ticked ?? quoted ?? plain ?? '', operator.toUpperCase(), value));
    rest = rest.slice(whole.length).trim();
  }
  return runs.filter((run) => tests.every((test) => test(run)));
}

function testOf(entity: string, name: string, operator: string, literal: string): Test {
  if (/^metrics?$/.test(entity)) return (run) => compared(run.latest.get(name)?.value, operator, Number(literal));
  if (!/^["'(]/.test(literal) && !/^attributes?$/.test(entity)) {
    throw invalid(`Expected a quoted string value for ${entity} (e.g. 'my-value'). Got value ${literal}`);
  }
  if (operator === 'IN' && !/^attributes?$/.test(entity))
    throw invalid('The parameter value is not either "mlflow.data.context" or a list of runs');
  const values = [...literal.matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, single, double]) => single ?? double ?? '');
  const read = readerOf(entity, name);
  if (operator === 'IN') return (run) => values.includes(String(read(run)));
  if (operator.endsWith('LIKE')) return (run) => like(values[0] ?? '', operator === 'ILIKE').test(String(read(run) ?? '\n'));
  return (run) => compared(read(run), operator, values[0] ?? Number(literal));
}

function readerOf(entity: string, name: string): (run: StubRun) => string | number | undefined {
  if (/^tags?$/.test(entity)) return (run) => run.tags.get(name);
  if (/^param(eter)?s?$/.test(entity)) return (run) => run.params.get(name);
  if (/^metrics?$/.test(entity)) return (run) => run.latest.get(name)?.value;
  if (!/^attributes?$/.test(entity)) {
    throw invalid(`Invalid entity type '${entity}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']`);
  }
  const attribute = ATTRIBUTES[name.toLowerCase()];
  if (attribute === undefined) throw invalid(`Invalid attribute key '${name}' specified.`);
  return attribute;
}

const ATTRIBUTES: Record<string, (run: StubRun) => string | number | undefined> = {
  run_id: (run) => run.id,
  run_name: (run) => run.name,
  status: (run) => run.status,
  start_time: (run) => run.startTime,
  end_time: (run) => run.endTime,
  created: (run) => run.startTime,
  user_id: (run) => run.userId,
};

function compared(left: string | number | undefined, operator: string, right: string | number): boolean {
  if (left === undefined) return false;
  if (operator === '=') return left === right;
  if (operator === '!=') return left !== right;
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}

function like(pattern: string, isCaseless: boolean): RegExp {
  const source = pattern
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.');
  return new RegExp(`^${source}$`, isCaseless ? 'is' : 's');
}

/** Newest first, unless it is said otherwise. What has no such value comes last. */
export function orderedBy(keys: readonly string[], runs: readonly StubRun[]): StubRun[] {
  const orders = keys.map(orderOf);
  const byDefault = (a: StubRun, b: StubRun): number => b.startTime - a.startTime || (a.id < b.id ? -1 : 1);
  return runs.toSorted((a, b) => orders.reduce((order, compare) => order || compare(a, b), 0) || byDefault(a, b));
}

function orderOf(key: string): (a: StubRun, b: StubRun) => number {
  const [, entity = 'attributes', ticked, quoted, plain, direction = 'ASC'] =
    new RegExp(`^\\s*${NAME.source}(?:\\s+(ASC|DESC))?\\s*$`, 'i').exec(key) ?? [];
  const read = readerOf(entity.toLowerCase(), ticked ?? quoted ?? plain ?? '');
  const sign = direction.toUpperCase() === 'DESC' ? -1 : 1;
  return (a, b) => {
    const [left, right] = [read(a), read(b)];
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
    return left === right ? 0 : sign * (left < right ? -1 : 1);
  };
}
