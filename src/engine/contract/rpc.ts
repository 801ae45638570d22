/** @file The shape of every conversation between processes: descriptors, their types, and the messages on the wire. */

declare const type: unique symbol

/** A short request with one answer. */
export interface Call<A, R> {
  readonly kind: 'call'
  readonly [type]?: (argument: A) => R
}
/** Long work: events while it runs, cancel, one result. */
export interface Job<A, E, R> {
  readonly kind: 'job'
  readonly [type]?: (argument: A, event: E) => R
}
/** A broadcast from the engine to everyone who listens. */
export interface Push<T> {
  readonly kind: 'push'
  readonly [type]?: (value: T) => void
}

export const call = <A, R>(): Call<A, R> => ({ kind: 'call' })
export const job = <A, E, R>(): Job<A, E, R> => ({ kind: 'job' })
export const push = <T>(): Push<T> => ({ kind: 'push' })

/** Names of a contract mapped to their descriptors. */
export type Contract = Readonly<Record<string, { readonly kind: 'call' | 'job' | 'push' }>>

export type Unsubscribe = () => void

/** A running job as its starter sees it. `cancel` is idempotent and answers when the work has stopped. */
export interface JobHandle<R> {
  readonly id: string
  readonly result: Promise<R>
  cancel(): Promise<void>
}

/** What a job's implementation gets besides its argument. `emit` never throws. */
export interface JobContext<E> {
  readonly signal: AbortSignal
  emit(event: E): void
}

/** What the caller's side of a contract looks like. */
export type Client<C> = {
  readonly [K in keyof C]: C[K] extends Call<infer A, infer R>
    ? (argument: A) => Promise<R>
    : C[K] extends Job<infer A, infer E, infer R>
      ? (argument: A, onEvent?: (event: E) => void) => JobHandle<R>
      : C[K] extends Push<infer T>
        ? (listener: (value: T) => void) => Unsubscribe
        : never
}

/** What the engine's side has to implement. */
export type Handlers<C> = {
  readonly [K in keyof C as C[K] extends { readonly kind: 'push' } ? never : K]: C[K] extends Call<infer A, infer R>
    ? (argument: A) => Promise<R>
    : C[K] extends Job<infer A, infer E, infer R>
      ? (argument: A, context: JobContext<E>) => Promise<R>
      : never
}

/** The argument type of one entry. */
export type ArgumentOf<D> = D extends Call<infer A, unknown> ? A : D extends Job<infer A, infer _E, infer _R> ? A : never
/** The value type of a push. */
export type PushValueOf<D> = D extends Push<infer T> ? T : never

/** An error as it travels: prototypes do not survive any transport. */
export interface WireError {
  readonly code: string
  readonly message: string
  readonly detail?: unknown
}

/** Messages from the client. `id` is chosen by the client and unique per connection. */
export type ClientMessage =
  | { readonly kind: 'call'; readonly id: string; readonly name: string; readonly argument: unknown }
  | { readonly kind: 'start'; readonly id: string; readonly name: string; readonly argument: unknown }
  | { readonly kind: 'cancel'; readonly id: string }

/** Messages from the engine. */
export type HostMessage =
  | { readonly kind: 'reply'; readonly id: string; readonly ok: true; readonly value: unknown }
  | { readonly kind: 'reply'; readonly id: string; readonly ok: false; readonly error: WireError }
  | { readonly kind: 'event'; readonly id: string; readonly seq: number; readonly event: unknown }
  | { readonly kind: 'push'; readonly name: string; readonly value: unknown }

/** The one transport every process pair uses: a MessagePort, a WebSocket, a child process or an in-memory pair. */
export interface Port<Out, In> {
  post(message: Out): void
  onMessage(listener: (message: In) => void): Unsubscribe
  onClose(listener: (reason: string) => void): Unsubscribe
  close(): void
}
export type ClientPort = Port<ClientMessage, HostMessage>
export type HostPort = Port<HostMessage, ClientMessage>
