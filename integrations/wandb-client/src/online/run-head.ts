import type { Connection } from '../http/connection.ts';
import type { MetricDefinition, RunDescription } from '../run-records.ts';
import type { RunPlace } from '../wandb-urls.ts';
import type { ResumeStatus } from './resume-status.ts';
import { upsertBucket } from './upsert-bucket.ts';
import { readVendorMetrics, vendorMetrics, type VendorConfig } from './vendor-config.ts';

/** What the server can be told again, or goes back to. */
interface Told {
  config: Record<string, unknown>;
  ownConfig: Record<string, unknown>;
  definitions: readonly MetricDefinition[];
}

/** What is said of a run beside its lines: its config, how metrics are defined, its description. It waits here until `tell`. */
export class RunHead {
  readonly #vendor: VendorConfig;
  #config: Record<string, unknown>;
  /** What this process has set of it. */
  #ownConfig: Record<string, unknown> = {};
  #definitions: MetricDefinition[];
  #description: RunDescription = {};
  /** What the server has of it all. */
  #told: Told;
  #isNew = false;

  constructor({ config, vendor }: Pick<ResumeStatus, 'config' | 'vendor'>) {
    this.#config = config;
    this.#vendor = vendor;
    this.#definitions = readVendorMetrics(vendor.m);
    this.#told = this.#tellable();
  }

  get definitions(): readonly MetricDefinition[] {
    return this.#definitions;
  }

  config(update: Readonly<Record<string, unknown>>): void {
    Object.assign(this.#config, update);
    Object.assign(this.#ownConfig, update);
    this.#isNew = true;
  }

  define(definition: MetricDefinition): void {
    const at = this.#definitions.findIndex(({ name }) => name === definition.name);
    if (at === -1) this.#definitions.push(definition);
    else this.#definitions[at] = definition;
    this.#isNew = true;
  }

  describe(description: RunDescription): void {
    this.#description = { ...this.#description, ...description };
    this.#isNew = true;
  }

  /** Takes in what another process has said: it stays where this one has said nothing else. */
  takeIn({ config, vendor }: ResumeStatus): void {
    this.#config = { ...config, ...this.#ownConfig };
    this.#told.config = config;
    this.#vendor.e = { ...vendor.e, ...this.#vendor.e };
  }

  /** Forgets what waits. */
  discard(): void {
    const { config, ownConfig, definitions } = this.#told;
    this.#config = { ...config, ...ownConfig };
    this.#ownConfig = { ...ownConfig };
    this.#definitions = [...definitions];
    this.#description = {};
    this.#isNew = false;
  }

  async tell(connection: Connection, place: RunPlace, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#isNew) return;
    const description = this.#description;
    const vendor = { ...this.#vendor, m: vendorMetrics(this.#definitions) };
    const told = this.#tellable();
    // What is said meanwhile is for the next time.
    this.#isNew = false;
    this.#description = {};
    try {
      await upsertBucket(connection, { ...description, ...place, config: this.#config, vendor }, signal);
      this.#told = told;
    } catch (error) {
      this.#isNew = true;
      this.#description = { ...description, ...this.#description };
      throw error;
    }
  }

  #tellable(): Told {
    return { config: { ...this.#config }, ownConfig: { ...this.#ownConfig }, definitions: [...this.#definitions] };
  }
}
