/** @file Where things are: the app's own files, and the workspace of the person. */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { EngineError } from '../engine/contract'

/** What the workspace's place depends on. */
export interface FolderEnvironment {
  readonly platform: NodeJS.Platform
  readonly home: string
  readonly variables: Readonly<Record<string, string | undefined>>
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text
}

/** The default workspace: `DINOSCOPE_HOME`, else `dinoscope` in the platform's folder for application data. */
export function defaultWorkspace({ platform, home, variables }: FolderEnvironment = { platform: process.platform, home: homedir(), variables: process.env }): string {
  const chosen = nonEmpty(variables['DINOSCOPE_HOME'])
  if (chosen !== undefined) return chosen
  if (platform === 'win32') return join(nonEmpty(variables['APPDATA']) ?? join(home, 'AppData', 'Roaming'), 'DinoScope')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'DinoScope')
  return join(nonEmpty(variables['XDG_DATA_HOME']) ?? join(home, '.local', 'share'), 'dinoscope')
}

/** The app's own folders and version. */
export interface AppFolders {
  readonly root: string
  readonly version: string
  readonly resources: string
  /** The built page. */
  readonly renderer: string
  /** The built engine process. */
  readonly engineModule: string
  /** The built trainer process. */
  readonly trainerModule: string
}

/**
 * Finds the app's root above `from`, wherever the bundler has put the code.
 * @throws EngineError NOT_FOUND when there is none
 */
export function findAppFolders(from: string = import.meta.dirname): AppFolders {
  for (let folder = from; ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json')
    if (existsSync(manifest)) {
      const { name, version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly name?: string; readonly version?: string }
      if (name === 'dinoscope')
        return {
          root: folder,
          version: version ?? '0.0.0',
          resources: join(folder, 'resources'),
          renderer: join(folder, 'out', 'renderer'),
          engineModule: join(folder, 'out', 'main', 'engine.js'),
          trainerModule: join(folder, 'out', 'main', 'trainer.js'),
        }
    }
    if (dirname(folder) === folder) throw new EngineError('NOT_FOUND', `the app's package.json was not found above ${from}`)
  }
}
