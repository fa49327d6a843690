import { MlflowError } from '../mlflow-error.ts';

/** An object of the server's JSON, read field by field. The server leaves out what is empty, so each reader says what stands for that. */
export class Answer {
  readonly #fields: Record<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw strange('an object');
    this.#fields = value as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null;
  }

  text(name: string): string {
    const value = this.#fields[name] ?? '';
    if (typeof value !== 'string') throw strange(`text as "${name}"`);
    return value;
  }

  /** Empty text says nothing either. */
  optionalText<K extends string>(key: K, name: string): { [P in K]?: string } {
    const text = this.text(name);
    return (text === '' ? {} : { [key]: text }) as { [P in K]?: string };
  }

  required(name: string): string {
    const text = this.text(name);
    if (text === '') throw strange(`"${name}"`);
    return text;
  }

  /** Some servers give 64-bit integers as text, all give NaN so. */
  number(name: string): number {
    const value = this.#fields[name] ?? 0;
    const number = typeof value === 'string' && value !== '' ? Number(value) : value;
    if (typeof number !== 'number' || (Number.isNaN(number) && value !== 'NaN')) throw strange(`a number as "${name}"`);
    return number;
  }

  optionalNumber<K extends string>(key: K, name: string): { [P in K]?: number } {
    return (this.has(name) ? { [key]: this.number(name) } : {}) as { [P in K]?: number };
  }

  flag(name: string): boolean {
    return this.#fields[name] === true;
  }

  object(name: string): Answer {
    return new Answer(this.#fields[name] ?? {});
  }

  objects(name: string): Answer[] {
    return this.#list(name).map((item) => new Answer(item));
  }

  texts(name: string): string[] {
    const list = this.#list(name);
    if (!list.every((item) => typeof item === 'string')) throw strange(`texts as "${name}"`);
    return list;
  }

  /** An object of texts. */
  record(name: string): Record<string, string> {
    const value = new Answer(this.#fields[name] ?? {});
    return Object.fromEntries(Object.keys(value.#fields).map((key) => [key, value.text(key)]));
  }

  /** A list of `{key, value}`, as a record. */
  pairs(name: string): Record<string, string> {
    return Object.fromEntries(this.objects(name).map((pair) => [pair.text('key'), pair.text('value')]));
  }

  /** A token to go on with, left out on the last page. */
  nextPage(): { nextPageToken?: string } {
    return this.optionalText('nextPageToken', 'next_page_token');
  }

  #list(name: string): unknown[] {
    const value = this.#fields[name] ?? [];
    if (!Array.isArray(value)) throw strange(`a list as "${name}"`);
    return value;
  }
}

function strange(expected: string): MlflowError {
  return new MlflowError('protocol', `The server's answer is not MLflow's: it lacks ${expected}`);
}
