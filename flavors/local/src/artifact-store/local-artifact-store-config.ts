import { IsNotEmpty, IsOptional, IsString } from 'class-validator';

export class LocalArtifactStoreConfig {
  /** The folder; a relative one is meant from the project root. Default `.mortise/artifacts`. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  path?: string;
}
