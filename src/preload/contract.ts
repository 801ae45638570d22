/** @file What the desktop shell offers the page as `window.dinoscope`: types alone, shared by the preload and the page. */
import type { ClientMessage, HostMessage, Unsubscribe } from '../engine/contract'

/** The engine's end of the conversation, as plain functions because nothing else crosses the isolation boundary. */
export interface EngineBridge {
  post(message: ClientMessage): void
  onMessage(listener: (message: HostMessage) => void): Unsubscribe
  /** Tells once when the engine process is gone, with the reason in words. Reloading the page starts a new one. */
  onClose(listener: (reason: string) => void): Unsubscribe
}

/** What the person chose in the application menu; the page does it. */
export type DesktopCommand =
  | { readonly kind: 'open-folder'; readonly path: string }
  | { readonly kind: 'import-model'; readonly path: string }
  | { readonly kind: 'theme'; readonly theme: 'system' | 'dark' | 'light' }

/** The whole surface of the desktop shell. Pictures are at `image/<id>?edge=<n>`, exports at `export/<id>/<name>`, relative to the page. */
export interface DinoscopeBridge {
  readonly platform: 'desktop'
  readonly engine: EngineBridge
  /** The system's folder dialog; undefined when it was dismissed. */
  pickFolder(): Promise<string | undefined>
  /** The system's dialog for a model file or a model folder; undefined when it was dismissed. */
  pickModel(): Promise<string | undefined>
  /** The path behind a dropped file or folder, or '' where it has none. */
  pathForFile(file: File): string
  /** Tells what was chosen in the application menu. */
  onCommand(listener: (command: DesktopCommand) => void): Unsubscribe
}
