/** A `.wandb` file that cannot be read from `offset` on: it is no such file, or bytes in it were changed. A file that merely ends early is not damaged. */
export class TransactionLogDamaged extends Error {
  override readonly name = 'TransactionLogDamaged';
  readonly path: string;
  readonly offset: number;

  constructor(path: string, offset: number, reason: string) {
    super(`${path} is damaged at byte ${offset}: ${reason}`);
    this.path = path;
    this.offset = offset;
  }
}
