import { IsNotEmpty, IsString } from 'class-validator';

/** Keys of a component's config, as `--key=value` gives them. A key that holds a password or token belongs into `secrets` of the flavor, too. */
export class FlavorNameConfig {
  /** Where the objects are kept; a relative folder is meant from the project root. */
  @IsString({ context: { description: 'where the objects are kept, from the project root' } })
  @IsNotEmpty()
  folder: string = 'flavor-name-artifacts';
}
