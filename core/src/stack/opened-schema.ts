import type { JsonObject } from '../json.ts';
import type { ConfigKey } from './flavor.ts';

/** A config or settings schema of either kind (a class-validator class, a Standard Schema), imported and ready to be asked. */
export interface OpenedSchema {
  /** Its keys, as far as it tells; empty for a schema that cannot describe itself. */
  keys: ConfigKey[];
  /** It describes itself. */
  tells: boolean;
  /** `keys` are all there are: any other is a mistake. */
  closed: boolean;
  validate(config: JsonObject): Promise<SchemaVerdict>;
}

export type SchemaVerdict = { value: unknown; flaws?: undefined } | { flaws: readonly [SchemaFlaw, ...SchemaFlaw[]] };

/** What is wrong with one key. `key` is empty when it is the config as a whole. */
export interface SchemaFlaw {
  key: string;
  /** In words that follow the key's name: `must be an integer number`. */
  reason: string;
  /** There is no such key. Holds the keys there are, as far as they are known. */
  unknown?: { known?: string[] };
}
