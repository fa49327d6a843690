import { IsNotEmpty, IsString } from 'class-validator';

export class SqliteArtifactStoreConfig {
  /** The file; a relative path is meant from the project root. Its folder is made. */
  @IsString({ context: { description: 'the file, from the project root' } })
  @IsNotEmpty()
  file: string = 'artifacts.db';
}
