/** @file The page gets no permission of the browser's: everything it needs comes through its own doors. */
import { session } from 'electron'

// Writing text to the clipboard is what copying a path or an error needs; it shows the page nothing.
const granted = new Set(['clipboard-sanitized-write'])

/** Whether a permission is given. Electron's own default is yes. */
export function isGranted(permission: string): boolean {
  return granted.has(permission)
}

/** Denies requests, checks and devices of the one session there is. */
export function setupPermissions(): void {
  const { defaultSession } = session
  defaultSession.setPermissionRequestHandler((_contents, permission, answer) => {
    answer(isGranted(permission))
  })
  defaultSession.setPermissionCheckHandler((_contents, permission) => isGranted(permission))
  defaultSession.setDevicePermissionHandler(() => false)
}
