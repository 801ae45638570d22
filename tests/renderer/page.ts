/** @file A page without a screen: fresh stores over a fake engine. */
import { createPinia, setActivePinia } from 'pinia'
import { provideConnection } from '../../src/renderer/services/client'
import { createFakeEngine, type FakeEngine, type FakeEngineOptions } from './fake-engine'

/** Starts both and returns the engine, for tests that push or stop. */
export function startPage(options: FakeEngineOptions = {}): FakeEngine {
  const engine = createFakeEngine(options)
  provideConnection(engine.connect())
  setActivePinia(createPinia())
  return engine
}

/** A promise and the means to settle it, for work that a test wants to hold. */
export function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void; readonly reject: (error: unknown) => void } {
  let resolve: (value: T) => void = () => undefined
  let reject: (error: unknown) => void = () => undefined
  const promise = new Promise<T>((accept, refuse) => {
    resolve = accept
    reject = refuse
  })
  return { promise, resolve, reject }
}
