import { IsNotEmpty, IsOptional, IsString } from 'class-validator';

export class LocalArtifactStoreConfig {
  /** The folder; a relative one is meant from the project root. Default `.mortise/artifacts`. */
  @IsOptional()
  @IsString({ context: { description: 'the folder, from the project root (default: .mortise/artifacts)' } })
  @IsNotEmpty()
  path?: string;
}
