/** @file No page goes anywhere: navigation, new windows and webviews are denied, known links open in the browser. */
import { app, shell } from 'electron'
import { isAppUrl, isExternalUrl } from './app-origin'

/** Opens a link in the system's browser where it is one of the few that may be. */
export function openExternal(url: string): void {
  if (isExternalUrl(url)) void shell.openExternal(url)
}

/** Locks every web contents that is ever made. */
export function setupNavigation(): void {
  app.on('web-contents-created', (_event, contents) => {
    const stay = (event: { readonly url: string; preventDefault(): void }): void => {
      if (!isAppUrl(event.url)) event.preventDefault()
    }
    contents.on('will-navigate', stay)
    contents.on('will-redirect', stay)
    contents.on('will-frame-navigate', stay)
    contents.on('will-attach-webview', (event) => {
      event.preventDefault()
    })
    contents.setWindowOpenHandler(({ url }) => {
      openExternal(url)
      return { action: 'deny' }
    })
  })
}
