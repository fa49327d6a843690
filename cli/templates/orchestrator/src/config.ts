import { IsInt, Min } from 'class-validator';

/** Keys of a component's config, as `--key=value` gives them. A key that holds a password or token belongs into `secrets` of the flavor, too. */
export class FlavorNameConfig {
  /** Most steps at once, in runs that do not say it themselves. */
  @IsInt({ context: { description: 'most steps at once, in runs that do not say it themselves' } })
  @Min(1)
  concurrency: number = 2;
}
