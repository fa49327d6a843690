import type { JsonObject } from '../json.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { FlavorDescriptor } from '../stack/flavor.ts';

/** Short texts that people give to stacks and components, to find them by. */
export type Labels = Record<string, string>;

export interface ComponentRecord {
  id: string;
  type: ComponentType;
  name: string;
  flavor: string;
  config: JsonObject;
  labels: Labels;
  createdAt: number;
  /** Of the last change of its config, name or labels. */
  updatedAt?: number;
}

export type NewComponentRecord = Omit<ComponentRecord, 'labels' | 'updatedAt'> & { labels?: Labels };

/** What is not given stays. */
export interface ComponentChange {
  name?: string;
  config?: JsonObject;
  labels?: Labels;
  updatedAt: number;
  /** What the change was made from: it is refused when that is not what is there. */
  seen?: ComponentRecord;
}

export interface StackRecord {
  id: string;
  name: string;
  /** In the order given; of a type with several, the first is the default. */
  components: ComponentRecord[];
  labels: Labels;
  createdAt: number;
  /** Of the last change of its components, name or labels. */
  updatedAt?: number;
}

/** What is not given stays. */
export interface StackChange {
  name?: string;
  /** All of them. */
  components?: readonly { type: ComponentType; name: string }[];
  labels?: Labels;
  updatedAt: number;
  /** What the change was made from: it is refused when that is not what is there. */
  seen?: StackRecord;
}

export interface NewStack {
  id: string;
  name: string;
  createdAt: number;
  components: readonly { type: ComponentType; name: string }[];
  labels?: Labels;
}

/** A stack, and what of its parts is not in the store yet. */
export interface StackWithParts {
  flavors: readonly FlavorDescriptor[];
  /** The flavors may take the place of others. */
  force: boolean;
  components: readonly NewComponentRecord[];
  stack: NewStack;
}

/** What stands of a secret in the store: its values are sealed, the names of its keys are not. */
export interface SecretRecord {
  name: string;
  /** In alphabetical order. */
  keys: string[];
  /** Encrypted; `secrets/seal.ts` knows how. */
  sealed: string;
  /** Which key it was sealed with, not the key. */
  keyId: string;
  createdAt: number;
  updatedAt?: number;
}

/** The stack as it was when a run began. Holds secret references, never values. */
export interface StackSnapshot {
  name: string;
  components: {
    type: ComponentType;
    name: string;
    flavor: string;
    config: JsonObject;
    source: string;
    version: string;
    /** Keys of its config that hold secret values as they are. Absent when there are none, as where it is shown: there they are masked. */
    inClear?: string[];
  }[];
}
