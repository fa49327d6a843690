import { IsNotEmpty, IsString } from 'class-validator';

/** Keys of a component's config, as `--key=value` gives them. A key that holds a password or token belongs into `secrets` of the flavor, too. */
export class FlavorNameConfig {
  /** Where alerts are written to; a relative path is meant from the project root. */
  @IsString({ context: { description: 'where alerts are written to, from the project root' } })
  @IsNotEmpty()
  file: string = 'flavor-name.log';
}
